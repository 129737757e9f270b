"""What is mounted, by the cloud's word and by the machine's."""

from __future__ import annotations

from dataclasses import replace

from modelarts_nb.cloud.client import Cloud, open_cloud
from modelarts_nb.cloud.errors import CloudNotFound
from modelarts_nb.cloud.instances import resolve
from modelarts_nb.cloud.shape import items, number
from modelarts_nb.progress import SILENT, Progress
from modelarts_nb.storage.machine import look_at, look_at_all
from modelarts_nb.storage.model import Storage, read_storage
from modelarts_nb.storage.sources import same_path


def list_storages(
    *,
    notebook: str | None = None,
    measure: bool = False,
    cloud: Cloud | None = None,
    progress: Progress = SILENT,
) -> list[Storage]:
    """What the cloud has mounted under ``/data``, or is about to, or failed to.

    Args:
        notebook: its id or name; None: this one.
        measure: also how long a small write takes (writes a file and removes it).

    Raises:
        CloudNotFound, CloudConflict: there is no notebook of this name, or several.
        CloudSetting: none was named and which this is, is not known.
        CloudError: the cloud refused or could not be reached.
    """
    cloud = cloud or open_cloud()
    instance = resolve(cloud, notebook, progress)
    found = read_all(cloud, instance, progress)
    if instance != cloud.place.instance:
        return found
    seen = look_at_all([s.path for s in found], measure=measure)
    return [replace(s, machine=machine) for s, machine in zip(found, seen, strict=True)]


def show(
    storage: str,
    *,
    notebook: str | None = None,
    measure: bool = True,
    cloud: Cloud | None = None,
    progress: Progress = SILENT,
) -> Storage:
    """One storage, measured.

    Args:
        storage: its path (``/data/mine``, or ``mine``) or its id.
        notebook: the instance's id or name; None: this one.
        measure: also how long a small write takes.

    Raises:
        CloudNotFound: nothing is mounted there, or there is no such notebook.
        CloudError: the cloud refused or could not be reached.
    """
    cloud = cloud or open_cloud()
    instance = resolve(cloud, notebook, progress)
    found = find(read_all(cloud, instance, progress), storage)
    if instance != cloud.place.instance:
        return found
    return replace(found, machine=look_at(found.path, measure=measure))


def find(storages: list[Storage], storage: str) -> Storage:
    """The one with this path or id.

    Raises:
        CloudNotFound: none has.
    """
    for path in (storage, f"/data/{storage}"):
        # The last one: an earlier try on the same path may have failed.
        for known in reversed(storages):
            if known.id == storage or same_path(known.path, path):
                return known
    raise CloudNotFound(
        f"Nothing is mounted at {storage!r}.", hint="`ma storage list` shows what is mounted."
    )


def read_all(cloud: Cloud, instance: str, progress: Progress = SILENT) -> list[Storage]:
    """Every storage of an instance, by the cloud's word."""
    answer = cloud.call(
        "modelarts", "list_dynamic_storages", instance_id=instance, progress=progress
    )
    found = [read_storage(value) for value in items(answer, "data")]
    total = number(answer, "total")
    # The call takes neither limit nor offset, though its answer counts pages.
    if total is not None and total > len(found):
        progress.log(f"The service shows {len(found)} of {total} storages.")
    return found
