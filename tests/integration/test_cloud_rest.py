"""A real Jupyter server on the local cloud: what the panel does there, through the REST API."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from modelarts_nb.localcloud.testing import LocalCloud, local_cloud
from modelarts_nb.server.handlers.base import BASE
from modelarts_nb.server.routes import routes
from tests.integration.server_process import ServerProcess

PASSPHRASE = "correct horse battery"
QUICK = ("--ModelArtsNb.cloud_timeout=4",)


@dataclass
class World:
    """The cloud, the server, and everything that the server has answered."""

    cloud: LocalCloud
    server: ServerProcess
    home: Path
    disk: Path
    answers: list[str] = field(default_factory=list)

    @property
    def settings(self) -> dict[str, str]:
        """Of the section ``Cloud``."""
        text = (self.home / ".jupyter/modelarts_nb_config.json").read_text()
        found: dict[str, str] = json.loads(text)["Cloud"]
        return found

    @settings.setter
    def settings(self, values: dict[str, str]) -> None:
        file = self.home / ".jupyter/modelarts_nb_config.json"
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps({"Cloud": values}))

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """The JSON of an answer that is no error."""
        status, answer = self.try_to(method, path, body)
        assert status < 300, answer
        return answer

    def try_to(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Status and JSON."""
        status, answer = self.server.ask(method, path, body)
        self.answers.append(json.dumps(answer))
        return status, answer

    def do(self, verb: str, **params: Any) -> Any:
        """What an operation ended with."""
        begun = self.ask("POST", "operations", {"verb": verb, "params": params})
        ended = self.server.ended(begun["id"])
        self.ask("GET", f"operations/{begun['id']}/log")
        self.answers.append(json.dumps(ended))
        assert ended["state"] == "done", ended["error"]
        return ended["result"]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The developer's Jupyter server, in the notebook ``demo``."""
    folder, disk = tmp_path_factory.mktemp("local"), tmp_path_factory.mktemp("disk")
    # A short path: that of an agent's socket may have 107 bytes.
    with tempfile.TemporaryDirectory(prefix="ma") as home, local_cloud(folder) as cloud:
        cloud.operate("PUT", "/_local/modelarts/pace", {"percent": 0})
        server = ServerProcess(Path(home), disk, options=QUICK)
        try:
            found = World(cloud, server, Path(home), disk)
            keys = str(folder / "keys/developer.json")
            found.settings = {"file": keys}
            # The first call loads the SDK, which takes its time on a busy machine.
            while found.ask("GET", "cloud")["error"] is not None:
                assert len(found.answers) < 20, found.answers[-1]
            (demo,) = found.ask("GET", "notebooks?name=demo")["notebooks"]
            found.settings = {"file": keys, "instance": demo["id"]}
            found.do("notebook.start")
            yield found
        finally:
            server.ask("POST", "ssh/lock", {})
            server.stop()


def every_question(world: World) -> list[str]:
    """Every route that can be read, of everything that was done and made."""
    known = [o["id"] for o in world.ask("GET", "operations")["operations"]]
    known += ["demo", "this", "from-here", world.ask("GET", "shares")["shares"][0]["id"]]
    patterns = [pattern for pattern, handler in routes() if "get" in vars(handler)]
    paths = [pattern.removeprefix(f"{BASE}/") for pattern in patterns]
    asked = [path.replace("([^/]+)", name) for path in paths for name in known]
    return [*dict.fromkeys(asked), "hook?registration=true", "storages/show?path=demo-bucket"]


def test_the_cloud_is_known_for_the_local_one(world: World) -> None:
    found = world.ask("GET", "cloud")

    assert (found["kind"], found["error"]) == ("local", None)
    assert found["endpoint"] == world.cloud.endpoint
    assert found["access_key"] == world.cloud.users["developer"].ak[:4] + "..."


def test_a_notebook_is_found_and_kept_alive(world: World) -> None:
    (demo,) = world.ask("GET", "notebooks?status=RUNNING")["notebooks"]
    kept = world.do("notebook.keep_alive", hours=50)
    lease = world.ask("GET", "notebooks/this/lease")

    assert demo["name"] == "demo"
    assert world.ask("GET", "notebooks/demo")["id"] == demo["id"]
    assert 50 * 3600 - 60 < kept["remaining"] <= 50 * 3600
    assert abs(lease["remaining"] - kept["remaining"]) < 60


def test_a_storage_is_mounted_and_unmounted(world: World) -> None:
    mounted = world.do(
        "storage.mount", source="obs://demo-bucket/datasets", path="mine", notebook="demo"
    )
    shown = world.ask("GET", "storages/show?path=/data/mine")
    paths = [s["path"] for s in world.ask("GET", "storages?notebook=demo")["storages"]]
    world.do("storage.unmount", storage="mine")

    assert (mounted["status"], shown["status"]) == ("MOUNTED", "MOUNTED")
    assert "/data/mine" in paths
    assert world.try_to("GET", "storages/show?path=/data/mine")[0] == 404


def test_a_share_and_its_folders(world: World) -> None:
    (share,) = world.ask("GET", "shares")["shares"]
    world.do("storage.create_folder", share=share["id"], path="/fresh")

    folders = world.ask("GET", f"shares/{share['id']}/folders?path=/fresh&path=/no")["folders"]

    known = {folder["path"]: folder["exists"] for folder in folders}
    assert (known["/fresh"], known["/no"]) == (True, False)


def test_an_error_keeps_the_clouds_code_and_the_id_of_its_request(world: World) -> None:
    status, problem = world.try_to("GET", "notebooks/11111111-2222-3333-4444-555555555555")

    assert (status, problem["code"]) == (404, "cloud_not_found")
    assert problem["error_code"].startswith("ModelArts.")
    assert problem["cloud_request_id"]
    assert problem["cloud_request_id"] != problem["request_id"]


def test_a_cloud_that_hangs_is_an_error_while_others_are_answered(world: World) -> None:
    world.ask("GET", "environments")
    worker = world.server.worker_pid()
    world.cloud.fault("delay", path="/v1/*/notebooks*", seconds=8, times=30)
    with ThreadPoolExecutor(20) as pool:
        asked = [pool.submit(world.try_to, "GET", "notebooks") for _ in range(20)]
        meanwhile = 0
        while not any(question.done() for question in asked):
            world.ask("GET", "environments")
            meanwhile += not any(question.done() for question in asked)
    world.cloud.operate("DELETE", "/_local/faults")

    assert meanwhile > 0
    assert {(q.result()[0], q.result()[1]["code"]) for q in asked} == {(504, "cloud_timeout")}
    assert "cloud_timeout" in asked[0].result()[1]["hint"]
    assert world.server.worker_pid() == worker
    assert world.ask("GET", "notebooks")["notebooks"]


def test_without_credentials_everything_says_so_and_environments_work(world: World) -> None:
    before, world.settings = world.settings, {}
    try:
        found = world.ask("GET", "cloud")
        refused = [world.try_to("GET", path) for path in ("notebooks", "storages", "ssh", "shares")]
        environments = world.try_to("GET", "environments")[0]
    finally:
        world.settings = before

    assert (found["kind"], found["error"]["code"]) == ("none", "no_credentials")
    assert {(status, problem["code"]) for status, problem in refused} == {(401, "no_credentials")}
    assert all("ma local up" in problem["hint"] for _, problem in refused)
    assert environments == 200


def test_keys_that_the_cloud_made_are_kept_and_never_seen(world: World) -> None:
    # given a private key that the cloud gave once
    world.do("ssh.create_key", name="from-here")
    world.do("ssh.use", key_pairs=["from-here"], notebook="demo")
    private = (world.home / ".ssh/modelarts_nb/keys/from-here").read_text()
    # when it is kept, lost with the home, opened, looked at in every way, and locked
    kept = world.ask("POST", "ssh/keys/from-here/keep", {"passphrase": PASSPHRASE})
    shutil.rmtree(world.home / ".ssh")
    refused, wrong = world.try_to("POST", "ssh/unlock", {"passphrase": "not " + PASSPHRASE})
    opened = world.ask("POST", "ssh/unlock", {"name": "from-here", "passphrase": PASSPHRASE})
    setup = world.ask("GET", "ssh?notebook=demo")
    (pair,) = (k for k in world.ask("GET", "ssh/keys")["keys"] if k["name"] == "from-here")
    check = world.ask("GET", "ssh/check?said=Permission%20denied")
    looked_at = [world.try_to("GET", path)[0] for path in every_question(world)]
    world.ask("POST", "ssh/lock", {})
    # then
    assert (kept["locked"], opened["opened"]) == (True, ["from-here"])
    assert (refused, wrong["code"]) == (403, "passphrase_wrong")
    assert setup["endpoint"]["key_pairs"] == ["from-here"]
    assert pair["private"] == ["home", "disk"]
    assert check["findings"][0]["code"] == "refused"
    assert looked_at.count(200) > 30
    # and neither it nor its passphrase is in any answer, journal, log or on the disk
    body = [line for line in private.splitlines() if line and "-----" not in line]
    written = [
        path
        for folder in (world.home, world.disk)
        for path in folder.rglob("*")
        if path.is_file() and path.parent.name != "keys"
    ]
    texts = {str(path): path.read_text("utf-8", "replace") for path in written}
    texts |= {"answers": "\n".join(world.answers)}
    assert any("server" in name for name in texts)
    assert any(name.endswith("operation.json") for name in texts)
    for name, text in texts.items():
        assert not any(line in text for line in body), name
        assert PASSPHRASE not in text, name
    assert world.cloud.users["developer"].sk not in texts["answers"]
