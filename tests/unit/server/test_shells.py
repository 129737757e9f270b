"""Shells over REST and their channel: a real worker process, a local cloud, SSH into its job."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_server.auth.identity import IdentityProvider, User
from tornado.httpclient import HTTPClientError
from tornado.websocket import WebSocketClientConnection, WebSocketClosedError

from modelarts_nb import jobs, ssh
from modelarts_nb.cloud import waiting
from modelarts_nb.cloud.client import forget_clients
from modelarts_nb.localcloud.testing import local_cloud
from modelarts_nb.server.shells import MOST_TYPED, Shells
from modelarts_nb.shell.relay import WINDOW
from tests.unit.server.conftest import Fetch, json_of
from tests.unit.server.documented import as_documented

HERE = {"job": "both", "rows": 33, "columns": 111}
SHELLS = "shells"


class Named(IdentityProvider):
    """Takes whoever has the token for who they say they are."""

    async def get_user_token(self, handler: Any) -> User | None:
        user = await super().get_user_token(handler)
        return user and User(handler.request.headers.get("X-User", "ada"))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A local cloud whose job ``both`` has two tasks that a key here opens; its variables."""
    folder = tmp_path_factory.mktemp("world")
    (folder / "home").mkdir()
    with pytest.MonkeyPatch.context() as patch, local_cloud(folder / "cloud") as cloud:
        for name in list(os.environ):
            if name.startswith(("MODELARTS_", "HUAWEICLOUD_", "KUBE")) or name in (
                *("INSTANCE_ID", "PROJECT_ID", "SSH_AUTH_SOCK"),
            ):
                patch.delenv(name)
        variables = {
            "HOME": str(folder / "home"),
            "MODELARTS_NB_CLOUD_FILE": str(folder / "cloud/keys/developer.json"),
        }
        for name, value in variables.items():
            patch.setenv(name, value)
        patch.setattr(waiting, "_FIRST", 0.01)
        patch.setattr(waiting, "_LONGEST", 0.05)
        cloud.operate("PUT", "/_local/modelarts/pace", {"percent": 0})
        ssh.create_key("mine")
        submit("both", nodes=2)
        yield variables
        forget_clients()


def submit(name: str, **options: Any) -> None:
    """A job that runs, with the key pair ``mine``."""
    options = {"pool": "demo-pool", "key_pairs": ["mine"], **options}
    jobs.submit(name=name, command="echo hello; sleep 600", image="x/y:1", wait=True, **options)


@pytest.fixture
def jp_server_config(jp_server_config: dict[str, Any]) -> dict[str, Any]:
    jp_server_config["ServerApp"]["identity_provider_class"] = Named
    jp_server_config["ModelArtsNb"]["max_shells"] = 5
    return jp_server_config


@pytest.fixture(autouse=True)
def inside(
    world: dict[str, str], jp_environ: None, disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server has the keys of the local cloud's developer."""
    for name, value in world.items():
        monkeypatch.setenv(name, value)
    for name in list(os.environ):
        if name.upper().endswith("_PROXY"):
            monkeypatch.delenv(name)


class Tab:
    """A browser's end of a channel, which says what it has shown unless it is lazy."""

    def __init__(self, socket: WebSocketClientConnection, *, lazy: bool = False) -> None:
        self.socket, self.lazy = socket, lazy
        self.output = bytearray()
        self.told: list[dict[str, Any]] = []
        self.closed = False

    def type(self, text: str) -> None:
        self.say(text.encode())

    def say(self, message: Any) -> None:
        binary = isinstance(message, bytes)
        body = message if binary else json.dumps(message)
        # That the other end has gone is heard by reading.
        with contextlib.suppress(WebSocketClosedError):
            sent: Any = self.socket.write_message(body, binary=binary)
            sent.add_done_callback(lambda done: done.exception())

    async def step(self) -> None:
        """Take the next message."""
        message = await asyncio.wait_for(_result(self.socket.read_message()), 20)
        if message is None:
            self.closed = True
        elif isinstance(message, bytes):
            self.output += message
            if not self.lazy:
                self.say({"type": "shown", "bytes": len(message)})
        else:
            self.told.append(json.loads(message))

    async def until(self, done: Callable[[], bool]) -> None:
        while not done():
            assert not self.closed, (self.told, bytes(self.output[-500:]))
            await self.step()

    async def see(self, text: str) -> None:
        """Wait until this is shown; what was shown before it is forgotten."""
        wanted = text.encode()
        await self.until(lambda: wanted in self.output)
        del self.output[: self.output.index(wanted) + len(wanted)]

    async def hear(self, kind: str) -> dict[str, Any]:
        await self.until(lambda: any(message["type"] == kind for message in self.told))
        return next(message for message in self.told if message["type"] == kind)

    async def end(self) -> None:
        """Wait until the server has closed it."""
        while not self.closed:
            await self.step()


async def _result(future: Any) -> Any:
    return await future


@pytest.fixture
def enter(jp_ws_fetch: Fetch, jp_asyncio_loop: Any) -> Iterator[Callable[..., Any]]:
    """``await enter(id)``: look at a session."""
    tabs: list[Tab] = []

    async def enter(id: str, user: str = "ada", offset: str = "", **how: Any) -> Tab:
        path = ("modelarts-nb", "api", "shells", id, "channel")
        socket = await jp_ws_fetch(*path, headers={"X-User": user}, params={"offset": offset})
        tab = Tab(socket, **how)
        tabs.append(tab)
        await tab.hear("attached")
        return tab

    yield enter
    for tab in tabs:
        tab.socket.close()
        if not tab.closed:
            jp_asyncio_loop.run_until_complete(tab.end())


async def opened(call: Fetch, **change: Any) -> str:
    response = await call("POST", SHELLS, {**HERE, **change})
    assert response.code == 201, response.body
    id: str = json_of(response)["id"]
    return id


def shells_of(app: Any) -> Shells:
    found: Shells = app.web_app.settings["modelarts_nb_shells"]
    return found


def pids(app: Any) -> list[int]:
    return [shell._child._process.pid for shell in shells_of(app)._all.values()]


async def gone(pid: int) -> None:
    async def wait() -> None:
        while Path(f"/proc/{pid}/stat").exists():
            await asyncio.sleep(0.02)

    await asyncio.wait_for(wait(), 10)


async def test_jobs_are_told_as_documented(call: Fetch) -> None:
    paths = (
        *("jobs", "jobs?phase=Running&name=both&limit=1", "jobs?limit=0&pool=demo-pool"),
        *("jobs?limit=1&offset=1", "jobs?offset=50"),
        *("jobs/both", "jobs/both/logs", "jobs/both/logs?all=true&lines=5"),
        *("jobs/both/logs?task=worker-1", "jobs/both/events", "jobs/both/metrics"),
    )
    told = {}
    for path in paths:
        response = await call("GET", path)
        assert response.code == 200, (path, response.body)
        told[path] = as_documented(response, "GET", path)

    assert [job["name"] for job in told[paths[1]]["jobs"]] == ["both"]
    # Not the whole of them: between two questions a running job gets older.
    every, one = ([job["id"] for job in told[path]["jobs"]] for path in (paths[0], paths[3]))
    assert one == every[1:2] != []
    assert told["jobs?offset=50"]["jobs"] == []
    assert [task["name"] for task in told["jobs/both"]["tasks"]] == ["worker-0", "worker-1"]
    assert told["jobs/both/logs?all=true&lines=5"]["lines"][0]["task"] == "worker-0"


BAD_QUESTIONS = {
    "jobs?phase=Asleep": (400, "usage"),
    "jobs?limit=-1": (400, "usage"),
    "jobs?offset=x": (400, "usage"),
    "jobs/no-such": (404, "cloud_not_found"),
    "jobs/both/logs?task=worker-9": (404, "cloud_not_found"),
    "jobs/both/logs?lines=many": (400, "usage"),
}


async def test_a_bad_question_is_an_error(call: Fetch) -> None:
    answers = {path: await call("GET", path) for path in BAD_QUESTIONS}

    told = {path: (a.code, json_of(a)["code"]) for path, a in answers.items()}
    assert told == BAD_QUESTIONS


async def test_a_terminal_has_its_size_from_the_start_and_says_how_it_ended(
    call: Fetch, enter: Callable[..., Any]
) -> None:
    response = await call("POST", SHELLS, {**HERE, "task": "worker-1"})
    shell = as_documented(response, "POST", SHELLS, {**HERE, "task": "worker-1"})
    tab = await enter(shell["id"])

    tab.type("stty size; echo \"I am $(hostname)\" | sed 's/^/>/'\n")
    await tab.see("33 111")
    tab.say({"type": "resize", "rows": 50, "columns": 90})
    tab.type("sleep 0.2; stty size\n")
    await tab.see("50 90")
    tab.type("exit 7\n")

    assert await tab.hear("ended") == {"type": "ended", "exit_code": 7, "signal": ""}
    await tab.end()
    assert (shell["task"], shell["transport"], shell["job_name"]) == ("worker-1", "ssh", "both")
    assert response.headers["Location"].endswith(f"/modelarts-nb/api/shells/{shell['id']}")
    assert json_of(await call("GET", SHELLS)) == {"shells": []}


BAD: list[tuple[dict[str, Any], int, str]] = [
    ({"job": "no-such"}, 404, "cloud_not_found"),
    ({"task": "worker-9"}, 404, "cloud_not_found"),
    ({"job": "pod/secret"}, 400, "usage"),
    ({"job": "--help"}, 404, "cloud_not_found"),
    ({"job": ""}, 400, "usage"),
    ({"job": 7}, 400, "usage"),
    ({"task": ["worker-0"]}, 400, "usage"),
    ({"rows": 0}, 400, "usage"),
    ({"rows": True}, 400, "usage"),
    ({"columns": 1e9}, 400, "usage"),
    ({"transport": "telnet"}, 400, "usage"),
    ({"command": "rm -rf ~"}, 400, "usage"),
    ({"job": "demo-training", "transport": "ssh"}, 409, "shell_refused"),
]


async def test_what_cannot_be_is_refused_in_words(call: Fetch) -> None:
    answers = await asyncio.gather(
        *(call("POST", SHELLS, {**HERE, **change}) for change, _, _ in BAD)
    )

    told = [(answer.code, json_of(answer)["code"]) for answer in answers]
    assert told == [(status, code) for _, status, code in BAD]
    assert all(json_of(answer)["message"] for answer in answers)
    assert "key pair" in json_of(answers[-1])["message"]
    assert json_of(await call("GET", SHELLS)) == {"shells": []}


async def test_a_shell_is_nobody_elses(
    call: Fetch, enter: Callable[..., Any], jp_auth_header: dict[str, str]
) -> None:
    id = await opened(call)
    eve = {**jp_auth_header, "X-User": "eve"}

    assert (await call("GET", f"shells/{id}", headers=eve)).code == 404
    assert (await call("DELETE", f"shells/{id}", headers=eve)).code == 404
    assert json_of(await call("GET", SHELLS, headers=eve)) == {"shells": []}
    with pytest.raises(HTTPClientError, match="404"):
        await enter(id, user="eve")
    # and it is still there for whom it belongs to
    shell = as_documented(await call("GET", f"shells/{id}"), "GET", f"shells/{id}")
    assert shell["attached"] is False


async def test_a_page_that_is_loaded_again_finds_its_terminal(
    call: Fetch, enter: Callable[..., Any]
) -> None:
    id = await opened(call)
    first = await enter(id)
    first.type("X=kept; echo first $((40+2))\n")
    await first.see("first 42")
    first.socket.close()

    second = await enter(id)
    await second.see("first 42")
    second.type("echo $X $((1+1))\n")
    await second.see("kept 2")
    # a third one takes over, and the second is told
    await enter(id)
    await second.hear("taken")


async def test_hanging_up_ends_the_process_and_is_in_the_audit(
    call: Fetch, jp_serverapp: Any, world: dict[str, str]
) -> None:
    id = await opened(call)
    [pid] = pids(jp_serverapp)

    response = await call("DELETE", f"shells/{id}")

    assert response.code == 204
    await gone(pid)
    audit = Path(world["HOME"], ".local/state/modelarts_nb/shell.ndjson")
    began, ended = [json.loads(line) for line in audit.read_text().splitlines()[-2:]]
    assert (began["who"], began["task"], began["ended"]) == ("tester (ada)", "worker-0", None)
    assert (ended["id"], ended["error"]) == (began["id"], "cancelled")
    assert (await call("GET", f"shells/{id}")).code == 404


async def test_a_shell_that_nobody_comes_back_to_ends(
    call: Fetch, enter: Callable[..., Any], jp_serverapp: Any
) -> None:
    shells_of(jp_serverapp)._grace = 0.05
    id = await opened(call)
    [pid] = pids(jp_serverapp) or [0]
    await gone(pid)

    assert (await call("GET", f"shells/{id}")).code == 404


async def test_there_are_not_too_many_and_the_end_of_the_server_ends_them(
    call: Fetch, jp_serverapp: Any
) -> None:
    answers = await asyncio.gather(*(call("POST", SHELLS, HERE) for _ in range(6)))

    assert sorted(answer.code for answer in answers) == [201] * 5 + [429]
    [refused] = [answer for answer in answers if answer.code == 429]
    assert json_of(refused)["code"] == "too_many_shells"
    running = pids(jp_serverapp)
    await shells_of(jp_serverapp).stop()
    for pid in running:
        await gone(pid)


async def test_a_slow_browser_holds_the_container_up_and_loses_nothing(
    call: Fetch, enter: Callable[..., Any], jp_serverapp: Any
) -> None:
    id = await opened(call)
    tab = await enter(id, lazy=True)
    tab.type(
        "stty -echo; PS1=; echo go | tr a-z A-Z; head -c 6000000 /dev/zero | tr '\\0' x; exit\n"
    )
    await tab.see("GO\r\n")
    begun = len(tab.output)
    # what comes without being asked for again is about a window, however long one waits
    with contextlib.suppress(asyncio.TimeoutError):
        await asyncio.wait_for(tab.end(), 1.0)
    assert begun <= len(tab.output) <= WINDOW + 33_000

    tab = await enter(id)
    await tab.until(lambda: any(message["type"] == "ended" for message in tab.told))

    assert b"x" * 6_000_000 in tab.output
    assert b"x" * 6_000_001 not in tab.output


MESSAGES: list[tuple[Any, int]] = [
    ({"type": "resize", "rows": "1; rm", "columns": 80}, 1007),
    ({"type": "exec", "command": "id"}, 1007),
    ([], 1007),
    (b"x" * 70_000, 1009),
]


async def test_a_message_that_is_none_ends_the_channel_and_not_the_shell(
    call: Fetch, enter: Callable[..., Any]
) -> None:
    id = await opened(call)
    codes = []
    for message, _ in MESSAGES:
        tab = await enter(id)
        tab.say(message)
        await tab.end()
        codes.append(tab.socket.close_code)
    # and who types more than the container takes is stopped
    tab = await enter(id)
    tab.type("stty raw -echo; echo go | tr a-z A-Z; sleep 60\n")
    await tab.see("GO")
    for _ in range(40 * MOST_TYPED // 60_000):
        tab.say(b"x" * 60_000)
    await tab.end()

    assert [*codes, tab.socket.close_code] == [*(code for _, code in MESSAGES), 1008]


async def test_the_end_of_the_job_is_told_as_the_reason(
    call: Fetch, enter: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    await asyncio.to_thread(submit, "short")
    tab = await enter(await opened(call, job="short"))

    await asyncio.to_thread(jobs.stop, "short")
    lost = await tab.hear("lost")

    assert lost["error"]["code"] == "shell_refused"
    assert "its containers are gone" in lost["error"]["message"]


async def test_the_death_of_the_process_is_told(
    call: Fetch, enter: Callable[..., Any], jp_serverapp: Any
) -> None:
    tab = await enter(await opened(call))
    [pid] = pids(jp_serverapp)

    os.kill(pid, 9)

    assert (await tab.hear("lost"))["error"]["code"] == "connection_lost"
    await tab.end()
