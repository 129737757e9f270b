"""Which tool of the disk the hooks name that are installed or registered."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.disk.replace import replace_file
from modelarts_nb.errors import from_os_error
from modelarts_nb.tool.install import HOOK_RECORD

# One per owner: by instance, the tool that the hook names which we registered with it last.
_REGISTERED = "hook-registered.json"


def note_registration(disk: Disk, instance: str, tool: Path | None) -> None:
    """Remember that the hook of an instance names a tool; None: it has no hook of ours any more.

    Raises:
        DiskFull, DiskFailure, AccessDenied: the disk refused.
    """
    tools = _registered(disk.own)
    tools.pop(instance, None)
    if tool is not None:
        tools[instance] = tool.name
    try:
        disk.own.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise from_os_error(error, "noting the registration", disk.own) from error
    replace_file(disk.own / _REGISTERED, json.dumps({"tools": tools}).encode())


def is_registered(disk: Disk, instance: str) -> bool:
    """Did this owner register a hook with that instance?"""
    return instance in _registered(disk.own)


def named_tools(disk: Disk) -> set[str]:
    """The tools, by the names of their folders, that hooks of all owners name.

    Raises:
        OSError: somebody's records cannot be read.
        ValueError: or are damaged.
    """
    named: set[str] = set()
    owners = disk.own.parent
    for owner in os.listdir(owners) if owners.is_dir() else []:
        installed = _read(owners / owner / HOOK_RECORD).get("tool")
        registered = _read(owners / owner / _REGISTERED).get("tools") or {}
        if not isinstance(registered, dict):
            raise ValueError(f"{owners / owner / _REGISTERED} is damaged")
        named.update(Path(str(tool)).name for tool in [installed, *registered.values()] if tool)
    return named


def _registered(own: Path) -> dict[str, str]:
    try:
        tools = _read(own / _REGISTERED).get("tools")
    except (OSError, ValueError):
        return {}
    return dict(tools) if isinstance(tools, dict) else {}


def _read(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise ValueError(f"{path} is damaged") from error
    if not isinstance(value, dict):
        raise ValueError(f"{path} is damaged")
    return value
