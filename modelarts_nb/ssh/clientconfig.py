"""The one block of ours in ``~/.ssh/config``; every other byte stays as it is.

It stands first, because of each option OpenSSH takes the first value; its last line gives what
follows the meaning it had before (ssh_config(5)). Within it the hosts of notebooks and those of
jobs stand apart, each under a title, so that writing the one keeps the other.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from modelarts_nb.cloud.errors import CloudAnswerInvalid
from modelarts_nb.disk.replace import replace_file
from modelarts_nb.errors import ModelArtsNbError, UsageError, from_os_error
from modelarts_nb.ssh.address import Address
from modelarts_nb.ssh.places import Places

# Not the marks of restore's own lines. `ma keep` leaves out both: the hook brings them back.
BEGIN, END = b"# >>> modelarts_nb ssh >>>", b"# <<< modelarts_nb ssh <<<"
Group = Literal["notebooks", "jobs"]
_ORDER: tuple[Group, ...] = ("notebooks", "jobs")
_HEAD = BEGIN + b"\n# Written by `ma ssh config`; what you change here is lost.\n"
_TAIL = b"Match all\n" + END + b"\n"
_TITLE = re.compile(rb"^# (notebooks|jobs)\r?\n", re.MULTILINE)
_LAST_LINE = re.compile(rb"^Match all\r?\n\Z", re.MULTILINE)
_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*")


class BlockDamaged(ModelArtsNbError):
    """The marks of our block are there, but not as we wrote them."""

    code, exit_code, http_status = "block_damaged", 2, 409


@dataclass(frozen=True)
class Host:
    """One entry: ``ssh ALIAS`` goes to ``address``.

    Attributes:
        alias: what a person types.
        mark: what its host key is pinned under; see ``mark_for``.
        key: the private key's file.
        agent: ask our agent for the key.
    """

    alias: str
    mark: str
    address: Address
    key: str
    agent: bool


def alias_for(name: str, id: str, taken: Sequence[str] = ()) -> str:
    """What a notebook is called: ``ma-NAME``; with a part of its id where that is taken or cannot
    be typed."""
    plain = f"ma-{name}" if _PLAIN.fullmatch(name) else ""
    letters = re.sub(r"[^A-Za-z0-9]", "", id)
    longer = (f"{plain or 'ma'}-{letters[:size]}" for size in range(8, len(letters) + 1))
    free = (alias for alias in (plain, *longer) if alias and alias not in taken)
    return next(free, f"ma-{letters}")


def mark_for(id: str) -> str:
    """What a notebook's host key is pinned under: its id, since many share a host's name.

    Raises:
        CloudAnswerInvalid: the id is none that may stand in OpenSSH's settings.
    """
    if not _PLAIN.fullmatch(id):
        raise CloudAnswerInvalid(f"The cloud's id of a notebook cannot be used: {id[:100]!r}.")
    return id


def render(hosts: Sequence[Host], places: Places) -> bytes:
    """The entries of some hosts.

    Raises:
        UsageError: a path cannot be written in OpenSSH's settings.
    """
    lines: list[str] = []
    for host in hosts:
        lines += [
            f"Host {host.alias}",
            f"    HostName {host.address.host}",
            f"    Port {host.address.port}",
            f"    User {host.address.user}",
            f"    IdentityFile {_quoted(host.key)}",
            "    IdentitiesOnly yes",
            *([f"    IdentityAgent {_quoted(str(places.agent))}"] if host.agent else []),
            f"    HostKeyAlias {host.mark}",
            f"    UserKnownHostsFile {_quoted(str(places.known_hosts))}",
            "    StrictHostKeyChecking accept-new",
            "    ServerAliveInterval 30",
        ]
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape")


def with_entries(old: bytes, group: Group, entries: bytes) -> bytes:
    """A file's text with these entries of a group, and others' as they were: in the block where it
    is, else in one in front. Without any entry there is no block.

    Raises:
        BlockDamaged: it has one mark without the other, or a mark twice.
    """
    before, inside, after = _around(old)
    groups = {**_groups(inside), group.encode(): entries}
    titled = ((b"# %s\n" % name.encode(), groups.get(name.encode())) for name in _ORDER)
    body = b"".join(title + text for title, text in titled if text)
    return before + (_HEAD + body + _TAIL if body else b"") + after


def write(group: Group, hosts: Sequence[Host], places: Places) -> bool:
    """Write the hosts of one group into the user's settings. False: it was so.

    Raises:
        BlockDamaged: our marks are not as we wrote them. Nothing was changed.
        UsageError: a path cannot be written in OpenSSH's settings. Nothing was changed.
        AccessDenied, DiskFull, DiskFailure: the home refused. Nothing was changed.
    """
    # A link (as of dotfiles that lie elsewhere) is followed, not replaced.
    try:
        path = places.config.resolve()
        mode, old = _read(places)
    except (OSError, RuntimeError) as error:  # RuntimeError: a link that leads to itself
        cause = error if isinstance(error, OSError) else OSError(str(error))
        raise from_os_error(cause, f"reading {places.config}", places.config) from error
    new = with_entries(old, group, render(hosts, places))
    if new == old:
        return False
    places.make()
    replace_file(path, new, mode)
    return True


def block_of(places: Places) -> bytes | None:
    """Our block, with its marks, as it stands in the user's settings; None where there is none.

    Raises:
        BlockDamaged: our marks are not as we wrote them.
        AccessDenied, DiskFailure: the settings cannot be read.
    """
    try:
        _, old = _read(places)
    except OSError as error:
        raise from_os_error(error, f"reading {places.config}", places.config) from error
    before, _, after = _around(old)
    return old[len(before) : len(old) - len(after)] or None


def _read(places: Places) -> tuple[int, bytes]:
    """Mode and text; OpenSSH refuses a file that others may write to."""
    try:
        old = places.config.read_bytes()
        return stat.S_IMODE(places.config.stat().st_mode) & ~0o022, old
    except FileNotFoundError:
        return 0o600, b""


def _around(old: bytes) -> tuple[bytes, bytes, bytes]:
    """What stands before our block, in it and after it."""
    begins = list(re.finditer(rb"^" + re.escape(BEGIN) + rb"\r?$", old, re.M))
    ends = list(re.finditer(rb"^" + re.escape(END) + rb"\r?(?:\n|\Z)", old, re.M))
    if not begins and not ends:
        return b"", b"", old
    if len(begins) != 1 or len(ends) != 1 or ends[0].end() <= begins[0].start():
        raise BlockDamaged(
            "The marks of modelarts_nb in ~/.ssh/config are not as they were written.",
            hint=f"Remove what stands between {BEGIN.decode()!r} and {END.decode()!r}, with these "
            "lines, then run the same again.",
        )
    (begin,), (end,) = begins, ends
    return old[: begin.start()], old[begin.end() : end.start()], old[end.end() :]


def _groups(inside: bytes) -> dict[bytes, bytes]:
    """The entries of each group of a block, by its title."""
    _, *pieces = _TITLE.split(_LAST_LINE.sub(b"", inside))
    return dict(zip(pieces[::2], pieces[1::2], strict=True))


def _quoted(path: str) -> str:
    # There is no way to write a quote within quotes before OpenSSH 8.7; % and ${ are expanded.
    if any(c in path for c in ('"', "\\", "\n", "\r", "\0", "${")):
        raise UsageError(
            f"{path!r} cannot be written in OpenSSH's settings.",
            hint="Use a home whose path has no quotes, backslashes or variables.",
        )
    return '"' + path.replace("%", "%%") + '"'
