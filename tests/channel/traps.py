"""Packages that carry what relocation gets wrong: small, and ours."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.channel.conda_package import PLACEHOLDER, STAMP, CondaPackage

_PROGRAM = """
#include <stdio.h>
#include <string.h>
/* volatile keeps the compiler from knowing the length of the placeholder */
static volatile char prefix[] = "%s";
static volatile char inside[] = "conf=%s/etc/trap.conf:%s/share";
int main(void) { printf("%%s\\n%%s\\n", (char *)prefix, (char *)inside); return 0; }
"""

_ACTIVATE = """\
export TRAP_HOME="{prefix}/share/trap"
export TRAP_SAVED="${{TRAP_VALUE-}}"
export TRAP_VALUE="active in $CONDA_PREFIX"
"""

_DEACTIVATE = """\
export TRAP_VALUE="$TRAP_SAVED"
unset TRAP_HOME TRAP_SAVED
"""


def make_traps(work: Path) -> list[CondaPackage]:
    """All of them, their trees below ``work``."""
    return [_binary(work), _activate(work), _links(work), _script(work)]


def _binary(work: Path) -> CondaPackage:
    """A program with 255-byte prefixes, one alone and two within a longer string."""
    root = work / "trap-binary"
    _write(root, "share/trap.c", _PROGRAM % (PLACEHOLDER, PLACEHOLDER, PLACEHOLDER))
    (root / "bin").mkdir()
    source, program = root / "share/trap.c", root / "bin/trap-binary"
    subprocess.run(["gcc", "-O0", "-o", program, source], check=True)
    source.unlink()
    return CondaPackage("trap-binary", "1.0", "0", root)


def _activate(work: Path) -> CondaPackage:
    root = work / "trap-activate"
    _write(root, "etc/conda/activate.d/trap.sh", _ACTIVATE.format(prefix=PLACEHOLDER))
    _write(root, "etc/conda/deactivate.d/trap.sh", _DEACTIVATE)
    _write(root, "share/trap/data.txt", "data\n")
    return CondaPackage("trap-activate", "1.0", "0", root, noarch="generic")


def _links(work: Path) -> CondaPackage:
    """Hard links between files (plain ones, and ones that say the prefix) and symbolic links."""
    root = work / "trap-links"
    _write(root, "share/links/plain.txt", "one file, two names\n")
    _write(root, "share/links/prefix.txt", f"prefix={PLACEHOLDER}\n")
    for name in ("plain", "prefix"):
        os.link(root / f"share/links/{name}.txt", root / f"share/links/{name}-again.txt")
    (root / "share/links/to-file").symlink_to("plain.txt")
    (root / "share/links/to-prefix").symlink_to("prefix.txt")
    (root / "share/to-folder").symlink_to("links")
    (root / "share/links/dangling").symlink_to("not-there")
    return CondaPackage("trap-links", "1.0", "0", root)


def _script(work: Path) -> CondaPackage:
    """A Python script whose first line names the prefix, in a package for every Python."""
    root = work / "trap-script"
    _write(
        root,
        "python-scripts/trap-script",
        f"#!{PLACEHOLDER}/bin/python\nimport sys, trap_script\nprint(sys.prefix)\n",
        mode=0o755,
    )
    _write(root, "site-packages/trap_script.py", "VALUE = 1\n")
    return CondaPackage(
        "trap-script",
        "1.0",
        "pyh0_0",
        root,
        depends=["python"],
        noarch="python",
        entry_points=["trap-entry = trap_script:__name__.upper"],
    )


def _write(root: Path, name: str, text: str, mode: int = 0o644) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    os.utime(path, (STAMP, STAMP))
