"""Kubernetes' pod exec: the channels, with a server that says what it likes."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.http11 import Request as HttpRequest
from websockets.http11 import Response

from modelarts_nb.errors import NotFound, UsageError
from modelarts_nb.shell.cluster import Cluster, from_kubeconfig, from_words
from modelarts_nb.shell.errors import ConnectionLost, LoginRefused, ShellRefused, Unreachable
from modelarts_nb.shell.execsession import V4, V5, read_status
from modelarts_nb.shell.exectransport import ExecTransport, Pod
from modelarts_nb.shell.session import Exit, Request, Session, Size, Terminal
from modelarts_nb.ssh.secret import Secret

Talk = Callable[[ServerConnection], Awaitable[None]]
OK = b"\x03" + json.dumps({"status": "Success"}).encode()


def status(code: int) -> bytes:
    """The last message of a command that failed."""
    cause = {"reason": "ExitCode", "message": str(code)}
    details = {"causes": [cause]}
    return b"\x03" + json.dumps({"status": "Failure", "details": details}).encode()


def against(
    talk: Talk,
    work: Callable[[Session], Awaitable[Any]],
    *,
    request: Request = Request("true"),  # noqa: B008 - frozen
    protocols: tuple[str, ...] = (V5, V4),
    answer: Response | None = None,
) -> tuple[Any, HttpRequest]:
    """Open a session with a server that talks so; what ``work`` returns, and what was asked."""

    async def run() -> tuple[Any, HttpRequest]:
        asked: list[HttpRequest] = []

        def look(_: ServerConnection, request: HttpRequest) -> Response | None:
            asked.append(request)
            return answer

        async with serve(
            talk,
            "127.0.0.1",
            0,
            process_request=look,
            subprotocols=list(protocols),  # type: ignore[arg-type]
        ) as server:
            port = server.sockets[0].getsockname()[1]
            cluster = Cluster(f"http://127.0.0.1:{port}", "modelarts", Secret("Bearer word"))
            transport = ExecTransport(Pod("worker-0", "pod-0", "main"), cluster, policy="Paste it.")
            try:
                session = await transport.open(request)
                return await asyncio.wait_for(work(session), 20), asked[0]
            finally:
                await transport.close()

    return asyncio.run(run())


async def all_of(session: Session) -> tuple[bytes, bytes, Exit]:
    """What a session says, and how it ends."""
    said = {"stdout": bytearray(), "stderr": bytearray()}
    while (chunk := await session.read()) is not None:
        said[chunk.stream] += chunk.data
    return bytes(said["stdout"]), bytes(said["stderr"]), await session.exit()


def test_channels_come_apart_and_the_status_ends_it() -> None:
    async def talk(socket: ServerConnection) -> None:
        for message in (b"\x01", b"\x01out", b"\x02err", b"\x01 more", status(7)):
            await socket.send(message)

    (out, err, exit), asked = against(talk, all_of)

    assert (out, err, exit) == (b"out more", b"err", Exit(7))
    assert asked.headers["Authorization"] == "Bearer word"
    assert asked.path == (
        "/api/v1/namespaces/modelarts/pods/pod-0/exec?command=%2Fbin%2Fsh&command=-c&command=true"
        "&container=main&stdin=true&stdout=true&stderr=true"
    )


def test_messages_in_many_frames_are_put_together() -> None:
    async def talk(socket: ServerConnection) -> None:
        async def pieces() -> Any:
            for piece in (b"\x01", "中文".encode()[:2], "中文".encode()[2:]):
                yield piece

        await socket.send(pieces())
        await socket.send(OK)

    (out, _, exit), _ = against(talk, all_of)

    assert (out.decode(), exit) == ("中文", Exit(0))


@pytest.mark.parametrize(("protocols", "ends"), [((V5, V4), True), ((V4,), False)])
def test_input_ends_by_a_message_where_the_protocol_has_one(
    protocols: tuple[str, ...], ends: bool
) -> None:
    heard: list[bytes] = []

    async def talk(socket: ServerConnection) -> None:
        while len(heard) < 2 + ends:
            message = await socket.recv()
            assert isinstance(message, bytes)
            heard.append(message)
        await socket.send(OK)

    async def work(session: Session) -> Exit:
        await session.write(b"in")
        await session.end_input()
        await session.write(b"put")
        return (await all_of(session))[2]

    exit, _ = against(talk, work, protocols=protocols)

    assert exit == Exit(0)
    assert heard == [b"\x00in", *([b"\xff\x00"] if ends else []), b"\x00put"]


def test_a_terminal_has_its_size_before_the_program_and_at_every_change() -> None:
    heard: list[Any] = []

    async def talk(socket: ServerConnection) -> None:
        heard.extend([await socket.recv(), await socket.recv()])
        await socket.send(OK)

    async def work(session: Session) -> None:
        await session.resize(Size(70, 20))
        await all_of(session)

    request = Request(None, Terminal("vt220", Size(132, 43)), {"LANG": "C.UTF-8", "bad-name": "x"})
    _, asked = against(talk, work, request=request)

    assert [json.loads(message[1:]) for message in heard] == [
        {"Width": 132, "Height": 43},
        {"Width": 70, "Height": 20},
    ]
    assert {message[0] for message in heard} == {4}
    assert "stty%20rows%2043%20cols%20132" in asked.path
    assert "export%20TERM%3Dvt220%0Aexport%20LANG%3DC.UTF-8" in asked.path
    assert "bad-name" not in asked.path
    assert "tty=true" in asked.path
    assert "stderr=true" not in asked.path


def test_who_does_not_read_holds_the_sender_up() -> None:
    sent = 0

    async def talk(socket: ServerConnection) -> None:
        nonlocal sent
        for _ in range(400):
            await socket.send(b"\x01" + b"x" * 100_000)
            sent += 1
        await socket.send(OK)

    async def work(session: Session) -> tuple[int, int]:
        before, same = -1, 0
        while same < 20:
            await asyncio.sleep(0.01)
            same, before = (same + 1 if sent == before and sent else 0), sent
        held = sent
        return held, len((await all_of(session))[0])

    (held, size), _ = against(talk, work)

    assert held < 200
    assert size == 40_000_000


def test_a_cut_gives_all_that_had_come_and_is_an_error() -> None:
    async def talk(socket: ServerConnection) -> None:
        await socket.send(b"\x01half")
        socket.transport.abort()

    async def work(session: Session) -> bytes:
        chunk = await session.read()
        assert chunk is not None
        with pytest.raises(ConnectionLost):
            await session.read()
        with pytest.raises(ConnectionLost):
            await session.exit()
        return chunk.data

    assert against(talk, work)[0] == b"half"


async def silent(_: ServerConnection) -> None:
    """Ends at once, without a status."""


def test_an_end_without_a_status_is_a_lost_connection() -> None:
    async def work(session: Session) -> None:
        with pytest.raises(ConnectionLost):
            await session.exit()

    against(silent, work)


def said(code: int, message: str) -> Response:
    """A refusal of the API."""
    body = json.dumps({"kind": "Status", "message": message, "code": code}).encode()
    headers = Headers({"Content-Length": str(len(body)), "Content-Type": "application/json"})
    return Response(code, "Refused", headers, body)


@pytest.mark.parametrize(
    ("code", "message", "expected", "hint"),
    [
        (401, "Unauthorized", LoginRefused, "Tokens end"),
        (403, "needs modelarts:trainJob:exec", ShellRefused, "Paste it."),
        (403, 'cannot create resource "pods/exec"', ShellRefused, "Paste it."),
        (404, 'pods "pod-0" not found', NotFound, "--context"),
        (400, "cannot exec into a completed pod", ShellRefused, ""),
        (500, "etcd is away", Unreachable, "again"),
    ],
)
def test_a_refusal_says_the_rule(
    code: int, message: str, expected: type[Exception], hint: str
) -> None:
    with pytest.raises(expected) as caught:
        against(silent, all_of, answer=said(code, message))

    assert message in caught.value.message  # type: ignore[attr-defined]
    assert hint in caught.value.hint  # type: ignore[attr-defined]


def test_a_token_is_not_carried_elsewhere() -> None:
    away = Response(302, "Found", Headers({"Location": "ws://127.0.0.1:1/", "Content-Length": "0"}))

    with pytest.raises(ShellRefused):
        against(silent, all_of, answer=away)


def test_nobody_listens() -> None:
    async def work() -> None:
        cluster = Cluster("http://127.0.0.1:1", "n", Secret("x"))
        await ExecTransport(Pod("worker-0", "pod-0"), cluster).open(Request("true"))

    with pytest.raises(Unreachable):
        asyncio.run(work())


@given(
    st.one_of(
        st.binary(), st.dictionaries(st.text(), st.text()).map(lambda d: json.dumps(d).encode())
    )
)
def test_a_status_that_is_none_is_a_refusal_or_a_code(data: bytes) -> None:
    with contextlib.suppress(ShellRefused):
        assert 0 <= read_status(data).code <= 255


@pytest.mark.parametrize("name", ["a/b", "A", "", "../x", "a b", "-a"])
def test_a_pod_is_a_plain_name(name: str) -> None:
    with pytest.raises(UsageError):
        Pod("worker-0", name)


# --- which cluster, and as whom ---------------------------------------------------------------


def test_a_kubeconfig_says_where_and_who(tmp_path: Any) -> None:
    file = tmp_path / "config"
    file.write_text(
        json.dumps(
            {
                "current-context": "two",
                "clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:5443"}}],
                "users": [{"name": "u", "user": {"token": "word"}}],
                "contexts": [
                    {"name": "one", "context": {"cluster": "c", "user": "u", "namespace": "n1"}},
                    {"name": "two", "context": {"cluster": "c", "user": "u"}},
                ],
            }
        )
    )
    found = from_kubeconfig(str(file), context="one")
    assert (found.server, found.namespace) == ("http://127.0.0.1:5443", "n1")
    assert found.authorization.reveal() == "Bearer word"
    assert from_kubeconfig(str(file)).namespace == "default"
    assert from_kubeconfig(str(file), namespace="mine").namespace == "mine"


def test_where_no_kubeconfig_is_known_it_says_how_to_name_one(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    location = "kubernetes.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION"
    monkeypatch.setattr(location, str(tmp_path / "none"))

    with pytest.raises(ShellRefused, match="none is known") as refused:
        from_kubeconfig()

    assert "--kubeconfig FILE" in refused.value.hint


@pytest.mark.parametrize("text", ["", "[]", "{", "contexts: 3", '{"current-context": "x"}'])
def test_a_kubeconfig_that_is_none_is_refused(text: str, tmp_path: Any) -> None:
    file = tmp_path / "config"
    file.write_text(text)

    with pytest.raises(ShellRefused):
        from_kubeconfig(str(file))


def test_an_endpoint_needs_a_token_and_a_safe_way() -> None:
    assert (
        from_words("http://127.0.0.1:1", token=Secret("t\n")).authorization.reveal() == "Bearer t"
    )
    for server, token in (
        ("https://x", ""),
        ("http://10.0.0.1", "t"),
        ("x", "t"),
        ("ftp://x", "t"),
    ):
        with pytest.raises(UsageError):
            from_words(server, token=Secret(token))
