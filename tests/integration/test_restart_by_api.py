"""The whole story on the local cloud: an environment, the hook, a restart by API, kernels back.

Everything that a person does in the notebook runs with the notebook's own variables, also the
agency's keys by which ``ma`` asks the cloud.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkmodelarts.v1 import (
    ListNotebooksRequest,
    ModelArtsClient,
    ShowNotebookRequest,
    StartNotebookRequest,
    StopNotebookRequest,
)

from modelarts_nb.localcloud.modelarts.credentials import agency_variables
from modelarts_nb.localcloud.modelarts.lifecycle import identity_of
from modelarts_nb.localcloud.modelarts.notebooks import Notebook, find
from modelarts_nb.localcloud.testing import LocalCloud, local_cloud
from tests.integration.container import Container


@dataclass
class InNotebook(Container):
    """The container of a notebook of the local cloud, as one works in it."""

    cloud: LocalCloud | None = None
    notebook: Notebook | None = None

    def _parts(self) -> tuple[LocalCloud, Notebook]:
        assert self.cloud is not None
        assert self.notebook is not None
        return self.cloud, self.notebook

    @property
    def home(self) -> Path:
        cloud, notebook = self._parts()
        return identity_of(cloud.inside, notebook).folders.home

    @property
    def disk(self) -> Path:
        cloud, notebook = self._parts()
        return identity_of(cloud.inside, notebook).folders.disk

    def variables(self, extra: Sequence[tuple[str, str]] = ()) -> dict[str, str]:
        cloud, notebook = self._parts()
        identity = identity_of(cloud.inside, notebook, agency_variables(cloud.inside, notebook))
        found = identity.variables()
        path = f"{self.home}/.local/bin:{Path(sys.executable).parent}:{found['PATH']}"
        return {**found, "PATH": path, **dict(extra)}


def client_of(cloud: LocalCloud) -> ModelArtsClient:
    user = cloud.users["developer"]
    credentials = BasicCredentials(user.ak, user.sk, cloud.project_id)
    builder = ModelArtsClient.new_builder().with_credentials(credentials)
    return builder.with_endpoint(cloud.endpoint).build()


def test_a_restart_by_api_brings_the_kernel_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, image_env: Path, channel: str
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))  # the SDK keeps a file there
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with local_cloud(tmp_path / "local") as cloud:
        cloud.operate("PUT", "/_local/modelarts/pace", {"percent": 0})
        client = client_of(cloud)
        id = client.list_notebooks(ListNotebooksRequest(name="demo")).data[0].id

        def status() -> str:
            return str(client.show_notebook(ShowNotebookRequest(id=id)).status)

        def wait(wanted: str) -> None:
            deadline = time.monotonic() + 60
            while (now := status()) != wanted:
                assert time.monotonic() < deadline, f"still {now}"
                time.sleep(0.02)

        with cloud.inside.store.read() as db:
            notebook = find(db, id)
        inside = InNotebook(tmp_path, image_env, channel, cloud=cloud, notebook=notebook)

        # given an environment on the disk, with the hook installed and registered from inside
        inside.ma("env", "clone", str(image_env), "mine")
        assert "ma-mine" in inside.kernels()
        installed = inside.ma("hook", "install", "-c", channel)
        assert installed["registration"]["registered"], installed

        # when the notebook is stopped and started
        client.stop_notebook(StopNotebookRequest(id=id))
        wait("STOPPED")
        (inside.home / "scratch").touch()
        client.start_notebook(StartNotebookRequest(id=id))
        wait("RUNNING")

        # then its home is a new one, and the kernel is offered and runs from the disk
        assert not (inside.home / "scratch").exists()
        assert "ma-mine" in inside.kernels()
        said = inside.in_kernel("ma-mine", "import sys; print(sys.prefix)")
        assert said == str(inside.disk / "envs/user_conda/mine")
