"""What an archive may ask for. It is hostile until proven: everything here works on names alone."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from modelarts_nb.disk.space import human_bytes
from modelarts_nb.envs.archive.tarstream import Member
from modelarts_nb.errors import ArchiveHostile, DiskFull

_PATH_LIMIT = 2048  # bytes, with PATH_MAX 4096 enough room for the prefix before it
_NAME_LIMIT = 255  # bytes, NAME_MAX of every Linux file system
_WIDEST = 4  # bytes of one character
_MEMBERS = 5_000_000
_LINKS = 40  # how many links Linux follows in one path
# Environments shrink to a third or a fourth. A bomb shrinks to a thousandth.
_RATIO, _RATIO_FLOOR = 300, 2 << 30
_TRUST = "No packed environment does that: do not trust this file."


def member_path(raw: str) -> str:
    """The path of a member relative to the environment; ``""`` is its root.

    Raises:
        ArchiveHostile: absolute, leads out, or longer than a file system has.
    """
    if raw.startswith("/") or "\0" in raw:
        raise ArchiveHostile(f"The archive would write to {raw!r}.", hint=_TRUST)
    parts = raw.split("/")
    if "" in parts or "." in parts:
        parts = [part for part in parts if part not in ("", ".")]
    if ".." in parts:
        raise ArchiveHostile(f"The archive would write outside: {raw!r}.", hint=_TRUST)
    path = "/".join(parts)
    # Environments have tens of thousands of paths, and hardly one is long.
    long = len(path) * _WIDEST > _PATH_LIMIT
    long = long or max(map(len, parts), default=0) * _WIDEST > _NAME_LIMIT
    if long and not _fits(path):
        raise ArchiveHostile(
            f"The archive has a path that no disk can hold: {path[:80]}...", hint=_TRUST
        )
    return path


def _fits(path: str) -> bool:
    encoded = os.fsencode(path)
    return len(encoded) <= _PATH_LIMIT and all(len(p) <= _NAME_LIMIT for p in encoded.split(b"/"))


@dataclass
class Namespace:
    """What the members before made of each path; later members of the same path replace them."""

    kinds: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    hardlinks: dict[str, str] = field(default_factory=dict)

    def admit(self, path: str, member: Member) -> bool:
        """Enter a member; True when it replaces an earlier one.

        Raises:
            ArchiveHostile: it would be written through a link or a file, or links to no file.
        """
        parent = path.rpartition("/")[0]
        while parent and self.kinds.get(parent) != "dir":
            if parent in self.kinds:
                raise ArchiveHostile(
                    f"The archive would write {path} through {parent}, which is no folder.",
                    hint=_TRUST,
                )
            self.kinds[parent] = "dir"
            parent = parent.rpartition("/")[0]
        before = self.kinds.get(path)
        if before is not None and (before == "dir") != (member.kind == "dir"):
            raise ArchiveHostile(
                f"The archive has {path} as a folder and as something else.", hint=_TRUST
            )
        if before == "dir":
            return False
        self.links.pop(path, None)
        self.hardlinks.pop(path, None)
        kind: str = member.kind
        if member.kind == "link":
            self.links[path] = member.target
        elif member.kind == "hardlink":
            kind = self._hard_link(path, member.target)
        self.kinds[path] = kind
        if len(self.kinds) > _MEMBERS:
            raise ArchiveHostile(
                f"The archive has more than {_MEMBERS:,} files.",
                hint="No environment has so many: do not trust this file.",
            )
        return before is not None

    def _hard_link(self, path: str, target: str) -> str:
        first = member_path(target)
        first = self.hardlinks.get(first, first)
        if first in self.links and first != path:
            # A second name of a symbolic link is that link again.
            self.links[path] = self.links[first]
            return "link"
        if self.kinds.get(first) != "file" or first == path:
            raise ArchiveHostile(
                f"The archive has {path} as a hard link to {target}, which is no file before it.",
                hint="It was damaged or made by a broken program. Pack the environment again.",
            )
        self.hardlinks[path] = first
        return "hardlink"


def check_links(links: Mapping[str, str]) -> None:
    """Follow every link through all other links, as the kernel would.

    Args:
        links: target text by path; there are no others in the folder.

    Raises:
        ArchiveHostile: one leads out.
    """
    for path, target in links.items():
        if _leads_out(path, target, links):
            raise ArchiveHostile(
                f"The archive has a link that leads out of the environment: {path} -> {target}.",
                hint="Pack the environment again with `ma env pack`, which takes in what it "
                "links to, if you know where this file comes from; otherwise do not trust it.",
            )


def _leads_out(path: str, target: str, links: Mapping[str, str]) -> bool:
    if target.startswith("/") or "\0" in target or not target:
        return True
    at = path.split("/")[:-1]
    ahead = target.split("/")[::-1]
    followed = 0
    while ahead:
        part = ahead.pop()
        if part in ("", "."):
            continue
        if part == "..":
            if not at:
                return True
            at.pop()
            continue
        at.append(part)
        onward = links.get("/".join(at))
        if onward is not None:
            followed += 1
            if followed > _LINKS:
                return False  # the kernel gives up here (ELOOP), so it leads nowhere
            if onward.startswith("/"):
                return True
            at.pop()
            ahead += onward.split("/")[::-1]
    return False


@dataclass
class Allowance:
    """How many bytes an archive may become: what is free, and what is believable."""

    free: int
    used: int = 0

    def take(self, count: int, compressed: int) -> None:
        """Count the bytes of a member before they are written.

        Args:
            count: bytes that the member says it has.
            compressed: size of the whole archive file, in bytes.

        Raises:
            ArchiveHostile: a decompression bomb.
            DiskFull: more than is free.
        """
        self.used += count
        if self.used > max(_RATIO_FLOOR, compressed * _RATIO):
            raise ArchiveHostile(
                f"The archive of {human_bytes(compressed)} would become more than "
                f"{human_bytes(self.used)}.",
                hint=_TRUST,
            )
        if self.used > self.free:
            raise DiskFull(
                f"The archive becomes more than the {human_bytes(self.free)} that are free.",
                hint="Empty the bin (`ma bin empty`) or remove an environment, then run the same "
                "again.",
            )
