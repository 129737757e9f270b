"""Bring everything back after a container was replaced: one file, standard library, Python 3.7+.

Run by the hook at container start, and by ``ma restore``::

    python3 -I -S restore.py --disk /home/ma-user/work --owner ME [--home H] [--manifest SHA256]

It never fails a container start (exit code 0 unless ``--strict``) and never waits longer than
``--deadline`` seconds: whatever touches the disk happens in a child that is left behind when the
disk hangs, because a process that waits for a dead NFS server cannot always be killed.
What it did is in ``~/.local/state/modelarts_nb/restore.json``, and as text on stdout.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import json
import os
import pwd
import re
import select
import signal
import stat
import sys
import threading
import time
from functools import partial

# Importing typing would cost more than all the other imports.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Iterable

MARK_BEGIN = b"# >>> modelarts_nb >>>"
MARK_END = b"# <<< modelarts_nb <<<"
# Of the block that `ma ssh config` writes (ssh/clientconfig.py), each alone on its line.
SSH_BEGIN = b"# >>> modelarts_nb ssh >>>"
SSH_END = b"# <<< modelarts_nb ssh <<<"
OWNER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,127}\Z")
SHA256 = re.compile(r"[0-9a-f]{64}\Z")
VERSION = re.compile(r"[1-9][0-9]*\.json\Z")
JUPYTER = re.compile(
    rb"(^|/|\0)(jupyter-lab|jupyter-labhub|jupyterhub-singleuser|jupyter-server|jupyter-notebook)"
    rb"(\0|$)|\0-m\0(jupyterlab|jupyter_server|notebook|jupyterhub\.singleuser)(\0|$)"
    rb"|(^|/|\0)jupyter\0(lab|server|notebook)(\0|$)"
)
# What of SSH is taken from the owner's folder on the disk: names of key pairs are those of
# ssh/keypairs.py, and a file or a number of keys beyond these bounds is none of ours.
SSH_FILES = {
    "keys": re.compile(r"[A-Za-z0-9_-]{1,64}(\.pub)?\Z"),
    "ssh": re.compile(r"(config|known_hosts)\Z"),
}
SSH_BYTES, SSH_KEYS = 1 << 20, 100
LOST = {"overlay", "aufs", "rootfs", "tmpfs", "ramfs"}
THREADS = 32


class Refused(Exception):
    """A file is not the one that was installed: its whole part is left out."""


class Report:
    """What was done, line by line."""

    def __init__(self, owner: str, disk: str) -> None:
        self.owner = owner
        self.disk = disk
        self.began = time.time()
        self.ended: float | None = None
        self.lines: list[dict[str, str]] = []

    def say(self, what: str, state: str, detail: str = "") -> None:
        self.lines.append({"what": what, "state": state, "detail": detail})

    def to_dict(self) -> dict[str, object]:
        return {
            "ran": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.began)),
            "ok": all(line["state"] != "failed" for line in self.lines),
            "seconds": round((self.ended or time.time()) - self.began, 3),
            "owner": self.owner,
            "disk": self.disk,
            "lines": self.lines,
        }


# --- small things -------------------------------------------------------------------------------


def each(work: Callable[[Any], Any], items: Iterable[Any]) -> list[tuple[Any, Any]]:
    """``work`` on all items at once: (item, result), where what was raised is the result."""
    items = list(items)
    results: list[Any] = [None] * len(items)
    turn = iter(range(len(items)))

    def run() -> None:
        # next() on a range iterator is atomic under the GIL; free-threaded builds lock it too.
        for index in turn:
            try:
                results[index] = work(items[index])
            except Exception as error:
                results[index] = error

    threads = [threading.Thread(target=run, daemon=True) for _ in range(min(THREADS, len(items)))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [(items[index], result) for index, result in enumerate(results)]


def read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def read_plain(path: str, most: int) -> bytes:
    """A regular file of at most ``most`` bytes. Raises ValueError, OSError."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    handle = os.open(path, flags)
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise ValueError("it is not a regular file")
        data = b""
        while len(data) <= most:
            more = os.read(handle, most + 1 - len(data))
            if not more:
                return data
            data += more
    finally:
        os.close(handle)
    raise ValueError("it has more than %d bytes" % most)


def read_or_none(path: str) -> bytes | None:
    try:
        return read(path)
    except (FileNotFoundError, NotADirectoryError):
        return None


def names(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return []


def write(path: str, data: bytes, mode: int = 0o644) -> bool:
    """Replace a file in one step. False: it was the same already."""
    if read_or_none(path) == data:
        return False
    folder = os.path.dirname(path)
    os.makedirs(folder, exist_ok=True)
    staged = os.path.join(
        folder, ".%s.%d.%s" % (os.path.basename(path), os.getpid(), os.urandom(4).hex())
    )
    handle = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            os.fchmod(file.fileno(), mode)
        os.replace(staged, path)
    except BaseException:
        os.unlink(staged)
        raise
    return True


def write_own(path: str, data: bytes) -> bool:
    """Replace a file of the user's: through links, keeping its mode."""
    path = os.path.realpath(path)
    try:
        mode = stat.S_IMODE(os.stat(path).st_mode)
    except FileNotFoundError:
        mode = 0o644
    return write(path, data, mode)


def without_block(data: bytes) -> bytes:
    """A file of the user's as it is without the lines that we put there."""
    begin, end = data.find(MARK_BEGIN), data.find(MARK_END)
    if begin < 0 or end < begin:
        return data
    rest = data[end + len(MARK_END) :]
    return data[:begin] + (rest[1:] if rest.startswith(b"\n") else rest)


def around_ssh(data: bytes) -> tuple[bytes, bytes]:
    """What stands before and after the block of `ma ssh config`. Raises ValueError."""
    begins = [m.start() for m in re.finditer(rb"(?m)^%s\r?$" % SSH_BEGIN, data)]
    ends = [m.end() for m in re.finditer(rb"(?m)^%s\r?(?:\n|\Z)" % SSH_END, data)]
    if not begins and not ends:
        return b"", data
    if len(begins) != 1 or len(ends) != 1 or ends[0] <= begins[0]:
        raise ValueError("the marks of modelarts_nb in it are not as they were written")
    return data[: begins[0]], data[ends[0] :]


def without_ours(data: bytes) -> bytes:
    """A file of the user's without anything that comes back by itself."""
    with contextlib.suppress(ValueError):
        data = b"".join(around_ssh(data))
    return without_block(data)


def write_block(path: str, body: str) -> bool:
    """Put ``body`` between our marks at the end of a file, leaving all else as it is."""
    block = MARK_BEGIN + b"\n" + body.encode() + MARK_END + b"\n"
    current = read_or_none(path) or b""
    if block in current:
        return False
    current = without_block(current)
    if current and not current.endswith(b"\n"):
        current += b"\n"
    return write_own(path, current + block)


def quoted(text: str) -> str:
    """For a shell."""
    return "'" + text.replace("'", "'\\''") + "'"


def outcome(changed: bool) -> str:
    return "restored" if changed else "already"


# --- where things are ---------------------------------------------------------------------------


class Places:
    """Paths on the disk and in the home."""

    def __init__(self, disk: str, owner: str, home: str, use_environment: bool) -> None:
        self.disk, self.owner, self.home = disk, owner, home
        self.envs = os.path.join(disk, "envs", "user_conda")
        self.sealed = os.path.join(disk, "envs", "sealed")
        self.private = os.path.join(disk, "envs", ".modelarts_nb")
        self.own = os.path.join(self.private, "owners", owner)
        variables = dict(os.environ) if use_environment else {}
        get = variables.get
        self.share = os.path.join(home, ".local/share/modelarts_nb")
        self.state = os.path.join(home, ".local/state/modelarts_nb")
        self.jupyter_data = get("JUPYTER_DATA_DIR") or os.path.join(
            get("XDG_DATA_HOME") or os.path.join(home, ".local/share"), "jupyter"
        )
        self.jupyter_config = get("JUPYTER_CONFIG_DIR") or os.path.join(home, ".jupyter")
        self.ipython = get("IPYTHONDIR") or os.path.join(home, ".ipython")
        # Links to the local copies of sealed environments, by the names of these.
        self.links = os.path.join(home, ".ma/envs")
        self.ssh = os.path.join(home, ".ssh/modelarts_nb")

    def in_home(self, *parts: str) -> str:
        return os.path.join(self.home, *parts)


def find_home(given: str | None) -> str:
    """``--home``, ``HOME``, the account's home, the platform's: the first that is a folder."""
    candidates = [given, os.environ.get("HOME")]
    with contextlib.suppress(KeyError):
        candidates.append(pwd.getpwuid(os.getuid()).pw_dir)
    candidates.append("/home/ma-user")
    for path in candidates:
        if path and os.path.isabs(path) and path != "/" and os.path.isdir(path):
            return path
    return given or "/home/ma-user"


def find_owner(disk: str, given: str | None) -> str:
    """Raises ValueError when nothing says who this is; as ``modelarts_nb.disk.persistent``."""
    variables = ("MODELARTS_NB_OWNER", "INSTANCE_ID", "JUPYTERHUB_USER")
    for name in [given] + [os.environ.get(variable) for variable in variables]:
        if name:
            if not OWNER.match(name):
                raise ValueError("%r cannot be an owner's name" % name)
            return name
    known = names(os.path.join(disk, "envs", ".modelarts_nb", "owners"))
    if len(known) == 1 and OWNER.match(known[0]):
        return known[0]
    if known:
        raise ValueError("several people use this disk and nothing says who you are: --owner NAME")
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return "uid-%d" % os.getuid()


def describe_disk(path: str, table: str = "/proc/self/mountinfo") -> str:
    """Does the disk survive a restart? As the kernel says; without touching the disk."""
    best, fstype = "", "unknown"
    try:
        rows = read(table).decode("utf-8", "surrogateescape").splitlines()
    except OSError:
        return ""
    for row in rows:
        left, _, right = row.partition(" - ")
        fields = left.split(" ")
        if len(fields) < 6 or not right:
            continue
        point = re.sub(r"\\([0-7]{3})", lambda m: chr(int(m.group(1), 8)), fields[4])
        inside = point == "/" or path == point or path.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, fstype = point, right.split(" ")[0]
    if best in ("", "/") or fstype in LOST:
        return "%s is not a mount of its own (%s): it is lost at restart" % (path, fstype)
    return "%s survives a restart (%s)" % (path, fstype)


def jupyter_runs(proc: str = "/proc") -> bool:
    """Is a Jupyter server running in this container?"""
    for entry in names(proc):
        if entry.isdigit() and int(entry) != os.getpid():
            try:
                if JUPYTER.search(read("%s/%s/cmdline" % (proc, entry))):
                    return True
            except OSError:
                continue
    return False


# --- the tool's files ---------------------------------------------------------------------------


class Tool:
    """The tool on the disk: its interpreter, and the files that are copied into the home.

    Its ``manifest.json`` has version, python and parts: {NAME: {base, files: {PATH: SHA256}}};
    python and bases are relative to the tool's folder, or absolute.
    """

    def __init__(self, folder: str, sha256: str | None) -> None:
        data = read(os.path.join(folder, "manifest.json"))
        if sha256 and sha256_of(data) != sha256:
            raise Refused("%s/manifest.json is not the one that was installed" % folder)
        manifest = json.loads(data.decode())
        self.folder = folder
        self.version = str(manifest["version"])
        self.python = os.path.join(folder, manifest["python"])
        self.parts: dict[str, Any] = manifest["parts"]

    def files(self, part: str) -> dict[str, str]:
        """Path below the part → sha256."""
        found: dict[str, str] = self.parts.get(part, {}).get("files", {})
        for path, digest in found.items():
            bad = path.startswith("/") or ".." in path.split("/") or not SHA256.match(digest)
            if bad:
                raise Refused("the manifest names %r" % path)
        return found

    def read(self, part: str) -> dict[str, bytes]:
        """All files of a part, each verified. Raises Refused, OSError."""
        files = self.files(part)
        base = os.path.join(self.folder, self.parts[part]["base"])

        def fetch(path: str) -> bytes:
            data = read(os.path.join(base, path))
            if sha256_of(data) != files[path]:
                raise Refused("%s is not the file that was installed" % os.path.join(base, path))
            return data

        contents = dict(each(fetch, files))
        for content in contents.values():
            if isinstance(content, BaseException):
                raise content
        return contents


def find_tool(places: Places, folder: str | None, sha256: str | None) -> Tool | None:
    if folder:
        return Tool(folder, sha256)
    shelf = os.path.join(places.private, "tool")

    def age(name: str) -> tuple[list[int], str]:
        return [int(number) for number in re.findall(r"\d+", name)], name

    for name in sorted(names(shelf), key=age, reverse=True):
        if os.path.exists(os.path.join(shelf, name, "manifest.json")):
            return Tool(os.path.join(shelf, name), sha256)
    return None


def place_tree(places: Places, tool: Tool, part: str, link: str) -> bool:
    """Copy a part into a local folder named by its content, and point ``link`` at it."""
    files = tool.files(part)
    identity = sha256_of(json.dumps(sorted(files.items())).encode())[:16]
    shelf = os.path.join(places.share, "parts")
    folder = os.path.join(shelf, "%s-%s" % (part, identity))
    if os.path.lexists(link) and not os.path.islink(link):
        raise ValueError("%s is there and not ours; left as it is" % link)
    if os.path.islink(link) and os.readlink(link) == folder and os.path.isdir(folder):
        return False
    if not os.path.isdir(folder):
        staged = "%s.%d.%s" % (folder, os.getpid(), os.urandom(4).hex())
        for path, data in tool.read(part).items():
            write(os.path.join(staged, path), data)
        try:
            os.rename(staged, folder)
        except OSError:
            # Another restore was faster; the name says that its content is the same.
            remove_tree(staged)
            if not os.path.isdir(folder):
                raise
    os.makedirs(os.path.dirname(link), exist_ok=True)
    staged_link = "%s.%d.%s" % (os.path.join(shelf, part), os.getpid(), os.urandom(4).hex())
    os.symlink(folder, staged_link)
    os.replace(staged_link, link)
    return True


MARK = ".restored-by-modelarts_nb"


def place_copy(places: Places, tool: Tool, part: str, target: str) -> bool:
    """Copy a part to ``target`` itself: servers refuse to serve files through a link."""
    files = tool.files(part)
    identity = sha256_of(json.dumps(sorted(files.items())).encode()).encode()
    mark = os.path.join(target, MARK)
    found = read_or_none(mark)
    if found == identity:
        return False
    if found is None and os.path.lexists(target):
        raise ValueError("%s is there and not ours; left as it is" % target)
    shelf = os.path.join(places.share, "parts")
    staged = os.path.join(shelf, "%s.%d.%s" % (part, os.getpid(), os.urandom(4).hex()))
    for path, data in tool.read(part).items():
        write(os.path.join(staged, path), data)
    write(os.path.join(staged, MARK), identity)
    os.makedirs(os.path.dirname(target), exist_ok=True)
    try:
        if found is not None:
            os.rename(target, staged + ".old")
            remove_tree(staged + ".old")
        os.rename(staged, target)
    except OSError:
        # Another restore was faster.
        remove_tree(staged)
        if read_or_none(mark) != identity:
            raise
    return True


def remove_tree(folder: str) -> None:
    for path, folders, files in os.walk(folder, topdown=False):
        for name in files:
            os.unlink(os.path.join(path, name))
        for name in folders:
            os.rmdir(os.path.join(path, name))
    os.rmdir(folder)


# --- what is restored ---------------------------------------------------------------------------


def restore_home(places: Places, report: Report) -> None:
    """Kept home files. In a fresh home they win (what was there is set aside); later edits win."""
    source = os.path.join(places.own, "home")
    wanted = []
    for folder, folders, files in os.walk(source):
        folders.sort()
        wanted += [os.path.relpath(os.path.join(folder, name), source) for name in sorted(files)]
    if not wanted:
        return
    record_path = os.path.join(places.state, "kept.json")
    record: dict[str, str] = json.loads((read_or_none(record_path) or b"{}").decode())

    def fetch(path: str) -> tuple[bytes, int]:
        full = os.path.join(source, path)
        info = os.lstat(full)
        if not stat.S_ISREG(info.st_mode):
            raise ValueError("not a regular file")
        return read(full), stat.S_IMODE(info.st_mode)

    counts = {"restored": 0, "already": 0}
    for path, fetched in each(fetch, wanted):
        what = "home: ~/" + path
        if isinstance(fetched, BaseException):
            report.say(what, "failed", str(fetched))
            continue
        data, mode = fetched
        target = places.in_home(path)
        try:
            current = read_or_none(target)
            if current is not None and without_ours(current) == without_ours(data):
                counts["already"] += 1
            elif current is not None and record.get(path, digest(current)) != digest(current):
                report.say(
                    what, "skipped", "changed here since it was restored; `ma keep add` keeps it"
                )
                continue
            else:
                if current is not None and path not in record:
                    write(os.path.join(places.state, "replaced", path), current, 0o600)
                write(os.path.realpath(target), data, mode)
                counts["restored"] += 1
            record[path] = digest(data)
        except OSError as error:
            report.say(what, "failed", str(error))
    write(record_path, json.dumps(record, indent=1, sort_keys=True).encode())
    if counts["restored"] or counts["already"]:
        summary(report, "home files", counts)


def digest(data: bytes) -> str:
    return sha256_of(without_ours(data))


def sha256_of(data: bytes) -> str:
    # Loading it takes 7 ms of a start that should take 200: only when there is something to hash.
    import hashlib

    return hashlib.sha256(data).hexdigest()


def summary(report: Report, what: str, counts: dict[str, int]) -> None:
    told = ", ".join("%d %s" % (count, state) for state, count in counts.items() if count)
    report.say(what, outcome(bool(counts["restored"])), told or "none to restore")


def restore_settings(places: Places, report: Report) -> None:
    """Which disk and whose notebook this is, for all that starts later; what is set stays."""
    path = os.path.join(places.jupyter_config, "modelarts_nb_config.json")
    try:
        settings = json.loads((read_or_none(path) or b"{}").decode())
        section = settings.setdefault("PersistentDisk", {})
        known = dict(section)
        section.setdefault("root", places.disk)
        section.setdefault("owner", places.owner)
    except (ValueError, TypeError, AttributeError):
        raise ValueError("%s cannot be read; left as it is" % path) from None
    changed = section != known
    if changed:
        text = json.dumps(settings, indent=2, ensure_ascii=False) + "\n"
        write_own(path, text.encode("utf-8", "surrogateescape"))
    report.say("settings", outcome(changed), "disk %(root)s, owner %(owner)s" % section)


def is_environment(prefix: str) -> bool:
    """Does conda know an environment there?"""
    found = names(os.path.join(prefix, "conda-meta"))
    return any(name == "history" or name.endswith(".json") for name in found)


def restore_environments(places: Places, report: Report) -> None:
    """Names for conda: a file of our own, which merges with the user's, and environments.txt."""
    prefixes = [os.path.join(places.envs, name) for name in names(places.envs) if name[0] != "."]
    prefixes += [os.path.join(places.links, name) for name in names(places.links)]
    prefixes = [prefix for prefix, is_env in each(is_environment, prefixes) if is_env is True]
    # A JSON string is a YAML string. The same bytes as modelarts_nb.envs.condafiles writes.
    folders = [json.dumps(place, ensure_ascii=False) for place in (places.envs, places.links)]
    text = "envs_dirs:\n" + "".join("  - %s\n" % folder for folder in folders)
    settings = text.encode("utf-8", "surrogateescape")
    changed = write(places.in_home(".conda/condarc.d/modelarts_nb.yml"), settings)
    path = places.in_home(".conda/environments.txt")
    current = (read_or_none(path) or b"").decode("utf-8", "surrogateescape")
    ours = (places.envs + "/", places.private + "/", places.links + "/")
    others = [line for line in current.splitlines() if line.strip() and not line.startswith(ours)]
    wanted = "".join(line + "\n" for line in others + prefixes)
    if wanted != current:
        changed = write_own(path, wanted.encode("utf-8", "surrogateescape")) or changed
    report.say("environments", outcome(changed), "%d by name in conda" % len(prefixes))


class Ahead:
    """What is read from the disk while other things are restored.

    A disk answers about the names in one folder one by one, but about two folders at once.
    """

    def __init__(self, run: Callable[[], Any]) -> None:
        self._run = run
        self._found: Any = None
        self._problem: Exception | None = None
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def read(self) -> Any:
        """What ``run`` returned. Raises what it raised."""
        self._thread.join()
        if self._problem is not None:
            raise self._problem
        return self._found

    def _read(self) -> None:
        try:
            self._found = self._run()
        except Exception as error:
            self._problem = error


def read_kernels(places: Places, owners: list[str]) -> list[tuple[str, Any]]:
    """The kernel specs that owners want back: each one's folder with the files in it, or with what
    was raised. Raises OSError."""
    specs = []
    for owner in owners:
        folder = os.path.join(places.private, "owners", owner, "kernels")
        specs += [os.path.join(folder, name) for name in names(folder) if name[0] != "."]
    return each(partial(read_kernel, places), specs)


def read_kernel(places: Places, spec: str) -> dict[str, tuple[bytes, int]]:
    """Contents and modes of a kernel spec's files, kernel.json last.

    Raises ValueError with the reason when there is nothing to be offered.
    """
    try:
        definition = read(os.path.join(spec, "kernel.json"))
        ours = json.loads(definition.decode())["metadata"]["modelarts_nb"]
        prefix = str(ours["prefix"])
    except (FileNotFoundError, NotADirectoryError, TypeError, KeyError, ValueError):
        raise ValueError("%s/kernel.json is missing or not ours" % spec) from None
    runs = os.path.exists(os.path.join(prefix, "bin", "python"))
    if not runs and not is_sealed(places, os.path.basename(prefix)):
        gone = "has no Python" if os.path.isdir(prefix) else "is gone"
        raise ValueError("its environment %s: %s" % (gone, prefix))
    files = {}
    for name in names(spec):
        source = os.path.join(spec, name)
        info = os.lstat(source)
        if stat.S_ISREG(info.st_mode):
            data = definition if name == "kernel.json" else read(source)
            files[name] = data, 0o755 if info.st_mode & 0o100 else 0o644
    # Jupyter offers the kernel as soon as that file is there.
    return dict(sorted(files.items(), key=lambda item: item[0] == "kernel.json"))


def is_sealed(places: Places, name: str) -> bool:
    """Has the environment versions? Then its launcher brings it to the local disk."""
    return any(VERSION.match(version) for version in names(os.path.join(places.sealed, name)))


def restore_kernels(places: Places, report: Report, shelf: Ahead) -> None:
    """Kernel specs whose environment is there."""
    counts = {"restored": 0, "already": 0}
    for spec, found in shelf.read():
        what = "kernel " + os.path.basename(spec)
        try:
            if isinstance(found, BaseException):
                raise found
            counts[restore_kernel(places, os.path.basename(spec), found)] += 1
        except ValueError as error:
            report.say(what, "skipped", str(error))
        except Exception as error:
            report.say(what, "failed", str(error))
    summary(report, "kernels", counts)


def restore_kernel(places: Places, name: str, files: dict[str, tuple[bytes, int]]) -> str:
    """Raises ValueError with the reason when it must not be written."""
    target = os.path.join(places.jupyter_data, "kernels", name)
    theirs = read_or_none(os.path.join(target, "kernel.json"))
    if theirs is not None and b'"modelarts_nb"' not in theirs:
        raise ValueError("%s is a kernel of your own; left as it is" % target)
    changed = False
    for file, (data, mode) in files.items():
        changed = write(os.path.join(target, file), data, mode) or changed
    return outcome(changed)


def read_ssh(places: Places) -> list[tuple[tuple[str, str], Any]]:
    """What `ma ssh` has on the disk: each folder and name with the content, or what was raised."""
    wanted = []
    for folder, listed in each(lambda folder: names(os.path.join(places.own, folder)), SSH_FILES):
        if isinstance(listed, BaseException):
            raise listed
        fits = [(folder, name) for name in listed if SSH_FILES[folder].match(name)]
        wanted += fits[: 2 * SSH_KEYS]
    return each(lambda item: read_plain(os.path.join(places.own, *item), SSH_BYTES), wanted)


def restore_ssh(places: Places, report: Report, kept: Ahead) -> None:
    """Private keys, the block in ~/.ssh/config and pinned host keys; keys of the home stay."""
    found = kept.read()
    if not found:
        return
    if not os.path.isdir(places.in_home(".ssh")):
        os.mkdir(places.in_home(".ssh"))
        # Whatever the umask: the service's own sshd wants 750 or 755.
        os.chmod(places.in_home(".ssh"), 0o750)  # noqa: S103
    for folder in (places.ssh, os.path.join(places.ssh, "keys")):
        os.makedirs(folder, exist_ok=True)
        os.chmod(folder, 0o700)
    counts: dict[str, int] = {}
    problems, changed, state = [], False, ""
    for (folder, name), data in found:
        try:
            if isinstance(data, BaseException):
                raise data
            what, count, new = restore_ssh_file(places, folder, name, data)
            changed = changed or new
            counts[what] = counts.get(what, 0) + count
        except (OSError, ValueError) as error:
            state = "failed" if isinstance(error, OSError) else state or "skipped"
            problems.append("%s: %s" % (name, error))
    told = ["%s: %d" % (what, count) for what, count in counts.items() if what and count]
    report.say("ssh", state or outcome(changed), ", ".join(told + problems))


def restore_ssh_file(places: Places, folder: str, name: str, data: bytes) -> tuple[str, int, bool]:
    """What it is, how many of these, and whether it is new here. Raises ValueError, OSError."""
    if (folder, name) == ("ssh", "config"):
        return "hosts", len(re.findall(rb"(?m)^Host ", data)), write_ssh_block(places, data)
    if folder == "ssh":
        target, what, count = os.path.join(places.ssh, name), "pinned host keys", data.count(b"\n")
    else:
        target, what, count = os.path.join(places.ssh, "keys", name), "", 1
    here = os.path.lexists(target)
    if folder == "keys" and not name.endswith(".pub"):
        if b"PRIVATE KEY-----" not in data:
            raise ValueError("it is no private key")
        # The home's own may be without the passphrase that the disk's has.
        locked = takes_passphrase(read_plain(target, SSH_BYTES) if here else data)
        what = "keys locked (`ma ssh unlock`)" if locked else "keys ready"
    mode = 0o644 if name.endswith(".pub") else 0o600
    return what, count, not here and write(target, data, mode)


def write_ssh_block(places: Places, block: bytes) -> bool:
    """Our block in front of ~/.ssh/config, or where one was. Raises ValueError, OSError."""
    before, after = around_ssh(block)
    if before or after or not block:
        raise ValueError("it is not the block that `ma ssh config` wrote")
    # Quoted as ssh/clientconfig.py quotes it.
    ours = os.fsencode('"' + places.ssh.replace("%", "%%") + "/")
    if ours not in block:
        raise ValueError("it was written for another home: `ma ssh config` writes it anew")
    path = os.path.realpath(places.in_home(".ssh", "config"))
    current = read_or_none(path)
    try:
        before, after = around_ssh(current or b"")
    except ValueError as error:
        raise ValueError("~/.ssh/config: %s; left as it is" % error) from None
    # OpenSSH refuses a file that others may write to.
    mode = 0o600 if current is None else stat.S_IMODE(os.stat(path).st_mode) & ~0o022
    return write(path, before + block + after, mode)


def takes_passphrase(key: bytes) -> bool:
    """From a private key's file alone, as ``ssh/privatekeys.py`` tells it."""
    if b"BEGIN OPENSSH PRIVATE KEY" not in key:
        return b"ENCRYPTED" in key
    import base64

    body = b"".join(line for line in key.splitlines() if b"-----" not in line)
    try:
        blob = base64.b64decode(body, validate=True)
    except ValueError:
        return False
    size = int.from_bytes(blob[15:19], "big")
    return blob.startswith(b"openssh-key-v1\0") and blob[19 : 19 + size] != b"none"


STARTUP = """# Written by modelarts_nb: `%ma` in every kernel, loaded at its first use.
def _modelarts_nb():
    try:
        shell = get_ipython()

        def load():
            from importlib import util

            spec = util.spec_from_file_location("_modelarts_nb_magics", {path!r})
            module = util.module_from_spec(spec)
            spec.loader.exec_module(module)
            module.load(shell)
            return module

        def ma(line, cell=None):
            "Environments that survive a restart: `%ma --help`."
            try:
                load()
            except Exception as error:
                print("%ma is not available: {{}}. Run `ma restore` in a terminal.".format(error))
                return None
            if cell is None:
                return shell.run_line_magic("ma", line)
            return shell.run_cell_magic("ma", line, cell)

        def complete(_, event):
            try:
                return load().complete(event)
            except Exception:
                return []

        shell.register_magic_function(ma, "line_cell", "ma")
        for key in ("%ma", "%%ma"):
            shell.set_hook("complete_command", complete, str_key=key)
    except Exception:
        pass


_modelarts_nb()
del _modelarts_nb
"""


def restore_magics(places: Places, tool: Tool, report: Report) -> None:
    """``%ma`` through IPython's startup folder."""
    path = os.path.join(places.share, "magics.py")
    changed = write(path, tool.read("magics")["magics.py"])
    startup = os.path.join(places.ipython, "profile_default/startup/00-modelarts_nb.py")
    changed = write(startup, STARTUP.format(path=path).encode()) or changed
    report.say("%ma", outcome(changed), "in every kernel that starts from now on")


def restore_hot(places: Places, tool: Tool, report: Report) -> None:
    """What lets kernels of environments on a slow disk start from local copies."""
    changed = place_tree(places, tool, "hot", os.path.join(places.share, "hot"))
    report.say("hot files", outcome(changed), "for kernels that start from now on")


def restore_server(places: Places, tool: Tool, report: Report) -> None:
    """The server extension, for a Jupyter whose own environment knows nothing of us."""
    path = os.path.join(places.share, "server-path")
    changed = place_tree(places, tool, "server", path)
    body = "import sys\n\nif {0!r} not in sys.path:\n    sys.path.append({0!r})\n".format(path)
    changed = write_block(os.path.join(places.jupyter_config, "jupyter_config.py"), body) or changed
    enabled = {"ServerApp": {"jpserver_extensions": {"modelarts_nb.server": True}}}
    switch = os.path.join(places.jupyter_config, "jupyter_server_config.d/modelarts_nb.json")
    changed = write(switch, json.dumps(enabled, indent=2).encode() + b"\n") or changed
    report.say("server extension", outcome(changed), "version " + tool.version)
    if changed and jupyter_runs():
        report.say(
            "jupyter", "skipped", "Jupyter is already running: the panel comes with its next start"
        )


def restore_panel(places: Places, tool: Tool, report: Report) -> None:
    """The JupyterLab extension, in the user's data folder."""
    if not tool.files("panel"):
        report.say("panel", "skipped", "this installation has no built panel")
        return
    target = os.path.join(places.jupyter_data, "labextensions", "modelarts_nb")
    changed = place_copy(places, tool, "panel", target)
    report.say("panel", outcome(changed), "version " + tool.version)


def restore_command(places: Places, tool: Tool, report: Report) -> None:
    """``ma`` on the PATH, and the word to the server and the magic where the tool is."""
    if not os.path.exists(tool.python):
        raise ValueError("the tool has no interpreter: %s" % tool.python)
    about = {
        "python": tool.python,
        "version": tool.version,
        "disk": places.disk,
        "owner": places.owner,
    }
    changed = write(
        os.path.join(places.share, "tool.json"),
        json.dumps(about, indent=1, sort_keys=True).encode(),
    )
    path = places.in_home(".local/bin/ma")
    text = "#!/bin/sh\n# Written by modelarts_nb.\n"
    text += 'exec %s -I -m modelarts_nb.cli "$@"\n' % quoted(tool.python)
    theirs = read_or_none(path)
    if theirs is not None and b"# Written by modelarts_nb." not in theirs:
        raise ValueError("%s is a program of your own; left as it is" % path)
    changed = write(path, text.encode(), 0o755) or changed
    line = 'case ":$PATH:" in *":$HOME/.local/bin:"*) ;; *) PATH="$PATH:$HOME/.local/bin" ;; esac\n'
    # A login shell (Jupyter's terminal) reads the first of these and not .bashrc.
    login = [
        name
        for name in (".bash_profile", ".bash_login", ".profile")
        if os.path.exists(places.in_home(name))
    ]
    for name in [".bashrc"] + (login[:1] or [".profile"]):
        changed = write_block(places.in_home(name), line) or changed
    report.say("ma", outcome(changed), "in new terminals")


# What can wait until the container has started, one after the other and after all else: copies of
# sealed environments on the local disk, and what open ones need first.
BEHIND = """ionice -c 3 -p $$
for step in fill warm; do
    "$0" -I -m modelarts_nb.cli env $step --all
done
"""


def prepare_behind(places: Places, tool: Tool, shelf: Ahead) -> None:
    """Let environments be brought to the local disk in the background, where there are kernels."""
    if not any(isinstance(found, dict) for _, found in shelf.read()):
        return
    if not os.path.exists(tool.python):
        return
    variables = dict(os.environ)
    variables.update(
        HOME=places.home,
        MODELARTS_NB_DISK=places.disk,
        MODELARTS_NB_OWNER=places.owner,
        PATH=os.environ.get("PATH") or "/usr/local/bin:/usr/bin:/bin",
    )

    def run() -> None:
        log = os.path.join(places.state, "behind.log")
        handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        for stream in (1, 2):
            os.dup2(handle, stream)
        os.nice(19)
        os.chdir("/")
        os.execve("/bin/sh", ["/bin/sh", "-c", BEHIND, tool.python], variables)  # noqa: S606

    fork(run)


# --- one run ------------------------------------------------------------------------------------


def work(options: Any, report: Report, step: Callable[[str], None]) -> None:
    """Everything, each part on its own: what fails is reported and the rest goes on."""
    step("looking at the disk")
    if not os.path.isdir(options.disk):
        report.say("disk", "failed", "%s is not there" % options.disk)
        return
    try:
        report.owner = find_owner(options.disk, options.owner)
    except ValueError as error:
        report.say("owner", "failed", str(error))
        return
    from_here = options.home is None or options.home == os.environ.get("HOME")
    places = Places(options.disk, report.owner, find_home(options.home), from_here)
    report.say("disk", "already", describe_disk(options.disk))
    also = [name for name in options.also_owner if OWNER.match(name) and name != report.owner]
    shelf = Ahead(lambda: read_kernels(places, [report.owner, *also]))
    kept_ssh = Ahead(lambda: read_ssh(places))
    lock = take_turns(places)
    plain = [
        ("home files", lambda: restore_home(places, report)),
        ("settings", lambda: restore_settings(places, report)),
        ("environments", lambda: restore_environments(places, report)),
        ("kernels", lambda: restore_kernels(places, report, shelf)),
        ("ssh", lambda: restore_ssh(places, report, kept_ssh)),
    ]
    for name, run in plain:
        attempt(report, name, step, run)
    found: list[Tool | None] = []
    attempt(
        report,
        "tool",
        step,
        lambda: found.append(find_tool(places, options.tool, options.manifest)),
    )
    tool = found[0] if found else None
    if tool is None:
        if found:
            report.say("tool", "skipped", "not on the disk: `ma hook install` puts it there")
    else:
        parts = [
            ("%ma", "magics", restore_magics),
            ("hot files", "hot", restore_hot),
            ("server extension", "server", restore_server),
            ("panel", "panel", restore_panel),
        ]
        for name, part, restore in parts:
            if part in tool.parts:
                attempt(report, name, step, partial(restore, places, tool, report))
        attempt(report, "ma", step, lambda: restore_command(places, tool, report))
        attempt(report, "local copies", step, lambda: prepare_behind(places, tool, shelf))
    write_report(places.state, report)
    if lock is not None:
        os.close(lock)


def attempt(
    report: Report, name: str, step: Callable[[str], None], run: Callable[[], object]
) -> None:
    step(name)
    try:
        run()
    except Refused as error:
        report.say(name, "failed", "refused: %s" % error)
    except ValueError as error:
        report.say(name, "skipped", str(error))
    except Exception as error:
        # Whatever it is, the other parts are still wanted, and a container must start.
        report.say(name, "failed", "%s: %s" % (type(error).__name__, error))


def take_turns(places: Places) -> int | None:
    """Two restores of one home go one after the other. Without a lock it goes on all the same."""
    try:
        os.makedirs(places.state, exist_ok=True)
        handle = os.open(
            os.path.join(places.state, "restore.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
        )
        for _ in range(100):
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return handle
            except BlockingIOError:
                time.sleep(0.05)
        os.close(handle)
    except OSError:
        pass
    return None


def write_report(state: str, report: Report) -> None:
    report.ended = report.ended or time.time()
    text = json.dumps(report.to_dict(), indent=1, ensure_ascii=False)
    write(os.path.join(state, "restore.json"), text.encode("utf-8", "surrogateescape") + b"\n")


def become_owner_of(home: str) -> None:
    """As root in another user's home: be that user, so that all we write is theirs, and no link
    in their home leads root astray."""
    info = os.stat(home)
    if os.getuid() == 0 and info.st_uid != 0:
        # What is loaded only when it is needed; that user may not even read this interpreter.
        import base64
        import hashlib

        _ = base64, hashlib
        os.setgroups([info.st_gid])
        os.setgid(info.st_gid)
        os.setuid(info.st_uid)


def fork(run: Callable[[], None]) -> int:
    """``run`` in a child of its own session, which holds none of our output open."""
    pid = os.fork()
    if pid:
        return pid
    try:
        os.setsid()
        null = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(null, stream)
        run()
    finally:
        os._exit(0)


def supervise(options: Any, report: Report) -> dict[str, Any]:
    """Run ``work`` in a child and wait for its report, but not for a disk that hangs."""
    receive, send = os.pipe()
    home = find_home(options.home)

    def tell(kind: str, value: object) -> None:
        # Where the parent has given up on us, the report file still tells.
        with contextlib.suppress(OSError):
            os.write(send, json.dumps({kind: value}).encode() + b"\n")

    def child() -> None:
        os.close(receive)
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        # A little later than the parent gives up: its word is what people read.
        late = threading.Timer(options.deadline + options.linger + 2, os._exit, [0])
        late.daemon = True
        late.start()
        try:
            become_owner_of(home)
            work(options, report, lambda name: tell("step", name))
            if report.lines and report.lines[-1]["what"] in ("disk", "owner"):
                write_report(Places("", "", home, False).state, report)
        except Exception as error:
            report.say("restore", "failed", "%s: %s" % (type(error).__name__, error))
        tell("report", report.to_dict())

    pid = fork(child)
    os.close(send)
    step, buffer, until = "starting", b"", time.monotonic() + options.deadline
    while True:
        left = until - time.monotonic()
        if left <= 0 or not select.select([receive], [], [], left)[0]:
            break
        data = os.read(receive, 65536)
        if not data:
            os.waitpid(pid, 0)
            report.say("restore", "failed", "it ended without a report while: %s" % step)
            return report.to_dict()
        buffer += data
        while b"\n" in buffer:
            line, buffer = buffer.split(b"\n", 1)
            message = json.loads(line.decode())
            if "report" in message:
                os.waitpid(pid, 0)
                return dict(message["report"])
            step = message["step"]
    why = "the disk does not answer (%s), %g s waited" % (step, options.deadline)
    if options.linger:
        why += "; still trying in the background"
    else:
        os.kill(pid, signal.SIGKILL)
    report.say("disk", "failed", why)
    report.ended = time.time()

    def leave_word() -> None:
        become_owner_of(home)
        write_report(Places("", "", home, False).state, report)

    writer = fork(leave_word)
    for _ in range(50):  # the home could hang as well
        if os.waitpid(writer, os.WNOHANG)[0]:
            break
        time.sleep(0.02)
    return report.to_dict()


def text_of(report: dict[str, Any]) -> str:
    """The report for a person."""
    rows = [
        "modelarts_nb restore: %s in %.2f s"
        % ("done" if report["ok"] else "NOT COMPLETE", report["seconds"])
    ]
    marks = {"restored": "+", "already": "=", "skipped": "-", "failed": "!"}
    for line in report["lines"]:
        detail = ": " + line["detail"] if line["detail"] else ""
        rows.append("  %s %s (%s)%s" % (marks[line["state"]], line["what"], line["state"], detail))
    return "\n".join(rows)


def parse(arguments: list[str]) -> Any:
    parser = argparse.ArgumentParser(prog="restore.py", description="Bring everything back.")
    default = os.environ.get("MODELARTS_NB_DISK") or "/home/ma-user/work"
    parser.add_argument("--disk", default=default, help="the persistent disk")
    parser.add_argument("--owner", help="whose kernels and files")
    parser.add_argument(
        "--also-owner", action="append", default=[], help="somebody else's kernels too"
    )
    parser.add_argument("--home", help="where to restore to")
    parser.add_argument("--tool", help="the folder with the tool's manifest.json")
    parser.add_argument("--manifest", help="sha256 that the manifest must have")
    parser.add_argument("--deadline", type=float, default=20.0, help="seconds, at most")
    parser.add_argument(
        "--linger", type=float, default=600.0, help="seconds in the background after it"
    )
    parser.add_argument("--strict", action="store_true", help="exit 1 when something failed")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """Returns the exit code."""
    strict = "--strict" in arguments
    try:
        options = parse(arguments)
    except SystemExit as end:
        return int(end.code or 0) if strict else 0
    options.disk = os.path.abspath(options.disk)
    report = supervise(options, Report(options.owner or "", options.disk))
    text = json.dumps(report, ensure_ascii=False) if options.json else text_of(report)
    sys.stdout.buffer.write(text.encode("utf-8", "surrogateescape") + b"\n")
    sys.stdout.flush()
    return 1 if strict and not report["ok"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
