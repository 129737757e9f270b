"""SSH into OpenSSH's own server."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import re
import socket
import subprocess
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import asyncssh
import pytest

from modelarts_nb.errors import ModelArtsNbError
from modelarts_nb.shell.errors import ConnectionLost, HostKeyChanged, LoginRefused, Unreachable
from modelarts_nb.shell.hostpins import HostPins
from modelarts_nb.shell.session import Exit, Request, Session, Size, Terminal
from modelarts_nb.shell.sshtransport import SshPlace, SshTransport
from modelarts_nb.ssh import agent, privatekeys
from modelarts_nb.ssh.address import Address
from modelarts_nb.ssh.places import Places
from modelarts_nb.ssh.secret import Secret
from tests.unit.shell.sshd import Sshd, run_sshd

Make = Callable[[], SshTransport]
_Result = TypeVar("_Result")


def do(make: Make, work: Callable[[SshTransport], Awaitable[_Result]]) -> _Result:
    """Do something with a transport, in a loop of its own."""

    async def run() -> _Result:
        transport = make()
        try:
            return await asyncio.wait_for(work(transport), 20)
        finally:
            await transport.close()

    return asyncio.run(run())


async def drain(session: Session) -> dict[str, bytes]:
    """Everything that a session says."""
    said = {"stdout": bytearray(), "stderr": bytearray()}
    while (chunk := await session.read()) is not None:
        said[chunk.stream] += chunk.data
    return {stream: bytes(data) for stream, data in said.items()}


async def until(session: Session, wanted: bytes) -> bytes:
    """What it says up to these words."""
    said = b""
    while wanted not in said:
        chunk = await session.read()
        assert chunk is not None, said
        said += chunk.data
    return said


def ran(make: Make, request: Request, stdin: bytes | None = None) -> tuple[dict[str, bytes], Exit]:
    """A request to its end."""

    async def work(transport: SshTransport) -> tuple[dict[str, bytes], Exit]:
        session = await transport.open(request)
        if stdin is not None:
            feeding = asyncio.ensure_future(session.write(stdin))
            said = asyncio.ensure_future(drain(session))
            await feeding
            await session.end_input()
            return await said, await session.exit()
        return await drain(session), await session.exit()

    return do(make, work)


def refused(make: Make) -> ModelArtsNbError:
    """What keeps one from getting in."""
    with pytest.raises(ModelArtsNbError) as caught:
        do(make, lambda transport: transport.open(Request("true")))
    return caught.value


def test_output_errors_and_the_exit_code_come_apart(transport: Make) -> None:
    said, exit = ran(transport, Request("echo out; echo err >&2; exit 7"))

    assert (said, exit) == ({"stdout": b"out\n", "stderr": b"err\n"}, Exit(7))


def test_an_end_by_a_signal_is_said_as_shells_say_it(transport: Make) -> None:
    _, exit = ran(transport, Request("kill -9 $$"))

    assert exit == Exit(137, "KILL")


def test_input_of_any_bytes_arrives_to_the_last(transport: Make) -> None:
    data = os.urandom(6 << 20)

    said, exit = ran(transport, Request("sha256sum"), stdin=data)

    assert said["stdout"].split()[0].decode() == hashlib.sha256(data).hexdigest()
    assert exit == Exit(0)


def test_a_terminal_has_its_size_from_the_first_byte_and_at_every_change(transport: Make) -> None:
    async def work(transport: SshTransport) -> tuple[bytes, bytes]:
        terminal = Terminal("xterm-256color", Size(132, 43))
        line = "trap 'stty size; exit' WINCH; stty size; while :; do sleep 0.05; done"
        session = await transport.open(Request(line, terminal))
        first = await until(session, b"\n")
        await session.resize(Size(70, 20))
        return first, await until(session, b"\n")

    assert do(transport, work) == (b"43 132\r\n", b"20 70\r\n")


def test_a_login_shell_knows_its_terminal_and_its_language(transport: Make) -> None:
    async def work(transport: SshTransport) -> bytes:
        request = Request(None, Terminal("vt220", Size(90, 30)), {"LC_MA_TEST": "zh_CN.UTF-8"})
        session = await transport.open(request)
        await session.write("echo [$TERM $LC_MA_TEST 中文]; exit\n".encode())
        return (await drain(session))["stdout"]

    assert "[vt220 zh_CN.UTF-8 中文]" in do(transport, work).decode()


def test_several_sessions_share_one_connection(transport: Make) -> None:
    async def work(transport: SshTransport) -> list[dict[str, bytes]]:
        asked = [transport.open(Request("echo ${SSH_CONNECTION% * *}")) for _ in range(3)]
        sessions = await asyncio.gather(*asked)
        return list(await asyncio.gather(*(drain(session) for session in sessions)))

    assert len({said["stdout"] for said in do(transport, work)}) == 1


def test_a_hundred_megabytes_come_whole_and_are_never_held(transport: Make) -> None:
    line = "yes 'sixteen bytes...' | head -c 100000000"

    async def work(transport: SshTransport) -> tuple[str, int]:
        session = await transport.open(Request(line))
        digest, most = hashlib.sha256(), 0
        before = resident()
        while (chunk := await session.read()) is not None:
            # given a reader that is slower than the sender, again and again
            await asyncio.sleep(0.003)
            digest.update(chunk.data)
            most = max(most, resident())
        return digest.hexdigest(), most - before

    digest, grown = do(transport, work)

    expected = hashlib.sha256((b"sixteen bytes...\n" * 5_882_353)[:100_000_000]).hexdigest()
    assert digest == expected
    assert grown < 24 << 20


def test_who_does_not_read_holds_the_sender_up(transport: Make, tmp_path: Path) -> None:
    progress = tmp_path / "sent"
    line = f"for i in $(seq 60); do head -c 1000000 /dev/zero; echo $i > {progress}; done"

    async def work(transport: SshTransport) -> tuple[int, int]:
        session = await transport.open(Request(line))
        await session.read()
        held = await settled(lambda: progress.read_text() if progress.exists() else "")
        rest = len((await drain(session))["stdout"])
        return int(held), rest

    held, rest = do(transport, work)

    # then no more went out than windows and buffers hold, and nothing was lost
    assert held < 20
    assert rest > 50_000_000


def resident() -> int:
    """Bytes of memory of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


async def settled(look: Callable[[], str]) -> str:
    """What is seen once it has not changed for a while."""
    seen, same = look(), 0
    while same < 20:
        await asyncio.sleep(0.01)
        now = look()
        same, seen = (same + 1 if now and now == seen else 0), now
    return seen


def test_a_host_key_is_pinned_when_it_is_first_met(
    transport: Make, places: Places, server: Sshd
) -> None:
    ran(transport, Request("true"))
    ran(transport, Request("true"))

    public = (server.folder / "host_key.pub").read_text().split()[:2]
    assert places.known_hosts.read_text() == f"job-1-worker-0 {' '.join(public)}\n"


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa"])
def test_another_host_key_is_refused_and_explained(
    kind: str, transport: Make, places: Places, tmp_path: Path
) -> None:
    # given that another container was met before, with a key of the same or another kind
    other = asyncssh.generate_private_key(
        "ssh-ed25519" if kind == "ed25519" else "ecdsa-sha2-nistp256"
    )
    HostPins(places, "job-1-worker-0").pin(other)
    before = places.known_hosts.read_text()
    # then
    error = refused(transport)
    assert isinstance(error, HostKeyChanged)
    assert "ssh-keygen -R job-1-worker-0" in error.hint
    assert places.known_hosts.read_text() == before


def test_what_the_hint_says_forgets_the_old_key(transport: Make, places: Places) -> None:
    HostPins(places, "job-1-worker-0").pin(asyncssh.generate_private_key("ssh-ed25519"))
    command = re.search(r"`(ssh-keygen [^`]+)`", refused(transport).hint)
    assert command is not None

    assert os.system(f"{command[1]} >/dev/null 2>&1") == 0

    assert ran(transport, Request("true"))[1] == Exit(0)


def test_a_key_that_is_not_the_jobs_is_refused(place: SshPlace, places: Places) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519")
    (places.keys / "mine").write_bytes(other.export_private_key())

    error = refused(lambda: SshTransport(place, places))

    assert isinstance(error, LoginRefused)
    assert "Its key pairs: mine" in error.message


def test_without_any_key_it_says_how_to_get_one(place: SshPlace, places: Places) -> None:
    privatekeys.remove(places.keys, "mine")

    error = refused(lambda: SshTransport(place, places))

    assert isinstance(error, LoginRefused)
    assert "ma ssh keys create" in error.hint


def test_a_key_that_was_downloaded_from_the_console_is_found(
    place: SshPlace, places: Places
) -> None:
    (places.keys / "mine").rename(places.ssh / "mine.pem")

    _, exit = ran(lambda: SshTransport(place, places), Request("exit 3"))

    assert exit == Exit(3)


def test_a_locked_key_opens_once_our_agent_holds_it(place: SshPlace, places: Places) -> None:
    # given a key that takes a passphrase
    change = ["ssh-keygen", "-q", "-p", "-P", "", "-N", "correct horse", "-a", "1"]
    subprocess.run([*change, "-f", places.keys / "mine"], check=True)
    assert "ma ssh unlock" in refused(lambda: SshTransport(place, places)).hint
    # when it is unlocked
    [kept] = privatekeys.every(places.keys)
    agent.hold(places, kept, Secret("correct horse"))
    try:
        _, exit = ran(lambda: SshTransport(place, places), Request("exit 3"))
    finally:
        agent.end(places)
    # then
    assert exit == Exit(3)


def at(address: Address, places: Places, **options: Any) -> Make:
    """Makes a transport to somewhere."""
    return lambda: SshTransport(SshPlace("job-1", "worker-0", address), places, **options)


def test_nobody_listens(places: Places) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        make = at(Address("ma-user", "127.0.0.1", free.getsockname()[1]), places)

        error = refused(make)

    assert isinstance(error, Unreachable)
    assert "Nobody listens" in error.message


def test_a_server_that_says_nothing_is_not_waited_for(places: Places) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = Address("ma-user", "127.0.0.1", silent.getsockname()[1])

        error = refused(at(address, places, connect_seconds=0.2))

    assert isinstance(error, Unreachable)
    assert "does not answer" in error.message


def test_a_server_that_hangs_up_at_once_is_understood(places: Places) -> None:
    with socket.create_server(("127.0.0.1", 0)) as full:
        thread = threading.Thread(target=lambda: full.accept()[0].close())
        thread.start()

        error = refused(at(Address("ma-user", "127.0.0.1", full.getsockname()[1]), places))
        thread.join()

    assert isinstance(error, Unreachable)
    assert "Ten connections" in error.hint


def test_a_connection_that_is_cut_gives_all_that_had_come(
    transport: Make, server: Sshd, tmp_path: Path
) -> None:
    sent = tmp_path / "sent"

    async def work(transport: SshTransport) -> int:
        line = f"head -c 3000000 /dev/zero; echo > {sent}; sleep 60"
        session = await transport.open(Request(line))
        await settled(lambda: str(sent.exists() or ""))
        # given that everything has come (a later answer has) and nothing was read
        await drain(await transport.open(Request("true")))
        # when the connection is cut
        await asyncio.to_thread(server.cut)
        with pytest.raises(ConnectionLost) as lost:
            await session.exit()
        assert lost.value.exit_code == 255
        # then it is all there, and only then reading says so too
        size = 0
        with contextlib.suppress(ConnectionLost):
            while (chunk := await session.read()) is not None:
                size += len(chunk.data)
            pytest.fail("an end is not a cut")
        return size

    assert do(transport, work) == 3_000_000


def test_a_connection_that_dies_silently_is_noticed(server: Sshd, places: Places) -> None:
    # given a network that swallows everything from a moment on
    with Hole(server.port) as hole:
        address = Address(server.address.user, "127.0.0.1", hole.port)
        make = at(address, places, keep_alive_seconds=0.1)

        async def work(transport: SshTransport) -> None:
            session = await transport.open(Request("echo begun; sleep 60"))
            await until(session, b"begun")
            hole.swallow()
            await session.exit()

        with pytest.raises(ConnectionLost):
            do(make, work)


class Hole:
    """Passes a connection on to a port, until it swallows everything."""

    def __init__(self, port: int) -> None:
        self._to, self._swallows = port, threading.Event()
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self._ends: list[socket.socket] = []

    def __enter__(self) -> Hole:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for end in [self._server, *self._ends]:
            end.close()

    def swallow(self) -> None:
        self._swallows.set()

    def _accept(self) -> None:
        near, far = self._server.accept()[0], socket.create_connection(("127.0.0.1", self._to))
        self._ends += [near, far]
        for one, other in ((near, far), (far, near)):
            threading.Thread(target=self._pass, args=(one, other), daemon=True).start()

    def _pass(self, one: socket.socket, other: socket.socket) -> None:
        try:
            while data := one.recv(65536):
                if not self._swallows.is_set():
                    other.sendall(data)
        except OSError:
            pass


def test_a_fresh_server_of_another_job_is_another_place(
    places: Places, tmp_path: Path, key: asyncssh.SSHKey
) -> None:
    # given a host name and port that another job had before
    with run_sshd(tmp_path) as server:
        server.authorize(key.export_public_key().decode())
        HostPins(places, "job-1-worker-0").pin(asyncssh.generate_private_key("ssh-ed25519"))
        place = SshPlace("job-2", "worker-0", server.address)
        # then it is met anew
        assert ran(lambda: SshTransport(place, places), Request("true"))[1] == Exit(0)
