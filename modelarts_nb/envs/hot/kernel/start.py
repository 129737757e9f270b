"""How a kernel starts: with hot files where that pays, and just so where it does not.

Whatever goes wrong here, the kernel starts from the tree, as it would without us.
"""

from __future__ import annotations

import _thread
import atexit
import os
import sys

from .index import LIBS, Index, read_index
from .places import Places

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .mirror import Mirror

# Seconds until it is noted what was used: after the start, while imports go on, and from then on.
_FIRST, _SOON, _NEXT = 15.0, 5.0, 60.0
_AT_EXIT = 2.0
# Kept open as long as the kernel lives: its mirror is in use.
_open: list[object] = []


def begin() -> None:
    """Use hot files from now on, if there are any, and note what is used."""
    places = Places(sys.prefix, os.environ.get("HOME") or "/")
    if not places.pays():
        return
    from . import filler
    from .imports import install
    from .mirror import Mirror

    tag = str(sys.implementation.cache_tag)
    index = read_index(places.mirror + "/index", places.prefix, tag)
    helper = None
    if index is None or not index.whole:
        helper = filler.fork_filler(places)
        index = Index(places.prefix) if helper else index or Index(places.prefix)
    mirror = Mirror(places.mirror, index, helper)
    install(mirror)
    _open.append(mirror)
    if index.groups or helper:
        from .fill import Turn

        turn = Turn(places.mirror, "use")
        turn.take(shared=True)
        os.utime(places.mirror)
        _open.append(turn)
    _open.append(Recorder(places, mirror))


class Recorder:
    """Notes now and then, and at the end, what this kernel has used; it fills the mirror when that
    is more than before."""

    def __init__(self, places: Places, mirror: Mirror) -> None:
        self._places, self._mirror = places, mirror
        self._pid = os.getpid()
        self._modules = 0
        self._filled: set[str] = set()
        self._ending = False
        self._wake, self._ended = _thread.allocate_lock(), _thread.allocate_lock()
        self._wake.acquire()
        self._ended.acquire()
        _thread.start_new_thread(self._run, ())
        atexit.register(self._end)

    def _run(self) -> None:
        try:
            pause, seen = _FIRST, 0
            while not self._wake.acquire(True, pause) and not self._ending:
                pause = _NEXT
                if len(sys.modules) != seen:
                    # Half of an import is noted as late as the whole.
                    pause, seen = _SOON, len(sys.modules)
                else:
                    self._note()
            self._note()
        except Exception:
            return  # the disk refused: nothing is noted
        finally:
            self._ended.release()

    def _end(self) -> None:
        if os.getpid() == self._pid:  # else a fork, which has no such thread
            self._ending = True
            self._wake.release()
            self._ended.acquire(True, _AT_EXIT)

    def _note(self) -> None:
        count = len(sys.modules)
        if count == self._modules:
            return
        from .record import used, write

        self._modules = count
        record = self._places.record
        if record is None:
            return
        libs = self._places.mirror + "/" + LIBS
        files = used(self._places.prefix, libs, list(self._mirror.seen), list(self._mirror.texts))
        write(record, str(sys.implementation.cache_tag), files)
        index = self._mirror.index
        news = {path for path in files if not index.knows(path)} - self._filled
        if (news or self._mirror.outdated) and not self._ending:
            self._filled |= news
            self._fill()

    def _fill(self) -> None:
        import subprocess

        self._mirror.outdated = False
        code = (
            "import sys; p = type(sys)('_modelarts_nb_hot'); p.__path__ = [sys.argv[1]]; "
            "sys.modules[p.__name__] = p; from _modelarts_nb_hot import filler; "
            "filler.main(sys.argv[2])"
        )
        folder = os.path.dirname(os.path.abspath(__file__))
        child = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", code, folder, self._places.prefix],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,
        )
        while not self._ending:
            try:
                child.wait(1.0)
            except subprocess.TimeoutExpired:
                continue
            return
