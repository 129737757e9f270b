"""The cloud as a whole: its state, its services, its clock, what goes on in the background."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from modelarts_nb.localcloud.iam.access import decide, every_resource
from modelarts_nb.localcloud.iam.policy import Decision
from modelarts_nb.localcloud.iam.secret import Secret, new_key
from modelarts_nb.localcloud.store import Db, Store
from modelarts_nb.localcloud.web.call import Caller
from modelarts_nb.localcloud.web.faults import Faults
from modelarts_nb.localcloud.web.service import Service

log = logging.getLogger("localcloud")

REGION = "local-1"


class Cloud:
    """One running local cloud.

    Args:
        folder: the state folder, marked as ours.
        services: in the order in which they start.

    Attributes:
        folder: the state folder; a service keeps files below ``folder / "<service>"``.
        store: the state.
        region: the only region there is, also the name of the demo project.
        endpoint: ``http://127.0.0.1:PORT`` once the server listens.
        faults: what is to go wrong; ``faults.event("storage.mount")`` asks for a fault inside.
        stopping: set when the cloud ends; wait on it instead of sleeping.
        clock_offset: seconds that the cloud's clock is ahead of the machine's.
        facts: more for ``access.json``, put here by services (``instance_id`` of the notebook).
        operator: AK and SK of who runs the cloud, new in every process.
    """

    def __init__(self, folder: Path, services: Sequence[Service]) -> None:
        self.folder = folder
        self.services = services
        self.region = REGION
        self.endpoint = ""
        self.store = Store(folder / "cloud.sqlite", [s.schema for s in services])
        self.faults = Faults()
        self.stopping = threading.Event()
        self.clock_offset = 0.0
        self.facts: dict[str, str] = {}
        self.operator: Secret = new_key()
        self._threads: set[threading.Thread] = set()

    def now(self) -> float:
        """Seconds since the epoch, by the cloud's clock, which the operator can put forward."""
        return time.time() + self.clock_offset

    def decide(
        self, db: Db, caller: Caller, action: str, context: Mapping[str, str], resource: str
    ) -> Decision:
        """What the policies in force say to an action of a caller; ``*``: on no resource that the
        call could name."""
        if resource == "*":
            resource = every_resource(action, self.region, caller.domain_id)
        return decide(db, caller, action, context, resource)

    def in_background(self, work: Callable[[], None]) -> None:
        """Run this in a thread of its own; a fault is logged, nobody waits for it but ``stop``."""

        def run() -> None:
            try:
                work()
            except Exception:
                log.exception("background work failed")
            finally:
                self._threads.discard(threading.current_thread())

        thread = threading.Thread(target=run, daemon=True)
        self._threads.add(thread)
        thread.start()

    def start(self) -> None:
        """Let every service make itself ready."""
        for service in self.services:
            for work in service.starters:
                work(self)

    def stop(self, patience: float = 10.0) -> None:
        """Let every service end what it started, then wait for the background and close."""
        self.stopping.set()
        for service in reversed(self.services):
            for work in service.stoppers:
                try:
                    work(self)
                except Exception:
                    log.exception("stopping %s failed", service.name)
        until = time.monotonic() + patience
        for thread in list(self._threads):
            thread.join(max(0.0, until - time.monotonic()))
        self.store.close()
