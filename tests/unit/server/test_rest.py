"""The REST API against its own OpenAPI document, with a real worker."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from modelarts_nb.cloud.status import CloudStatus
from modelarts_nb.envs.archive.preflight import Preflight
from modelarts_nb.envs.model import Archive, Environment, Finding, Package, Removed
from modelarts_nb.envs.sealed.answers import (
    Difference,
    FileChanges,
    Listed,
    Offered,
    PackageChange,
    Source,
)
from modelarts_nb.notebook.hook import HookRegistration
from modelarts_nb.notebook.model import Lease, Notebook
from modelarts_nb.operations.disk_status import DiskStatus
from modelarts_nb.operations.hook import WholeHookStatus
from modelarts_nb.operations.model import Operation
from modelarts_nb.operations.ssh import SshSetup
from modelarts_nb.operations.status import Status
from modelarts_nb.server.handlers.openapi import DOCUMENT
from modelarts_nb.server.routes import routes
from modelarts_nb.ssh.diagnosis import SshCheck
from modelarts_nb.ssh.endpoint import SshEndpoint
from modelarts_nb.ssh.faults import Finding as SshFinding
from modelarts_nb.ssh.keypairs import KeyPair
from modelarts_nb.ssh.keys import KeptKey, Unlocked
from modelarts_nb.storage.model import Folder, Machine, Share, Storage
from modelarts_nb.tool.keep import KeepList, Kept
from tests.unit.operations.conftest import make_prefix
from tests.unit.server.conftest import Fetch, json_of
from tests.unit.server.documented import BASE, as_documented


async def ended(call: Fetch, id: str) -> Any:
    for _ in range(400):
        operation = json_of(await call("GET", f"operations/{id}"))
        if operation["state"] != "running":
            return operation
        await asyncio.sleep(0.05)
    raise AssertionError(operation)


def clone(source: Path) -> dict[str, Any]:
    params = {"source": str(source), "name": "mine", "kernel": False}
    return {"verb": "env.clone", "params": params}


@pytest.mark.parametrize(
    "path",
    [
        "status",
        "environments",
        "environments/mine",
        "environments/mine/packages",
        "environments/mine/export?format=yaml",
        "environments/mine/check",
        "environments/mine/preflight",
        "suggest-name?wanted=PyTorch",
        "archives",
        "bin",
        "keep",
        "operations",
        "openapi",
    ],
)
async def test_reading_is_as_documented(call: Fetch, disk: Path, path: str) -> None:
    make_prefix(disk / "envs/user_conda/mine")

    response = await call("GET", path)

    assert response.code == 200, response.body
    as_documented(response, "GET", path)


async def test_what_is_kept_of_the_home_is_told(call: Fetch, jp_environ: None) -> None:
    home = Path(os.environ["HOME"])
    home.mkdir(exist_ok=True)
    (home / ".condarc").write_text("channels: []\n")
    (home / ".vimrc").write_text("set number\n")
    body = {"verb": "keep.add", "params": {"paths": ["~/.condarc"]}}
    await ended(call, json_of(await call("POST", "operations", body))["id"])

    told = as_documented(await call("GET", "keep"), "GET", "keep")

    assert told["kept"] == [{"path": ".condarc", "size": 13, "state": "same"}]
    assert told["suggested"] == [".vimrc"]


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("environments/none", 404, "not_found"),
        ("environments/none/packages", 404, "not_found"),
        ("environments/none/export", 404, "not_found"),
        ("environments/none/check", 404, "not_found"),
        ("environments/none/preflight", 404, "not_found"),
        ("operations/none", 404, "not_found"),
        ("operations/none/log", 404, "not_found"),
        ("operations/..%2F..", 404, "not_found"),
        ("operations/none/log?offset=-1", 400, "usage"),
        ("operations/none/log?offset=%C2%B2", 400, "usage"),
        ("environments/mine/check?deep=maybe", 400, "usage"),
        ("environments/mine/export?format=xml", 400, "usage"),
    ],
)
async def test_an_error_has_code_hint_and_request_id(
    call: Fetch, disk: Path, path: str, status: int, code: str
) -> None:
    make_prefix(disk / "envs/user_conda/mine")

    response = await call("GET", path)

    problem = as_documented(response, "GET", path, request=False)
    assert (response.code, problem["code"]) == (status, code)
    assert problem["request_id"]


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "[]",
        "null",
        "1",
        {},
        {"verb": 3},
        {"verb": "env.explode"},
        {"verb": "operation.list"},
        {"verb": "env.clone"},
        {"verb": "env.clone", "params": []},
        {"verb": "env.clone", "params": {"source": "a", "name": "b", "x": 1}},
        {"verb": "env.clone", "params": {"source": "a", "name": "b", "disk": {"root": "/"}}},
        {"verb": "env.clone", "params": {"source": "a", "name": ["b"]}},
        {"verb": "env.clone", "params": {}, "more": 1},
    ],
)
async def test_a_bad_operation_is_refused_and_leaves_no_journal(call: Fetch, body: Any) -> None:
    response = await call("POST", "operations", body)

    problem = as_documented(response, "POST", "operations", request=False)
    assert (response.code, problem["code"]) == (400, "usage")
    assert json_of(await call("GET", "operations")) == {"operations": []}


async def test_an_operation_from_beginning_to_end(call: Fetch, disk: Path, source: Path) -> None:
    body = clone(source)
    begun = await call("POST", "operations", body)
    operation = as_documented(begun, "POST", "operations", body)
    assert begun.code == 202
    assert begun.headers["Location"].endswith(f"/modelarts-nb/api/operations/{operation['id']}")

    done = await ended(call, operation["id"])
    assert (done["state"], done["error"]) == ("done", None)

    one = f"operations/{operation['id']}"
    as_documented(await call("GET", one), "GET", one)
    log = as_documented(await call("GET", f"{one}/log?offset=0"), "GET", f"{one}/log?offset=0")
    assert "env.clone" in log["text"]
    names = [e["name"] for e in json_of(await call("GET", "environments"))["environments"]]
    assert "mine" in names

    gone = await call("DELETE", one)
    as_documented(gone, "DELETE", one)
    assert gone.code == 204
    assert (await call("GET", one)).code == 404


async def test_an_environment_is_found_by_its_prefix_too(call: Fetch, source: Path) -> None:
    response = await call("GET", "environments/" + quote(str(source), safe=""))

    assert json_of(response)["prefix"] == str(source)


async def test_a_missing_disk_is_told_by_the_status(call: Fetch, disk: Path) -> None:
    disk.rmdir()

    status = as_documented(await call("GET", "status"), "GET", "status")

    assert status["disk"]["error"]["code"] == "disk_missing"


async def test_a_missing_disk_is_an_error_elsewhere(call: Fetch, disk: Path) -> None:
    disk.rmdir()

    response = await call("POST", "operations", {"verb": "env.remove", "params": {"name": "x"}})

    assert (response.code, json_of(response)["code"]) == (503, "disk_missing")


async def test_a_cookie_without_the_xsrf_token_changes_nothing(
    call: Fetch, jp_base_url: str
) -> None:
    response = await call("POST", "operations", {"verb": "env.remove"}, headers={})

    assert response.code == 403
    assert json_of(response)["code"] == "forbidden"


async def test_a_method_that_is_not_there_is_an_error_of_the_same_shape(call: Fetch) -> None:
    response = await call("DELETE", "environments")

    assert response.code == 405
    assert json_of(response)["request_id"]


def test_every_route_is_documented_and_the_other_way_round() -> None:
    ours = {re.sub(r"\(\[\^/\]\+\)", "{}", path.removeprefix(BASE)) for path, _ in routes()}
    theirs = {re.sub(r"\{\w+\}", "{}", path) for path in json.loads(DOCUMENT.read_text())["paths"]}

    assert ours == theirs


def test_every_method_is_documented_and_the_other_way_round() -> None:
    document = json.loads(DOCUMENT.read_text())["paths"]
    theirs = {re.sub(r"\{\w+\}", "{}", path): set(item) for path, item in document.items()}
    ours = {
        re.sub(r"\(\[\^/\]\+\)", "{}", path.removeprefix(BASE)): {
            verb for verb in ("get", "post", "put", "patch", "delete") if verb in vars(handler)
        }
        for path, handler in routes()
    }

    assert ours == theirs


# Under the names of the document; two rooms have findings.
KINDS = {
    kind.__name__: kind
    for kind in (
        *(Archive, CloudStatus, DiskStatus, Environment, Finding, Folder, HookRegistration),
        *(Difference, FileChanges, Listed, Offered, PackageChange, Source),
        *(KeepList, Kept, KeptKey, KeyPair, Lease, Machine, Notebook, Operation, Package),
        *(Preflight, Removed, Share, SshCheck, SshEndpoint, SshSetup, Status, Storage, Unlocked),
        WholeHookStatus,
    )
} | {"SshFinding": SshFinding}


@pytest.mark.parametrize("name", KINDS)
def test_what_is_documented_is_what_is_sent(name: str) -> None:
    schemas = json.loads(DOCUMENT.read_text())["components"]["schemas"]

    for schema in (schemas[name], schemas.get(f"{name}OrNull", schemas[name])):
        sent = {field.name for field in dataclasses.fields(KINDS[name])}
        assert set(schema["properties"]) == sent
        assert set(schema["required"]) == set(schema["properties"])
