"""The table of verbs against the functions it names."""

from __future__ import annotations

import errno
import inspect
import subprocess
import sys

import pytest

from modelarts_nb.errors import AccessDenied, UsageError
from modelarts_nb.operations.verbs import QUERIES, VERBS, Verb, ask, bind

EVERY = {**VERBS, **QUERIES}


@pytest.mark.parametrize("name", EVERY)
def test_every_path_in_the_table_names_a_function(name: str) -> None:
    assert inspect.isfunction(EVERY[name].load())


@pytest.mark.parametrize("name", EVERY)
def test_what_a_verb_decides_is_a_parameter_of_its_function(name: str) -> None:
    takes = inspect.signature(EVERY[name].load()).parameters

    assert EVERY[name].fixed.keys() <= takes.keys()


@pytest.mark.parametrize("name", VERBS)
def test_every_verb_says_how_far_it_is_and_can_be_given_a_disk(name: str) -> None:
    takes = inspect.signature(VERBS[name].load()).parameters

    needed = {"disk", "progress"} if VERBS[name].disk else {"progress"}
    assert needed <= takes.keys()


def test_a_name_that_is_no_verb_is_refused_with_those_there_are() -> None:
    with pytest.raises(UsageError) as raised:
        bind(VERBS, "env.explode", {})

    assert "env.clone" in raised.value.hint


def test_a_query_is_no_verb() -> None:
    with pytest.raises(UsageError):
        bind(VERBS, "operation.list", {})


def test_a_verb_is_no_query() -> None:
    with pytest.raises(UsageError):
        ask("env.remove", {"name": "x"})


def test_the_table_imports_no_domain() -> None:
    program = (
        "import sys, modelarts_nb.operations.verbs;"
        "print([m for m in sys.modules if m.startswith(('modelarts_nb.envs', 'rattler'))])"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    assert done.stdout.strip() == "[]"


def refused() -> None:
    """A query that the operating system refuses."""
    raise PermissionError(errno.EACCES, "Permission denied", "/somewhere")


def test_what_the_system_refuses_a_query_is_an_error_of_ours(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(QUERIES, "status", Verb(f"{__name__}:refused"))

    with pytest.raises(AccessDenied):
        ask("status", {})
