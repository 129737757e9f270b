"""Storage of a notebook that is named as people name it. The rooms of notebooks and of storage do
not know each other, and storage knows notebooks by id only."""

from __future__ import annotations

from modelarts_nb.cloud.client import Cloud, open_cloud
from modelarts_nb.notebook.listing import resolve
from modelarts_nb.progress import SILENT, Progress
from modelarts_nb.storage import attaching, listing
from modelarts_nb.storage.model import Storage


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
    cloud, id = _named(notebook, cloud, progress)
    return listing.list_storages(notebook=id, measure=measure, cloud=cloud, progress=progress)


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
    cloud, id = _named(notebook, cloud, progress)
    return listing.show(storage, notebook=id, measure=measure, cloud=cloud, progress=progress)


def mount(
    source: str,
    path: str,
    *,
    category: str | None = None,
    notebook: str | None = None,
    wait: bool = True,
    timeout: float = attaching.SECONDS,
    cloud: Cloud | None = None,
    progress: Progress = SILENT,
) -> Storage:
    """Mount a storage under ``/data`` of a notebook that runs. One under way is only followed.

    Args:
        source: ``obs://bucket/folder/``, or ``SHARE-ID:/folder`` of SFS Turbo.
        path: ``/data/NAME``, or only ``NAME``.
        category: OBS, OBSFS or EFS; None: OBSFS for ``obs://``, EFS for a share.
        notebook: the instance's id or name; None: this one.
        wait: follow it to the end; else return at once.
        timeout: seconds.

    Raises:
        UsageError: source or path are none.
        CloudNotFound: there is no such notebook.
        CloudConflict: the path is in use, or the notebook does not run, or its network does not
            reach the share, or several have this name. Nothing was changed.
        StateFailed: the mount failed; says why. Nothing is left at the path.
        CloudTimeout, Cancelled: not followed any more; the cloud goes on.
        CloudError: the cloud refused or could not be reached.
    """
    cloud, id = _named(notebook, cloud, progress)
    return attaching.mount(
        source,
        path,
        category=category,
        notebook=id,
        wait=wait,
        timeout=timeout,
        cloud=cloud,
        progress=progress,
    )


def unmount(
    storage: str,
    *,
    notebook: str | None = None,
    wait: bool = True,
    timeout: float = attaching.SECONDS,
    cloud: Cloud | None = None,
    progress: Progress = SILENT,
) -> Storage:
    """Take a storage away from ``/data``; what is in it stays where it is. One under way is only
    followed.

    Args:
        storage: its path (``/data/mine``, or ``mine``) or its id.
        notebook: the instance's id or name; None: this one.
        wait: follow it to the end; else return at once.
        timeout: seconds.

    Raises:
        CloudNotFound: nothing is mounted there, or there is no such notebook.
        CloudConflict: it is being mounted, or cannot be unmounted while the notebook runs.
        StateFailed: it could not be unmounted; says why.
        CloudTimeout, Cancelled: not followed any more; the cloud goes on.
        CloudError: the cloud refused or could not be reached.
    """
    cloud, id = _named(notebook, cloud, progress)
    return attaching.unmount(
        storage, notebook=id, wait=wait, timeout=timeout, cloud=cloud, progress=progress
    )


def _named(
    notebook: str | None, cloud: Cloud | None, progress: Progress
) -> tuple[Cloud | None, str | None]:
    """The id of a notebook that was named. Where none was, nothing is asked yet: what is wrong
    with the other values is said first."""
    if not notebook:
        return cloud, None
    cloud = cloud or open_cloud()
    return cloud, resolve(cloud, notebook, progress)
