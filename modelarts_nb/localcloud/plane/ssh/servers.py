"""All SSH endpoints of the local cloud: one thread with an event loop, for callers that wait."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import TimeoutError as FutureTimeout
from typing import TYPE_CHECKING, Any, TypeVar

from modelarts_nb.localcloud.plane.errors import PlaneError
from modelarts_nb.localcloud.plane.identity import Identity

if TYPE_CHECKING:
    from modelarts_nb.localcloud.plane.ssh.endpoint import Endpoint
    from modelarts_nb.localcloud.plane.ssh.gate import Keys

_Result = TypeVar("_Result")
_PATIENCE = 60.0


class SshServers:
    """Opens and closes endpoints; safe to call from any thread."""

    def __init__(self) -> None:
        self._endpoints: dict[str, Endpoint] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    def open(
        self, identity: Identity, keys: Keys, *, allowed: Sequence[str] = (), port: int = 0
    ) -> int:
        """Listen for a notebook; one that listens already is replaced. Returns the port.

        Args:
            identity: the notebook.
            keys: its public keys, asked at every login, in a thread.
            allowed: addresses or networks in CIDR form; empty: every address.
            port: the one it had before; another is taken when that is in use.

        Raises:
            OSError: no port, or the host key cannot be read.
            ValueError: an address that is none.
            PlaneError: it takes too long.
        """
        # asyncssh takes a third of a second to import, and most notebooks have no endpoint.
        from modelarts_nb.localcloud.plane.ssh.endpoint import Endpoint

        name = identity.folders.notebook
        endpoint = Endpoint(identity, keys, allowed)

        async def replace() -> int:
            await self._close(name)
            found = endpoint.open(port)
            self._endpoints[name] = endpoint
            return found

        return self._call(replace)

    def close(self, notebook: str) -> None:
        """End the endpoint of a notebook with its connections; none is fine.

        Raises:
            PlaneError: it takes too long.
        """
        if self._loop is not None:
            self._call(lambda: self._close(notebook))

    def stop(self) -> None:
        """End everything."""
        with self._starting:
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
        if loop is None or thread is None:
            return

        async def close_all() -> None:
            for name in list(self._endpoints):
                await self._close(name)
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)
            await loop.shutdown_default_executor()

        asyncio.run_coroutine_threadsafe(close_all(), loop).result(_PATIENCE)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(_PATIENCE)
        loop.close()

    async def _close(self, notebook: str) -> None:
        endpoint = self._endpoints.pop(notebook, None)
        if endpoint is not None:
            await endpoint.close()

    def _call(self, work: Callable[[], Coroutine[Any, Any, _Result]]) -> _Result:
        under_way = asyncio.run_coroutine_threadsafe(work(), self._running())
        try:
            return under_way.result(_PATIENCE)
        except FutureTimeout:
            under_way.cancel()
            raise PlaneError("The SSH endpoint does not open or close.") from None

    def _running(self) -> asyncio.AbstractEventLoop:
        with self._starting:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(
                    target=self._loop.run_forever, name="localcloud-ssh", daemon=True
                )
                self._thread.start()
            return self._loop
