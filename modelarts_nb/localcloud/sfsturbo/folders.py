"""Folders of a share: make, look for, delete. There is no call that lists them."""

from __future__ import annotations

import errno
from typing import Any

from modelarts_nb.localcloud.sfsturbo.service import ONE, RIGHT, SFSTURBO, share
from modelarts_nb.localcloud.sfsturbo.tree import PathRefused, make, mode_of, parts, remove, root
from modelarts_nb.localcloud.store import Row
from modelarts_nb.localcloud.web.call import Call
from modelarts_nb.localcloud.web.fields import Fields
from modelarts_nb.localcloud.web.message import BadRequest, Reply
from modelarts_nb.localcloud.web.problem import CloudError

_FOLDER = ONE + "/fs/dir"
_MOST_ID = 2**32 - 2


def path_of(text: str | None) -> tuple[str, ...]:
    """The names in the path that a call gives.

    Raises:
        BadRequest: it is no path.
    """
    try:
        return parts(text or "")
    except PathRefused as error:
        raise BadRequest(str(error)) from None


def full(names: tuple[str, ...]) -> str:
    """A path in its one spelling."""
    return "/" + "/".join(names)


def missing(names: tuple[str, ...]) -> CloudError:
    """The refusal of a folder that is not there."""
    return CloudError(404, "SFS.TURBO.0001", f"path {full(names)} not exist")


@SFSTURBO.route("POST", _FOLDER, action=RIGHT + "createFsDir")
def create_folder(call: Call) -> Any:
    """A new folder; ``mode`` is written in decimal digits, 755 means 0o755."""
    row, fields = share(call, ready=True), Fields(call.body())
    names = path_of(fields.text("path", most=1024))
    digits = str(fields.number("mode", 755, most=777))
    if set(digits) - set("01234567"):
        raise BadRequest("mode must be three digits from 0 to 7.")
    uid, gid = fields.number("uid", 0, most=_MOST_ID), fields.number("gid", 0, most=_MOST_ID)
    if not names:
        raise BadRequest("path must not be the root.")
    try:
        make(root(call.cloud.folder, row), names, int(digits, 8), uid, gid)
    except OSError as error:
        raise _refused(error, names) from None
    call.db.run(
        "INSERT OR REPLACE INTO sfsturbo_folder VALUES (?, ?, ?, ?)",
        row["id"],
        full(names),
        uid,
        gid,
    )
    return Reply(204)


def _refused(error: OSError, names: tuple[str, ...]) -> CloudError:
    if error.errno == errno.EEXIST:
        return CloudError(400, "SFS.TURBO.0001", f"path {full(names)} already exist")
    if error.errno in {errno.ENOENT, errno.ENOTDIR, errno.ELOOP}:
        return CloudError(400, "SFS.TURBO.0001", f"parent of {full(names)} not exist")
    if error.errno == errno.ENOTEMPTY:
        return CloudError(400, "SFS.TURBO.0115", "path not empty")
    return CloudError(500, "SFS.TURBO.0005", "Internal server error")


@SFSTURBO.route("GET", _FOLDER, action=RIGHT + "showFsDir")
def show_folder(call: Call) -> Any:
    """Whether a folder is there; its mode and owner only on shares with a bandwidth (HPC)."""
    row = share(call, ready=True)
    names = path_of(call.request.get("path"))
    try:
        info = mode_of(root(call.cloud.folder, row), names)
    except OSError:
        raise missing(names) from None
    if not row["hpc_bw"]:
        return {"path": full(names)}
    uid, gid = _owner(call, row, names, (info.st_uid, info.st_gid))
    mode = int(f"40{info.st_mode & 0o777:03o}")
    return {"path": full(names), "mode": mode, "uid": uid, "gid": gid}


def _owner(call: Call, row: Row, names: tuple[str, ...], found: tuple[int, int]) -> tuple[int, int]:
    """Who owns a folder: as it was asked for, where this machine could not do it."""
    asked = call.db.one(
        "SELECT uid, gid FROM sfsturbo_folder WHERE share_id = ? AND path = ?",
        row["id"],
        full(names),
    )
    return (asked["uid"], asked["gid"]) if asked else found


@SFSTURBO.route("DELETE", _FOLDER, action=RIGHT + "deleteFsDir")
def delete_folder(call: Call) -> Any:
    """Delete an empty folder."""
    row = share(call, ready=True)
    names = path_of(Fields(call.body()).text("path", most=1024))
    if not names:
        raise BadRequest("path must not be the root.")
    try:
        remove(root(call.cloud.folder, row), names)
    except FileNotFoundError:
        raise missing(names) from None
    except OSError as error:
        raise _refused(error, names) from None
    for table in ("sfsturbo_folder", "sfsturbo_quota", "sfsturbo_usage"):
        call.db.run(
            f"DELETE FROM {table} WHERE share_id = ? AND path = ?",  # noqa: S608
            row["id"],
            full(names),
        )
    return Reply(204)
