"""What containers print, for programs: as events while it comes, or with the result."""

from __future__ import annotations

import codecs
import sys
from typing import TYPE_CHECKING, Any

from modelarts_nb import wire

if TYPE_CHECKING:
    from modelarts_nb.shell.fanout import Outcome
    from modelarts_nb.shell.session import Stream

# Characters of one stream of one task that are kept for a result.
_MOST = 16 << 20


class _Decoders:
    """Characters that were cut between two pieces are put together."""

    def __init__(self) -> None:
        self._decoders: dict[tuple[int, str], codecs.IncrementalDecoder] = {}

    def text(self, number: int, stream: str, data: bytes) -> str:
        decoder = self._decoders.get((number, stream))
        if decoder is None:
            decoder = codecs.getincrementaldecoder("utf-8")("replace")
            self._decoders[number, stream] = decoder
        return decoder.decode(data)

    def rest(self) -> list[tuple[int, str, str]]:
        """What was cut off at the very end."""
        ends = [(*key, decoder.decode(b"", True)) for key, decoder in self._decoders.items()]
        return [end for end in ends if end[2]]


class Events:
    """``{"type": "output", "task", "stream", "text"}``, a line each, on stdout."""

    def __init__(self, names: list[str]) -> None:
        self._names, self._decoders = names, _Decoders()

    async def out(self, number: int, stream: Stream, data: bytes) -> None:
        """See ``shell.fanout.Out``. Who does not read our stdout holds the containers up."""
        self._write(number, stream, self._decoders.text(number, stream, data))

    def result(self, done: Outcome) -> dict[str, Any]:
        """How it ended; the output was told."""
        for end in self._decoders.rest():
            self._write(*end)
        value: dict[str, Any] = wire.to_wire(done)
        return value

    def _write(self, number: int, stream: str, text: str) -> None:
        if text:
            event = {"type": "output", "task": self._names[number], "stream": stream, "text": text}
            sys.stdout.write(wire.dumps(event) + "\n")
            sys.stdout.flush()


class Collected:
    """Output that is kept for the result; of a stream its first 16 million characters."""

    def __init__(self, names: list[str]) -> None:
        self._decoders = _Decoders()
        self._kept: dict[tuple[int, str], list[str]] = {
            (number, stream): [] for number in range(len(names)) for stream in ("stdout", "stderr")
        }
        self._sizes = dict.fromkeys(self._kept, 0)

    async def out(self, number: int, stream: Stream, data: bytes) -> None:
        """See ``shell.fanout.Out``."""
        self._keep(number, stream, self._decoders.text(number, stream, data))

    def result(self, done: Outcome) -> dict[str, Any]:
        """How it ended, with ``stdout`` and ``stderr`` of each task."""
        for end in self._decoders.rest():
            self._keep(*end)
        value: dict[str, Any] = wire.to_wire(done)
        for number, task in enumerate(value["tasks"]):
            for stream in ("stdout", "stderr"):
                task[stream] = "".join(self._kept[number, stream])
        return value

    def _keep(self, number: int, stream: str, text: str) -> None:
        left = _MOST - self._sizes[number, stream]
        if text and left > 0:
            self._kept[number, stream].append(text[:left])
            self._sizes[number, stream] += len(text)
