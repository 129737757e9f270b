"""What a packing process and its parent say to each other: a Python value and plain bytes."""

from __future__ import annotations

import contextlib
import fcntl
import pickle
import struct
from io import BufferedReader, BufferedWriter
from typing import IO, Any, cast

_HEAD = struct.Struct("<QQ")
_ROOM = 1 << 20  # bytes in the pipe; the default of 64 KiB means sixteen times the hand-overs


def widen(stream: IO[bytes]) -> None:
    """More room in a pipe, where the system allows it."""
    with contextlib.suppress(OSError, AttributeError):
        fcntl.fcntl(stream, fcntl.F_SETPIPE_SZ, _ROOM)


def send(stream: IO[bytes], value: object, data: bytes = b"") -> None:
    """Write one message.

    Raises:
        BrokenPipeError: nobody listens.
    """
    text = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    writer = cast(BufferedWriter, stream)
    writer.write(_HEAD.pack(len(text), len(data)))
    writer.write(text)
    writer.write(data)
    writer.flush()


def receive(stream: IO[bytes]) -> tuple[Any, bytes]:
    """Read one message. Only for pipes between our own processes: pickles are code.

    Raises:
        EOFError: the other side is gone.
    """
    reader = cast(BufferedReader, stream)
    head = reader.read(_HEAD.size)
    if len(head) < _HEAD.size:
        raise EOFError
    text_size, data_size = _HEAD.unpack(head)
    text, data = reader.read(text_size), reader.read(data_size)
    if len(text) < text_size or len(data) < data_size:
        raise EOFError
    return pickle.loads(text), data  # noqa: S301
