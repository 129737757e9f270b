"""The cloud's part of the REST API against the OpenAPI document, with a real worker and the
unmodified SDK; the services are scripted at the far edge."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.cloud.wire import Response, Wire, error
from tests.unit.server.conftest import Fetch, json_of
from tests.unit.server.documented import as_documented
from tests.unit.server.fake import ID, SHARE, Everything

SECRET = "correct horse battery"
QUESTIONS = (
    "cloud",
    "notebooks",
    "notebooks?all=true",
    "notebooks?status=running&name=mi&created_after=2026-01-01",
    "notebooks/this",
    "notebooks/mine",
    f"notebooks/{ID}/lease",
    "storages",
    "storages?notebook=mine&measure=true",
    "storages/show?path=/data/mine",
    "shares",
    f"shares/{SHARE}/folders?path=/team",
    "ssh?key_file=~/.ssh/other",
    "ssh/keys",
    "ssh/check?said=Permission%20denied",
    "hook",
    "hook?registration=true",
)


@pytest.fixture
def wire(jp_environ: None, disk: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Wire]:
    """A scripted cloud that the settings of the server lead to."""
    for name in list(os.environ):
        if name.startswith(("HUAWEICLOUD_", "MODELARTS_NB_CLOUD")) or name.upper().endswith(
            "PROXY"
        ):
            monkeypatch.delenv(name)
    server = Wire()
    for name, value in (
        ("MODELARTS_NB_ENDPOINT", server.url),
        ("HUAWEICLOUD_SDK_AK", "AK-OF-TEST"),
        ("HUAWEICLOUD_SDK_SK", "SK-OF-TEST"),
        ("PROJECT_ID", "project-1"),
        ("INSTANCE_ID", ID),
    ):
        monkeypatch.setenv(name, value)
    with server.running():
        yield server


@pytest.fixture
def service(wire: Wire) -> Everything:
    found = Everything()
    wire.script = found
    return found


async def ended(call: Fetch, id: str) -> Any:
    for _ in range(600):
        operation = json_of(await call("GET", f"operations/{id}"))
        if operation["state"] != "running":
            return operation
        await asyncio.sleep(0.05)
    raise AssertionError(operation)


async def test_every_question_is_answered_as_documented(call: Fetch, service: Everything) -> None:
    answers = {path: await call("GET", path) for path in QUESTIONS}

    told = {}
    for path, response in answers.items():
        assert response.code == 200, (path, response.body)
        told[path] = as_documented(response, "GET", path)
    assert told["cloud"]["kind"] == "local"
    for name in ("mine", "this"):
        del told[f"notebooks/{name}"]["lease"]["remaining"]  # a second may have passed between
    assert told["notebooks/mine"] == told["notebooks/this"]
    assert [s["path"] for s in told["storages"]["storages"]] == ["/data/mine"]
    assert "~/.ssh/other" in told["ssh?key_file=~/.ssh/other"]["laptop"]["block"]
    assert told["ssh/keys"]["keys"][0]["name"] == "mine"
    assert told["hook"]["registration"] is None
    assert told["hook?registration=true"]["registration"]["registered"] is False
    folders = told[f"shares/{SHARE}/folders?path=/team"]["folders"]
    assert [(f["path"], f["exists"]) for f in folders] == [("/", True), ("/team", True)]
    # and no answer holds what is secret
    whole = b"".join(response.body for response in answers.values())
    assert b"tok-secret" not in whole
    assert b"SK-OF-TEST" not in whole


BAD = {
    "notebooks?all=perhaps": (400, "usage"),
    "notebooks?status=ASLEEP": (400, "usage"),
    "notebooks?created_after=yesterday": (400, "usage"),
    "notebooks?name=%FF": (400, "usage"),
    "notebooks/no-such": (404, "cloud_not_found"),
    "storages?measure=2": (400, "usage"),
    "storages?notebook=no-such": (404, "cloud_not_found"),
    "storages/show": (400, "usage"),
    "storages/show?path=/data/absent": (404, "cloud_not_found"),
    f"shares/{SHARE}/folders?path=nowhere": (400, "usage"),
    "ssh?key_file=a%22b": (400, "usage"),
    "ssh/check?said=-----BEGIN%20PRIVATE%20KEY-----": (400, "usage"),
    "hook?registration=maybe": (400, "usage"),
}


async def test_a_bad_argument_is_an_error_that_says_so(call: Fetch, service: Everything) -> None:
    answers = {path: await call("GET", path) for path in BAD}

    told = {p: as_documented(answer, "GET", p, request=False) for p, answer in answers.items()}
    assert {p: (told[p]["status"], told[p]["code"]) for p in BAD} == BAD
    assert {p: answer.code for p, answer in answers.items()} == {p: s for p, (s, _) in BAD.items()}
    assert all(problem["message"] for problem in told.values())


async def test_a_refusal_keeps_the_clouds_code_and_the_id_of_its_request(
    call: Fetch, service: Everything
) -> None:
    service.pairs.notebooks.refuse = lambda _: error(403, "ModelArts.0112", "no right")

    response = await call("GET", "notebooks/this")

    problem = as_documented(response, "GET", "notebooks/this")
    assert (response.code, problem["code"]) == (403, "cloud_forbidden")
    assert (problem["error_code"], problem["cloud_request_id"]) == ("ModelArts.0112", "req-1")
    assert problem["request_id"] not in ("", "req-1")
    # and where the error is a part of the answer, it is whole too
    told = as_documented(await call("GET", "cloud"), "GET", "cloud")["error"]
    assert (told["error_code"], told["cloud_request_id"]) == ("ModelArts.0112", "req-1")


async def test_an_error_of_ours_has_nothing_of_the_clouds(call: Fetch, service: Everything) -> None:
    problem = json_of(await call("GET", "storages/show"))

    assert not {"error_code", "cloud_request_id"} & set(problem)


async def test_an_operation_remembers_what_the_cloud_called_it(
    call: Fetch, service: Everything
) -> None:
    service.pairs.notebooks.refuse = lambda _: error(400, "ModelArts.6309", "no such instance")
    body = {"verb": "notebook.keep_alive", "params": {"hours": 2}}

    begun = json_of(await call("POST", "operations", body))
    done = await ended(call, begun["id"])

    assert done["state"] == "failed"
    assert done["error"]["error_code"] == "ModelArts.6309"
    assert done["error"]["cloud_request_id"] == "req-1"
    as_documented(await call("GET", f"operations/{done['id']}"), "GET", f"operations/{done['id']}")


async def test_without_keys_it_says_how_to_get_some(
    call: Fetch, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_SK", "PROJECT_ID", "INSTANCE_ID"):
        monkeypatch.delenv(name)

    refused = await call("GET", "notebooks")
    told = as_documented(await call("GET", "cloud"), "GET", "cloud")

    assert (refused.code, json_of(refused)["code"]) == (401, "no_credentials")
    assert (told["kind"], told["error"]["code"]) == ("none", "no_credentials")
    assert "ma local up" in told["error"]["hint"]


class TestACloudThatHangs:
    """Every call of it waits until the end of the test."""

    @pytest.fixture
    def timeouts(self) -> dict[str, float]:
        return {"read_timeout": 30.0, "check_timeout": 60.0, "cloud_timeout": 0.7}

    @pytest.fixture
    def hung(self, wire: Wire) -> Iterator[Wire]:
        release = threading.Event()
        wire.script = lambda _request: Response(hold=release)
        yield wire
        release.set()

    async def test_it_is_an_error_with_a_hint_and_others_are_answered(
        self, call: Fetch, hung: Wire
    ) -> None:
        for path in ("environments", "notebooks"):  # all is imported
            await call("GET", path)
        asked = [asyncio.ensure_future(call("GET", "notebooks")) for _ in range(20)]

        assert (await call("GET", "environments")).code == 200
        assert not any(question.done() for question in asked)

        for response in await asyncio.gather(*asked):
            problem = as_documented(response, "GET", "notebooks")
            assert (response.code, problem["code"]) == (504, "cloud_timeout")
            assert "cloud_timeout" in problem["hint"]

    async def test_what_is_known_without_it_is_told(self, call: Fetch, hung: Wire) -> None:
        cloud = as_documented(await call("GET", "cloud"), "GET", "cloud")
        hook = await call("GET", "hook?registration=1")

        assert (cloud["endpoint"], cloud["error"]["code"]) == (hung.url, "cloud_timeout")
        assert json_of(hook)["problem"]["code"] == "cloud_timeout"


BODIES: list[Any] = [
    SECRET,
    f'{{"passphrase": "{SECRET}"',
    f'{{"passphrase": "{SECRET}\\',
    f'["{SECRET}"]',
    f'"{SECRET}"',
    {SECRET: 1},
    {"passphrase": [SECRET]},
    {"passphrase": {SECRET: SECRET}},
    {"passphrase": f"{SECRET}\nmore"},
    {"passphrase": f"{SECRET}\0"},
    {"passphrase": f"{SECRET}\ud800"},
    {"passphrase": SECRET, "disk_is_mine": SECRET},
    {"passphrase": SECRET, "more": 1},
    {"passphrase": SECRET},
    "[" * 100_000 + SECRET,
]


async def test_no_error_and_no_log_quotes_a_body_that_may_hold_a_passphrase(
    call: Fetch, service: Everything, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    answers = [
        await call("POST", path, body)
        for path in ("ssh/keys/mine/keep", "ssh/unlock", "ssh/lock")
        for body in BODIES
    ]

    assert {response.code for response in answers} == {400, 404}
    for response in answers:
        assert json_of(response)["code"] in ("usage", "not_found")
        assert SECRET not in response.body.decode()
    logged = "".join(record.getMessage() + str(record.exc_text or "") for record in caplog.records)
    assert "ssh/unlock" in logged
    assert SECRET not in logged


@pytest.mark.parametrize("verb", ["ssh.keep_key", "ssh.unlock", "ssh.create_key"])
async def test_a_passphrase_cannot_get_into_a_journal(
    call: Fetch, service: Everything, caplog: pytest.LogCaptureFixture, verb: str
) -> None:
    body = {"verb": verb, "params": {"name": "mine", "passphrase": SECRET}}

    response = await call("POST", "operations", body)

    assert response.code == 400
    assert SECRET not in response.body.decode() + caplog.text
    assert json_of(await call("GET", "operations")) == {"operations": []}


async def test_a_private_key_is_refused_and_not_quoted(
    call: Fetch, service: Everything, caplog: pytest.LogCaptureFixture
) -> None:
    key = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk\n-----END"
    body = {"verb": "ssh.import_key", "params": {"public_key": key, "name": 1}}

    response = await call("POST", "operations", body)

    assert (response.code, json_of(response)["code"]) == (400, "usage")
    assert "b3BlbnNzaC1rZXk" not in response.body.decode() + caplog.text


async def test_what_was_pasted_to_be_understood_is_not_logged(
    call: Fetch, service: Everything, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    key = await call("GET", "ssh/check?said=-----BEGIN%20PRIVATE%20KEY-----%0Ahidden-7777")
    words = await call("GET", "ssh/check?said=hidden-7777")

    assert (key.code, words.code) == (400, 200)
    assert b"hidden-7777" not in key.body
    logged = "".join(record.getMessage() for record in caplog.records)
    assert "ssh/check" in logged
    assert "hidden-7777" not in logged


async def test_keys_are_locked(call: Fetch, service: Everything) -> None:
    response = await call("POST", "ssh/lock", {})

    assert as_documented(response, "POST", "ssh/lock", {}) == {"opened": [], "refused": []}


async def test_a_storage_is_mounted_in_a_notebook_that_is_named(
    call: Fetch, service: Everything
) -> None:
    service.storage.then = [{"status": "MOUNTED"}]
    params = {"source": "obs://bucket/other", "path": "other", "notebook": "mine"}

    begun = json_of(await call("POST", "operations", {"verb": "storage.mount", "params": params}))
    done = await ended(call, begun["id"])

    assert (done["state"], done["result"]["status"]) == ("done", "MOUNTED"), done["error"]
    assert json.dumps(done["result"]).count("/data/other") == 1
