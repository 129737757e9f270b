"""No verb of any handler works for a stranger, or without being allowed on its own noun."""

from __future__ import annotations

import re
from typing import Any

import pytest
from jupyter_server.auth.authorizer import Authorizer
from tornado.httpclient import HTTPClientError

from modelarts_nb.server.handlers.base import BASE, ApiHandler
from modelarts_nb.server.routes import routes
from tests.unit.server.conftest import Fetch

VERBS = ("get", "head", "post", "put", "patch", "delete")
ACTIONS = {"get": "read", "post": "write", "delete": "write"}
ENDPOINTS = [
    (path, verb, handler) for path, handler in routes() for verb in VERBS if verb in vars(handler)
]


class Recorder(Authorizer):
    """Refuses everything and remembers what it was asked."""

    asked: list[tuple[str, str]] = []  # noqa: RUF012

    def is_authorized(self, handler: Any, user: Any, action: str, resource: str) -> bool:
        self.asked.append((action, resource))
        return False


@pytest.fixture
def jp_server_config(jp_server_config: dict[str, Any]) -> dict[str, Any]:
    Recorder.asked = []
    jp_server_config["ServerApp"]["authorizer_class"] = Recorder
    return jp_server_config


def url(pattern: str) -> str:
    return pattern.replace("([^/]+)", "x").removeprefix("/")


def action(verb: str, pattern: str) -> str:
    # Whoever may have a terminal in a container may do anything there.
    return "execute" if noun(pattern) == "shells" else ACTIONS[verb]


def noun(pattern: str) -> str:
    first = pattern.removeprefix(BASE).split("/")[1]
    return {"suggest-name": "environments"}.get(first, first)


async def fetch(jp_fetch: Fetch, pattern: str, verb: str, **options: Any) -> int:
    body = {"body": "{}"} if verb == "post" else {}
    with pytest.raises(HTTPClientError) as raised:
        await jp_fetch(url(pattern), method=verb.upper(), **body, **options)
    return raised.value.code


def test_there_is_something_to_prove() -> None:
    assert len(ENDPOINTS) >= 41


@pytest.mark.parametrize(("path", "verb", "handler"), ENDPOINTS)
async def test_every_verb_asks_whether_it_is_allowed_on_its_own_resource(
    jp_fetch: Fetch, path: str, verb: str, handler: type[ApiHandler]
) -> None:
    code = await fetch(jp_fetch, path, verb)

    assert code == 403
    assert Recorder.asked == [(action(verb, path), f"modelarts_nb:{noun(path)}")]


@pytest.mark.parametrize(("path", "verb", "handler"), ENDPOINTS)
async def test_every_verb_refuses_a_stranger_before_asking(
    jp_fetch: Fetch, path: str, verb: str, handler: type[ApiHandler]
) -> None:
    code = await fetch(jp_fetch, path, verb, headers={"Authorization": ""})

    assert code == 403
    assert Recorder.asked == []


@pytest.mark.parametrize("handler", dict.fromkeys(handler for _, handler in routes()))
def test_no_verb_is_inherited(handler: type[ApiHandler]) -> None:
    # `authorized` keeps the first resource that it sees: an inherited verb would share it.
    inherited = [
        verb
        for verb in VERBS
        for parent in handler.__mro__[1:]
        if verb in vars(parent) and parent.__module__.startswith("modelarts_nb")
    ]

    assert inherited == []


async def test_resources_are_not_mixed_up_between_requests(jp_fetch: Fetch) -> None:
    for path, verb, _ in [*ENDPOINTS, *reversed(ENDPOINTS)]:
        Recorder.asked.clear()
        await fetch(jp_fetch, path, verb)
        assert [re.sub(".*:", "", resource) for _, resource in Recorder.asked] == [noun(path)]
