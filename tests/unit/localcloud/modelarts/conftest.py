"""A local cloud in which nothing takes time, and the SDK's ModelArts client for its users."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from huaweicloudsdkcore.exceptions.exceptions import ServiceResponseException
from huaweicloudsdkmodelarts.v1 import (
    CreateNotebookRequest,
    EndpointsReq,
    ListNotebooksRequest,
    ModelArtsClient,
    NotebookCreateRequest,
    ShowNotebookRequest,
    StartNotebookRequest,
    StopNotebookRequest,
    VolumeMountRequest,
)

from modelarts_nb.localcloud.modelarts.catalog import DEFAULT_IMAGE
from modelarts_nb.localcloud.modelarts.lifecycle import identity_of
from modelarts_nb.localcloud.modelarts.notebooks import find
from modelarts_nb.localcloud.plane.folders import Folders
from modelarts_nb.localcloud.testing import LocalCloud, local_cloud
from tests.unit.localcloud.clients import Clients


class World:
    """One local cloud and what tests ask of it."""

    def __init__(self, cloud: LocalCloud) -> None:
        self.cloud = cloud
        self.clients = Clients(cloud)
        self._by_user: dict[str, Any] = {}
        self._demo = ""

    def __call__(self, user: str = "developer") -> Any:
        """The ModelArts client of a user."""
        if user not in self._by_user:
            self._by_user[user] = self.clients.of(ModelArtsClient, user)
        return self._by_user[user]

    def create(self, user: str = "developer", client: Any = None, **properties: Any) -> Any:
        """A new notebook; it may still be starting."""
        volume = VolumeMountRequest(category="EFS", ownership="MANAGED")
        given = {"flavor": "modelarts.vm.cpu.2u", "image_id": DEFAULT_IMAGE, "volume": volume}
        body = NotebookCreateRequest(**{**given, "name": "test", **properties})
        return (client or self(user)).create_notebook(CreateNotebookRequest(body))

    def running(self, user: str = "developer", **properties: Any) -> Any:
        """A new notebook that runs."""
        return self.wait(self.create(user, **properties).id, "RUNNING", user=user)

    def stopped(self, id: str, user: str = "developer") -> Any:
        """Stop it; it has stopped."""
        self(user).stop_notebook(StopNotebookRequest(id=id))
        return self.wait(id, "STOPPED", user=user)

    def started(self, id: str, user: str = "developer") -> Any:
        """Start it; it runs."""
        self(user).start_notebook(StartNotebookRequest(id=id))
        return self.wait(id, "RUNNING", user=user)

    def show(self, id: str, user: str = "developer") -> Any:
        return self(user).show_notebook(ShowNotebookRequest(id=id))

    def wait(self, id: str, status: str, user: str = "developer") -> Any:
        """The notebook in a state that it will have."""
        return until(lambda: self.show(id, user), lambda found: found.status == status)

    @property
    def demo_id(self) -> str:
        """The developer's notebook of the demo account."""
        if not self._demo:
            self._demo = self().list_notebooks(ListNotebooksRequest(name="demo")).data[0].id
        return self._demo

    def demo(self) -> Any:
        """The same, running."""
        return self.wait(self.demo_id, "RUNNING")

    def folders(self, id: str) -> Folders:
        """Where a notebook lives on this machine."""
        with self.cloud.inside.store.read() as db:
            notebook = find(db, id)
        assert notebook is not None
        return identity_of(self.cloud.inside, notebook).folders

    def ssh(self, *pairs: str) -> list[EndpointsReq]:
        """An SSH endpoint as a request has it."""
        return [EndpointsReq(service="SSH", key_pair_names=list(pairs))]


def until(look: Callable[[], Any], good: Callable[[Any], bool], seconds: float = 60) -> Any:
    """What is seen as soon as it is good."""
    deadline = time.monotonic() + seconds
    while not good(found := look()):
        assert time.monotonic() < deadline, f"still {found}"
        time.sleep(0.005)
    return found


def code(refused: pytest.ExceptionInfo[ServiceResponseException]) -> str:
    """The cloud's code of a refusal, and its HTTP status, as ``6309 400``."""
    assert refused.value.request_id
    return f"{refused.value.error_code.removeprefix('ModelArts.')} {refused.value.status_code}"


@contextmanager
def quick_world(folder: Path, state: Path | None = None) -> Iterator[World]:
    """A local cloud whose states last no time, and clients that see nothing of this machine.

    Args:
        folder: for home and state.
        state: the state folder of another that has ended, to go on with.
    """
    home = folder / "home"
    home.mkdir(parents=True)
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith("HUAWEICLOUD_") or name.upper().endswith("_PROXY"):
                patch.delenv(name)
        patch.setenv("HOME", str(home))  # the SDK keeps a file there
        with local_cloud(state or folder / "state") as cloud:
            cloud.operate("PUT", "/_local/modelarts/pace", {"percent": 0})
            made = World(cloud)
            yield made
            made.clients.close()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One for all tests of a file: they use notebooks of their own."""
    with quick_world(tmp_path_factory.mktemp("world")) as made:
        yield made


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[World]:
    """One for a test alone."""
    with quick_world(tmp_path / "fresh") as made:
        yield made
