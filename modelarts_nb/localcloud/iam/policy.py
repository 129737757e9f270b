"""The policy engine: does a set of policies allow an action? Nothing here but text and rules.

Version 1.1 statements as the cloud's handbook describes them (seed 2.2.1, tables 2-4): what
nothing allows is denied, what something denies stays denied whatever allows it, all conditions of
a statement must hold, ``*`` stands for any text. Actions are compared ignoring case: the seed
spells ``ListAllMybuckets`` in two ways for one right.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from modelarts_nb.localcloud.iam.conditions import Condition, parse_conditions
from modelarts_nb.localcloud.iam.invalid import PolicyInvalid
from modelarts_nb.localcloud.iam.wildcard import matches

# So that a policy is never a burden; the cloud's own limits are not in the facts.
MAX_STATEMENTS = 100
MAX_ENTRIES = 300

_ACTION = re.compile(r"[A-Za-z0-9*_-]+:[A-Za-z0-9*_.-]+:[A-Za-z0-9*_.-]+")
_RESOURCE = re.compile(r"[A-Za-z0-9*_-]+:[^:\s]+:[^:\s]+:[^:\s]+:\S+")
# The one service here whose single resources are told apart; ModelArts' are not (seed table 2-4).
_WITH_PATHS = "obs"
_AGENCIES = "/iam/agencies/"


@dataclass(frozen=True)
class Statement:
    """One statement of a policy.

    Attributes:
        effect: what it does when it matches.
        actions: patterns, ``modelarts:notebook:*``.
        resources: patterns; none means every resource.
        conditions: all of them must hold.
    """

    effect: Literal["Allow", "Deny"]
    actions: tuple[str, ...]
    resources: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()

    def concerns(self, action: str, resource: str) -> bool:
        """Whether the statement is about this action on this resource, conditions aside."""
        return any(matches(pattern, action, ignore_case=True) for pattern in self.actions) and (
            not self.resources or any(matches(pattern, resource) for pattern in self.resources)
        )

    def failing(self, context: Mapping[str, str]) -> tuple[Condition, ...]:
        """The conditions that do not hold."""
        return tuple(condition for condition in self.conditions if not condition.holds(context))


@dataclass(frozen=True)
class Policy:
    """A named policy, ready to be asked."""

    name: str
    statements: tuple[Statement, ...]


@dataclass(frozen=True)
class Cause:
    """A statement that had a say in a decision, and the policy it stands in."""

    policy: str
    statement: Statement
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True)
class Decision:
    """What the policies say.

    Attributes:
        allowed: the answer.
        causes: the statements that decided: those that deny where one does, else those that
            allow; where nothing allows, those that would have but for ``Cause.conditions``.
        explicit: whether a statement said so, as opposed to none saying anything.
    """

    allowed: bool
    causes: tuple[Cause, ...] = field(default=())
    explicit: bool = False


def decide(
    policies: Iterable[Policy], action: str, resource: str, context: Mapping[str, str]
) -> Decision:
    """Ask policies whether an action is allowed.

    Args:
        policies: all that are in force for the caller.
        action: as ``modelarts:notebook:create``, no pattern.
        resource: what it is done to.
        context: the condition keys of the request and their values.

    Returns:
        The decision with its causes.
    """
    allowing: list[Cause] = []
    denying: list[Cause] = []
    missed: list[Cause] = []
    for policy in policies:
        for statement in policy.statements:
            if not statement.concerns(action, resource):
                continue
            failing = statement.failing(context)
            if failing:
                if statement.effect == "Allow":
                    missed.append(Cause(policy.name, statement, failing))
                continue
            cause = Cause(policy.name, statement, statement.conditions)
            (denying if statement.effect == "Deny" else allowing).append(cause)
    if denying:
        return Decision(False, tuple(denying), True)
    if allowing:
        return Decision(True, tuple(allowing), True)
    return Decision(False, tuple(missed))


def parse_policy(name: str, document: Any) -> Policy:
    """Read a policy document.

    Args:
        name: what the policy is called.
        document: the parsed JSON.

    Raises:
        PolicyInvalid: anything in it is not understood: what is not understood is never ignored.
    """
    if not isinstance(document, dict):
        raise PolicyInvalid("The policy must be a JSON object.")
    _only(document, {"Version", "Statement", "Depends"}, "the policy")
    if document.get("Version") not in ("1.0", "1.1"):
        raise PolicyInvalid('"Version" must be "1.1".')
    statements = document.get("Statement")
    if not isinstance(statements, list) or not 1 <= len(statements) <= MAX_STATEMENTS:
        raise PolicyInvalid(f'"Statement" must be a list of 1 to {MAX_STATEMENTS} statements.')
    return Policy(name, tuple(_statement(entry) for entry in statements))


def _statement(entry: Any) -> Statement:
    if not isinstance(entry, dict):
        raise PolicyInvalid("A statement must be a JSON object.")
    _only(entry, {"Effect", "Action", "Resource", "Condition", "Sid"}, "a statement")
    effect = entry.get("Effect")
    # The seed's own Policy3 (2.3.3) says "deny".
    if not isinstance(effect, str) or effect.capitalize() not in {"Allow", "Deny"}:
        raise PolicyInvalid('"Effect" must be "Allow" or "Deny".')
    return Statement(
        "Allow" if effect.capitalize() == "Allow" else "Deny",
        _patterns(entry.get("Action"), _ACTION, "Action", "service:type:operation"),
        _resources(entry.get("Resource")),
        parse_conditions(entry.get("Condition")),
    )


def _resources(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    if isinstance(value, dict):
        # {"uri": ["/iam/agencies/ID"]} names agencies in policies for iam:agencies:assume.
        _only(value, {"uri"}, "a resource")
        found = tuple(_texts(value.get("uri"), "Resource"))
        if not all(text.startswith(_AGENCIES) for text in found):
            raise PolicyInvalid(f'"uri" of a resource must begin with {_AGENCIES}.')
        return found
    if value == "*" or value == ["*"]:
        return ()
    texts = _patterns(value, _RESOURCE, "Resource", "service:region:account:type:path")
    return tuple(_resource(text) for text in texts)


def _resource(text: str) -> str:
    """A pattern as requests are compared with it. A path that nothing is compared with would have
    a "Deny" do nothing."""
    service, rest = text.split(":", 1)
    if service.lower() != _WITH_PATHS and rest.split(":", 3)[3] != "*":
        raise PolicyInvalid(f'The path of "Resource" {text[:100]!r} must be "*".')
    return f"{service.lower()}:{rest}"


def _patterns(value: Any, form: re.Pattern[str], what: str, example: str) -> tuple[str, ...]:
    texts = _texts(value, what)
    for text in texts:
        if not form.fullmatch(text):
            raise PolicyInvalid(f'"{what}" {text[:100]!r} does not have the form {example}.')
    return tuple(texts)


def _texts(value: Any, what: str) -> Sequence[str]:
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_ENTRIES:
        raise PolicyInvalid(f'"{what}" must be a list of 1 to {MAX_ENTRIES} texts.')
    if not all(isinstance(text, str) and 0 < len(text) <= 1500 for text in value):
        raise PolicyInvalid(f'"{what}" must hold texts only.')
    return value


def _only(entry: Mapping[str, Any], known: set[str], where: str) -> None:
    unknown = set(entry) - known
    if unknown:
        raise PolicyInvalid(f"Unknown element {sorted(unknown)[0][:100]!r} in {where}.")
