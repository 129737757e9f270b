"""What must hold before a storage can be mounted, asked before it is tried."""

from __future__ import annotations

from typing import Any

from modelarts_nb.cloud.client import Cloud
from modelarts_nb.cloud.errors import CloudConflict, CloudError, CloudUnreachable
from modelarts_nb.cloud.shape import items, obj, text
from modelarts_nb.progress import Progress


def require_running(cloud: Cloud, instance: str, progress: Progress) -> Any:
    """The notebook's JSON, if it runs.

    Raises:
        CloudConflict: it does not.
        CloudNotFound: there is none.
    """
    seen = cloud.call("modelarts", "show_notebook", id=instance, progress=progress)
    status = text(seen, "status")
    if status != "RUNNING":
        raise CloudConflict(
            f"The notebook {text(seen, 'name') or instance} is {status or 'not running'}: storage "
            "can only be mounted while it runs.",
            hint=f"`ma notebook start {instance}` starts it.",
        )
    return seen


def require_share_in_reach(cloud: Cloud, seen: Any, share: str, progress: Progress) -> None:
    """SFS Turbo needs a dedicated pool whose network is associated with the share.

    Where pool and network cannot be looked at, for want of a right or because the service fails,
    this is left to the cloud.

    Raises:
        CloudConflict: the pool is public, or its network is not associated with the share.
        CloudUnreachable: the cloud could not be reached.
    """
    pool = text(obj(seen, "pool"), "id")
    if not pool:
        raise CloudConflict(
            "This notebook is in the public pool: SFS Turbo can only be mounted in a dedicated "
            "one.",
            hint="Use OBS (obs://...), or a notebook in a dedicated pool.",
        )
    try:
        described = cloud.call("modelarts", "show_pool", pool_name=pool, progress=progress)
        name = _network(described)
        if not name:
            return
        network = cloud.call("modelarts", "show_network", network_name=name, progress=progress)
    except CloudUnreachable:
        raise
    except CloudError as error:
        progress.log(f"whether the network reaches the share was not checked: {error.message}")
        return
    status = obj(obj(network, "status"), "connectionStatus")
    if "sfsTurboStatus" not in status:
        progress.log("the network does not say which shares it reaches")
        return
    mine = [s for s in items(status, "sfsTurboStatus") if text(s, "sfsId") == share]
    if not mine:
        raise CloudConflict(
            f"The network of the pool {pool} is not associated with the share {share}.",
            hint="An administrator associates them: console > ModelArts > Dedicated Resource "
            f"Pools > Network > {name} > Associate SFS Turbo.",
        )
    states = {text(s, "status") for s in mine}
    if "Active" not in states:
        raise CloudConflict(
            f"The network's connection to the share {share} is {', '.join(sorted(states))}.",
            hint="Wait while it is being created; else an administrator associates it again.",
        )


def _network(pool: Any) -> str:
    network = obj(obj(pool, "spec"), "network")
    return text(network, "name") or text(obj(pool, "spec"), "network")
