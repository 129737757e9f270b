"""A JupyterLab in the demo notebook of a local cloud."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from modelarts_nb.localcloud.modelarts.notebooks import add, every
from modelarts_nb.localcloud.testing import LocalCloud, local_cloud
from tests.ui.lab import Lab


@dataclass(frozen=True)
class CloudLab:
    """The two, and the id of the notebook that the server takes itself for."""

    lab: Lab
    cloud: LocalCloud
    instance: str

    def lease(self) -> int:
        """Seconds that the notebook still runs, by the REST API."""
        seconds: int = self.lab.get("notebooks/this/lease")["remaining"]
        return seconds

    def add_notebook(self, name: str) -> str:
        """A stopped notebook of the developer's; its id."""
        with self.cloud.inside.store.write() as db:
            [demo] = [n for n in every(db, self.cloud.project_id) if n.name == "demo"]
            made = replace(demo, id=str(uuid.uuid4()), name=name, status="STOPPED", hooks={})
            add(db, made)
        return made.id

    def storages(self) -> dict[str, Any]:
        """What is mounted, by path."""
        return {found["path"]: found for found in self.lab.get("storages")["storages"]}


@contextmanager
def cloud_lab(
    folder: Path,
    *,
    user: str = "developer",
    disk: Path | None = None,
    images: Sequence[Path] = (),
    channel: str = "",
) -> Iterator[CloudLab]:
    """A local cloud and a JupyterLab with the keys of one of its users.

    Args:
        folder: empty.
        user: whose keys.
        disk, images, channel: as of ``Lab``; without a disk a folder is one.
    """
    with local_cloud(folder / "cloud") as cloud:
        # States of notebooks and storages last no time.
        cloud.operate("PUT", "/_local/modelarts/pace", {"percent": 0})
        with cloud.inside.store.read() as db:
            [demo] = [n for n in every(db, cloud.project_id) if n.name == "demo"]
        variables = {
            "MODELARTS_NB_CLOUD_FILE": str(folder / "cloud/keys" / f"{user}.json"),
            "MODELARTS_NB_INSTANCE": demo.id,
        }
        (disk or folder / "disk").mkdir(exist_ok=True)
        lab = Lab(folder / "lab", disk or folder / "disk", [*images], channel, variables)
        try:
            yield CloudLab(lab, cloud, demo.id)
        finally:
            lab.stop()
