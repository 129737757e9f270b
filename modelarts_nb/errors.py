"""Every error a user can meet: a code for programs, a message, a hint on what to do.

A face shows ``message`` and ``hint``; the REST API sends ``to_dict()``; ``ma`` exits with
``exit_code``. Nothing else is ever shown to a user: a traceback is a bug.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path


class ModelArtsNbError(Exception):
    """Base of all errors of this package.

    Args:
        message: what happened, one or two sentences, naming the thing it happened to.
        hint: what the user can do now; may be empty.
        cause: the technical part (server text, ``errno`` name), folded away by the faces.
    """

    code = "error"
    exit_code = 1
    http_status = 400

    def __init__(self, message: str, *, hint: str = "", cause: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.cause = cause

    def to_dict(self) -> dict[str, str]:
        """The error as the REST API and ``--json`` send it."""
        return {
            "code": self.code,
            "message": self.message,
            "hint": self.hint,
            "cause": self.cause,
        }


class UsageError(ModelArtsNbError):
    """A parameter is missing, unknown or of the wrong type."""

    code, exit_code = "usage", 2


class InvalidName(ModelArtsNbError):
    """A name that cannot be an environment's."""

    code, exit_code = "invalid_name", 2


class NameTaken(ModelArtsNbError):
    """An environment of this name (ignoring case) exists."""

    code, exit_code, http_status = "name_taken", 3, 409


class NotFound(ModelArtsNbError):
    """No environment, archive, operation or file of this name."""

    code, exit_code, http_status = "not_found", 4, 404


class NotAnEnvironment(ModelArtsNbError):
    """A folder that is not a conda environment."""

    code, exit_code, http_status = "not_an_environment", 4, 409


class NotFilled(ModelArtsNbError):
    """A sealed environment that has no copy on the local disk, where one is needed."""

    code, exit_code, http_status = "not_filled", 4, 409


class Unsaved(ModelArtsNbError):
    """Work in the local copy of a sealed environment that is in no version, and would be left."""

    code, exit_code, http_status = "unsaved", 6, 409


class DiskMissing(ModelArtsNbError):
    """The persistent disk is not there."""

    code, exit_code, http_status = "disk_missing", 5, 503


class DiskFull(ModelArtsNbError):
    """No bytes, inodes or quota left."""

    code, exit_code, http_status = "disk_full", 5, 507


class DiskFailure(ModelArtsNbError):
    """The disk answered with an error, went away or is read-only."""

    code, exit_code, http_status = "disk_failure", 5, 503


class DiskTimeout(DiskFailure):
    """The disk does not answer."""

    code, http_status = "disk_timeout", 504


class AccessDenied(ModelArtsNbError):
    """The operating system refused access to a file."""

    code, exit_code, http_status = "access_denied", 5, 403


class LinksRefused(ModelArtsNbError):
    """Hard links were asked for, and there can be none between the two places."""

    code, exit_code, http_status = "links_refused", 5, 409


class Busy(ModelArtsNbError):
    """Somebody else is working on it."""

    code, exit_code, http_status = "busy", 6, 409


class Cancelled(ModelArtsNbError):
    """The user cancelled the operation; nothing was left behind."""

    code, exit_code, http_status = "cancelled", 130, 409

    def __init__(self, message: str = "Cancelled.", *, hint: str = "", cause: str = "") -> None:
        super().__init__(message, hint=hint, cause=cause)


class ArchiveInvalid(ModelArtsNbError):
    """An archive that is corrupt, truncated or not an environment."""

    code, exit_code = "archive_invalid", 7


class ArchiveHostile(ArchiveInvalid):
    """An archive that would write outside its target or exhaust the disk."""

    code = "archive_hostile"


class PlatformMismatch(ModelArtsNbError):
    """An archive or environment of another platform."""

    code, exit_code = "platform_mismatch", 7


class PackRefused(ModelArtsNbError):
    """An environment that cannot be packed as it is: editable, clobbered or missing files."""

    code, exit_code, http_status = "pack_refused", 7, 409


class Unsolvable(ModelArtsNbError):
    """No set of packages satisfies the request."""

    code, exit_code, http_status = "unsolvable", 8, 409


class NetworkUnavailable(ModelArtsNbError):
    """A channel or an index could not be reached."""

    code, exit_code, http_status = "network_unavailable", 9, 502


class EngineFailed(ModelArtsNbError):
    """conda, pip or rattler ended with an error that is none of the above."""

    code, exit_code, http_status = "engine_failed", 10, 500


class LocalCloudFailed(ModelArtsNbError):
    """The local cloud does not start, end or empty its state."""

    code, http_status = "local_cloud_failed", 500


class ConfigInvalid(ModelArtsNbError):
    """A settings file that cannot be read."""

    code, exit_code = "config_invalid", 2


class OwnerUnknown(ModelArtsNbError):
    """Several people use this disk and nothing says who this notebook's is."""

    code, exit_code, http_status = "owner_unknown", 2, 409


class Tampered(ModelArtsNbError):
    """A file of the tool or the hook is not the one that was installed."""

    code, exit_code, http_status = "tampered", 11, 409


class Internal(ModelArtsNbError):
    """A fault of ours; the log has the traceback."""

    code, exit_code, http_status = "internal", 70, 500


def exit_code_of(code: str) -> int:
    """The exit code of an error of which only its code is known, as in an answer or a journal."""
    kinds: list[type[ModelArtsNbError]] = [ModelArtsNbError]
    while kinds:
        kind = kinds.pop()
        if kind.code == code:
            return kind.exit_code
        kinds += kind.__subclasses__()
    return ModelArtsNbError.exit_code


_FULL = {errno.ENOSPC, errno.EDQUOT}
_DENIED = {errno.EACCES, errno.EPERM}


def _there(path: str | bytes | int | Path) -> str:
    """The path itself, or where it is not (a file that could not be made) the folder it is in."""
    if isinstance(path, int):
        return f"file {path}"
    found = Path(os.fsdecode(path))
    while not os.path.lexists(found) and found != found.parent:
        found = found.parent
    return str(found)


def from_os_error(error: OSError, doing: str, path: str | Path | None = None) -> ModelArtsNbError:
    """Translate an ``OSError`` into the error a user understands.

    Args:
        error: what the operating system raised.
        doing: what was being done, as in ``"copying numpy/core.so"``.
        path: where, when ``error.filename`` does not say.

    Returns:
        ``DiskFull``, ``AccessDenied``, ``DiskTimeout`` or ``DiskFailure``, for the caller to raise.
    """
    number = error.errno or 0
    name = errno.errorcode.get(number, "unknown")
    where = error.filename or path
    cause = f"{name}: {os.strerror(number) if number else error}" + (f" ({where})" if where else "")
    if number in _FULL:
        what = "quota is used up" if number == errno.EDQUOT else "disk is full"
        return DiskFull(
            f"The {what} ({doing}).",
            hint="Free space (`ma bin empty`, `ma env remove NAME`) and run the same again.",
            cause=cause,
        )
    if number in _DENIED:
        return AccessDenied(
            f"No permission ({doing}).",
            hint=f"Check who may read and write {_there(where)}." if where else "",
            cause=cause,
        )
    if number == errno.EROFS:
        return DiskFailure(
            f"The disk is mounted read-only ({doing}).",
            hint="Attach the storage with write access, or choose another disk.",
            cause=cause,
        )
    if number == errno.ETIMEDOUT:
        return DiskTimeout(
            f"The disk does not answer ({doing}).",
            hint="Wait for the storage to come back, then run the same again.",
            cause=cause,
        )
    return DiskFailure(
        f"The disk failed ({doing}): {os.strerror(number) if number else error}.",
        hint="Nothing was changed. Run the same again; if it repeats, check the storage.",
        cause=cause,
    )
