"""The server's side of a websocket against bytes of any kind."""

from __future__ import annotations

import asyncio
import struct
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelarts_nb.localcloud.plane.exec import websocket
from modelarts_nb.localcloud.plane.exec.websocket import Broken, WebSocket, accept


class Wire:
    """A connection whose other end has sent everything already."""

    def __init__(self, sent: bytes) -> None:
        self.reader = asyncio.StreamReader()
        self.reader.feed_data(sent)
        self.reader.feed_eof()
        self.written = b""

    def write(self, data: bytes) -> None:
        self.written += data

    async def drain(self) -> None:
        pass


def received(sent: bytes) -> tuple[list[bytes], bytes]:
    """The messages in what a client sends, and what it was answered."""

    async def read() -> tuple[list[bytes], bytes]:
        wire: Any = Wire(sent)
        socket = WebSocket(wire.reader, wire)
        return [message async for message in socket.messages()], wire.written

    return asyncio.run(read())


def frame(code: int, data: bytes, *, final: bool = True, mask: bytes = b"\1\2\3\4") -> bytes:
    """A frame as a client sends it (RFC 6455, 5.2)."""
    size = len(data)
    first = code | (0x80 if final else 0)
    if size < 126:
        head = struct.pack(">BB", first, 0x80 | size)
    elif size < 65536:
        head = struct.pack(">BBH", first, 0x80 | 126, size)
    else:
        head = struct.pack(">BBQ", first, 0x80 | 127, size)
    return head + mask + bytes(b ^ mask[k % 4] for k, b in enumerate(data))


MESSAGES = st.lists(st.binary(max_size=300), max_size=4)


@settings(max_examples=40)
@given(messages=MESSAGES, cut=st.integers(1, 7), mask=st.binary(min_size=4, max_size=4))
def test_messages_arrive_whole_however_they_are_cut(
    messages: list[bytes], cut: int, mask: bytes
) -> None:
    sent = b""
    for message in messages:
        size = max(1, len(message) // cut)
        pieces = [message[at : at + size] for at in range(0, len(message), size)] or [b""]
        for number, piece in enumerate(pieces):
            final = number == len(pieces) - 1
            sent += frame(0 if number else 2, piece, final=final, mask=mask)
            sent += frame(9, b"ping", mask=mask)  # may come between two frames

    assert received(sent)[0] == messages


@pytest.mark.parametrize("size", [125, 126, 65535, 65536])
def test_sizes_at_the_edges(size: int) -> None:
    assert received(frame(2, b"x" * size))[0] == [b"x" * size]


@given(st.binary(max_size=60))
def test_any_bytes_are_messages_or_a_broken_protocol(sent: bytes) -> None:
    try:
        messages, _ = received(sent)
    except Broken as error:
        messages = [b""] if error.code in (1002, 1009) else [sent * 2]
    assert sum(map(len, messages)) <= len(sent)


@pytest.mark.parametrize(
    "sent",
    [
        b"\x82\x01x",  # not masked
        frame(2, b"")[:1].replace(b"\x82", b"\xc2") + frame(2, b"")[1:],  # a reserved bit
        frame(3, b""),  # no such kind
        frame(0, b""),  # goes on with nothing
        frame(1, b"", final=False) + frame(2, b""),  # begins anew in the middle
        frame(9, b"", final=False),  # a control frame in pieces
        frame(9, b"x" * 126),  # and one that is too long
    ],
)
def test_what_the_protocol_forbids(sent: bytes) -> None:
    with pytest.raises(Broken) as error:
        received(sent)
    assert error.value.code == websocket.PROTOCOL_ERROR


def test_a_message_that_is_too_large_is_not_waited_for() -> None:
    head = struct.pack(">BBQ", 0x82, 0x80 | 127, 1 << 40)

    with pytest.raises(Broken) as error:
        received(head)
    assert error.value.code == websocket.TOO_BIG


def test_a_ping_is_answered_and_goodbye_is_returned() -> None:
    _, answered = received(frame(9, b"are you there") + frame(8, struct.pack(">H", 1000)))

    assert answered == b"\x8a\x0dare you there" + b"\x88\x02\x03\xe8"


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("dGhlIHNhbXBsZSBub25jZQ==", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),  # RFC 6455, 1.3
        ("", None),
        ("not base64!", None),
        ("c2hvcnQ=", None),
    ],
)
def test_the_handshakes_proof(key: str, expected: str | None) -> None:
    assert accept(key) == expected


@settings(max_examples=40)
@given(data=st.binary(max_size=200), pieces=st.integers(1, 5))
def test_a_message_in_pieces_is_one_message(data: bytes, pieces: int) -> None:
    async def send() -> bytes:
        wire: Any = Wire(b"")
        await WebSocket(wire.reader, wire, pieces=pieces).send(data)
        return bytes(wire.written)

    written = asyncio.run(send())

    found, at, finals = b"", 0, []
    while at < len(written):
        first, size = written[at], written[at + 1]
        at += 2
        if size == 126:
            (size,) = struct.unpack(">H", written[at : at + 2])
            at += 2
        found += written[at : at + size]
        finals.append(bool(first & 0x80))
        at += size
    assert found == data
    assert finals == [False] * (len(finals) - 1) + [True]
    assert len(finals) <= pieces
