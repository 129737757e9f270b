"""What archives of conda-pack need that ours do not."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from modelarts_nb.envs.records import Changed, update_conda_records, update_pip_records
from modelarts_nb.envs.rewriting import moved
from modelarts_nb.envs.shebangs import readable
from modelarts_nb.envs.swap import swap_content
from modelarts_nb.errors import from_os_error

_ANY_PYTHON = re.compile(rb"#!/usr/bin/env (python[0-9.]*)((?: [^\n]*)?)\n")
_SCRIPT_LIMIT = 1 << 20


def inner_links(links: Mapping[str, str], old: Sequence[str]) -> dict[str, str]:
    """``links`` with those that led absolutely into an old prefix made relative."""
    found = {}
    for path, target in links.items():
        inner = moved(target, old, "") if target.startswith("/") and old else None
        if inner is not None:
            target = os.path.relpath(inner.lstrip("/") or ".", os.path.dirname(path) or ".")
        found[path] = target
    return found


def own_python(root: Path, final: Path) -> None:
    """Give scripts their environment's interpreter again.

    conda-pack writes ``#!/usr/bin/env python`` into them, which starts any Python that happens to
    be first on the PATH unless the environment is active.

    Raises:
        DiskFull, DiskFailure, AccessDenied: the disk refused.
    """
    changed: dict[str, Changed] = {}
    prefix = os.fsencode(final)
    try:
        with os.scandir(root / "bin") as found:
            names = [e.name for e in found if e.is_file(follow_symlinks=False)]
        for name in sorted(names):
            path = root / "bin" / name
            with path.open("rb") as file:
                data = file.read(_SCRIPT_LIMIT)
            match = _ANY_PYTHON.match(data)
            if match is None or len(data) == _SCRIPT_LIMIT:
                continue
            if not os.path.lexists(root / "bin" / os.fsdecode(match[1])):
                continue
            line = b"#!" + prefix + b"/bin/" + match[1] + match[2] + b"\n"
            new = readable(line + data[match.end() :], prefix)
            swap_content(path, new)
            changed[f"bin/{name}"] = Changed.of(new)
        if changed:
            changed |= update_pip_records(root, changed)
            update_conda_records(root, changed)
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise from_os_error(error, "correcting scripts", root) from error
