"""What lives only as long as the process: containers, SSH endpoints, how long things take."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from modelarts_nb.localcloud.cloud import Cloud
from modelarts_nb.localcloud.modelarts.service import SERVICE
from modelarts_nb.localcloud.plane.container import GRACE
from modelarts_nb.localcloud.plane.ssh.servers import SshServers
from modelarts_nb.localcloud.web.call import Call
from modelarts_nb.localcloud.web.fields import Fields
from modelarts_nb.localcloud.web.service import OPERATOR


@dataclass(frozen=True)
class Pace:
    """Seconds that a state lasts at least, so that a person sees it; tests set all to zero."""

    creating: float = 1.0
    starting: float = 1.0
    stopping: float = 0.5
    mounting: float = 0.5
    deleting: float = 0.3
    lease_check: float = 0.5

    def scaled(self, factor: float) -> Pace:
        """The same times a factor; leases are looked at as often as before."""
        return Pace(*(factor * s for s in (self.creating, self.starting, self.stopping,
                                           self.mounting, self.deleting)))  # fmt: skip


class Runtime:
    """One per running cloud."""

    def __init__(self, cloud: Cloud) -> None:
        self.folder = cloud.folder.resolve() / "modelarts"
        self.folder.mkdir(mode=0o700, exist_ok=True)
        self.ssh = SshServers()
        self.pace = Pace()
        self.grace = GRACE
        with cloud.store.read() as db:
            row = db.one("SELECT cloud FROM modelarts_identity")
        self.identity: str = row["cloud"] if row else ""
        self._locks: dict[str, threading.Lock] = {}
        self._locking = threading.Lock()

    @contextlib.contextmanager
    def alone(self, notebook_id: str) -> Iterator[None]:
        """One piece of work at a time on the folders and processes of a notebook."""
        with self._locking:
            lock = self._locks.setdefault(notebook_id, threading.Lock())
        with lock:
            yield


_runtimes: WeakKeyDictionary[Cloud, Runtime] = WeakKeyDictionary()
_making = threading.Lock()


def runtime(cloud: Cloud) -> Runtime:
    """The one of this cloud."""
    with _making:
        if cloud not in _runtimes:
            _runtimes[cloud] = Runtime(cloud)
        return _runtimes[cloud]


@SERVICE.route("PUT", "/_local/modelarts/pace", action=OPERATOR)
def put_pace(call: Call) -> dict[str, int]:
    """How long states last: percent of the usual; 0 as fast as it goes."""
    percent = Fields(call.body()).number("percent", most=10_000)
    found = runtime(call.cloud)
    found.pace = Pace().scaled(percent / 100)
    found.grace = GRACE * min(percent, 100) / 100
    return {"percent": percent}
