"""Texts that come from the mirror: the metadata of packages, and Python files whose lines somebody
wants to see.

Importing torch reads some 60 files of metadata to find its plug-ins, and some 10 Python files to
know where things were defined, each with several round trips.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

    from .mirror import Mirror

_METADATA = ("importlib.metadata", "importlib_metadata")
_LINES = "linecache"
#: The modules that read texts.
READERS = (*_METADATA, _LINES)


def serve(module: ModuleType, mirror: Mirror) -> None:
    """Let one of ``READERS`` read from the mirror; one that is not as expected stays as it is."""
    try:
        if module.__name__ == _LINES:
            _serve_lines(module, mirror)
        else:
            _serve_metadata(module, mirror)
    except Exception:
        return


def _serve_metadata(module: Any, mirror: Mirror) -> None:
    read = module.PathDistribution.read_text
    top = mirror.prefix + "/"

    def read_text(self: Any, filename: Any) -> Any:
        try:
            known, text = find(str(self._path), filename)
        except Exception:
            known = False  # whatever it is, the tree has the file
        return text if known else read(self, filename)

    def find(folder: str, name: str) -> tuple[bool, str | None]:
        if not folder.startswith(top) or "/" in name:
            return False, None
        mirror.texts[folder + "/" + name] = None
        known, local = mirror.metadata(folder, name)
        if local is None:
            return known, None
        with open(local, encoding="utf-8") as file:
            return True, file.read()

    read_text.__doc__, read_text.__qualname__ = read.__doc__, read.__qualname__
    module.PathDistribution.read_text = read_text


def _serve_lines(module: Any, mirror: Mirror) -> None:
    update = module.updatecache

    def updatecache(filename: Any, module_globals: Any = None) -> Any:
        try:
            lines = find(filename)
        except Exception:
            lines = None  # whatever it is, the tree has the file
        return update(filename, module_globals) if lines is None else lines

    def find(filename: str) -> Any:
        found = mirror.source(filename)
        if found is None:
            return None
        local, info = found
        # Read as any other file, and then known by its name in the tree.
        lines = update(local)
        size, _, _, _ = module.cache.pop(local)
        if size != info.st_size:
            mirror.distrust(filename)
            return None
        module.cache[filename] = size, info.st_mtime, lines, filename
        return lines

    updatecache.__doc__ = update.__doc__
    module.updatecache = updatecache


__all__ = ["READERS", "serve"]
