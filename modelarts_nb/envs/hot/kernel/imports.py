"""Imports that read from the mirror, and look in every other way as if they read from the tree.

``sys.path``, ``__file__``, ``__path__`` and tracebacks all name the tree; pip writes there, and
what it wrote is found there. Only where the bytes come from is different, and only while the tree
says that they are the same.
"""

from __future__ import annotations

import _imp
import os
import sys

from .texts import READERS, serve

TYPE_CHECKING = False
if TYPE_CHECKING:
    import importlib.machinery as machinery
    from types import CodeType, ModuleType
    from typing import Any, Callable

    from .mirror import Mirror
else:
    # importlib.machinery, which some Pythons would have to read.
    machinery = sys.modules["_frozen_importlib_external"]


def install(mirror: Mirror) -> None:
    """Let imports from the mirror's prefix use it from now on."""
    suffixes = _imp.extension_suffixes()
    compiled = machinery.BYTECODE_SUFFIXES
    loaders: list[tuple[Any, list[str]]] = [
        (lambda name, path: Extension(name, path, mirror), suffixes),
        (
            lambda name, path: (Reader if name in READERS else Source)(name, path, mirror),
            machinery.SOURCE_SUFFIXES,
        ),
        (machinery.SourcelessFileLoader, compiled),
    ]
    top = mirror.prefix + "/"

    def hook(path: str) -> Finder:
        if not path.startswith(top):
            raise ImportError("not of this environment", path=path)
        if path not in mirror.index.folders and not os.path.isdir(path):
            raise ImportError("not a folder", path=path)
        return Finder(path, loaders, mirror)

    sys.path_hooks.insert(0, hook)
    found = sys.path_importer_cache.items()
    for path in [path for path, finder in found if finder and path.startswith(top)]:
        del sys.path_importer_cache[path]
    for name in READERS:
        if name in sys.modules:
            serve(sys.modules[name], mirror)


class Finder(machinery.FileFinder):
    """Finds modules by the names that the mirror knows a folder to have, else by the folder's."""

    def __init__(self, path: str, loaders: list[tuple[Any, list[str]]], mirror: Mirror) -> None:
        super().__init__(path, *loaders)
        self._mirror = mirror
        self._listed = False
        self._kinds = [(suffix, loader) for loader, suffixes in loaders for suffix in suffixes]

    def find_spec(self, fullname: str, target: ModuleType | None = None) -> Any:
        """The module's spec, or None."""
        try:
            known, spec = self._known(fullname)
        except Exception:
            # Whatever it is, the tree has the module.
            self._mirror.gave_up = True
            known, spec = False, None
        if not known:
            spec = super().find_spec(fullname, target)
        if spec is not None and spec.has_location:
            self._mirror.seen[spec.origin] = None
        return spec

    def invalidate_caches(self) -> None:
        """Something was installed: nothing counts that was known."""
        super().invalidate_caches()
        self._mirror.doubt()

    def _known(self, fullname: str) -> tuple[bool, Any]:
        """Does the mirror know (else the tree is asked), and the spec or None."""
        names = self._mirror.names(self.path)
        tail = fullname.rpartition(".")[2]
        if names is None:
            return False, None
        base = self.path + "/" + tail
        if tail in names:
            inside = self._mirror.names(base)
            if inside is None:
                return False, None
            found = self._first(base + "/__init__", "__init__", inside)
            if found is not None:
                spec = self._spec(fullname, *found, [base])
                return spec is not None, spec
        found = self._first(base, tail, names)
        if found is not None:
            spec = self._spec(fullname, *found, None)
            return spec is not None, spec
        # It may have been installed just now: then the folder has another time than these names.
        if not self._listed:
            self._listed = True
            mtime = self._mirror.index.folders[self.path][0]
            self._path_mtime = mtime // 10**9 + 1e-9 * (mtime % 10**9)
            self._path_cache = set(names)
        return False, None

    def _first(self, base: str, tail: str, names: frozenset[str]) -> tuple[str, Any] | None:
        for suffix, loader in self._kinds:
            if tail + suffix in names:
                return base + suffix, loader
        return None

    def _spec(self, fullname: str, path: str, loader: Any, inside: list[str] | None) -> Any:
        """None: the mirror does not have it, or no longer."""
        if not self._mirror.has_module(path):
            return None
        return machinery.spec_from_file_location(  # type: ignore[attr-defined]
            fullname, path, loader=loader(fullname, path), submodule_search_locations=inside
        )


class Source(machinery.SourceFileLoader):
    """Loads Python files, whose compiled files come from the mirror."""

    def __init__(self, fullname: str, path: str, mirror: Mirror) -> None:
        super().__init__(fullname, path)
        self._mirror: Mirror | None = mirror

    def path_stats(self, path: str) -> Any:
        """Size and mtime, for the check of the compiled file."""
        about = self._mirror.stats(path) if self._mirror is not None else None
        return {"size": about[0], "mtime": about[1]} if about else super().path_stats(path)

    def get_data(self, path: str) -> bytes:
        """The bytes of a file."""
        if self._mirror is not None and path.endswith(".pyc") and isinstance(path, str):
            data = self._mirror.compiled(self.path, path)
            if data is not None:
                return data
        return super().get_data(path)

    def get_code(self, fullname: str) -> CodeType | None:
        """The module's code: again from the tree, if what the mirror has cannot be code."""
        if self._mirror is None:
            return super().get_code(fullname)
        try:
            return super().get_code(fullname)
        except (EOFError, ValueError, TypeError):
            self._mirror.distrust(self.path)
            self._mirror = None
            return super().get_code(fullname)


class Reader(Source):
    """Loads what reads texts, and lets it read them from the mirror."""

    def exec_module(self, module: ModuleType) -> None:
        """Run the module."""
        mirror = self._mirror
        super().exec_module(module)
        if mirror is not None:
            serve(module, mirror)


class Extension(machinery.ExtensionFileLoader):
    """Loads extension modules from the mirror, where their libraries are, too."""

    def __init__(self, name: str, path: str, mirror: Mirror) -> None:
        super().__init__(name, path)
        self._mirror = mirror

    def create_module(self, spec: Any) -> Any:
        """The new module; it says that its file is the tree's."""
        local = self._mirror.library(self.path)
        if local is None:
            return super().create_module(spec)
        elsewhere = type(spec)(spec.name, spec.loader, origin=local)
        elsewhere.submodule_search_locations = spec.submodule_search_locations
        try:
            module = _imp.create_dynamic(elsewhere)
        except ImportError as error:
            if local not in str(error):
                raise
            # It cannot be loaded from there (a damaged copy, a folder where nothing may be run).
            self._mirror.distrust(self.path)
            return super().create_module(spec)
        if getattr(module, "__file__", None) is not None:
            module.__file__ = self.path
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Run the module; ctypes then loads libraries from the mirror, too, so that none is loaded
        from both."""
        super().exec_module(module)
        if self.name == "_ctypes":
            module.dlopen = _dlopen(module.dlopen, self._mirror)  # type: ignore[attr-defined]


def _dlopen(load: Callable[..., Any], mirror: Mirror) -> Callable[..., Any]:
    top = mirror.prefix + "/"

    def dlopen(name: Any, *flags: Any) -> Any:
        if isinstance(name, str) and name.startswith(top):
            local = mirror.library(os.path.normpath(name))
            if local is not None:
                try:
                    return load(local, *flags)
                except OSError:
                    mirror.distrust(os.path.normpath(name))
        return load(name, *flags)

    return dlopen
