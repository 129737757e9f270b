"""Sealed environments over REST, against the OpenAPI document, with a real worker."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelarts_nb.disk.persistent import Disk
from tests.unit.envs.sealed.by_hand import environment, make_layer, make_version
from tests.unit.operations.conftest import make_prefix
from tests.unit.server.conftest import Fetch, json_of
from tests.unit.server.documented import as_documented
from tests.unit.server.test_rest import ended


@pytest.fixture(autouse=True)
def sealed(disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    """``mine`` with two versions, and a team mate's disk with the same."""
    folder = Path(tempfile.mkdtemp(prefix="run"))
    monkeypatch.setenv("MODELARTS_NB_RUN", str(folder))
    ours = Disk(disk, "tester", tmp_path / "home")
    for place in (ours, Disk(tmp_path / "team", "ann", tmp_path / "home")):
        layer = make_layer(place, environment())
        make_version(place, "mine", layer, why="as it came")
        more = make_layer(place, {"share/more": b"more"})
        make_version(place, "mine", layer, more, number=2, parent=1)
    yield ours
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.parametrize(
    "path",
    [
        "environments",
        "environments/mine/versions",
        "environments/mine/diff?a=1",
        "sources",
        "status",
    ],
)
async def test_reading_is_as_documented(call: Fetch, path: str) -> None:
    response = await call("GET", path)

    assert response.code == 200, response.body
    as_documented(response, "GET", path)


async def test_versions_come_without_what_only_programs_need(call: Fetch) -> None:
    newest, oldest = json_of(await call("GET", "environments/mine/versions"))["versions"]

    assert (newest["number"], newest["parent"], oldest["why"]) == (2, 1, "as it came")
    assert not {"layers", "prefix"} & set(newest)


async def test_what_lies_between_is_told_by_files(call: Fetch) -> None:
    found = json_of(await call("GET", "environments/mine/diff?a=1&b=2"))

    assert (found["before"], found["after"]) == ("1", "2")
    assert found["added"] == {"count": 1, "bytes": 4, "paths": ["share/more"]}


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("environments/none/versions", 404, "not_found"),
        ("environments/mine/diff?a=9", 404, "not_found"),
        ("environments/mine/diff?a=x", 400, "usage"),
        ("environments/mine/export?format=lock", 409, "not_filled"),
    ],
)
async def test_an_error_has_a_code_and_a_hint(
    call: Fetch, disk: Path, path: str, status: int, code: str
) -> None:
    make_prefix(disk / "envs/user_conda/open")

    response = await call("GET", path)

    problem = as_documented(response, "GET", path, request=False)
    assert (response.code, problem["code"]) == (status, code)
    assert problem["hint"]


async def test_rolling_back_is_an_operation_whose_journal_is_small(call: Fetch) -> None:
    body = {"verb": "env.rollback", "params": {"name": "mine", "number": 1}}
    begun = await call("POST", "operations", body)

    done = await ended(call, as_documented(begun, "POST", "operations", body)["id"])

    assert (done["state"], done["error"]) == ("done", None)
    assert (done["result"]["number"], "layers" in done["result"]) == (3, False)


async def test_a_source_is_added_and_offers_what_can_be_cloned(call: Fetch, tmp_path: Path) -> None:
    body = {"verb": "env.add_source", "params": {"path": str(tmp_path / "team")}}
    await ended(call, json_of(await call("POST", "operations", body))["id"])

    (source,) = as_documented(await call("GET", "sources"), "GET", "sources")["sources"]

    assert [offer["name"] for offer in source["environments"]] == ["team:mine"]
