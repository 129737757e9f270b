"""Is the cloud within reach, and as whom? For a person who wonders which keys are used."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from modelarts_nb.cloud.client import open_cloud
from modelarts_nb.cloud.errors import CloudNotInstalled
from modelarts_nb.errors import Cancelled, ModelArtsNbError
from modelarts_nb.progress import SILENT, Progress

# A check is a question: nobody wants to wait for five tries.
_ATTEMPTS = 2


@dataclass(frozen=True)
class CloudStatus:
    """What the settings lead to. ``error`` is None where the cloud answered.

    ``kind``: ``local`` (the endpoint is on this very machine, where only the local cloud is),
    ``cloud``, or ``none`` where there is nothing to ask: no keys, no SDK, settings that cannot be
    read. ``access_key`` is shortened; ``keys_from`` says where the keys were found.
    """

    kind: Literal["local", "cloud", "none"]
    endpoint: str
    region: str
    project: str
    instance: str
    access_key: str
    keys_from: str
    error: dict[str, str] | None


def check(*, progress: Progress = SILENT) -> CloudStatus:
    """Ask the cloud for a list of notebooks, and say with what it was asked.

    Whatever is wrong is part of the answer and no error.

    Raises:
        Cancelled: the user does not want to wait.
    """
    try:
        cloud = open_cloud()
    except ModelArtsNbError as error:
        return CloudStatus("none", "", "", "", "", "", "", error.to_dict())
    place, keys = cloud.place, cloud.keys
    found = CloudStatus(
        "local" if place.on_loopback else "cloud",
        place.endpoint,
        place.region or keys.region,
        place.project or keys.project,
        place.instance,
        f"{keys.access_key[:4]}..." if keys.access_key else "",
        keys.source,
        None,
    )
    try:
        found = replace(found, endpoint=cloud.endpoints("modelarts")[0])
        quick = replace(cloud, place=replace(place, attempts=min(_ATTEMPTS, place.attempts)))
        quick.call("modelarts", "list_notebooks", limit=10, progress=progress)
    except CloudNotInstalled as error:
        return replace(found, kind="none", error=error.to_dict())
    except Cancelled:
        raise
    except ModelArtsNbError as error:
        return replace(found, error=error.to_dict())
    return found
