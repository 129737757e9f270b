"""Parameters from the wire are hostile until they fit the signature."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.errors import UsageError
from modelarts_nb.operations.signature import check_params
from modelarts_nb.progress import SILENT, Progress


def clone(
    source: str,
    name: str,
    *,
    specs: list[str] = [],  # noqa: B006
    level: int | None = None,
    ratio: float = 1.0,
    folder: Path | None = None,
    kind: Literal["a", "b"] = "a",
    env: dict[str, str] | None = None,
    force: bool = False,
    fix: bool = False,
    disk: Disk | None = None,
    progress: Progress = SILENT,
) -> None:
    raise AssertionError("only its signature counts")


def test_fitting_parameters_are_returned_as_the_function_takes_them() -> None:
    params = {
        "source": "a",
        "name": "b",
        "specs": ["x"],
        "level": 3,
        "ratio": 2,
        "folder": "/x",
        "kind": "b",
        "env": {"k": "v"},
        "force": True,
    }

    checked = check_params("env.clone", clone, params)

    assert checked == {**params, "folder": Path("/x")}


@pytest.mark.parametrize(
    ("params", "named"),
    [
        ({"source": "a"}, "name"),
        ({"source": "a", "name": "b", "speed": 1}, "speed"),
        ({"source": 1, "name": "b"}, "source"),
        ({"source": "a\0", "name": "b"}, "source"),
        ({"source": "a", "name": None}, "name"),
        ({"source": "a", "name": "b", "specs": "x"}, "specs"),
        ({"source": "a", "name": "b", "specs": [1]}, "specs"),
        ({"source": "a", "name": "b", "level": True}, "level"),
        ({"source": "a", "name": "b", "level": 1.5}, "level"),
        ({"source": "a", "name": "b", "force": 1}, "force"),
        ({"source": "a", "name": "b", "ratio": "1"}, "ratio"),
        ({"source": "a", "name": "b", "kind": "c"}, "kind"),
        ({"source": "a", "name": "b", "kind": ["a"]}, "kind"),
        ({"source": "a", "name": "b", "env": []}, "env"),
        ({"source": "a", "name": "b", "env": {"k": 1}}, "env"),
        ({"source": "a", "name": "b", "disk": {}}, "disk"),
        ({"source": "a", "name": "b", "progress": None}, "progress"),
        ({"source": "a", "name": "b", "fix": True}, "fix"),
    ],
)
def test_what_does_not_fit_is_named(params: dict[str, object], named: str) -> None:
    with pytest.raises(UsageError, match=f"env.clone.*{named}"):
        check_params("env.clone", clone, params, frozenset({"fix"}))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(["source", "name", "specs", "level", "ratio", "kind", "env", "x", "disk"])


@given(st.dictionaries(NAMES, JSON))
def test_whatever_comes_is_taken_or_refused_by_a_usage_error(params: dict[str, object]) -> None:
    try:
        checked = check_params("env.clone", clone, params)
    except UsageError:
        return
    assert isinstance(checked["source"], str)
    assert isinstance(checked["name"], str)
    assert all(isinstance(spec, str) for spec in checked.get("specs", []))
