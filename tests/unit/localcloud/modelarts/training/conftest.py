"""Training jobs of a local cloud in which nothing takes time, through the unmodified SDK."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import itertools
import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest
from huaweicloudsdkmodelarts.v1 import (
    CreateTrainingJobRequest,
    DeleteTrainingJobRequest,
    JobActionType,
    ListTrainingJobEventsRequest,
    ShowTrainingJobDetailsRequest,
    ShowTrainingJobLogsPreviewRequest,
    StopTrainingJobRequest,
)
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, ConnectionClosedOK

from modelarts_nb.localcloud.modelarts.training.jobs import find
from modelarts_nb.localcloud.modelarts.training.runtime import identity_of, pod_name, training
from modelarts_nb.localcloud.plane.training.identity import TaskIdentity
from tests.unit.localcloud.modelarts.conftest import World, quick_world, until

V4, V5 = "v4.channel.k8s.io", "v5.channel.k8s.io"
FLAVOR = "modelarts.vm.cpu.2u"
_NUMBERS = itertools.count(1)


class Jobs:
    """The training jobs of a world."""

    def __init__(self, world: World) -> None:
        self.world = world

    def body(self, command: str = "sleep 600", **more: Any) -> dict[str, Any]:
        """A request to create one. ``pool``: in the dedicated pool; ``pairs``: with SSH;
        ``algorithm``, ``spec``, ``metadata``: parts that are added."""
        place = {"pool_id": self.pool_id} if more.get("pool") else {"flavor_id": FLAVOR}
        name = more.get("name") or f"job-{next(_NUMBERS)}"
        resource = {**place, "node_count": more.get("nodes", 1)}
        return {
            "kind": "job",
            "metadata": {"name": name, **more.get("metadata", {})},
            "algorithm": {
                "engine": {"image_url": "team/image:1"},
                "command": command,
                **more.get("algorithm", {}),
            },
            "spec": {"resource": resource, **more.get("spec", {})},
            "endpoints": {"ssh": {"key_pair_names": more["pairs"]}} if more.get("pairs") else {},
        }

    def create(self, command: str = "sleep 600", user: str = "developer", **more: Any) -> Any:
        """A new job; it may still be starting."""
        request = CreateTrainingJobRequest(body=self.body(command, **more))
        return self.world(user).create_training_job(request)

    def running(self, command: str = "sleep 600", **more: Any) -> Any:
        """A new job that runs."""
        return self.wait(self.create(command, **more).metadata.id, "Running")

    def ended(self, command: str, **more: Any) -> Any:
        """A new job that has ended, however."""
        id = self.create(command, **more).metadata.id
        over = {"Completed", "Failed", "Terminated", "Abnormal"}
        return until(lambda: self.show(id), lambda found: found.status.phase in over)

    def show(self, id: str, user: str = "developer") -> Any:
        return self.world(user).show_training_job_details(ShowTrainingJobDetailsRequest(id))

    def wait(self, id: str, phase: str) -> Any:
        return until(lambda: self.show(id), lambda found: found.status.phase == phase)

    def stop(self, id: str, user: str = "developer") -> Any:
        body = JobActionType(action_type="terminate")
        return self.world(user).stop_training_job(StopTrainingJobRequest(id, body))

    def delete(self, id: str, user: str = "developer") -> Any:
        return self.world(user).delete_training_job(DeleteTrainingJobRequest(id))

    def log(self, id: str, task: str = "worker-0") -> str:
        request = ShowTrainingJobLogsPreviewRequest(id, task)
        return self.world().show_training_job_logs_preview(request).content or ""

    def said(self, id: str, text: str, task: str = "worker-0") -> str:
        """The log as soon as a text is in it."""
        return str(until(lambda: self.log(id, task), lambda log: text in log))

    def events(self, id: str, **more: Any) -> list[str]:
        request = ListTrainingJobEventsRequest(id, order="asc", **more)
        return [event.message for event in self.world().list_training_job_events(request).events]

    def identity(self, id: str, task: str = "worker-0") -> TaskIdentity:
        """A task on this machine."""
        with self.world.cloud.inside.store.read() as db:
            job = find(db, id)
        assert job is not None
        return identity_of(self.world.cloud.inside, job, task)

    @property
    def pool_id(self) -> str:
        with self.world.cloud.inside.store.read() as db:
            row = db.one("SELECT id FROM modelarts_pool WHERE name = 'demo-pool'")
        assert row is not None
        return str(row["id"])


@dataclass(frozen=True)
class Done:
    """What a command said, and the ``metav1.Status`` at its end; None where there was none."""

    stdout: bytes
    stderr: bytes
    status: Any

    @property
    def exit_code(self) -> int:
        if self.status["status"] == "Success":
            return 0
        return int(self.status["details"]["causes"][0]["message"])


class Socket:
    """A websocket for callers that wait. It reads only while it is asked to.

    Not the library's own: that reads and writes one TLS connection from two threads, which
    OpenSSL does not take well under Python before 3.13.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, connection: ClientConnection) -> None:
        self._run = loop.run_until_complete
        self._connection = connection

    @property
    def subprotocol(self) -> str | None:
        return self._connection.subprotocol

    def send(self, message: bytes) -> None:
        self._run(self._connection.send(message))

    def recv(self, seconds: float = 20) -> bytes:
        message = self._run(asyncio.wait_for(self._connection.recv(), seconds))
        assert isinstance(message, bytes)
        return message

    def write(self, data: bytes) -> None:
        """Bytes that need not be a frame."""

        async def work() -> None:
            self._connection.transport.write(data)

        self._run(work())


class Cluster:
    """A user's way into the pods: what is in the kubeconfig, and a websocket."""

    def __init__(self, world: World, user: str = "developer") -> None:
        file = world.cloud.inside.folder / "keys" / f"{user}.kubeconfig"
        content = json.loads(file.read_text())
        self.mode = file.stat().st_mode & 0o777
        self.token = content["users"][0]["user"]["token"]
        cluster = content["clusters"][0]["cluster"]
        self.server = cluster["server"]
        self.context = ssl.create_default_context(cadata=_pem(cluster))

    @contextmanager
    def open(
        self,
        id: str,
        *command: str,
        task: str = "worker-0",
        protocols: Any = (V5, V4),
        **query: Any,
    ) -> Iterator[Socket]:
        """An exec, ready to be spoken to."""
        asked = {"stdin": "true", "stdout": "true", "stderr": "true", "tty": "false", **query}
        words = urlencode([*(("command", word) for word in command), *asked.items()])
        pod = pod_name(id, task)
        address = f"{self.server.replace('https', 'wss')}/api/v1/namespaces/modelarts/pods/{pod}"
        with contextlib.closing(asyncio.new_event_loop()) as loop:
            run = loop.run_until_complete
            connection = run(self._connected(f"{address}/exec?{words}", list(protocols)))
            try:
                yield Socket(loop, connection)
            finally:
                run(connection.close())

    async def _connected(self, address: str, protocols: Any) -> ClientConnection:
        return await connect(
            address,
            ssl=self.context,
            subprotocols=protocols,
            additional_headers={"Authorization": f"Bearer {self.token}"},
            compression=None,
            max_size=None,
            proxy=None,
            ping_interval=None,
            open_timeout=30,
            close_timeout=0.5,
        )

    def get(self, path: str) -> Any:
        """The JSON of an answer.

        Raises:
            HTTPError: it is a refusal.
        """
        headers = {"Authorization": f"Bearer {self.token}"}
        request = Request(f"{self.server}{path}", headers=headers)
        with urlopen(request, context=self.context, timeout=30) as answer:
            return json.load(answer)

    def run(self, id: str, *command: str, stdin: bytes = b"", **more: Any) -> Done:
        """A command to its end, fed with all of its input."""
        with self.open(id, *command, **more) as socket:
            with contextlib.suppress(ConnectionClosed):  # a command need not wait for its input
                for at in range(0, len(stdin), 30_000):
                    socket.send(b"\0" + stdin[at : at + 30_000])
                if socket.subprotocol == V5:
                    socket.send(bytes([255, 0]))
            return collected(socket)


def collected(socket: Socket) -> Done:
    """Everything until the server says goodbye."""
    streams: dict[int, bytearray] = {1: bytearray(), 2: bytearray(), 3: bytearray()}
    with contextlib.suppress(ConnectionClosedOK):
        while message := socket.recv():
            streams[message[0]] += message[1:]
    status = json.loads(streams[3]) if streams[3] else None
    return Done(bytes(streams[1]), bytes(streams[2]), status)


def _pem(cluster: dict[str, str]) -> str:
    return base64.b64decode(cluster["certificate-authority-data"]).decode()


def measuring(world: World) -> None:
    """Measure often."""
    training(world.cloud.inside).metrics = 0.02


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jobs]:
    """One world for all tests of a file: they use jobs of their own."""
    with quick_world(tmp_path_factory.mktemp("jobs")) as made:
        yield Jobs(made)


@pytest.fixture
def own_jobs(tmp_path: Path) -> Iterator[Jobs]:
    """A world for a test alone."""
    with quick_world(tmp_path / "own") as made:
        yield Jobs(made)
