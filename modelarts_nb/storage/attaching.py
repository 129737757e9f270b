"""Mounting and unmounting while the notebook runs, followed to the end."""

from __future__ import annotations

import shlex
from dataclasses import replace

from modelarts_nb.cloud.client import Cloud, open_cloud
from modelarts_nb.cloud.errors import (
    CloudConflict,
    CloudInvalid,
    CloudNotFound,
    CloudTimeout,
    CloudUnreachable,
    StateFailed,
)
from modelarts_nb.cloud.instances import resolve
from modelarts_nb.cloud.waiting import follow
from modelarts_nb.progress import SILENT, Progress
from modelarts_nb.storage import model
from modelarts_nb.storage.listing import find, read_all
from modelarts_nb.storage.machine import look_at
from modelarts_nb.storage.model import Storage, read_storage
from modelarts_nb.storage.preconditions import require_running, require_share_in_reach
from modelarts_nb.storage.shares import find_share
from modelarts_nb.storage.sources import Source, read_path, read_source, same_path

SECONDS = 600.0
_AWAY_SECONDS = 60.0
# In these states there is nothing at the path that would be in the way.
_OVER = {model.MOUNT_FAILED, model.UNMOUNTED}


def mount(
    source: str,
    path: str,
    *,
    category: str | None = None,
    notebook: str | None = None,
    wait: bool = True,
    timeout: float = SECONDS,
    cloud: Cloud | None = None,
    progress: Progress = SILENT,
) -> Storage:
    """Mount a storage under ``/data`` of a notebook that runs. One under way is only followed.

    Args:
        source: ``obs://bucket/folder/``, or ``SHARE:/folder`` of SFS Turbo (its id or name).
        path: ``/data/NAME``, or only ``NAME``.
        category: OBS, OBSFS or EFS; None: OBSFS for ``obs://``, EFS for a share.
        notebook: the instance's id or name; None: this one.
        wait: follow it to the end; else return at once.
        timeout: seconds.

    Raises:
        UsageError: source or path are none.
        CloudNotFound: there is no such notebook or file system.
        CloudConflict: the path is in use, or the notebook does not run, or its network does not
            reach the share. Nothing was changed.
        StateFailed: the mount failed; says why. Nothing is left at the path.
        CloudTimeout, Cancelled: not followed any more; the cloud goes on.
        CloudError: the cloud refused or could not be reached.
    """
    wanted, at = read_source(source, category), read_path(path)
    cloud = cloud or open_cloud()
    instance = resolve(cloud, notebook, progress)
    progress.phase("checking")
    seen = require_running(cloud, instance, progress)
    if wanted.category == "EFS":
        wanted = wanted.of_share(find_share(cloud, wanted.share, progress))
    there = _at(read_all(cloud, instance, progress), at)
    if there is None or there.status in _OVER:
        if wanted.category == "EFS":
            require_share_in_reach(cloud, seen, wanted.share, progress)
        progress.phase("mounting")
        _forget_failed(cloud, instance, there, progress)
        there = _attach(cloud, instance, wanted, at, progress)
    elif not _same(there, wanted):
        raise CloudConflict(
            f"{at.rstrip('/')} is in use by {there.uri} ({there.status}).",
            hint=f"Choose another path, or `ma storage unmount {at.rstrip('/')}` first.",
        )
    elif there.status == model.UNMOUNTING:
        raise CloudConflict(
            f"{at.rstrip('/')} is being unmounted.", hint="Run the same again when that is done."
        )
    else:
        progress.phase("mounting")
    # One that could not be unmounted is still there.
    if not wait or there.status in (model.MOUNTED, model.UNMOUNT_FAILED):
        return _with_machine(cloud, instance, there)
    done = _follow_mount(cloud, instance, there, at, timeout, progress)
    return _with_machine(cloud, instance, done)


def unmount(
    storage: str,
    *,
    notebook: str | None = None,
    wait: bool = True,
    timeout: float = SECONDS,
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
    cloud = cloud or open_cloud()
    instance = resolve(cloud, notebook, progress)
    progress.phase("checking")
    known = find(read_all(cloud, instance, progress), storage)
    if known.status == model.MOUNTING:
        raise CloudConflict(
            f"{known.path} is being mounted.", hint="Run the same again when that is done."
        )
    if known.kind == "STATIC":
        raise CloudConflict(
            f"{known.path} belongs to the notebook and cannot be unmounted while it runs.",
            hint="Storages that were added while it ran (DYNAMIC) can.",
        )
    progress.phase("unmounting")
    if known.status != model.UNMOUNTING:
        _detach(cloud, instance, known, progress)
    if not wait:
        return replace(known, status=model.UNMOUNTING)
    return _follow_away(cloud, instance, known, timeout, progress)


def _follow_away(
    cloud: Cloud, instance: str, known: Storage, timeout: float, progress: Progress
) -> Storage:
    def look() -> Storage:
        try:
            return _look(cloud, instance, known.id, progress)
        except (CloudNotFound, CloudInvalid):
            # Gone: 6404, where a site does not call it "not found".
            return replace(known, status=model.UNMOUNTED, failure="")

    def ended(state: Storage) -> bool:
        if state.status == model.UNMOUNT_FAILED:
            raise StateFailed(
                f"{known.path} could not be unmounted: {state.failure or 'no reason is given'}",
                hint="Is a program still using it? Close it (`lsof +D` finds it) and run the same "
                "again.",
            )
        return state.status == model.UNMOUNTED

    return follow(
        look,
        ended,
        what=f"Unmounting {known.path}",
        again=_command(cloud, instance, "unmount", known.path),
        timeout=timeout,
        progress=progress,
    )


def _attach(cloud: Cloud, instance: str, wanted: Source, at: str, progress: Progress) -> Storage:
    body = {"category": wanted.category, "mount_path": at, "uri": wanted.uri}
    if wanted.share:
        body["efs_id"] = wanted.share
    try:
        answer = cloud.call(
            "modelarts",
            "attach_dynamic_storage",
            instance_id=instance,
            body=body,
            progress=progress,
        )
    except CloudUnreachable as error:
        # The answer got lost: was the request carried out?
        return _made_all_the_same(cloud, instance, wanted, at, error, progress)
    made = read_storage(answer)
    # What an answer leaves out is what was asked for.
    return replace(
        made,
        path=made.path or at.rstrip("/"),
        uri=made.uri or wanted.uri,
        status=made.status or model.MOUNTING,
        category=made.category or wanted.category,
    )


def _made_all_the_same(
    cloud: Cloud,
    instance: str,
    wanted: Source,
    at: str,
    error: CloudUnreachable,
    progress: Progress,
) -> Storage:
    try:
        there = _at(read_all(cloud, instance, progress), at)
    except CloudUnreachable:
        raise error from None
    if there is None or not _same(there, wanted):
        raise error
    progress.log(f"{error.message} It was carried out nevertheless.")
    return there


def _follow_mount(
    cloud: Cloud, instance: str, there: Storage, at: str, timeout: float, progress: Progress
) -> Storage:
    def ended(state: Storage) -> bool:
        if state.status in (model.MOUNT_FAILED, model.UNMOUNTED):
            gone = _forget_failed(cloud, instance, state, progress)
            left = "Nothing is left at the path." if gone else "Its record is still there."
            raise StateFailed(
                f"{there.uri} could not be mounted: {state.failure or 'no reason is given'}",
                hint="Does the folder exist, is it a parallel file system (OBS), and may both you "
                f"and the agency of ModelArts use it? {left}",
                cause=f"{state.category} {state.status}",
            )
        return state.status == model.MOUNTED

    return follow(
        lambda: _look(cloud, instance, there.id, progress),
        ended,
        what=f"Mounting {there.uri}",
        again=_command(cloud, instance, "mount", there.uri, at.rstrip("/")),
        timeout=timeout,
        progress=progress,
    )


def _look(cloud: Cloud, instance: str, id: str, progress: Progress) -> Storage:
    answer = cloud.call(
        "modelarts",
        "show_dynamic_storage",
        instance_id=instance,
        storage_id=id,
        progress=progress,
    )
    return read_storage(answer)


def _detach(cloud: Cloud, instance: str, known: Storage, progress: Progress) -> None:
    try:
        cloud.call(
            "modelarts",
            "detach_dynamic_storage",
            instance_id=instance,
            storage_id=known.id,
            repeatable=True,
            progress=progress,
        )
    except CloudNotFound as error:
        # Gone meanwhile, or by the same request whose answer got lost.
        progress.log(error.message)


def _forget_failed(cloud: Cloud, instance: str, known: Storage | None, progress: Progress) -> bool:
    """Take away the record of a mount that failed: it keeps its path in use on some sites. Is it
    away?"""
    if known is None or known.status != model.MOUNT_FAILED or not known.id:
        return True
    try:
        _detach(cloud, instance, known, progress)
        _follow_away(cloud, instance, known, _AWAY_SECONDS, progress)
    except (CloudConflict, CloudInvalid, StateFailed, CloudTimeout) as error:
        progress.log(f"the failed mount is still on record: {error.message}")
        return False
    return True


def _at(storages: list[Storage], path: str) -> Storage | None:
    here = [s for s in storages if same_path(s.path, path)]
    # One that is there counts more than one that failed before or after.
    return next((s for s in here if s.status not in _OVER), here[-1] if here else None)


def _same(there: Storage, wanted: Source) -> bool:
    return same_path(there.uri, wanted.uri)


def _command(cloud: Cloud, instance: str, *words: str) -> str:
    """The command that goes on with this."""
    other = () if instance == cloud.place.instance else ("--notebook", instance)
    return shlex.join(("ma", "storage", *words, *other))


def _with_machine(cloud: Cloud, instance: str, storage: Storage) -> Storage:
    if instance != cloud.place.instance:
        return storage
    return replace(storage, machine=look_at(storage.path))
