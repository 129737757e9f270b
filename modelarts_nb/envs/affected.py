"""Which packages a change is about, told from the records of what is installed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from modelarts_nb.envs import history
from modelarts_nb.envs.pipdists import pip_dists
from modelarts_nb.envs.records import read_record, record_names
from modelarts_nb.errors import NotFound


def records(prefix: Path) -> list[dict[str, Any]]:
    """The conda records of an environment, without those that cannot be read."""
    found = [read_record(prefix, name) for name in record_names(prefix)]
    return [record for record in found if isinstance(record.get("name"), str)]


def pin(record: dict[str, Any]) -> str:
    """What keeps an installed package installed; Python also in its minor version."""
    name = str(record["name"])
    if name == "python":
        return f"python={'.'.join(str(record.get('version')).split('.')[:2])}"
    return name


def difference(
    before: Sequence[dict[str, Any]], after: Sequence[dict[str, Any]]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What ``after`` has and ``before`` has not, and the other way round."""

    def key(record: dict[str, Any]) -> tuple[str, ...]:
        return tuple(str(record.get(part)) for part in ("name", "version", "build"))

    old, new = {key(record) for record in before}, {key(record) for record in after}
    return [r for r in after if key(r) not in old], [r for r in before if key(r) not in new]


def sorted_out(prefix: Path, specs: Sequence[str], conda: set[str]) -> tuple[set[str], list[str]]:
    """The names among ``specs`` that conda brought, and those that pip brought.

    Raises:
        NotFound: one is not installed.
    """
    pip = {dist.key: dist.name for dist in pip_dists(prefix)}
    ours: set[str] = set()
    theirs: list[str] = []
    for spec in specs:
        name = history.spec_name(spec)
        key = name.replace("_", "-").replace(".", "-")
        same = [known for known in conda if known.replace("_", "-").replace(".", "-") == key]
        if key in pip:
            theirs.append(pip[key])
        elif same:
            ours.update(same)
        else:
            raise NotFound(
                f"{spec!r} is not installed in {prefix.name!r}.",
                hint=f"`ma env packages {prefix.name}` shows what is.",
            )
    return ours, theirs


def with_dependents(names: set[str], records: Sequence[dict[str, Any]]) -> set[str]:
    """``names`` and everything that needs one of them, directly or not."""
    gone = set(names)
    while True:
        more = {
            str(record["name"])
            for record in records
            if record["name"] not in gone
            and any(history.spec_name(str(d)) in gone for d in record.get("depends") or ())
        }
        if not more:
            return gone
        gone |= more
