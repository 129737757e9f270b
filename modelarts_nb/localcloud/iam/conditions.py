"""Conditions of a statement: ``{operator: {key: [values]}}``.

The operators are those on texts, which is all the seed uses (``StringEquals`` 2.3.6,
``StringEqualsIfExists`` 2.3.7, ``StringEndWithIfExists`` table 2-4), with their opposites and
``...IfExists`` forms. Anything else is refused when the policy is made: a condition that is
ignored is a right that is granted. Without ``IfExists`` no operator holds for a key that the
request does not have, not even the negative ones.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from modelarts_nb.localcloud.iam.invalid import PolicyInvalid
from modelarts_nb.localcloud.iam.wildcard import matches

MAX_CONDITIONS = 100

_KEY = re.compile(r"(?:g|[a-z0-9-]+):[A-Za-z0-9_./-]{1,128}")


# What is compared: the value of the request, one value of the policy.
_COMPARE: dict[str, Callable[[str, str], bool]] = {
    "Equals": lambda value, wanted: value == wanted,
    "EqualsIgnoreCase": lambda value, wanted: value.casefold() == wanted.casefold(),
    "StartWith": lambda value, wanted: value.startswith(wanted),
    "EndWith": lambda value, wanted: value.endswith(wanted),
    "Like": lambda value, wanted: matches(wanted, value),
}
_IF_EXISTS = "IfExists"
OPERATORS = frozenset(
    f"String{negation}{name}{suffix}"
    for negation in ("", "Not")
    for name in _COMPARE
    for suffix in ("", _IF_EXISTS)
)


@dataclass(frozen=True)
class Condition:
    """One key of one operator.

    Attributes:
        operator: as written, ``StringEqualsIfExists``.
        key: the condition key, ``modelarts:poolType``.
        values: one of them must fit, or none for a negative operator.
    """

    operator: str
    key: str
    values: tuple[str, ...]

    def holds(self, context: Mapping[str, str]) -> bool:
        """Whether a request with these condition keys satisfies the condition."""
        name = self.operator.removeprefix("String")
        bare = name.removesuffix(_IF_EXISTS)
        value = context.get(self.key)
        if value is None:
            return name != bare
        compare = _COMPARE[bare.removeprefix("Not")]
        found = any(compare(value, wanted) for wanted in self.values)
        return found != bare.startswith("Not")


def parse_conditions(value: Any) -> tuple[Condition, ...]:
    """Read the ``Condition`` of a statement; None means none.

    Raises:
        PolicyInvalid: an operator that is not known, or another shape.
    """
    if value is None:
        return ()
    if not isinstance(value, dict):
        raise PolicyInvalid('"Condition" must be {operator: {key: [values]}}.')
    found = []
    for operator, keys in value.items():
        if operator not in OPERATORS:
            raise PolicyInvalid(f"Unknown condition operator {str(operator)[:100]!r}.")
        if not isinstance(keys, dict) or not keys:
            raise PolicyInvalid(f'The keys of "{operator}" must be {{key: [values]}}.')
        for key, values in keys.items():
            if not _KEY.fullmatch(key):
                raise PolicyInvalid(f"Condition key {key[:100]!r} does not have the form a:b.")
            texts = [values] if isinstance(values, str) else values
            if (
                not isinstance(texts, list)
                or not texts
                or not all(isinstance(text, str) for text in texts)
            ):
                raise PolicyInvalid(f'The values of "{key}" must be texts.')
            found.append(Condition(operator, key, tuple(texts)))
    if len(found) > MAX_CONDITIONS:
        raise PolicyInvalid(f"More than {MAX_CONDITIONS} conditions.")
    return tuple(found)
