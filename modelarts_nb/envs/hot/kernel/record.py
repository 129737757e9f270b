"""What of an environment was used: a list of files that the next container has at hand.

A text on the persistent disk, personal, that a person can read: a line with the format and the
interpreter's tag, then for each file the day when it was last used (since 1970) and its path, in
the order in which they were first needed; "read" before a path says that its text was read.
"""

from __future__ import annotations

import _imp
import os
import sys
import time

from .index import READ
from .links import put

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Iterable

FORMAT = "modelarts_nb used 1"
MOST = 20_000
_DAYS = 90
_LONGEST_FILE = 8 << 20


def used(
    prefix: str, mirror_libs: str = "", seen: Iterable[str] = (), texts: Iterable[str] = ()
) -> list[str]:
    """The files below ``prefix`` that this process has imported or loaded, relative to it, and with
    ``READ`` before them those whose text it has read.

    Args:
        prefix: the environment's.
        mirror_libs: the folder whose copies stand for the prefix's files.
        seen: files that were imported and may not be in ``sys.modules``: some modules put an object
            of their own in their place.
        texts: files of metadata that were asked for. (The cache of lines knows the Python files.)
    """
    tops = [prefix + "/", os.path.realpath(prefix) + "/"]
    if mirror_libs:
        tops += [mirror_libs + "/", os.path.realpath(mirror_libs) + "/"]
    found: dict[str, None] = {}
    suffixes = (".py", *_imp.extension_suffixes())
    modules = list(sys.modules.values())
    for path in [*_module_files(modules), *seen, *_mapped()]:
        for top in tops:
            if path.startswith(top):
                relative = path[len(top) :]
                # The interpreter itself runs before anything can be done for it.
                inside = not relative.startswith("bin/") and "/libpython" not in "/" + relative
                library = relative.endswith(suffixes) or ".so" in relative.rpartition("/")[2]
                if inside and library and "\n" not in relative:
                    found[relative] = None
                break
    top = tops[0]
    for path in [*texts, *_shown()]:
        if path.startswith(top) and "\n" not in path:
            found[READ + path[len(top) :]] = None
    return list(found)


def _shown() -> list[str]:
    lines = sys.modules.get("linecache")
    try:
        cache = dict(lines.cache) if lines is not None else {}
        return [path for path, entry in cache.items() if len(entry) == 4 and path.endswith(".py")]
    except Exception:
        return []  # somebody else's


def _module_files(modules: Iterable[ModuleType]) -> list[str]:
    found = []
    for module in modules:
        try:
            # Not getattr: modules that load themselves when they are looked at stay as they are.
            about = object.__getattribute__(module, "__dict__")
            spec = about.get("__spec__")
            origin = spec.origin if spec.has_location else None
            if spec.origin == "frozen":
                # Who looks for where something was defined asks for its file, too.
                origin = about.get("__file__")
        except Exception:
            origin = None  # not a module, or one that somebody made
        if type(origin) is str:
            found.append(origin)
    return found


def _mapped() -> list[str]:
    try:
        with open("/proc/self/maps", encoding="utf-8", errors="surrogateescape") as file:
            fields = [line.split(None, 5) for line in file]
    except OSError:
        return []
    return [path[5].rstrip("\n") for path in fields if len(path) == 6 and path[5][0] == "/"]


def read(path: str) -> tuple[str, dict[str, int]]:
    """The interpreter's tag, and for each file the day when it was last used.

    Returns:
        An empty tag where there is no list, or one that a newer modelarts_nb wrote.
    """
    try:
        with open(path, "rb", 0) as file:
            text = os.fsdecode(file.read(_LONGEST_FILE))
    except OSError:
        return "", {}
    first, *lines = text.split("\n")
    if not first.startswith(FORMAT + " "):
        return "", {}
    files = {}
    for line in lines:
        day, _, name = line.partition(" ")
        if day.isdigit() and name and not name.startswith(("/", "../")) and "/../" not in name:
            files[name] = int(day)
    return first[len(FORMAT) + 1 :], files


def write(path: str, tag: str, files: Iterable[str], today: int | None = None) -> bool:
    """Put what was used now before what was used earlier.

    Args:
        path: of the list.
        tag: of this interpreter; what another one used is dropped.
        files: from ``used``.
        today: days since 1970.

    Returns:
        Is there anything new? (Else the list only says by its mtime that it was used.)

    Raises:
        OSError: the disk refused.
    """
    today = int(time.time() // 86400) if today is None else today
    old_tag, old = read(path)
    if old_tag != tag:
        old = {}
    merged = dict.fromkeys(files, today)
    news = not set(merged) <= set(old)
    if not news and all(old[name] == today for name in merged):
        os.utime(path)
        return False
    for name, day in old.items():
        if today - day < _DAYS:
            merged.setdefault(name, day)
    lines = ["%d %s\n" % (day, name) for name, day in list(merged.items())[:MOST]]
    data = os.fsencode("%s %s\n%s" % (FORMAT, tag, "".join(lines)))
    os.makedirs(os.path.dirname(path), exist_ok=True)

    def make(fresh: str) -> None:
        with open(fresh, "wb", 0) as file:
            file.write(data)
            os.fsync(file.fileno())

    put(path, make)
    return news
