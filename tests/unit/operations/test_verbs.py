"""The table of verbs against the functions it names."""

from __future__ import annotations

import errno
import inspect
import json
import subprocess
import sys

import pytest

from modelarts_nb.cloud.errors import CloudTimeout
from modelarts_nb.errors import AccessDenied, UsageError
from modelarts_nb.operations.verbs import QUERIES, VERBS, Verb, ask, bind
from modelarts_nb.progress import Silent
from tests.unit.cloud.wire import Wire

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


@pytest.mark.parametrize("name", [name for name, query in QUERIES.items() if query.cloud])
def test_who_asks_the_cloud_can_be_told_to_stop_waiting(name: str) -> None:
    assert "progress" in inspect.signature(QUERIES[name].load()).parameters


def test_a_query_stops_waiting_when_it_is_told_to(wire: Wire) -> None:
    class Over(Silent):
        def check(self) -> None:
            raise CloudTimeout("over")

    with pytest.raises(CloudTimeout, match="over"):
        ask("notebook.list", {}, Over())

    assert wire.seen == []


@pytest.mark.parametrize("value", [7777, ["hidden-7777"], "hidden-7777\0", {"hidden-7777": 1}])
def test_a_passphrase_of_the_wrong_type_is_not_quoted(value: object) -> None:
    with pytest.raises(UsageError, match="passphrase must be") as raised:
        ask("ssh.keep_key", {"name": "mine", "passphrase": value})

    assert "7777" not in json.dumps(raised.value.to_dict())


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
