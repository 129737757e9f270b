"""py-rattler as a peer: ``python rattler_peer.py copy|hard-links SOURCE PACKAGES TARGET``.

Installs what the records of SOURCE say from the unpacked packages in PACKAGES. A program of its
own, because py-rattler may abort at exit.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from rattler import (
    Config,
    PackageCache,
    PackageCacheLayer,
    PrefixRecord,
    ValidationMode,
    install,
)

# Without symbolic links the links of a package would become copies, too.
_LINKS = {
    "copy": "allow-symbolic-links = true\nallow-hard-links = false\nallow-ref-links = false",
    "hard-links": "allow-symbolic-links = true\nallow-hard-links = true\nallow-ref-links = false",
}


async def _main(how: str, source: Path, packages: Path, target: Path) -> None:
    records = [PrefixRecord.from_path(path) for path in sorted(source.glob("conda-meta/*.json"))]
    layer = PackageCacheLayer(packages).with_validation_mode(ValidationMode.skip())
    await install(
        list(records),
        target,
        package_cache=PackageCache.from_layers([layer]),
        config=Config.from_toml(_LINKS[how]),
        show_progress=False,
    )


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], *map(Path, sys.argv[2:])))
    os._exit(0)
