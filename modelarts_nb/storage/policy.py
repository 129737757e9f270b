"""What policies say about a folder of SFS Turbo, asked of the cloud's own test.

``validate_authorization`` answers with the policy and the condition that decided. Which attributes
it takes is not documented; these are the condition keys of the best practices' chapter on rights by
folder (``modelarts:sfsId``, ``sfsPath``, ``sfsOption``; notebooks only know ``readwrite``).
"""

from __future__ import annotations

import uuid

from modelarts_nb.cloud.client import Cloud
from modelarts_nb.cloud.errors import CloudError, CloudUnreachable
from modelarts_nb.cloud.shape import items, text, texts
from modelarts_nb.progress import Progress

Verdict = tuple[bool | None, str]


def may_mount(cloud: Cloud, share: str, path: str, progress: Progress) -> tuple[Verdict, list[str]]:
    """May this folder be mounted, and which folders does the deciding policy name?

    Returns:
        The verdict (None: it cannot be found out) with the names of the policies that decided, and
        the folders that their conditions name.

    Raises:
        CloudUnreachable: the cloud could not be reached.
    """
    asked = {
        "action_id": str(uuid.uuid4()),
        "action": "modelarts:notebook:create",
        "resource": "*",
        "service_attributes": {
            "modelarts:sfsId": share,
            "modelarts:sfsPath": path,
            "modelarts:sfsOption": "readwrite",
        },
    }
    try:
        answer = cloud.call(
            "modelarts",
            "validate_authorization",
            workspace_id="0",
            body={"requests": [asked]},
            progress=progress,
        )
    except CloudUnreachable:
        raise
    except CloudError as error:
        progress.log(f"the policies could not be asked: {error.message}")
        return (None, ""), []
    for result in items(answer, "results"):
        causes = items(result, "cause")
        names = [text(cause, "policy_name") for cause in causes]
        paths = [
            value
            for cause in causes
            for condition in items(cause, "condition")
            if text(condition, "key").lower() == "modelarts:sfspath"
            for value in texts(condition, "value")
            if value.startswith("/") and not set(value) & set("*?")
        ]
        verdict = {"allow": True, "deny": False}.get(text(result, "verdict").lower())
        return (verdict, ", ".join(name for name in names if name)), [*map(tidy, paths)]
    return (None, ""), []


def tidy(path: str) -> str:
    """A folder without doubled slashes and without one at its end."""
    return "/" + "/".join(part for part in path.split("/") if part)
