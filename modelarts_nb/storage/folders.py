"""Folders of SFS Turbo: which ones policies allow, making one, quota and usage.

The service lists no folders. So what a user may mount is asked of the policies themselves: the
cloud's own test (``validate_authorization``) names the condition that decided, and with it the
folders that are allowed (the best practices' chapter on rights by folder).
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from modelarts_nb.cloud.client import Cloud, open_cloud
from modelarts_nb.cloud.errors import (
    CloudConflict,
    CloudForbidden,
    CloudInvalid,
    CloudNotFound,
)
from modelarts_nb.cloud.shape import number, obj, text
from modelarts_nb.cloud.waiting import after
from modelarts_nb.disk.mounts import read_mounts
from modelarts_nb.disk.probe import Asked, ask_all
from modelarts_nb.errors import Cancelled, UsageError
from modelarts_nb.progress import SILENT, Progress
from modelarts_nb.storage.model import Folder
from modelarts_nb.storage.policy import Verdict, may_mount, tidy
from modelarts_nb.storage.shares import find_share
from modelarts_nb.storage.sources import clean_folder

# Everybody in a notebook is ma-user (1000) of ma-group (100).
NOTEBOOK_UID, NOTEBOOK_GID = 1000, 100
_MB = 1024 * 1024
# Folders that are asked about at a time: as many as a client of the SDK has connections for.
_AT_ONCE = 8
# The cloud may not have the call for this share (only HPC types answer), or not the right to it.
_CANNOT_SAY = (CloudForbidden, CloudNotFound, CloudInvalid, CloudConflict)


def list_folders(
    share: str,
    *,
    paths: Sequence[str] = (),
    cloud: Cloud | None = None,
    progress: Progress = SILENT,
) -> list[Folder]:
    """Folders of a share that can be known of, and which of them may be mounted.

    Known are: those that a policy names, those asked for, and those at the top of a mount of this
    share in this notebook.

    Args:
        share: the id or the name of the file system.
        paths: more folders to look at.

    Raises:
        UsageError: one of ``paths`` is no folder.
        CloudNotFound, CloudConflict: there is no file system of this name, or several.
        CloudError: the cloud could not be reached.
    """
    cloud = cloud or open_cloud()
    wanted = [clean_folder(path) for path in paths]
    progress.phase("asking the policies")
    share = find_share(cloud, share, progress)
    root = may_mount(cloud, share, ["/"], progress)
    known = list(dict.fromkeys([*root["/"].folders, *wanted, *_seen_here(share)]))
    verdicts = root | may_mount(cloud, share, [p for p in known if p != "/"], progress)
    progress.phase("looking at folders", files=len(verdicts))
    together = _Together(progress)

    def describe(path: str) -> Folder:
        found = _describe(cloud, share, path, verdicts[path], together)
        progress.advance(files=1)
        return found

    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="folders") as crew:
        try:
            return list(crew.map(describe, verdicts))
        finally:
            together.stop()


class _Together:
    """Progress of several threads: when one fails or the user interrupts, all of them stop."""

    def __init__(self, progress: Progress) -> None:
        self._stopped = threading.Event()
        self.phase, self.advance, self.log = progress.phase, progress.advance, progress.log
        self._check = progress.check

    def stop(self) -> None:
        """From now on every ``check`` raises ``Cancelled``."""
        self._stopped.set()

    def check(self) -> None:
        """See ``Progress``."""
        if self._stopped.is_set():
            raise Cancelled()
        self._check()


def create_folder(
    share: str,
    path: str,
    *,
    mode: str = "755",
    cloud: Cloud | None = None,
    progress: Progress = SILENT,
) -> Folder:
    """Make a folder that the notebook's user may write to. One that is there is left as it is.

    Args:
        share: the id or the name of the file system.
        path: of the folder, as in ``/team/data``.
        mode: three octal digits.

    Raises:
        UsageError: no path, or no mode.
        CloudError: the cloud refused or could not be reached.
    """
    at = clean_folder(path)
    if at == "/":
        raise UsageError("The share itself is there already.", hint="Name a folder of it.")
    if len(mode) != 3 or not set(mode) <= set("01234567"):
        raise UsageError(f"{mode!r} is no mode.", hint="Three digits from 0 to 7, as in 755.")
    cloud = cloud or open_cloud()
    share = find_share(cloud, share, progress)
    if _exists(cloud, share, at, progress)[0]:
        progress.log(f"{at} is there already")
        return _judged(cloud, share, at, progress)
    progress.phase("creating")
    body = {
        "path": at,
        # The service takes the octal digits as a decimal number.
        "mode": int(mode),
        "uid": NOTEBOOK_UID,
        "gid": NOTEBOOK_GID,
    }
    try:
        cloud.call(
            "sfsturbo",
            "create_fs_dir",
            share_id=share,
            body=body,
            repeatable=True,
            progress=progress,
        )
    except (CloudConflict, CloudInvalid):
        # Made by the same request, whose answer got lost?
        if not _exists(cloud, share, at, progress)[0]:
            raise
    with after(f"{at} was made."):
        made = _judged(cloud, share, at, progress)
    return made if made.exists is not None else replace(made, exists=True)


def set_quota(
    share: str,
    path: str,
    *,
    capacity: int,
    inodes: int,
    cloud: Cloud | None = None,
    progress: Progress = SILENT,
) -> Folder:
    """Limit what a folder may hold.

    Args:
        share: the id or the name of the file system.
        path: of the folder.
        capacity: bytes; whole MB are set, rounded up.
        inodes: files. Both are needed: one that is left out counts as 0 and blocks writing.

    Raises:
        UsageError: no path, or one of the limits is not positive.
        CloudError: the cloud refused or could not be reached.
    """
    at = clean_folder(path)
    if capacity <= 0 or inodes <= 0:
        raise UsageError("Both limits must be positive.", hint="0 would block every write.")
    cloud = cloud or open_cloud()
    share = find_share(cloud, share, progress)
    body = {"path": at, "capacity": -(-capacity // _MB), "inode": inodes}
    known = _try(cloud, "show_fs_dir_quota", share, at, progress)
    # Zeros are how it says that there is none.
    limited = number(known, "capacity") or number(known, "inode")
    operation = "update_fs_dir_quota" if limited else "create_fs_dir_quota"
    progress.phase("setting the quota")
    cloud.call(
        "sfsturbo",
        operation,
        share_id=share,
        body=body,
        repeatable=bool(limited),
        progress=progress,
    )
    with after(f"The quota of {at} was set."):
        return _judged(cloud, share, at, progress)


def _seen_here(share: str) -> list[str]:
    """Folders at the top of what this machine has mounted of the share."""
    mounts = []
    for mount in read_mounts():
        host, _, folder = mount.source.partition(":")
        if folder and host.startswith(share):
            mounts.append((tidy(folder), mount.point))
    answers = ask_all([Asked(str(point), names=True) for _, point in mounts])
    found = [base for base, _ in mounts]
    for (base, _), answer in zip(mounts, answers, strict=True):
        found += [tidy(f"{base}/{name}") for name in answer.found.get("names", [])]
    return found


def _judged(cloud: Cloud, share: str, path: str, progress: Progress) -> Folder:
    """One folder, and whether it may be mounted."""
    verdict = may_mount(cloud, share, [path], progress)[path]
    return _describe(cloud, share, path, verdict, progress)


def _describe(cloud: Cloud, share: str, path: str, verdict: Verdict, progress: Progress) -> Folder:
    exists, seen = _exists(cloud, share, path, progress)
    quota = _try(cloud, "show_fs_dir_quota", share, path, progress) if exists is not False else {}
    usage = _try(cloud, "show_fs_dir_usage", share, path, progress) if exists is not False else {}
    capacity = number(quota, "capacity")
    used = number(obj(usage, "dir_usage"), "used_capacity")
    if used is None and (megabytes := number(quota, "used_capacity")) is not None:
        used = megabytes * _MB
    return Folder(
        share=share,
        path=path,
        allowed=verdict.allowed,
        exists=exists,
        mode=text(seen, "mode")[-3:],
        uid=number(seen, "uid"),
        gid=number(seen, "gid"),
        capacity=capacity * _MB if capacity else None,
        used=used,
        inodes=number(quota, "inode") or None,
        used_inodes=number(quota, "used_inode"),
        why=verdict.why,
    )


def _exists(
    cloud: Cloud, share: str, path: str, progress: Progress
) -> tuple[bool | None, dict[str, Any]]:
    if path == "/":
        return True, {}
    try:
        answer = cloud.call("sfsturbo", "show_fs_dir", share_id=share, path=path, progress=progress)
    except CloudNotFound:
        return False, {}
    except _CANNOT_SAY as error:
        progress.log(error.message)
        return None, {}
    return True, obj(answer)


def _try(cloud: Cloud, operation: str, share: str, path: str, progress: Progress) -> dict[str, Any]:
    try:
        return obj(cloud.call("sfsturbo", operation, share_id=share, path=path, progress=progress))
    except _CANNOT_SAY:
        return {}
