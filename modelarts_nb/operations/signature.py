"""Parameters from the wire against a function's signature: what it takes and of what type."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from modelarts_nb.errors import UsageError

INJECTED = frozenset({"cloud", "disk", "progress"})
# What was given for these is in no message: those are logged and shown.
_SECRET = frozenset({"passphrase"})


def check_params(
    verb: str,
    function: Callable[..., Any],
    params: Mapping[str, Any],
    fixed: frozenset[str] = frozenset(),
) -> dict[str, Any]:
    """Return ``params`` as ``function`` takes them (paths made of strings).

    Args:
        verb: for the message.
        function: what will be called.
        params: JSON values by name.
        fixed: parameters that the verb itself decides.

    Raises:
        UsageError: one is unknown, missing or of the wrong type; names it.
    """
    hints = typing.get_type_hints(function)
    known = {
        name: parameter
        for name, parameter in inspect.signature(function).parameters.items()
        if name not in INJECTED | fixed
        and parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
    }
    takes = f"It takes: {', '.join(known)}." if known else "It takes none."
    checked: dict[str, Any] = {}
    for name, value in params.items():
        if name not in known:
            raise UsageError(f"{verb} has no parameter {name!r}.", hint=takes)
        try:
            checked[name] = _convert(value, hints.get(name, Any))
        except _Mismatch:
            wanted = inspect.formatannotation(hints[name])
            given = "" if name in _SECRET else f", not {_short(value)}"
            raise UsageError(f"{verb}: {name} must be {wanted}{given}.", hint=takes) from None
    for name, parameter in known.items():
        if parameter.default is parameter.empty and name not in checked:
            raise UsageError(f"{verb}: {name} is missing.", hint=takes)
    return checked


class _Mismatch(Exception):
    pass


def _convert(value: Any, hint: Any) -> Any:
    origin, args = get_origin(hint), get_args(hint)
    if hint is Any:
        return value
    if origin in (Union, types.UnionType):
        for arm in args:
            try:
                return _convert(value, arm)
            except _Mismatch:
                continue
        raise _Mismatch
    if origin is Literal:
        return _only_if(isinstance(value, str) and value in args, value)
    if origin is tuple:
        return tuple(_convert(item, args[0]) for item in _a_list(value))
    if origin in (list, Sequence) or (isinstance(origin, type) and issubclass(origin, Sequence)):
        return [_convert(item, args[0]) for item in _a_list(value)]
    if origin is dict or (isinstance(origin, type) and issubclass(origin, Mapping)):
        _only_if(isinstance(value, dict), value)
        return {key: _convert(item, args[1]) for key, item in value.items()}
    if hint is type(None):
        return _only_if(value is None, value)
    if hint is Path:
        return Path(_convert(value, str))
    if hint is str:
        # No path and no name holds a NUL; the system calls would answer with a ValueError.
        return _only_if(isinstance(value, str) and "\0" not in value, value)
    if hint is bool:
        return _only_if(isinstance(value, bool), value)
    if hint is int:
        return _only_if(isinstance(value, int) and not isinstance(value, bool), value)
    if hint is float:
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return float(_only_if(number, value))
    raise _Mismatch


def _a_list(value: Any) -> list[Any]:
    return list(_only_if(isinstance(value, list), value))


def _only_if(fits: bool, value: Any) -> Any:
    if not fits:
        raise _Mismatch
    return value


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
