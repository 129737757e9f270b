"""SSH into a notebook with Debian's OpenSSH client."""

from __future__ import annotations

import asyncio
import os
import pty
import select
import socket
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import asyncssh
import pytest

from modelarts_nb.localcloud.plane.container import Container
from modelarts_nb.localcloud.plane.ssh.endpoint import MOST_CONNECTIONS
from modelarts_nb.localcloud.plane.ssh.servers import SshServers

# A command that reads nothing and ends when it is asked to.
UNTIL_TOLD = "trap 'echo told; exit 7' TERM; echo ready; while :; do sleep 0.02; done"
T = TypeVar("T")


@dataclass
class Client:
    """A laptop: an OpenSSH client with one key and a file of known hosts."""

    folder: Path
    container: Container
    servers: SshServers
    accepted: list[str] = field(default_factory=list)
    port: int = 0

    def open(self, allowed: tuple[str, ...] = ()) -> None:
        self.port = self.servers.open(
            self.container.identity, lambda: self.accepted, allowed=allowed, port=self.port
        )

    def key(self, name: str) -> str:
        """A new key pair; its public half."""
        pair = asyncssh.generate_private_key("ssh-ed25519")
        (self.folder / name).write_bytes(pair.export_private_key())
        (self.folder / name).chmod(0o600)
        return pair.export_public_key().decode()

    def options(self, key: str = "mine") -> list[str]:
        return [
            *("-F", "/dev/null", "-i", str(self.folder / key)),
            *("-o", f"UserKnownHostsFile={self.folder / 'known_hosts'}"),
            *("-o", "StrictHostKeyChecking=accept-new", "-o", "BatchMode=yes"),
            *("-o", "IdentitiesOnly=yes", "-o", "ConnectTimeout=60", "-o", "LogLevel=ERROR"),
        ]

    def command(
        self, *words: str, key: str = "mine", user: str = "ma-user", more: tuple[str, ...] = ()
    ) -> list[str]:
        place = ["-p", str(self.port), f"{user}@127.0.0.1"]
        return ["ssh", *self.options(key), *more, *place, *words]

    def run(
        self, *words: str, stdin: bytes = b"", key: str = "mine", user: str = "ma-user",
        more: tuple[str, ...] = (),
    ) -> subprocess.CompletedProcess[bytes]:  # fmt: skip
        return subprocess.run(
            self.command(*words, key=key, user=user, more=more),
            input=stdin,
            capture_output=True,
            timeout=120,
        )

    def connected(self, act: Callable[[asyncssh.SSHClientConnection], Awaitable[T]]) -> T:
        """What comes of it over a connection by asyncssh, whose client can send signals."""

        async def go() -> T:
            options = {"known_hosts": None, "config": None, "agent_path": None}
            async with asyncssh.connect(
                "127.0.0.1",
                self.port,
                username="ma-user",
                client_keys=[str(self.folder / "mine")],
                **options,
            ) as connection:
                return await act(connection)

        return asyncio.run(asyncio.wait_for(go(), 60))


@pytest.fixture(scope="module")
def servers() -> Iterator[SshServers]:
    made = SshServers()
    yield made
    made.stop()


@pytest.fixture
def client(tmp_path: Path, container: Container, servers: SshServers) -> Iterator[Client]:
    """A laptop whose key opens the running notebook."""
    (tmp_path / "laptop").mkdir()
    made = Client(tmp_path / "laptop", container, servers)
    made.accepted.append(made.key("mine"))
    container.start()
    made.open()
    yield made
    servers.close(container.identity.folders.notebook)


def test_a_command_runs_in_the_notebook(client: Client) -> None:
    done = client.run("pwd; echo $INSTANCE_ID; echo problem >&2; exit 3")

    folders = client.container.identity.folders
    assert done.stdout.decode() == f"{folders.home}\nnb-1\n"
    assert done.stderr == b"problem\n"
    assert done.returncode == 3


def test_bytes_pass_both_ways_unchanged(client: Client) -> None:
    sent = os.urandom(3_000_000)

    assert client.run("cat", stdin=sent).stdout == sent


def test_a_command_ends_when_its_input_does(client: Client) -> None:
    assert client.run("wc -c", stdin=b"12345").stdout.strip() == b"5"


def test_a_command_that_is_killed_says_so(client: Client) -> None:
    assert client.run("kill -9 $$").returncode == 255  # what ssh makes of an exit signal


def test_the_client_is_told_nothing_of_the_local_clouds_environment(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUAWEICLOUD_SDK_SK", "secret")

    assert b"secret" not in client.run("env").stdout


def test_a_terminal_has_the_size_of_the_window_and_follows_it(client: Client) -> None:
    # given a window of 40 rows and 100 columns, in which somebody works
    master, slave = pty.openpty()
    resize(master, 40, 100)
    window = subprocess.Popen(
        client.command(more=("-tt",)), stdin=slave, stdout=slave, stderr=slave,
        start_new_session=True,
    )  # fmt: skip
    os.close(slave)
    try:
        os.write(master, b"PS1=; tty; stty size; echo re''ady\n")
        first = read_until(master, b"ready\r\n")
        assert b"/dev/pts/" in first
        assert b"40 100" in first
        # when the window grows
        resize(master, 50, 132)
        window.send_signal(28)  # SIGWINCH: the client has no terminal of its own to tell it
        os.write(
            master, b"until [ \"$(stty size)\" = '50 132' ]; do sleep 0.01; done; echo do''ne\n"
        )
        read_until(master, b"done")
        # then leaving the shell ends the connection
        os.write(master, b"exit 6\n")
        assert window.wait(120) == 6
    finally:
        window.kill()
        window.wait()
        os.close(master)


def test_ctrl_c_reaches_what_runs_in_the_terminal(client: Client) -> None:
    master, slave = pty.openpty()
    window = subprocess.Popen(
        client.command("trap 'echo cau''ght; exit 9' INT; echo re''ady; sleep 600", more=("-tt",)),
        stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
    )  # fmt: skip
    os.close(slave)
    try:
        read_until(master, b"ready")
        os.write(master, b"\x03")
        read_until(master, b"caught")
        assert window.wait(120) == 9
    finally:
        window.kill()
        window.wait()
        os.close(master)


def test_a_signal_reaches_a_command_whose_input_has_ended(client: Client) -> None:
    async def stopped(connection: asyncssh.SSHClientConnection) -> tuple[str, int | None]:
        async with connection.create_process(UNTIL_TOLD) as process:
            process.stdin.write_eof()
            await process.stdout.readline()
            process.send_signal("TERM")
            done = await process.wait()
            return str(done.stdout), done.exit_status

    assert client.connected(stopped) == ("told\n", 7)


def test_a_signal_does_not_wait_behind_input_that_nobody_reads(client: Client) -> None:
    async def stopped(connection: asyncssh.SSHClientConnection) -> int | None:
        async with connection.create_process(UNTIL_TOLD) as process:
            process.stdin.write("x" * 500_000)
            await process.stdout.readline()
            process.send_signal("TERM")
            return (await process.wait()).exit_status

    assert client.connected(stopped) == 7


def test_files_are_copied_to_the_containers_paths(client: Client) -> None:
    (client.folder / "up").write_text("from the laptop")
    batch = "put up /home/ma-user/work/up\nput up here\npwd\nget /home/ma-user/work/up down\n"

    done = subprocess.run(
        ["sftp", "-q", "-b", "-", "-P", str(client.port), *client.options(), "ma-user@127.0.0.1"],
        input=batch.encode(),
        capture_output=True,
        cwd=client.folder,
        timeout=120,
    )

    folders = client.container.identity.folders
    assert done.returncode == 0, done.stderr
    assert b"/home/ma-user\n" in done.stdout
    assert (folders.disk / "up").read_text() == "from the laptop"
    assert (folders.home / "here").exists()
    assert (client.folder / "down").read_text() == "from the laptop"


def test_another_key_is_refused(client: Client) -> None:
    client.key("other")

    done = client.run("true", key="other")

    assert done.returncode == 255
    assert b"Permission denied (publickey)" in done.stderr


def test_another_user_is_refused(client: Client) -> None:
    assert b"Permission denied (publickey)" in client.run("true", user="root").stderr


def test_a_deleted_key_pair_no_longer_opens(client: Client) -> None:
    assert client.run("true").returncode == 0

    client.accepted.clear()

    assert client.run("true").returncode == 255


def test_a_key_that_is_none_does_no_harm(client: Client) -> None:
    client.accepted.insert(0, "ssh-rsa not-a-key")

    assert client.run("true").returncode == 0


def test_the_host_key_and_the_port_survive_a_restart(client: Client) -> None:
    client.run("true")  # which pins the host key
    port = client.port
    client.servers.close("nb-1")
    client.container.stop()

    client.container.start()
    client.open()

    assert client.port == port
    assert client.run("true", more=("-o", "StrictHostKeyChecking=yes")).returncode == 0


def test_a_taken_port_is_replaced(client: Client) -> None:
    client.servers.close("nb-1")
    with socket.create_server(("127.0.0.1", client.port)):
        taken = client.port
        client.open()

    assert client.port != taken
    assert client.run("true").returncode == 0


def test_only_allowed_addresses_may_connect(client: Client) -> None:
    client.open(allowed=("127.0.0.2", "10.0.0.0/8"))

    assert client.run("true").returncode == 255
    assert client.run("true", more=("-b", "127.0.0.2")).returncode == 0


def test_the_eleventh_connection_is_closed_and_room_is_made_again(client: Client) -> None:
    # given ten that are connected, none of which has said anything
    many = [socket.create_connection(("127.0.0.1", client.port)) for _ in range(MOST_CONNECTIONS)]
    for connection in many:
        assert connection.recv(4) == b"SSH-"
    # then one more is closed before a word
    done = client.run("true")
    assert done.returncode == 255
    assert b"closed by remote host" in done.stderr or b"reset by peer" in done.stderr
    # and when they have gone, there is room again
    for connection in many:
        connection.close()
    deadline = time.monotonic() + 120
    while client.run("true").returncode:
        assert time.monotonic() < deadline


def test_stopping_the_notebook_ends_its_sessions(client: Client) -> None:
    session = subprocess.Popen(client.command("echo ready; sleep 600"), stdout=subprocess.PIPE)
    assert session.stdout is not None
    assert session.stdout.readline() == b"ready\n"

    client.servers.close("nb-1")
    client.container.stop()

    assert session.wait(120) == 255
    session.stdout.close()
    assert client.run("true").returncode == 255


def test_ports_of_the_machine_are_forwarded_but_no_others(client: Client) -> None:
    with socket.create_server(("127.0.0.1", 0)) as inner:
        place = f"127.0.0.1:{inner.getsockname()[1]}"
        there = subprocess.Popen(client.command(more=("-W", place)), stdout=subprocess.PIPE)
        connection, _ = inner.accept()
        connection.sendall(b"hello\n")
        assert there.stdout is not None
        assert there.stdout.readline() == b"hello\n"
        connection.close()
        there.terminate()
        there.wait(120)
        there.stdout.close()

    assert client.run(more=("-W", "192.0.2.1:80")).returncode == 255


def resize(terminal: int, rows: int, columns: int) -> None:
    import fcntl
    import struct
    import termios

    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def read_until(terminal: int, wanted: bytes, seconds: float = 120) -> bytes:
    seen = b""
    deadline = time.monotonic() + seconds
    while wanted not in seen and (left := deadline - time.monotonic()) > 0:
        if select.select([terminal], [], [], left)[0]:
            seen += os.read(terminal, 4096)
    assert wanted in seen, seen
    return seen
