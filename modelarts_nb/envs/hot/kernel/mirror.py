"""A mirror in use: what of it is still what the tree says, asked before anything is taken from it.

What is looked at together is asked about at once, many requests in flight, when the first of it is
wanted; nobody waits for more than the answer that is wanted now. Later it is asked about again, one
by one: a package that was changed meanwhile is read from the tree, and so is whatever was
installed.
"""

from __future__ import annotations

import os
import stat
from time import monotonic

from .crowd import each
from .index import CODE, EVERY_LINK, INFO, LARGE, LIBS, TEXTS, Index, group_of
from .links import link, link_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .waiting import Filler

# Seconds that an answer counts. Importing a large package is one thing: as long as no pause is
# longer than _PAUSE, it counts for _LONGEST.
_COUNTS, _PAUSE, _LONGEST = 1.0, 2.0, 30.0
_ALONE = 4
# Seconds to wait for a disk: when it hangs, nothing more is asked.
_PATIENCE = 10.0


class _Asked:
    """What was asked about as a whole: when (``monotonic``; 0: never), when it was last used, and
    which paths are still the same, as far as there are answers."""

    def __init__(self, at: float = 0.0, answers: dict[str, bool] | None = None) -> None:
        self.at = self.used = at
        self.answers: dict[str, bool] = {} if answers is None else answers
        self._alone, self._alone_at = 0, 0.0

    def answer(self, path: str, same: bool) -> None:
        """Note an answer: of two that differ, the one that it has changed."""
        # One step each, since threads do this at the same time, and a lock could be forked.
        if same:
            self.answers.setdefault(path, True)
        else:
            self.answers[path] = False

    def counts(self, now: float, longest: float = _LONGEST) -> bool:
        """Is the answer still good?"""
        if not self.at:
            return False
        age = now - self.at
        good = age < _COUNTS or (age < longest and now - self.used < _PAUSE)
        if good:
            self.used = now
        return good

    def is_worth_it(self, now: float) -> bool:
        """Ask about all of it, and not about one alone? At first, and when one follows another."""
        self._alone = self._alone + 1 if now - self._alone_at < _PAUSE else 1
        self._alone_at = now
        return not self.at or self._alone > _ALONE


class Mirror:
    """Local copies of one environment's hot files.

    Args:
        place: the mirror's folder.
        index: what is in it.
        filler: a process that is filling it, if there is one.
    """

    def __init__(self, place: str, index: Index, filler: Filler | None = None) -> None:
        self.prefix = index.prefix
        self.index = index
        self.gave_up = False
        #: something was not as the index says: the mirror is due to be filled again
        self.outdated = False
        #: files that were found for an import
        self.seen: dict[str, None] = {}
        #: texts that were asked for
        self.texts: dict[str, None] = {}
        self._code = place + "/" + CODE
        self._libs = place + "/" + LIBS
        self._texts = place + "/" + TEXTS
        self._filler = filler
        self._asked: dict[str, _Asked] = {}
        self._libs_asked = _Asked()

    def is_true(self, path: str) -> bool:
        """Is this file or folder of the tree what the index says?"""
        if self.gave_up:
            return False
        group = group_of(self.prefix, path)
        if self._filler is not None:
            self._wait(self._filler, group)
        if not self.index.has(path):
            return False
        asked = self._asked.setdefault(group, _Asked())
        now = monotonic()
        # Who reads metadata again and again imports nothing, and may wait for something to change.
        if not asked.counts(now, _COUNTS if group == INFO else _LONGEST):
            if not asked.is_worth_it(now):
                return self._is_same(path)
            asked = self._asked[group] = _Asked(now)
            self._ask(asked, self.index.groups[group])
        same = asked.answers.get(path)
        if same is None:
            # Others are on their way: this one is wanted now.
            same = self._is_same(path)
            asked.answer(path, same)
        return same

    def names(self, folder: str) -> frozenset[str] | None:
        """The names in a folder of modules; None: ask the tree."""
        about = self.index.folders.get(folder) if self.is_true(folder) else None
        return about[1] if about is not None else None

    def has_module(self, path: str) -> bool:
        """Does the mirror have this Python file or extension module as it is now?"""
        return self.is_true(path) and (path in self.index.code or path in self.index.libs)

    def stats(self, path: str) -> tuple[int, int] | None:
        """Size and mtime in s of a Python file in the tree; None: ask the tree."""
        about = self.index.code.get(path) if self.is_true(path) else None
        return (about[0], about[1] // 10**9) if about else None

    def compiled(self, path: str, compiled: str) -> bytes | None:
        """The compiled file ``compiled`` of the Python file ``path``; None: read the tree's."""
        about = self.index.code.get(path) if self.is_true(path) else None
        if about is None:
            return None
        try:
            with open(self._code + compiled[len(self.prefix) :], "rb", 0) as file:
                data = file.read()
        except OSError:
            data = b""
        if len(data) == about[2]:
            return data
        self.distrust(path)
        return None

    def metadata(self, folder: str, name: str) -> tuple[bool, str | None]:
        """A file of a package's metadata: is it known (else the tree is asked), and the local copy;
        None: the tree has no such file."""
        names = self.names(folder)
        if names is None or name not in names:
            return names is not None, None
        path = folder + "/" + name
        about = self.index.texts.get(path) if self.is_true(path) else None
        if about is None:
            return False, None
        local = self._texts + path[len(self.prefix) :]
        if _size(local) == about[0]:
            return True, local
        self.distrust(path)
        return False, None

    def source(self, path: str) -> tuple[str, os.stat_result] | None:
        """The local copy of a Python file, and what the tree says of that at this moment; None:
        read the tree's.

        Raises:
            OSError: the tree has no such file.
        """
        about = None if self.gave_up else self.index.sources.get(path)
        if about is None:
            return None
        info = os.stat(path)
        if about != (info.st_size, info.st_mtime_ns):
            self.outdated = True
            return None
        return self._texts + path[len(self.prefix) :], info

    def library(self, path: str) -> str | None:
        """The local copy of a library; None: load the tree's."""
        group = group_of(self.prefix, path)
        # Not for those of the standard library: with it would come all that the environment has.
        if self._filler is not None and group:
            self._wait(self._filler, group + LARGE)
        if not self.is_true(path) or path not in self.index.libs or not self._libs_are_true():
            return None
        local = self._libs + path[len(self.prefix) :]
        try:
            info = os.lstat(local)
        except OSError:
            info = None
        about = self.index.libs.get(path)
        if info and stat.S_ISREG(info.st_mode) and (info.st_size, info.st_mtime_ns) == about:
            return local
        self.distrust(path)
        return None

    def doubt(self) -> None:
        """Whatever was asked is to be asked again."""
        self._asked.clear()
        self._libs_asked = _Asked()

    def distrust(self, path: str) -> None:
        """The copy of this file turned out to be damaged."""
        self.index.code.pop(path, None)
        self.index.libs.pop(path, None)
        self.index.texts.pop(path, None)
        self.index.sources.pop(path, None)
        self.outdated = True

    def _wait(self, filler: Filler, group: str) -> None:
        for name in filler.wait(group, self.index):
            done = name[: -len(LARGE)] if name.endswith(LARGE) else name
            answers = dict.fromkeys(self.index.groups.get(done, ()), True)
            self._asked[done] = _Asked(monotonic(), answers)
        if not filler.works:
            self._filler = None

    def _ask(self, asked: _Asked, paths: list[str]) -> None:
        def ask(path: str) -> None:
            if path not in asked.answers:
                asked.answer(path, self._is_same(path))

        each(ask, paths, seconds=0)

    def _is_same(self, path: str) -> bool:
        index = self.index
        try:
            info = os.stat(path)
        except OSError:
            return False
        if path in index.folders:
            same = info.st_mtime_ns == index.folders[path][0]
        else:
            about = index.code.get(path, ())[:2] or index.libs.get(path) or index.texts.get(path)
            same = about == (info.st_size, info.st_mtime_ns)
        if not same:
            self.outdated = True
        return same

    def _libs_are_true(self) -> bool:
        """Make links of what is no longer right among the libraries; False: use none of them."""
        now = monotonic()
        if self._libs_asked.counts(now):
            return True
        if self._filler is not None:
            self._wait(self._filler, EVERY_LINK)
        index = self.index
        if not index.lib_folders:
            return False
        failed: list[str] = []

        def library(path: str) -> None:
            about = index.libs.get(path)
            try:
                info = os.stat(path)
                if about == (info.st_size, info.st_mtime_ns):
                    return
            except OSError:
                pass
            # Others need it by its name: they find the tree's.
            self.distrust(path)
            try:
                link(path, self._libs + path[len(self.prefix) :])
            except OSError:
                failed.append(path)

        def folder(path: str) -> None:
            mtime = index.lib_folders[path]
            try:
                now_mtime = os.stat(path).st_mtime_ns
                if now_mtime != mtime:
                    link_folder(
                        self.prefix,
                        self._libs,
                        index.relative(path),
                        folders={index.relative(p) for p in index.lib_folders},
                        copies={index.relative(p) for p in index.libs},
                    )
                    index.lib_folders[path] = now_mtime
                    self.outdated = True
            except FileNotFoundError:
                # It is gone, and its parent's links with it.
                index.lib_folders.pop(path, None)
            except OSError:
                failed.append(path)

        in_time = each(library, list(index.libs), seconds=_PATIENCE)
        in_time = in_time and each(folder, list(index.lib_folders), seconds=_PATIENCE)
        if failed or not in_time:
            self.gave_up = True
            return False
        self._libs_asked = _Asked(now)
        return True


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return -1
