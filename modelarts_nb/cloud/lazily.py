"""The SDK's packages without their thousands of models: each is imported when it is asked for.

``import huaweicloudsdkmodelarts.v1`` loads 1280 files: half a second and 70 MB on a local disk,
many seconds from a network disk, for the five that a call needs. The package and its ``model`` are
put in place as modules that know where each name is from the SDK's own ``__init__`` files, which
do nothing but import names.
"""

from __future__ import annotations

import importlib
import importlib.util
import re
import sys
import threading
from pathlib import Path
from types import ModuleType
from typing import Any

_IMPORT = re.compile(r"from ([\w.]+) import (\w+)")
_NOTHING = re.compile(r"\s*(#.*)?|from __future__ import .*")
_lock = threading.RLock()


class _Lazy(ModuleType):
    """A package whose names are imported at first use."""

    def __init__(self, name: str, where: dict[str, str]) -> None:
        super().__init__(name)
        self.__all__ = list(where)
        self._where = where

    def __getattr__(self, name: str) -> Any:
        module = self.__dict__.get("_where", {}).get(name)
        if module is None:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(module), name)
        setattr(self, name, value)
        return value


def import_lazily(package: str) -> ModuleType:
    """Import ``huaweicloudsdkmodelarts.v1`` or one like it, without its models.

    Raises:
        ImportError: there is no such package.
    """
    with _lock:
        for name in (package, f"{package}.model"):
            if name not in sys.modules:
                _put(name)
        return importlib.import_module(package)


def _put(name: str) -> None:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise ImportError(f"No module named {name!r}", name=name)
    where = _names(Path(spec.origin))
    if where is None:
        return
    module = _Lazy(name, where)
    module.__spec__ = spec
    module.__file__ = spec.origin
    module.__package__ = name
    module.__path__ = list(spec.submodule_search_locations or ())
    sys.modules[name] = module
    parent, _, child = name.rpartition(".")
    setattr(sys.modules[parent], child, module)


def _names(init: Path) -> dict[str, str] | None:
    """Where each name comes from; None where the file does more than import names."""
    found = {}
    try:
        lines = init.read_text("utf-8").splitlines()
    except (OSError, ValueError):
        return None
    for line in lines:
        if _NOTHING.fullmatch(line):
            continue
        match = _IMPORT.fullmatch(line.strip())
        if match is None:
            return None
        found[match[2]] = match[1]
    return found
