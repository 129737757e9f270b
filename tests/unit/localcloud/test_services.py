"""All services together: routes do not overlap, and every call asks for a right."""

from __future__ import annotations

import json
import re
import sqlite3
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from modelarts_nb.localcloud.iam.actions import names_something
from modelarts_nb.localcloud.services import SERVICES
from modelarts_nb.localcloud.store import Store
from modelarts_nb.localcloud.web.call import Call, Caller
from modelarts_nb.localcloud.web.gateway import handle
from modelarts_nb.localcloud.web.message import Reply, Request
from modelarts_nb.localcloud.web.problem import CloudError
from modelarts_nb.localcloud.web.service import (
    ANYONE,
    ASKED_INSIDE,
    OPERATOR,
    Route,
    Router,
    Service,
)

ROUTES = [route for service in SERVICES for route in service.routes]
SPECIAL = {ANYONE, ASKED_INSIDE, OPERATOR}


def test_no_two_routes_answer_one_request() -> None:
    # given paths in which parameters are all alike
    shapes = [(route.method, re.sub(r"\{\w+\}", "{}", route.path)) for route in ROUTES]

    assert len(shapes) == len(set(shapes))


def test_services_are_told_apart_by_their_paths() -> None:
    # given what a path of each service looks like, with an id where a parameter is
    for one, other in combinations(ROUTES, 2):
        path = re.sub(r"\{\w+\}", "0123abcd", one.path)
        if one.service is not other.service and one.method == other.method:
            assert not other.pattern.fullmatch(path), (one.path, other.path)


@pytest.mark.parametrize("route", ROUTES, ids=lambda r: f"{r.method} {r.path}")
def test_every_call_says_which_right_it_takes(route: Route) -> None:
    assert route.action in SPECIAL or re.fullmatch(r"[a-z]+:\w+:\w+", route.action)
    assert (route.action == OPERATOR) == route.path.startswith("/_local/")


@pytest.mark.parametrize("route", [r for r in ROUTES if r.action.startswith("modelarts:")])
def test_a_right_of_modelarts_can_be_named_in_a_policy(route: Route) -> None:
    assert names_something(route.action)


def test_a_literal_path_is_meant_before_a_parameter() -> None:
    found = Router(SERVICES).find("GET", "/v1/p/sfs-turbo/shares/detail")

    assert found is not None
    assert found[0].path.endswith("/detail")


def service(handler: Any, action: str) -> Service:
    made = Service(
        "test",
        forbidden=lambda name: CloudError(403, "T.403", name),
        invalid=lambda why: CloudError(400, "T.400", why),
    )
    made.route("GET", "/thing/{name}", action=action)(handler)
    return made


def call(made: Service, store: Store, allowed: bool) -> Any:
    class Verdict:
        def __init__(self) -> None:
            self.allowed = allowed

    class Asked:
        def decide(self, *_: Any) -> Verdict:
            return Verdict()

    (route,) = made.routes
    request = Request("GET", "/thing/a", (), {}, b"", "id")
    caller = Caller("user", "d", "u", "name", "AK")
    with store.read() as db:
        cloud: Any = Asked()
        return handle(route, Call(request, {"name": "a"}, caller, db, cloud, made))


@pytest.fixture
def store(tmp_path: Path) -> Any:
    made = Store(tmp_path / "state.sqlite", [])
    yield made
    made.close()


def test_a_handler_that_asks_for_no_right_is_not_heard(store: Store) -> None:
    # given a handler that says it asks itself, and forgets it
    made = service(lambda _call: {"secret": 1}, ASKED_INSIDE)

    with pytest.raises(RuntimeError, match="without asking"):
        call(made, store, allowed=True)


def test_a_handler_is_not_run_without_the_right(store: Store) -> None:
    ran = []
    made = service(lambda _call: ran.append(1), "test:thing:get")

    with pytest.raises(CloudError, match=r"T\.403"):
        call(made, store, allowed=False)

    assert ran == []


def test_a_handler_with_the_right_answers(store: Store) -> None:
    made = service(lambda given: {"name": given.params["name"]}, "test:thing:get")

    assert call(made, store, allowed=True) == Reply(200, {"name": "a"})


def test_what_a_transaction_did_is_undone_when_it_fails(tmp_path: Path) -> None:
    store = Store(tmp_path / "state.sqlite", ["CREATE TABLE thing (name TEXT)"])

    def fail() -> None:
        with store.write() as db:
            db.run("INSERT INTO thing VALUES ('a')")
            raise KeyError

    with pytest.raises(KeyError):
        fail()

    with store.read() as db:
        assert db.all("SELECT * FROM thing") == []
    store.close()


def test_a_call_that_reads_changes_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path / "state.sqlite", ["CREATE TABLE thing (name TEXT)"])

    with store.read() as db, pytest.raises(sqlite3.OperationalError, match="readonly"):
        db.run("INSERT INTO thing VALUES ('a')")

    store.close()


def test_what_asks_after_the_end_is_told_so_and_leaves_nothing_open(tmp_path: Path) -> None:
    store = Store(tmp_path / "state.sqlite", ["CREATE TABLE thing (name TEXT)"])
    with store.write() as late:
        store.close()
        late.run("INSERT INTO thing VALUES ('a')")  # what had begun is finished

    with pytest.raises(sqlite3.ProgrammingError, match="has ended"), store.read():
        pass
    assert sorted(file.name for file in tmp_path.iterdir()) == ["state.sqlite"]


def test_a_reply_of_nothing_has_no_body() -> None:
    assert Reply(204).body() == b""
    assert json.loads(Reply(200, {"a": "ä"}).body()) == {"a": "ä"}
