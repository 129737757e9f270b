"""What is plainly wrong with an environment: seen by a glance, without starting anything."""

from __future__ import annotations

import os
from pathlib import Path

from modelarts_nb.envs.model import Finding
from modelarts_nb.envs.prefixes import recorded_prefix
from modelarts_nb.envs.state import State


def trouble_at(
    prefix: Path, name: str, python: str | None, state: State | None
) -> tuple[Finding, ...]:
    """No interpreter, or a prefix that was moved by hand.

    Args:
        prefix: of the environment.
        name: what it is called.
        python: its version, from its records.
        state: what its state file says.
    """
    found = []
    if python and not os.path.exists(prefix / "bin" / "python"):
        found.append(
            Finding(
                "interpreter",
                "error",
                f"{name} has no Python that starts: bin/python is missing.",
                f"Install python again: `ma env check {name} --fix`.",
                ("bin/python",),
            )
        )
    recorded = state.prefix if state and state.prefix else recorded_prefix(prefix)
    if (
        recorded
        and recorded != str(prefix)
        and os.path.realpath(recorded) != os.path.realpath(prefix)
    ):
        found.append(
            Finding(
                "prefix",
                "error",
                f"{name} was made for {recorded} and moved by hand; its scripts start "
                "the wrong Python or none.",
                f"Rewrite the prefix in its files: `ma env check {name} --fix`.",
            )
        )
    return tuple(found)
