"""The demo's container: the developer's notebook ``demo`` of a local cloud in this process.

It is started and stopped by the API, as its owner would, so that everything counts that counts at a
real start: an empty home, the registered hook, the key pairs, the lease.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from modelarts_nb.localcloud.modelarts.catalog import DEFAULT_IMAGE
from modelarts_nb.localcloud.modelarts.lifecycle import identity_of
from modelarts_nb.localcloud.modelarts.notebooks import Notebook, find
from modelarts_nb.localcloud.plane.folders import Folders
from modelarts_nb.localcloud.plane.identity import Identity
from modelarts_nb.localcloud.testing import LocalCloud

NAME, OTHER = "demo", "other"
_PACE = "/_local/modelarts/pace"
_DAY = 24 * 3_600_000  # milliseconds
# A hook may take ten minutes before the local cloud ends it.
_PATIENCE = 620.0
_AT_REST = {"STOPPED", "START_FAILED", "ERROR"}


class DemoFailed(Exception):
    """The container cannot be started; the message says why and what to do."""


class DemoNotebook:
    """The developer's notebook of the demo account.

    Args:
        cloud: the local cloud, which answers.

    Raises:
        DemoFailed: somebody deleted the notebook.
    """

    def __init__(self, cloud: LocalCloud) -> None:
        self._cloud = cloud
        self._all = f"/v1/{cloud.project_id}/notebooks"
        listed = self._ask("GET", self._all, query=(("name", NAME),))["data"]
        mine = [one for one in listed if one["name"] == NAME]
        if not mine:
            raise DemoFailed(f"The notebook {NAME} was deleted. `make run ARGS=--fresh` makes it.")
        self.id: str = min(mine, key=lambda one: str(one["create_at"]))["id"]

    def start(self) -> None:
        """A container with an empty home, in which the registered hook has run.

        Raises:
            DemoFailed: it does not start.
        """
        # What a person waits for before there is anything to see takes no longer than it must.
        self._cloud.operate("PUT", _PACE, {"percent": 0})
        self._wait({"RUNNING", *_AT_REST})
        if self.status != "RUNNING":
            query = (("duration", str(_DAY)), ("type", "timing"))
            self._ask("POST", f"{self._all}/{self.id}/start", query=query)
        self._wait({"RUNNING", "START_FAILED"})
        self._cloud.operate("PUT", _PACE, {"percent": 100})
        if self.status != "RUNNING":
            raise DemoFailed(
                f"The notebook does not start: {self._now().fail_reason}\n"
                f"What its hook said: {self.folders.logs}. `make run ARGS=--fresh` begins anew."
            )

    def stop(self) -> None:
        """End what runs in it; it is not running when the cloud starts the next time."""
        if self.status == "RUNNING":
            self._ask("POST", f"{self._all}/{self.id}/stop")
        self._wait(_AT_REST)

    def make_other(self) -> None:
        """One more notebook of the developer's, to be stopped, started and reached by SSH."""
        self._ask(
            "POST",
            self._all,
            {
                "name": OTHER,
                "description": "Another notebook of yours: stop it, start it, ssh into it",
                "flavor": "modelarts.vm.cpu.2u",
                "image_id": DEFAULT_IMAGE,
                "volume": {"category": "EFS", "ownership": "MANAGED", "capacity": 50},
                "duration": _DAY,
            },
        )

    def hook_said(self) -> str:
        """How the restart hook ended, in a line; empty where none is registered."""
        if "pre_start" not in self._now().hooks:
            return ""
        try:
            run: dict[str, Any] = json.loads((self.folders.logs / "pre_start.json").read_text())
            said = (self.folders.logs / "pre_start.log").read_text(errors="replace").splitlines()
        except (OSError, ValueError):
            return ""
        first = said[0] if said else f"exit code {run['exit_code']}"
        return f"the restart hook ran in {run['seconds']:.1f} s: {first}"

    @property
    def status(self) -> str:
        """As the API says it."""
        return self._now().status

    @property
    def folders(self) -> Folders:
        """Where home, disk and the rest are on this machine."""
        return self._identity().folders

    def variables(self) -> dict[str, str]:
        """The variables of its processes, with the developer's own keys instead of the agency's."""
        found = self._identity().variables()
        # Sockets are made there, whose paths must be short.
        del found["TMPDIR"]
        state = self._cloud.inside.folder
        return {
            **found,
            "MODELARTS_NB_CLOUD_FILE": str(state / "keys" / "developer.json"),
            "MODELARTS_NB_LOCAL_CLOUD": str(state),
            "NO_PROXY": "127.0.0.1,localhost",
        }

    def _identity(self) -> Identity:
        return identity_of(self._cloud.inside, self._now())

    def _now(self) -> Notebook:
        with self._cloud.inside.store.read() as db:
            notebook = find(db, self.id)
        if notebook is None:
            raise DemoFailed(f"The notebook {NAME} was deleted.")
        return notebook

    def _wait(self, states: set[str]) -> None:
        until = time.monotonic() + _PATIENCE
        while self.status not in states:
            if time.monotonic() > until:
                raise DemoFailed(f"The notebook {NAME} is still {self.status}.")
            time.sleep(0.02)

    def _ask(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        query: tuple[tuple[str, str], ...] = (),
    ) -> Any:
        return self._cloud.ask(self._cloud.users["developer"], method, path, body, query)


def furnish(home: Path, image: Path, channel: str) -> None:
    """What an image has in its home; where the hook has put something, that stays."""
    known = home / ".conda/environments.txt"
    known.parent.mkdir(exist_ok=True)
    lines = known.read_text().splitlines() if known.exists() else []
    known.write_text("".join(f"{line}\n" for line in dict.fromkeys([str(image), *lines])))
    # Where a person of the demo can make environments from, as an image's .condarc says.
    condarc = home / ".condarc"
    if not condarc.exists():
        condarc.write_text(f"channels:\n  - {channel}\n")
    # A demo asks nothing of the internet, and JupyterLab need not ask whether it may.
    news = home / ".jupyter/lab/user-settings/@jupyterlab/apputils-extension"
    news.mkdir(parents=True, exist_ok=True)
    settings = news / "notification.jupyterlab-settings"
    if not settings.exists():
        settings.write_text('{"fetchNews": "false"}\n')
