"""A package that shows what its modules have, each module imported when that is first used."""

from __future__ import annotations

from collections.abc import Callable, Mapping


def shown(
    package: str, homes: Mapping[str, str]
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """``__getattr__`` and ``__dir__`` for a package (PEP 562).

    Args:
        package: its ``__name__``.
        homes: the module of each name, as ``import_module`` takes it: ``.keys`` is one of the
            package, ``..operations.ssh`` one beside it; ``.sources:add`` says what the function is
            called there, when not the same.
    """

    def get(name: str) -> object:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        from importlib import import_module

        module, _, function = homes[name].partition(":")
        return getattr(import_module(module, package), function or name)

    return get, lambda: list(homes)
