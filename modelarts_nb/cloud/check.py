"""Is the cloud within reach, and as whom? For a person who wonders which keys are used."""

from __future__ import annotations

from dataclasses import dataclass, replace

from modelarts_nb.cloud.client import open_cloud
from modelarts_nb.errors import ModelArtsNbError

# A check is a question: nobody wants to wait for five tries.
_ATTEMPTS = 2


@dataclass(frozen=True)
class CloudStatus:
    """What the settings lead to. ``error`` is None where the cloud answered.

    ``access_key`` is shortened; ``keys_from`` says where the keys were found.
    """

    endpoint: str
    region: str
    project: str
    instance: str
    access_key: str
    keys_from: str
    error: dict[str, str] | None


def check() -> CloudStatus:
    """Ask the cloud for a list of notebooks, and say with what it was asked.

    Raises:
        ConfigInvalid: the settings file cannot be read.
    """
    try:
        cloud = open_cloud()
    except ModelArtsNbError as error:
        return CloudStatus("", "", "", "", "", "", error.to_dict())
    place, keys = cloud.place, cloud.keys
    found = CloudStatus(
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
        quick.call("modelarts", "list_notebooks", limit=10)
    except ModelArtsNbError as error:
        return replace(found, error=error.to_dict())
    return found
