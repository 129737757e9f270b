"""Files and folders to and from a container, as a stream of tar through any transport.

They land as a whole: written beside the target, then renamed. The container needs ``tar`` and a
POSIX shell. What comes from a container is not trusted (``unpacking.py``).
"""

from __future__ import annotations

import contextlib
import os
import posixpath
import secrets
import shlex
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from modelarts_nb.errors import NameTaken, NotFound, UsageError, from_os_error
from modelarts_nb.progress import SILENT, Progress
from modelarts_nb.shell.descriptors import Sink
from modelarts_nb.shell.errors import TransferFailed
from modelarts_nb.shell.running import run
from modelarts_nb.shell.session import Stream
from modelarts_nb.shell.streaming import Counted, Pipe, Staged, Worker
from modelarts_nb.shell.target import Target
from modelarts_nb.shell.unpacking import unpack
from modelarts_nb.shell.watching import NOBODY, Watch

# What the scripts exit with; a shell's own codes are other ones.
_MISSING, _NO_FOLDER, _TAKEN, _UNWRITABLE, _CUT_OFF = 114, 115, 116, 117, 118
_COMPLETE = ".ma-complete"
_CHANGED = "file changed as we read it"

_SEND = """cd -- {parent} 2>/dev/null || exit 114
name={name}
[ -e "./$name" ] || [ -L "./$name" ] || exit 114
if [ -L "./$name" ] && real=$(readlink -f "./$name"); then
  cd -- "${{real%/*}}/" || exit 114
  name=${{real##*/}}
fi
echo "ma-size $(du -sk "./$name" 2>/dev/null | cut -f1)" >&2
exec tar -cf - "./$name"
"""
_RECEIVE = """target={target} name={name}
if [ -d "$target" ]; then target=${{target%/}}/$name; else
  case $target in */) exit 115;; esac
fi
case $target in */*) parent=${{target%/*}}/;; *) parent=./;; esac
[ -d "$parent" ] || exit 115
if [ -d "$target" ] || {{ [ {folder} = yes ] && [ -e "$target" ]; }}; then exit 116; fi
stage=$parent.ma-cp-{mark}
mkdir -m 700 "$stage" || exit 117
trap 'rm -rf "$stage"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
tar -xof - -C "$stage" || exit 118
[ -e "$stage/.ma-complete" ] || exit 118
mv -f "$stage/$name" "$target" || exit 117
printf '%s' "$target"
"""


@dataclass(frozen=True)
class Copied:
    """What is there now. ``bytes`` went over the wire."""

    target: str
    bytes: int


def fetch(
    target: Target, source: str, here: str, *, progress: Progress = SILENT, watch: Watch = NOBODY
) -> Copied:
    """Copy a file or folder from a container.

    Args:
        target: the task.
        source: a path in it; relative ones begin at its home.
        here: the file or folder to make, or a folder to put it into.

    Raises:
        NotFound: there is no such thing there, or no folder here.
        NameTaken: a folder of this name is here, or a file where a folder was to be.
        TransferHostile: the container sent something else.
        TransferFailed: the copy was cut off.
        ModelArtsNbError: the connection, the disk or the user ended it. Nothing is left.
    """
    parent, name = _split(source)
    goal = _goal(here, name)
    stage = goal.parent / f".ma-cp-{secrets.token_hex(6)}"
    said = bytearray()
    line = _SEND.format(parent=shlex.quote(parent), name=shlex.quote(name))
    progress.phase("copying")
    with Staged(stage), Pipe() as pipe:
        counted = Counted(progress)
        worker = Worker(lambda: _unpack(pipe.reading(), stage, progress))
        sink: Sink | None = None

        async def out(_: int, stream: Stream, data: bytes) -> None:
            nonlocal sink
            if stream == "stderr":
                said.extend(counted.header(data)[: 1 << 16])
                return
            sink = sink or Sink(pipe.write)
            counted.add(len(data))
            await sink.write(data)

        worker.start()
        try:
            code = run([target], line, out=out, check=progress.check, watch=watch).exit_code
        except BrokenPipeError as error:
            pipe.end_writing()
            worker.result()  # why it reads no more
            raise TransferFailed("The copy could not be written.") from error
        finally:
            if sink is not None:
                sink.close()
            pipe.end_writing()
            worker.join()
        _need_sent(code, target, source, said.decode("utf-8", "replace"), progress)
        made = worker.result()
        _land(made, goal)
    return Copied(str(goal), counted.bytes)


def send(
    target: Target, here: str, goal: str, *, progress: Progress = SILENT, watch: Watch = NOBODY
) -> Copied:
    """Copy a file or folder into a container.

    Args:
        target: the task.
        here: the file or folder.
        goal: what to make there, or a folder to put it into; relative paths begin at its home.

    Raises:
        NotFound: there is no such thing here, or no folder there.
        NameTaken: a folder of this name is there, or a file where a folder was to be.
        TransferFailed: the copy was cut off.
        ModelArtsNbError: the connection or the user ended it. Nothing is left.
    """
    source = Path(os.path.expanduser(here)).absolute()
    name = source.name
    if not name or name == ".." or not os.path.exists(source):
        raise NotFound(f"There is no {here} here.")
    line = _RECEIVE.format(
        target=shlex.quote(_there(goal)),
        name=shlex.quote(name),
        folder="yes" if source.is_dir() else "no",
        mark=secrets.token_hex(6),
    )
    kept: dict[Stream, bytearray] = {"stdout": bytearray(), "stderr": bytearray()}

    async def out(_: int, stream: Stream, data: bytes) -> None:
        kept[stream] += data[: (1 << 16) - len(kept[stream])]

    try:
        progress.phase("copying", bytes=_size(source))
    except OSError as error:
        raise from_os_error(error, f"reading {here}", source) from error
    counted = Counted(progress)
    with Pipe() as pipe:
        worker = Worker(lambda: _pack(source.resolve(), name, pipe.writing(), counted, progress))
        worker.start()
        try:
            code = run(
                [target], line, out=out, stdin=pipe.read, check=progress.check, watch=watch
            ).exit_code
        finally:
            pipe.end_reading()
            worker.join()
    said = kept["stderr"].decode("utf-8", "replace").strip()
    if code not in (_NO_FOLDER, _TAKEN, _UNWRITABLE):
        worker.result()  # what could not be read here comes first
    _need_received(code, target, goal, name, said)
    return Copied(kept["stdout"].decode("utf-8", "replace"), counted.bytes)


def _unpack(stream: IO[bytes], stage: Path, progress: Progress) -> Path:
    with stream:
        return unpack(stream, stage, progress)


def _need_sent(code: int, target: Target, source: str, said: str, progress: Progress) -> None:
    said = said.strip()
    if code == _MISSING:
        raise NotFound(f"There is no {source} in {target.task} of {target.name}.")
    if code == 1 and said and all(_CHANGED in line for line in said.splitlines()):
        progress.log(f"something was being written while it was copied: {said}")
    elif code != 0:
        raise TransferFailed(
            f"{target.task} did not send {source} to its end.",
            hint="The copy was removed." if code != 127 else "The container has no `tar`.",
            cause=said[-2000:],
        )


def _need_received(code: int, target: Target, goal: str, name: str, said: str) -> None:
    where = f"{target.task} of {target.name}"
    if code == _NO_FOLDER:
        raise NotFound(f"There is no folder for {goal} in {where}.", hint="Make it first.")
    if code == _TAKEN:
        raise NameTaken(
            f"{goal} has a {name} already in {where}, and folders are not mixed.",
            hint="Remove it first, or choose another name.",
        )
    if code != 0:
        raise TransferFailed(
            f"{where} did not take {goal}.",
            hint="Nothing was left there.",
            cause=said[-2000:] or f"exit code {code}",
        )


def _split(source: str) -> tuple[str, str]:
    path = posixpath.normpath(_there(source))
    parent, name = posixpath.split(path)
    if name in ("", ".", ".."):
        raise UsageError(
            f"{source!r} has no name of its own.", hint="Name a file or folder: `demo:/cache/out`."
        )
    return parent or ".", name


def _there(path: str) -> str:
    """A path for the container's shell, which begins at home."""
    if path in ("~", "~/"):
        path = "."
    path = path[2:] if path.startswith("~/") else path
    return f"./{path}" if path.startswith("-") else path


def _goal(here: str, name: str) -> Path:
    path = Path(os.path.expanduser(here)).absolute()
    into = path.is_dir()
    goal = path / name if into else path
    if not goal.parent.is_dir() or (here.endswith("/") and not into):
        raise NotFound(
            f"There is no folder {path if into else goal.parent} here.", hint="Make it first."
        )
    if goal.is_dir():
        raise NameTaken(
            f"{goal} is a folder already, and folders are not mixed.",
            hint="Remove it first, or choose another name.",
        )
    return goal


def _land(made: Path, goal: Path) -> None:
    # A rename onto an empty folder would silently win.
    if goal.is_dir() or (made.is_dir() and os.path.lexists(goal)):
        raise NameTaken(f"{goal} is there already.", hint="Choose another name.")
    try:
        os.rename(made, goal)
    except OSError as error:
        raise from_os_error(error, f"writing {goal.name}", goal) from error


def _size(source: Path) -> int:
    if not source.is_dir():
        return source.stat().st_size
    total = 0
    for folder, _, names in os.walk(source):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(folder, name)).st_size
    return total


def _pack(source: Path, name: str, stream: IO[bytes], counted: Counted, progress: Progress) -> None:
    def admitted(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
        if not (member.isreg() or member.isdir() or member.issym() or member.islnk()):
            progress.log(f"left out: {member.name} is no file, folder or link")
            return None
        member.uid = member.gid = 0
        member.uname = member.gname = ""
        return member

    counted.stream = stream
    with stream, tarfile.open(fileobj=counted, mode="w|", bufsize=1 << 18) as tar:  # type: ignore[call-overload]
        tar.add(source, name, filter=admitted)
        # tar(1) takes a stream that was cut between two members for a whole one.
        tar.addfile(tarfile.TarInfo(_COMPLETE))
