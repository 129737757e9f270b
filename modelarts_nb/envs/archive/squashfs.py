"""squashfs images, through the programs of squashfs-tools: they take and give what we check."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import tempfile
from pathlib import Path

from modelarts_nb.disk.scan import scan
from modelarts_nb.envs.archive.digest import sha256_of
from modelarts_nb.envs.archive.formats import require_program
from modelarts_nb.envs.archive.safety import Allowance, check_links, member_path
from modelarts_nb.errors import ArchiveHostile, ArchiveInvalid, DiskFailure, DiskFull, from_os_error
from modelarts_nb.progress import Progress

_LINE = re.compile(rb"(.)(\S{9}) \S+ +(\d+|\d+, *\d+) \d{4}-\d\d-\d\d \d\d:\d\d squashfs-root(.*)")


class SquashfsWriter:
    """Takes a tar stream and makes an image of it (``mksquashfs -tar``, squashfs-tools 4.5).

    Its sibling ``sqfstar`` 4.5.1 does not understand a compression level (tried).

    Raises:
        UsageError: the program is not there.
        DiskFull, DiskFailure: it failed; its own words are the cause.
    """

    def __init__(self, path: Path, level: int, threads: int | None) -> None:
        self._path = path
        command = [require_program("mksquashfs"), "-", str(path), "-tar", "-comp", "zstd"]
        command += ["-Xcompression-level", str(level)]
        command += ["-processors", str(threads or os.cpu_count() or 1)]
        command += ["-root-mode", "755", "-quiet", "-no-progress", "-exit-on-error"]
        self._program = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )

    def write(self, data: bytes) -> None:
        """The next bytes of the tar."""
        assert self._program.stdin is not None
        try:
            self._program.stdin.write(data)
        except BrokenPipeError:
            self._fail()

    def finish(self) -> str:
        """The tar is whole: wait until the image is on the disk; its sha256."""
        assert self._program.stdin is not None
        try:
            self._program.stdin.close()
        except BrokenPipeError:
            self._fail()
        self._program.wait()
        if self._program.returncode:
            self._fail()
        assert self._program.stderr is not None
        self._program.stderr.close()
        sha256 = sha256_of(self._path)
        with self._path.open("rb+") as file:
            os.fsync(file.fileno())
        return sha256

    def abandon(self) -> None:
        """End the program."""
        self._program.kill()
        for pipe in (self._program.stdin, self._program.stderr):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        self._program.wait()

    def _fail(self) -> None:
        assert self._program.stderr is not None
        words = self._program.stderr.read().decode(errors="replace").strip()
        self.abandon()
        if "No space left" in words:
            raise DiskFull(
                "The disk is full (writing the squashfs image).",
                hint="Free space (`ma bin empty`) or choose another folder with -o.",
                cause=words[-500:],
            )
        raise DiskFailure(
            "The squashfs image could not be written.",
            hint="Try tar.zst, which needs no other program.",
            cause=words[-500:],
        )


def unpack_image(image: Path, root: Path, allowance: Allowance, progress: Progress) -> None:
    """Unpack a squashfs image into ``root``, which must not exist, and check what came out.

    Raises:
        UsageError: ``unsquashfs`` is not there.
        ArchiveInvalid: damaged.
        ArchiveHostile: devices, links out, too large.
        DiskFull: too little space.
    """
    program = require_program("unsquashfs")
    listing = subprocess.run(
        [program, "-lln", "-no-progress", str(image)], capture_output=True, check=False
    )
    if listing.returncode:
        raise _damaged(image, listing.stderr)
    _check_listing(listing.stdout, allowance, image.stat().st_size)
    progress.check()
    command = [program, "-no-progress", "-no-xattrs", "-quiet", "-dest", str(root), str(image)]
    code, words = _run(command, progress)
    if b"No space left" in words:
        raise DiskFull(
            "The disk is full (unpacking the squashfs image).",
            hint="Free space (`ma bin empty`) and run the same again.",
            cause=words.decode(errors="replace")[-500:],
        )
    if code:
        raise _damaged(image, words)
    _check_tree(root)


def _run(command: list[str], progress: Progress) -> tuple[int, bytes]:
    """Run a program that may take minutes; its exit code and its complaints."""
    with tempfile.TemporaryFile() as words:
        program = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=words)
        try:
            while True:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    code = program.wait(0.2)
                    break
                progress.check()
        except BaseException:
            program.kill()
            program.wait()
            raise
        words.seek(0)
        return code, words.read()


def _check_listing(lines: bytes, allowance: Allowance, compressed: int) -> None:
    for line in lines.splitlines():
        match = _LINE.fullmatch(line)
        if match is None:
            continue  # a line of a name with a newline in it: the tree is checked again
        if match[1] not in (b"-", b"d", b"l"):
            raise ArchiveHostile(
                f"The image would make a device or a pipe: {os.fsdecode(match[4])}.",
                hint="No environment has one: do not trust this file.",
            )
        if match[1] == b"-":
            allowance.take(int(match[3]), compressed)
        name = match[4].partition(b" -> ")[0] if match[1] == b"l" else match[4]
        member_path(os.fsdecode(name).lstrip("/"))


def _check_tree(root: Path) -> None:
    skipped = _Skipped()
    tree = scan(root, progress=skipped)
    if skipped.seen:
        raise ArchiveHostile(
            f"The image has what no environment has: {skipped.seen[0]}.",
            hint="Do not trust this file.",
        )
    # Absolute links into the old prefix are corrected later; what is left is checked then.
    links = {e.path: e.target or "" for e in tree.entries if e.kind == "link"}
    check_links({p: t for p, t in links.items() if not t.startswith("/")})
    try:
        os.chmod(root, root.stat().st_mode & 0o755 | 0o700)
        for entry in tree.entries:
            if entry.kind != "link" and entry.mode & 0o7000:
                os.chmod(root / entry.path, entry.mode & 0o777)
    except OSError as error:
        raise from_os_error(error, "unpacking", root) from error


class _Skipped:
    """Hears of what ``scan`` leaves out."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def phase(self, name: str, *, files: int | None = None, bytes: int | None = None) -> None:
        pass

    def advance(self, *, files: int = 0, bytes: int = 0) -> None:
        pass

    def log(self, message: str) -> None:
        self.seen.append(message)

    def check(self) -> None:
        pass


def _damaged(image: Path, words: bytes) -> ArchiveInvalid:
    return ArchiveInvalid(
        f"{image.name} is damaged: it is no squashfs image that can be read.",
        hint="Copy or pack it again.",
        cause=words.decode(errors="replace")[-500:],
    )
