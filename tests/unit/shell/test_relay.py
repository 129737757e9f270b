"""A terminal and its browser, which may be slow, go away and come back."""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelarts_nb.shell.errors import ConnectionLost
from modelarts_nb.shell.relay import KEPT, WINDOW, Relay
from modelarts_nb.shell.session import Chunk, Exit, Size

BLOCK = 200_000


class Container:
    """A session that prints so many blocks and ends."""

    def __init__(self, blocks: int, *, lost: bool = False) -> None:
        self.left, self.lost = blocks, lost
        self.printed = 0
        self.hash = hashlib.sha256()
        self.typed = b""
        self.sizes: list[Size] = []
        self.may_take = asyncio.Event()
        self.may_take.set()

    async def read(self) -> Chunk | None:
        await asyncio.sleep(0)
        if not self.left:
            if self.lost:
                raise ConnectionLost("Cut.")
            return None
        self.left -= 1
        data = random.Random(self.left).randbytes(BLOCK)
        self.printed += BLOCK
        self.hash.update(data)
        return Chunk("stdout", data)

    async def write(self, data: bytes) -> None:
        await self.may_take.wait()
        self.typed += data

    async def end_input(self) -> None: ...

    async def resize(self, size: Size) -> None:
        self.sizes.append(size)

    async def signal(self, name: str) -> bool:
        return False

    async def exit(self) -> Exit:
        return Exit(3)

    async def close(self) -> None: ...


class Browser:
    """What has arrived."""

    def __init__(self) -> None:
        self.got = bytearray()
        self.at = 0
        self.unshown = 0
        self.most = 0
        self.told: list[dict[str, Any]] = []
        self.news = asyncio.Event()

    async def output(self, data: bytes) -> None:
        # Of what is sent again only what is new counts, and it is the same.
        again = self.got[self.at : self.at + len(data)]
        assert data[: len(again)] == again
        self.got += data[len(again) :]
        self.at += len(data)
        self.unshown += len(data)
        self.most = max(self.most, self.unshown)
        self.news.set()

    async def tell(self, message: dict[str, Any]) -> None:
        if message["type"] == "attached":
            assert message["offset"] <= len(self.got)
            self.at, self.unshown = message["offset"], 0
        self.told.append(message)
        self.news.set()

    async def until(self, done: Callable[[], bool]) -> None:
        while not done():
            self.news.clear()
            await asyncio.wait_for(self.news.wait(), 10)

    def heard(self, kind: str) -> bool:
        return any(message["type"] == kind for message in self.told)


def play(
    container: Callable[[], Container],
    work: Callable[[Relay, Container, Browser], Awaitable[None]],
) -> tuple[Container, Browser]:
    """Relay between the two while ``work`` is done."""

    async def run() -> tuple[Container, Browser]:
        session, browser = container(), Browser()
        async with Relay(session, browser.output, browser.tell) as relay:

            async def read() -> None:
                try:
                    ended = {"type": "ended", "exit_code": (await relay.run()).code}
                except ConnectionLost as error:
                    ended = {"type": "lost", "error": error.to_dict()}
                await relay.conclude(ended)

            reading = asyncio.create_task(read())
            await asyncio.wait_for(work(relay, session, browser), 20)
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
        return session, browser

    return asyncio.run(run())


async def settle() -> None:
    for _ in range(50):
        await asyncio.sleep(0)


async def show(relay: Relay, browser: Browser) -> None:
    """Show all that has arrived, until the end is told."""
    while not browser.heard("ended"):
        size, browser.unshown = browser.unshown, 0
        await relay.shown(size)
        if not size:
            browser.news.clear()
            await asyncio.wait_for(browser.news.wait(), 10)


def test_nothing_is_read_from_the_container_while_nobody_looks() -> None:
    async def work(relay: Relay, container: Container, browser: Browser) -> None:
        await settle()

    container, browser = play(lambda: Container(5), work)

    assert (container.printed, browser.told) == (0, [])


def test_a_browser_that_shows_nothing_holds_the_container_up() -> None:
    async def work(relay: Relay, container: Container, browser: Browser) -> None:
        await relay.attach()
        await settle()

    container, browser = play(lambda: Container(500), work)

    assert browser.most <= WINDOW + BLOCK
    assert container.printed <= WINDOW + 2 * BLOCK


def test_100_mb_through_a_slow_browser_arrive_to_the_last_byte_and_nobody_holds_them() -> None:
    async def work(relay: Relay, container: Container, browser: Browser) -> None:
        await relay.attach()
        await show(relay, browser)

    container, browser = play(lambda: Container(500), work)

    assert len(browser.got) == 500 * BLOCK
    assert hashlib.sha256(browser.got).digest() == container.hash.digest()
    assert browser.most <= WINDOW + BLOCK
    assert browser.told[-1] == {"type": "ended", "exit_code": 3}


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, WINDOW)), max_size=30), st.booleans())
def test_a_browser_that_comes_back_misses_nothing(
    visits: list[tuple[bool, int]], knows: bool
) -> None:
    """It shows a part, goes, and comes back: with what it has, or with nothing."""

    async def work(relay: Relay, container: Container, browser: Browser) -> None:
        await relay.attach()
        for leaves, size in visits:
            await settle()
            shown = min(size, browser.unshown)
            browser.unshown -= shown
            await relay.shown(shown)
            if leaves:
                await relay.detach()
                await relay.attach(len(browser.got) if knows else None)
        await show(relay, browser)

    container, browser = play(lambda: Container(12), work)

    assert hashlib.sha256(browser.got).digest() == container.hash.digest()


def test_the_scroll_back_is_bounded() -> None:
    async def work(relay: Relay, container: Container, browser: Browser) -> None:
        await relay.attach()
        await show(relay, browser)
        await relay.detach()
        await relay.attach()

    _, browser = play(lambda: Container(20), work)

    offsets = [m["offset"] for m in browser.told if m["type"] == "attached"]
    assert offsets == [0, 20 * BLOCK - KEPT]


@pytest.mark.parametrize("offset", [-1, 10**12])
def test_an_offset_that_cannot_be_gets_what_is_kept(offset: int) -> None:
    async def work(relay: Relay, container: Container, browser: Browser) -> None:
        await relay.attach(offset)
        await show(relay, browser)

    container, browser = play(lambda: Container(2), work)

    assert hashlib.sha256(browser.got).digest() == container.hash.digest()


def test_who_comes_after_the_end_hears_the_rest_and_how_it_ended() -> None:
    async def work(relay: Relay, container: Container, browser: Browser) -> None:
        await relay.attach()
        await browser.until(lambda: browser.heard("ended"))
        await relay.detach()
        browser.told.clear()
        await relay.attach()
        await browser.until(lambda: browser.heard("ended"))

    _, browser = play(lambda: Container(1), work)

    assert [message["type"] for message in browser.told] == ["attached", "ended"]
    assert browser.at == BLOCK


def test_a_connection_that_is_lost_is_told_after_what_had_arrived() -> None:
    async def work(relay: Relay, container: Container, browser: Browser) -> None:
        await relay.attach()
        await browser.until(lambda: browser.heard("lost"))

    _, browser = play(lambda: Container(1, lost=True), work)

    assert len(browser.got) == BLOCK
    assert browser.told[-1]["error"]["code"] == "connection_lost"


def test_what_is_typed_is_said_to_be_taken_when_the_container_took_it() -> None:
    async def work(relay: Relay, container: Container, browser: Browser) -> None:
        container.may_take.clear()
        relay.type(b"ls\n")
        await settle()
        assert not browser.heard("took")
        container.may_take.set()
        await browser.until(lambda: browser.heard("took"))

    container, browser = play(lambda: Container(0), work)

    assert container.typed == b"ls\n"
    assert browser.told == [{"type": "took", "bytes": 3}]


def test_of_many_sizes_the_last_one_counts() -> None:
    async def work(relay: Relay, container: Container, browser: Browser) -> None:
        for columns in range(1, 100):
            relay.resize(Size(columns, 40))
        await settle()

    container, _ = play(lambda: Container(0), work)

    assert container.sizes == [Size(99, 40)]
