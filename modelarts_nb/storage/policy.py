"""What policies say about folders of SFS Turbo, asked of the cloud's own test.

``validate_authorization`` answers with the policy and the condition that decided. Which attributes
it takes is not documented; these are the condition keys of the best practices' chapter on rights by
folder (``modelarts:sfsId``, ``sfsPath``, ``sfsOption``; notebooks only know ``readwrite``).
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from modelarts_nb.cloud.client import Cloud
from modelarts_nb.cloud.errors import CloudError, CloudUnreachable
from modelarts_nb.cloud.shape import items, text, texts
from modelarts_nb.progress import Progress

_AT_ONCE = 50


@dataclass(frozen=True)
class Verdict:
    """May a folder be mounted? ``allowed`` None: it cannot be found out. ``why``: the policies that
    decided; ``folders``: those that their conditions name."""

    allowed: bool | None = None
    why: str = ""
    folders: tuple[str, ...] = ()


def may_mount(
    cloud: Cloud, share: str, paths: Sequence[str], progress: Progress
) -> dict[str, Verdict]:
    """A verdict for each of these folders of a share.

    Raises:
        CloudUnreachable: the cloud could not be reached.
    """
    found = dict.fromkeys(paths, Verdict())
    for start in range(0, len(paths), _AT_ONCE):
        asked = {str(uuid.uuid4()): path for path in paths[start : start + _AT_ONCE]}
        try:
            answer = cloud.call(
                "modelarts",
                "validate_authorization",
                workspace_id="0",
                body={"requests": [_request(id, share, path) for id, path in asked.items()]},
                progress=progress,
            )
        except CloudUnreachable:
            raise
        except CloudError as error:
            progress.log(f"the policies could not be asked: {error.message}")
            break
        for result in items(answer, "results"):
            if path := asked.get(text(result, "action_id")):
                found[path] = _verdict(result)
    return found


def tidy(path: str) -> str:
    """A folder without doubled slashes and without one at its end."""
    return "/" + "/".join(part for part in path.split("/") if part)


def _request(id: str, share: str, path: str) -> dict[str, Any]:
    return {
        "action_id": id,
        "action": "modelarts:notebook:create",
        "resource": "*",
        "service_attributes": {
            "modelarts:sfsId": share,
            "modelarts:sfsPath": path,
            "modelarts:sfsOption": "readwrite",
        },
    }


def _verdict(result: Any) -> Verdict:
    causes = items(result, "cause")
    names = [text(cause, "policy_name") for cause in causes]
    folders = [
        tidy(value)
        for cause in causes
        for condition in items(cause, "condition")
        if text(condition, "key").lower() == "modelarts:sfspath"
        for value in texts(condition, "value")
        if value.startswith("/") and not set(value) & set("*?")
    ]
    allowed = {"allow": True, "deny": False}.get(text(result, "verdict").lower())
    return Verdict(allowed, ", ".join(name for name in names if name), tuple(folders))
