"""What the top of the panel says: is the disk there, does it survive, what would be lost."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

import modelarts_nb
from modelarts_nb.disk.names import suggest_name
from modelarts_nb.disk.persistent import Disk, open_disk
from modelarts_nb.envs.inventory import list_environments
from modelarts_nb.envs.model import Environment
from modelarts_nb.errors import ModelArtsNbError, from_os_error
from modelarts_nb.operations.disk_status import DiskStatus, disk_status
from modelarts_nb.tool.install import HOOK_RECORD
from modelarts_nb.tool.status import last_report


@dataclass(frozen=True)
class Status:
    """All that the panel shows before anything else.

    ``lost`` are the image's environments without a copy on the disk; ``unsaved`` the sealed ones
    with work here that is in no version; ``restore`` is what the last restore reported; ``hook``
    says whether a restore is installed.
    """

    version: str
    disk: DiskStatus
    owner: str
    lost: list[str]
    unsaved: list[str]
    restore: dict[str, Any] | None
    hook: dict[str, Any] | None


def status() -> Status:
    """Everything at a glance; each part stands alone, so that one failure hides nothing else.

    Raises:
        ConfigInvalid: the settings cannot be read.
    """
    shown = disk_status()
    owner, lost, unsaved = "", list[str](), list[str]()
    restore, hook = None, None
    if shown.error is None:
        try:
            disk = open_disk()
            owner = disk.owner
            restore, hook = last_report(disk), _hook(disk)
            environments = list_environments(disk=disk)
            lost = would_be_lost(environments)
            unsaved = [e.name for e in environments if e.unsaved]
        except (ModelArtsNbError, OSError) as raised:
            if isinstance(raised, OSError):
                raised = from_os_error(raised, "listing the environments")
            shown = replace(shown, error=raised.to_dict())
    return Status(modelarts_nb.__version__, shown, owner, lost, unsaved, restore, hook)


def would_be_lost(environments: list[Environment]) -> list[str]:
    """Names of environments that a restart takes away and that were not cloned to the disk.

    The image's ``base`` does not count: nobody loses work there, every image brings it.
    """
    kept = {e.origin for e in environments if e.survives and e.origin}
    return [
        e.name
        for e in environments
        if not e.survives and e.name != "base" and kept.isdisjoint((str(e.prefix), e.name))
    ]


def suggest(wanted: str) -> str:
    """A free environment name close to ``wanted``."""
    return suggest_name(wanted, [e.name for e in list_environments() if e.where == "disk"])


def _hook(disk: Disk) -> dict[str, Any]:
    """Is a restore installed? Its files are not compared: that reads hundreds (`hook.status`)."""
    try:
        record = json.loads((disk.own / HOOK_RECORD).read_bytes())
        return {"installed": True, "version": str(record["version"])}
    except (OSError, ValueError, KeyError, TypeError):
        return {"installed": False, "version": None}
