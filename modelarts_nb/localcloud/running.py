"""One local cloud from start to stop: folder, state, demo account, keys, socket."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelarts_nb.localcloud.cloud import Cloud
from modelarts_nb.localcloud.demo import access_of
from modelarts_nb.localcloud.services import SERVICES
from modelarts_nb.localcloud.state import Held, StateRefused, prepare, remove_access, write_access
from modelarts_nb.localcloud.store import OtherVersion
from modelarts_nb.localcloud.web.gateway import Gateway
from modelarts_nb.localcloud.web.server import Server


@dataclass(frozen=True)
class Running:
    """A cloud that answers.

    Attributes:
        cloud: the cloud.
        server: its sockets.
        access: what ``access.json`` holds: where it is, and everyone's keys.
    """

    cloud: Cloud
    server: Server
    access: dict[str, Any]


@contextmanager
def running(folder: Path, port: int = 0) -> Iterator[Running]:
    """A local cloud that answers until the block ends; its state stays in the folder.

    Args:
        folder: the state folder; made where it is missing.
        port: 0 chooses a free one.

    Raises:
        StateRefused: the folder is not usable or in use.
        OSError: the port is taken.
    """
    prepare(folder)
    held = Held(folder)
    try:
        try:
            cloud = Cloud(folder, SERVICES)
        except OtherVersion:
            raise StateRefused(
                f"The state in {folder} is of another version.", "Run `ma local reset`."
            ) from None
        server = Server(Gateway(cloud), port)
        cloud.endpoint = server.endpoint
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        try:
            cloud.start()
            access = access_of(cloud)
            thread.start()
            write_access(folder, {**access, "pid": os.getpid()})
            yield Running(cloud, server, access)
        finally:
            remove_access(folder)
            if thread.is_alive():
                server.stop()
            else:
                server.server_close()
            cloud.stop()
    finally:
        held.release()
