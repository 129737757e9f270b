"""What happens to a notebook after a call was answered: starting, stopping, deleting, leases.

A state on the wire is changed in a transaction before and after the work; the work itself, which
takes time, holds the notebook's lock and no transaction.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from modelarts_nb.localcloud.cloud import Cloud
from modelarts_nb.localcloud.modelarts import hooks
from modelarts_nb.localcloud.modelarts.credentials import agency_variables
from modelarts_nb.localcloud.modelarts.keypairs import public_keys
from modelarts_nb.localcloud.modelarts.notebooks import Notebook, every, find, forget, save
from modelarts_nb.localcloud.modelarts.runtime import runtime
from modelarts_nb.localcloud.plane.container import Container
from modelarts_nb.localcloud.plane.errors import PlaneError
from modelarts_nb.localcloud.plane.folders import Folders
from modelarts_nb.localcloud.plane.identity import Identity
from modelarts_nb.localcloud.plane.processes import processes_of

log = logging.getLogger("localcloud")

_PATIENCE = 5.0  # seconds that the cloud's own start waits for notebooks
# Nothing of these runs.
_AT_REST = {"STOPPED", "START_FAILED"}


def milliseconds(cloud: Cloud) -> int:
    """Now, as the API says times."""
    return int(cloud.now() * 1000)


def identity_of(
    cloud: Cloud, notebook: Notebook, keys: Mapping[str, str] | None = None
) -> Identity:
    """The notebook for the data plane; ``keys``: variables with the agency's, for a start."""
    found = runtime(cloud)
    shared = notebook.volume.get("folder")
    folders = Folders(found.folder, found.identity, notebook.id, Path(shared) if shared else None)
    place = {"REGION_NAME": cloud.region, "MODELARTS_NB_ENDPOINT": cloud.endpoint}
    return Identity(folders, notebook.project_id, {**place, **(keys or {})})


def container_of(cloud: Cloud, notebook: Notebook) -> Container:
    """What runs where the notebook is."""
    return Container(identity_of(cloud, notebook), grace=runtime(cloud).grace)


def change(cloud: Cloud, notebook_id: str, act: Callable[[Notebook], None]) -> Notebook | None:
    """Change a notebook in a transaction of its own; None when it is gone."""
    with cloud.store.write() as db:
        notebook = find(db, notebook_id)
        if notebook is not None:
            act(notebook)
            save(db, notebook)
        return notebook


def create(cloud: Cloud, notebook_id: str) -> None:
    """INIT, CREATING, then as a start."""

    def creating(notebook: Notebook) -> None:
        notebook.status = "CREATING"

    change(cloud, notebook_id, creating)
    cloud.stopping.wait(runtime(cloud).pace.creating)
    start(cloud, notebook_id, pause=False)


def start(cloud: Cloud, notebook_id: str, *, pause: bool = True) -> None:
    """STARTING: a fresh home and ``pre_start``; RUNNING; ``post_start``. Or START_FAILED."""
    if pause:
        cloud.stopping.wait(runtime(cloud).pace.starting)
    with runtime(cloud).alone(notebook_id):
        with cloud.store.read() as db:
            notebook = find(db, notebook_id)
        if notebook is None or cloud.stopping.is_set():
            return
        identity = identity_of(cloud, notebook, agency_variables(cloud, notebook))
        container = Container(identity, grace=runtime(cloud).grace)
        try:
            container.start(hooks.of(notebook.hooks, "pre_start"))
            port = _listen(cloud, notebook, identity)
        except (PlaneError, OSError, ValueError) as error:
            # A hook that died with the cloud is no failure: the next start of the cloud repeats it.
            if not cloud.stopping.is_set():
                _failed(cloud, notebook_id, str(error))
            return

        def running(notebook: Notebook) -> None:
            now = milliseconds(cloud)
            notebook.status, notebook.fail_reason = "RUNNING", ""
            notebook.token = str(uuid.uuid4())
            notebook.listening, notebook.ssh_port = bool(port), port or notebook.ssh_port
            # A fresh notebook shows what was asked for plus the time it took to start.
            notebook.renew(now, notebook.lease_asked)

        change(cloud, notebook_id, running)
    container.started(hooks.of(notebook.hooks, "post_start"))


def _listen(cloud: Cloud, notebook: Notebook, identity: Identity) -> int:
    """Open the SSH endpoint if the notebook has one; its port, else 0."""
    if notebook.ssh is None:
        return 0

    def keys() -> list[str]:
        with cloud.store.read() as db:
            return public_keys(db, notebook.project_id, notebook.started_by, notebook.pairs)

    return runtime(cloud).ssh.open(
        identity,
        keys,
        allowed=notebook.ssh["allowed_access_ips"],
        port=notebook.ssh_port,
    )


def _failed(cloud: Cloud, notebook_id: str, reason: str) -> None:
    log.warning("notebook %s did not start: %s", notebook_id, reason)

    def failed(notebook: Notebook) -> None:
        notebook.status, notebook.fail_reason = "START_FAILED", reason
        notebook.updated = milliseconds(cloud)

    change(cloud, notebook_id, failed)


def stop(cloud: Cloud, notebook_id: str) -> None:
    """STOPPING: end all processes and connections; STOPPED."""
    cloud.stopping.wait(runtime(cloud).pace.stopping)
    with runtime(cloud).alone(notebook_id):
        with cloud.store.read() as db:
            notebook = find(db, notebook_id)
        if notebook is None:
            return
        reason = _ended(cloud, notebook)

        def stopped(notebook: Notebook) -> None:
            notebook.status = "ERROR" if reason else "STOPPED"
            notebook.fail_reason = reason
            notebook.listening = False
            notebook.updated = milliseconds(cloud)

        change(cloud, notebook_id, stopped)


def delete(cloud: Cloud, notebook_id: str) -> None:
    """DELETING: as a stop, then its folders; gone. Or DELETE_FAILED."""
    cloud.stopping.wait(runtime(cloud).pace.deleting)
    with runtime(cloud).alone(notebook_id):
        with cloud.store.read() as db:
            notebook = find(db, notebook_id)
        if notebook is None:
            return
        reason = _ended(cloud, notebook)
        try:
            container_of(cloud, notebook).remove()
        except (PlaneError, OSError) as error:
            reason = str(error)
        if not reason:
            with cloud.store.write() as db:
                forget(db, notebook_id)
            return

        def failed(notebook: Notebook) -> None:
            notebook.status, notebook.fail_reason = "DELETE_FAILED", reason

        change(cloud, notebook_id, failed)


def _ended(cloud: Cloud, notebook: Notebook) -> str:
    """End what the notebook runs; why not, or nothing."""
    try:
        runtime(cloud).ssh.close(notebook.id)
        container_of(cloud, notebook).stop()
    except PlaneError as error:
        return str(error)
    return ""


def begin_stop(notebook: Notebook, now: int) -> None:
    """From RUNNING to STOPPING."""
    notebook.status, notebook.updated = "STOPPING", now


def pick_up(cloud: Cloud) -> None:
    """What was running when the cloud ended runs again; what was under way is brought to an end.

    Processes do not outlive the local cloud, so this is a restart, as after the failure of a node.
    Returns when they run, or a moment later when a hook takes long.
    """
    with cloud.store.read() as db:
        notebooks = every(db)
    starting: list[threading.Event] = []
    for notebook in notebooks:
        if notebook.status in {"RUNNING", "INIT", "CREATING", "STARTING"}:
            change(cloud, notebook.id, _starting_again)
            started = threading.Event()
            starting.append(started)
            cloud.in_background(partial(_start_again, cloud, notebook.id, started))
        elif notebook.status == "STOPPING":
            cloud.in_background(partial(stop, cloud, notebook.id))
        elif notebook.status == "DELETING":
            cloud.in_background(partial(delete, cloud, notebook.id))
    cloud.in_background(lambda: watch_leases(cloud))
    until = time.monotonic() + _PATIENCE
    for started in starting:
        started.wait(max(0.0, until - time.monotonic()))


def _start_again(cloud: Cloud, notebook_id: str, started: threading.Event) -> None:
    try:
        start(cloud, notebook_id, pause=False)
    finally:
        started.set()


def _starting_again(notebook: Notebook) -> None:
    notebook.status, notebook.listening = "STARTING", False


def end_all(cloud: Cloud) -> None:
    """End every process and connection; what is remembered stays, so that it runs again."""
    with cloud.store.read() as db:
        notebooks = every(db)
    alive = [notebook for notebook in notebooks if notebook.status not in _AT_REST]
    for notebook in alive:
        _ended(cloud, notebook)  # which also ends a start that waits for its hook
    for notebook in alive:
        if notebook.status != "RUNNING":
            with runtime(cloud).alone(notebook.id):
                _ended(cloud, notebook)
    runtime(cloud).ssh.stop()


def watch_leases(cloud: Cloud) -> None:
    """Stop notebooks whose lease is over, until the cloud ends."""
    while not cloud.stopping.wait(runtime(cloud).pace.lease_check):
        now = milliseconds(cloud)
        with cloud.store.read() as db:
            over = [n for n in every(db) if _is_over(n, now)]
        for notebook in over:
            end_lease(cloud, notebook.id)


def end_lease(cloud: Cloud, notebook_id: str) -> None:
    """Stop a notebook whose lease is over; an IDLE one in which something runs is kept.

    IDLE is decided by processes: the local cloud has no kernels of which it could ask.
    """
    with cloud.store.write() as db:
        notebook = find(db, notebook_id)
        now = milliseconds(cloud)
        if notebook is None or not _is_over(notebook, now):
            return
        busy = notebook.lease_type == "IDLE" and processes_of(identity_of(cloud, notebook).marker)
        if busy:
            notebook.renew(now, notebook.lease_asked)
        else:
            begin_stop(notebook, now)
        save(db, notebook)
    if not busy:
        cloud.in_background(lambda: stop(cloud, notebook_id))


def _is_over(notebook: Notebook, now: int) -> bool:
    return notebook.status == "RUNNING" and notebook.lease_enable and notebook.lease_end() <= now
