"""Formats of archives: their names, suffixes, first bytes and levels."""

from __future__ import annotations

import shutil
from pathlib import Path

from modelarts_nb.errors import ArchiveInvalid, UsageError

TAR_ZST, TAR_GZ, TAR, SQUASHFS = "tar.zst", "tar.gz", "tar", "squashfs"
TAR_BZ2, TAR_XZ = "tar.bz2", "tar.xz"  # read only: conda-pack can write them

_SUFFIXES = {
    ".tar.zst": TAR_ZST,
    ".tzst": TAR_ZST,
    ".tar.gz": TAR_GZ,
    ".tgz": TAR_GZ,
    ".tar": TAR,
    ".squashfs": SQUASHFS,
    ".sqsh": SQUASHFS,
}
# Lowest, highest, default. Level 2 of zstd takes two thirds of the time of level 3 for 5 % more
# bytes (measured on the big reference environment), and is far smaller than conda-pack's gzip.
_LEVELS = {TAR_ZST: (1, 22, 2), TAR_GZ: (0, 9, 4), TAR: (0, 0, 0), SQUASHFS: (1, 22, 3)}

# The least that an environment was ever seen to shrink to: what surely cannot end is refused.
SURELY_NEEDED = 0.2


def suffixed(path: str | Path) -> str | None:
    """The format that a file's suffix promises, None when it promises none of ours."""
    lowered = Path(path).name.lower()
    return next((f for suffix, f in _SUFFIXES.items() if lowered.endswith(suffix)), None)


def stem(path: str | Path) -> str:
    """A file's name without the suffix of its format."""
    name = Path(path).name
    for suffix in (*_SUFFIXES, ".tar.bz2", ".tbz2", ".tar.xz", ".txz"):
        if name.lower().endswith(suffix):
            return name[: -len(suffix)]
    return name


def choose(output: str | None, wanted: str | None) -> str:
    """The format to write.

    Args:
        output: the file the user named, whose suffix decides.
        wanted: the format the user named; it wins over a missing suffix, never over another one.

    Raises:
        UsageError: neither says a format of ours, or they contradict.
    """
    named = suffixed(output) if output else None
    if wanted is not None:
        asked = wanted.lower().lstrip(".")
        asked = {"tzst": TAR_ZST, "zst": TAR_ZST, "tgz": TAR_GZ, "sqsh": SQUASHFS}.get(asked, asked)
        if asked not in _LEVELS:
            raise UsageError(
                f"{wanted!r} is not a format of archives.",
                hint="Formats: tar.zst (the default), tar.gz, tar, squashfs.",
            )
        if named and named != asked:
            raise UsageError(
                f"{output} looks like {named}, but {asked} is asked for.",
                hint="Leave --format out, or change the suffix.",
            )
        return asked
    if named:
        return named
    if output is None:
        return TAR_ZST
    raise UsageError(
        f"The suffix of {output} says no format of archives.",
        hint="Suffixes: .tar.zst, .tar.gz, .tgz, .tar, .squashfs; or say --format.",
    )


def check_level(kind: str, level: int | None) -> int:
    """The compression level to use; None is the format's own default.

    Raises:
        UsageError: outside what the format knows.
    """
    low, high, default = _LEVELS[kind]
    if level is None:
        return default
    if not low <= level <= high:
        raise UsageError(
            f"{kind} has no compression level {level}.",
            hint=f"Levels of {kind} are {low} to {high}; without one it is {default}.",
        )
    return level


def require_program(name: str) -> str:
    """The path of one of the squashfs programs.

    Raises:
        UsageError: it is not installed.
    """
    found = shutil.which(name)
    if found is None:
        raise UsageError(
            f"squashfs archives need the program {name}, which is not installed.",
            hint="Install squashfs-tools, or use tar.zst: it needs no program.",
        )
    return found


def sniff(head: bytes, path: Path) -> str:
    """The format of a file by its first 512 bytes: suffixes lie.

    Raises:
        ArchiveInvalid: not an archive, or one of a format we do not read.
    """
    if head.startswith(b"\x28\xb5\x2f\xfd"):
        return TAR_ZST
    if head.startswith(b"\x1f\x8b"):
        return TAR_GZ
    if head.startswith(b"BZh"):
        return TAR_BZ2
    if head.startswith(b"\xfd7zXZ\x00"):
        return TAR_XZ
    if head.startswith(b"hsqs"):
        return SQUASHFS
    if head[257:262] == b"ustar":
        return TAR
    if not head:
        raise ArchiveInvalid(f"{path} is empty.", hint="Copy or pack it again.")
    if head.startswith(b"PK"):
        raise ArchiveInvalid(
            f"{path} is a zip file, which loses links and modes.",
            hint="Pack the environment again as tar.zst or tar.gz.",
        )
    raise ArchiveInvalid(
        f"{path} is not an archive.",
        hint="Archives are made by `ma env pack` or conda-pack: tar.zst, tar.gz, tar, squashfs.",
    )
