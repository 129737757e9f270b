"""The ``bin/conda-unpack`` of archives, ours and conda-pack's: writing it, and reading its list."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Literal

PATH = "bin/conda-unpack"
# What conda-pack puts beside it for the script alone.
HELPERS = ("bin/conda_unpack_progress.py",)
# conda-pack's scripts that activate an environment on a machine without conda.
ACTIVATE = ("activate", "deactivate", "activate.fish")

Record = tuple[str, str, Literal["text", "binary"]]


def render(records: Sequence[Record], rooms: Mapping[str, int]) -> bytes:
    """The script for these files, runnable by the Python of the unpacked environment.

    Args:
        records: path, the prefix that the file names, ``text`` or ``binary``.
        rooms: bytes that a padded binary has for a prefix, by path.
    """
    package = resources.files("modelarts_nb.envs.archive")
    script = (package / "conda-unpack").read_text("utf-8")
    # ascii(): names that are not UTF-8 hold surrogates, which no encoding of a script can.
    lines = "".join(f"    ({p!a}, {old!a}, {mode!r}),\n" for p, old, mode in records)
    used = {path: rooms[path] for path, _, mode in records if mode == "binary" and path in rooms}
    sizes = "".join(f"    {path!a}: {room},\n" for path, room in used.items())
    script = script.replace("_prefix_records = [\n", "_prefix_records = [\n" + lines, 1)
    return script.replace("_rooms = {\n", "_rooms = {\n" + sizes, 1).encode()


def parse(script: bytes) -> list[Record] | None:
    """The records of a script, ours or conda-pack's; None when it is neither. Nothing is run."""
    text = script.decode("utf-8", "replace")
    _, found, rest = text.partition("\n_prefix_records = [")
    end = rest.find("\n]")
    if not found or end < 0:
        return None
    try:
        value = ast.literal_eval("[" + rest[:end] + "\n]")
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    records: list[Record] = []
    for item in value:
        if not (
            isinstance(item, tuple) and len(item) == 3 and all(isinstance(i, str) for i in item)
        ):
            return None
        path, old, mode = item
        if old.startswith("/") and len(old) > 1:
            records.append((path, old.rstrip("/"), "binary" if mode == "binary" else "text"))
    return records


def activate_scripts() -> dict[str, bytes]:
    """conda-pack's activation scripts by their path in an environment."""
    folder = resources.files("conda_pack") / "scripts" / "posix"
    return {f"bin/{name}": (folder / name).read_bytes() for name in ACTIVATE}
