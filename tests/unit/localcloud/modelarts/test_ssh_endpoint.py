"""The SSH endpoint of a notebook: its key pairs, as KPS knows them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncssh
import pytest
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdkkps.v3 import (
    CreateKeypairAction,
    CreateKeypairRequest,
    CreateKeypairRequestBody,
    DeleteKeypairRequest,
    KpsClient,
)
from huaweicloudsdkmodelarts.v1 import (
    EndpointsReq,
    NotebookUpdateRequest,
    StartNotebookRequest,
    UpdateNotebookRequest,
)

from tests.unit.localcloud.modelarts.conftest import World, code, quick_world


class Laptop:
    """A person's machine: keys on it, their public halves imported as key pairs."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world = world
        self.folder = folder

    def imported(self, name: str, user: str = "developer", scope: str = "user") -> str:
        """A key of this name on the laptop, and the pair of the same name in the cloud."""
        key = asyncssh.generate_private_key("ssh-rsa", key_size=2048)
        (self.folder / name).write_bytes(key.export_private_key())
        (self.folder / name).chmod(0o600)
        pair = CreateKeypairAction(
            name=name, scope=scope, public_key=key.export_public_key().decode().strip()
        )
        body = CreateKeypairRequestBody(keypair=pair)
        self.kps(user).create_keypair(CreateKeypairRequest(body))
        return name

    def deleted(self, name: str, user: str = "developer") -> None:
        self.kps(user).delete_keypair(DeleteKeypairRequest(keypair_name=name))

    def kps(self, user: str) -> Any:
        return self.world.clients.of(KpsClient, user)

    def login(self, notebook: Any, key: str, command: str = "echo $INSTANCE_ID") -> str:
        """What a command prints there; the client's complaint where it does not come in."""
        uri = next(e.uri for e in notebook.endpoints if e.service == "SSH")
        assert uri.startswith("ssh://ma-user@127.0.0.1:")
        done = subprocess.run(
            ["ssh", "-F", "/dev/null", "-i", self.folder / key, "-o", "IdentitiesOnly=yes",
             "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no", "-o", "LogLevel=ERROR",
             "-o", "UserKnownHostsFile=/dev/null", uri, command],
            capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        return done.stdout.strip() or done.stderr.strip()


@pytest.fixture(scope="module")
def laptop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laptop]:
    folder = tmp_path_factory.mktemp("laptop")
    with quick_world(folder) as world:
        yield Laptop(world, folder)


def test_the_pairs_of_the_notebook_open_it_and_no_others(laptop: Laptop) -> None:
    mine, other = laptop.imported("mine"), laptop.imported("other")

    found = laptop.world.running(endpoints=laptop.world.ssh(mine))

    assert laptop.login(found, mine) == found.id
    assert "Permission denied" in laptop.login(found, other)
    raw = json.loads(found.raw_content)
    assert raw["endpoints"][1]["allowed_access_ips"] == []


def test_several_pairs_and_one_of_the_account(laptop: Laptop) -> None:
    names = laptop.imported("one"), laptop.imported("team", "teammate", "domain")

    found = laptop.world.running(endpoints=laptop.world.ssh(*names))

    assert [laptop.login(found, name) for name in names] == [found.id] * 2


def test_a_deleted_pair_opens_no_more_and_prevents_the_next_start(laptop: Laptop) -> None:
    name = laptop.imported("short-lived")
    found = laptop.world.running(endpoints=laptop.world.ssh(name))

    laptop.deleted(name)

    assert "Permission denied" in laptop.login(found, name)
    laptop.world.stopped(found.id)
    with pytest.raises(ClientRequestException) as refused:
        laptop.world.started(found.id)
    assert code(refused) == "6789 400"
    assert name in refused.value.error_msg


def test_another_users_notebook_takes_ones_own_pair(laptop: Laptop) -> None:
    # given the developer's notebook, stopped, and the administrator who may see it
    theirs, own = laptop.imported("developers"), laptop.imported("admins", "administrator")
    world = laptop.world
    id = world.running(endpoints=world.ssh(theirs)).id
    world.stopped(id)

    # when the administrator starts it as it is, then that is refused
    with pytest.raises(ClientRequestException) as refused:
        world("administrator").start_notebook(StartNotebookRequest(id=id))
    assert code(refused) == "6786 400"

    # but with a pair of their own it is theirs to enter
    change = NotebookUpdateRequest(endpoints=world.ssh(own))
    world("administrator").update_notebook(UpdateNotebookRequest(id=id, body=change))
    found = world.started(id, "administrator")
    assert laptop.login(found, own) == id
    assert "Permission denied" in laptop.login(found, theirs)


@pytest.mark.parametrize(
    ("pairs", "expected"), [(["no-such-pair"], "6789 400"), ([], "6768 400"), (None, "6768 400")]
)
def test_pairs_that_cannot_be_attached(laptop: Laptop, pairs: Any, expected: str) -> None:
    with pytest.raises(ClientRequestException) as refused:
        laptop.world.create(endpoints=[EndpointsReq(service="SSH", key_pair_names=pairs)])
    assert code(refused) == expected


def test_a_new_endpoint_opens_with_the_next_start(laptop: Laptop) -> None:
    world, name = laptop.world, laptop.imported("later")
    id = world.running().id
    change = NotebookUpdateRequest(endpoints=world.ssh(name))

    world().update_notebook(UpdateNotebookRequest(id=id, body=change))
    assert [e.uri for e in world.show(id).endpoints if e.service == "SSH"] == [""]

    world.stopped(id)
    assert laptop.login(world.started(id), name) == id


def test_a_stopped_notebook_keeps_its_port(laptop: Laptop) -> None:
    world, name = laptop.world, laptop.imported("steady")
    first = world.running(endpoints=world.ssh(name))

    world.stopped(first.id)

    assert [e.uri for e in world.show(first.id).endpoints][1] == ""
    assert world.started(first.id).endpoints[1].uri == first.endpoints[1].uri


def test_allowed_addresses_are_respected(laptop: Laptop) -> None:
    # given what the SDK cannot send: an address that this machine does not have
    world, name = laptop.world, laptop.imported("walled")
    id = world.running(endpoints=world.ssh(name)).id
    world.stopped(id)
    endpoint = {
        "service": "SSH",
        "key_pair_names": [name],
        "allowed_access_ips": ["10.1.2.3", "192.168.0.0/16"],
    }
    put(world, id, {"endpoints": [endpoint]})

    found = world.started(id)

    assert laptop.login(found, name) != id
    raw = json.loads(found.raw_content)
    assert raw["endpoints"][1]["allowed_access_ips"] == endpoint["allowed_access_ips"]


def put(world: World, id: str, body: dict[str, Any]) -> None:
    """A change as the Terraform provider sends it, through the SDK's own signing."""
    world().call_api(
        resource_path=f"/v1/{world.cloud.project_id}/notebooks/{id}",
        method="PUT",
        header_params={"Content-Type": "application/json"},
        body=body,
        response_type="UpdateNotebookResponse",
    )
