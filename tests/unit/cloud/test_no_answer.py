"""A service that is not there, that nobody can trust, that hangs; and who does not want to wait."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelarts_nb.cloud import client
from modelarts_nb.cloud.client import Cloud, open_cloud
from modelarts_nb.cloud.errors import CloudSetting, CloudTimeout, CloudUnreachable
from modelarts_nb.config import save
from modelarts_nb.errors import Cancelled
from modelarts_nb.progress import Silent
from tests.unit.cloud.wire import Response, Wire


class Impatient(Silent):
    """Wants to stop as soon as something has been sent."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire

    def check(self) -> None:
        if self.wire.seen:
            raise Cancelled()


@pytest.fixture
def never() -> Iterator[threading.Event]:
    """What an answer waits for, until the test is over."""
    event = threading.Event()
    yield event
    event.set()


def show(cloud: Cloud) -> object:
    return cloud.call("modelarts", "show_notebook", id="n-1")


def test_a_host_that_no_name_server_knows_is_unreachable(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_args: object, **_more: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setenv("MODELARTS_NB_ENDPOINT", "https://modelarts.example")
    monkeypatch.setattr(socket, "getaddrinfo", unknown)

    with pytest.raises(CloudUnreachable, match=r"modelarts\.example") as raised:
        show(open_cloud())

    assert "region" in raised.value.hint


def test_a_server_without_encryption_is_not_trusted_where_it_is_asked_for(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a server that speaks no TLS behind an https:// of this machine
    monkeypatch.setenv("MODELARTS_NB_ENDPOINT", wire.url.replace("http:", "https:"))
    save("Cloud", "attempts", 1)

    with pytest.raises(CloudUnreachable, match="trusted") as raised:
        show(open_cloud())

    assert "REQUESTS_CA_BUNDLE" in raised.value.hint


def test_a_host_that_takes_no_connection_is_given_up_in_time(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a listener whose queue is full: further connections are neither taken nor refused
    save("Cloud", "connect_timeout", 0.2)
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        monkeypatch.setenv("MODELARTS_NB_ENDPOINT", f"http://127.0.0.1:{full.getsockname()[1]}")

        with pytest.raises(CloudTimeout) as raised:
            open_cloud().call("modelarts", "stop_notebook", id="n")

        for one in waiting:
            one.close()
    assert "carried out" not in raised.value.hint


def test_a_regions_endpoint_that_is_not_encrypted_is_refused(
    no_cloud: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "HUAWEICLOUD_SDK_AK": "a",
        "HUAWEICLOUD_SDK_SK": "s",
        "PROJECT_ID": "p",
        "MODELARTS_NB_REGION": "my-site-7",
        "HUAWEICLOUD_SDK_REGION_MODELARTS_MY_SITE_7": "http://cloud.example",
    }.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(CloudSetting, match="not encrypted"):
        show(open_cloud())


def test_an_answer_that_trickles_for_ever_is_given_up(
    no_cloud: Path, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a server whose every byte comes just in time for the SDK
    for name in ("connect_timeout", "read_timeout"):
        save("Cloud", name, 0.2)
    listening = socket.create_server(("127.0.0.1", 0))
    stop = threading.Event()

    def trickle() -> None:
        connection, _ = listening.accept()
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while not stop.wait(0.05):
            try:
                connection.sendall(b" ")
            except OSError:
                break
        connection.close()

    thread = threading.Thread(target=trickle)
    thread.start()
    monkeypatch.setenv("MODELARTS_NB_ENDPOINT", f"http://127.0.0.1:{listening.getsockname()[1]}")
    try:
        with pytest.raises(CloudTimeout, match="does not answer"):
            show(open_cloud())
    finally:
        stop.set()
        thread.join()
        listening.close()


def test_who_cancels_a_change_that_hangs_is_told_that_it_may_have_been_made(
    cloud: Cloud, wire: Wire, never: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "_GRACE", 0.2)
    wire.reply(Response(200, {}, hold=never))
    started = time.monotonic()

    with pytest.raises(Cancelled) as raised:
        cloud.call("modelarts", "stop_notebook", id="n", progress=Impatient(wire))

    assert "may have been carried out" in raised.value.hint
    assert time.monotonic() - started < 20


def test_a_change_that_is_answered_soon_after_a_cancel_is_known_to_be_made(
    cloud: Cloud, wire: Wire
) -> None:
    soon = threading.Event()
    wire.reply(Response(200, {"status": "STOPPING"}, hold=soon))

    class Cancelling(Impatient):
        def check(self) -> None:
            if self.wire.seen:
                soon.set()
            super().check()

    found = cloud.call("modelarts", "stop_notebook", id="n", progress=Cancelling(wire))

    assert found == {"status": "STOPPING"}


def test_who_cancels_before_a_change_is_sent_again_is_told_that_it_may_have_been_made(
    cloud: Cloud, wire: Wire
) -> None:
    # given a change that may be repeated, and a first try of it that got no answer
    wire.reply(Response(drop=True))

    class Cancelling(Silent):
        def __init__(self) -> None:
            self.again = False

        def log(self, message: str) -> None:
            self.again = True

        def check(self) -> None:
            if self.again:
                raise Cancelled()

    with pytest.raises(Cancelled) as raised:
        cloud.call(
            "modelarts", "renew_lease", id="n", repeatable=True, progress=Cancelling(), body={}
        )

    assert "may have been carried out" in raised.value.hint


def test_who_cancels_before_anything_was_sent_is_told_nothing_of_the_kind(
    cloud: Cloud, wire: Wire
) -> None:
    class Cancelling(Silent):
        def check(self) -> None:
            raise Cancelled()

    with pytest.raises(Cancelled) as raised:
        cloud.call("modelarts", "stop_notebook", id="n", progress=Cancelling())

    assert (raised.value.hint, wire.seen) == ("", [])


def test_a_home_that_cannot_be_written_is_no_reason_to_fail(wire: Wire, no_cloud: Path) -> None:
    # given a home in which the SDK cannot keep its file, and a process that imports the SDK
    (no_cloud / ".huaweicloud").touch()
    program = (
        "from modelarts_nb.cloud.client import open_cloud\n"
        "print(open_cloud().call('modelarts', 'show_notebook', id='n-1'))"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    assert (done.stdout, done.stderr) == ("{}\n", "")
