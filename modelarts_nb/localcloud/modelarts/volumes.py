"""The persistent disk of a new notebook: which categories there are, and what is behind them."""

from __future__ import annotations

from typing import Any

from modelarts_nb.localcloud.modelarts.authority import need_agency
from modelarts_nb.localcloud.modelarts.pools import pool_row, reaches
from modelarts_nb.localcloud.modelarts.refusals import refusal
from modelarts_nb.localcloud.modelarts.sfspolicy import need_folder
from modelarts_nb.localcloud.modelarts.sources import efs_source, obs_source
from modelarts_nb.localcloud.web.call import Call
from modelarts_nb.localcloud.web.fields import Fields

_EVS = (5, 4096)  # GB
_EFS = 50


def volume(call: Call, fields: Fields, pool_id: str) -> dict[str, Any]:
    """The volume as it is remembered; ``folder`` is a share's or bucket's on this machine.

    Raises:
        CloudError: a pair of category and ownership that does not exist, or what it needs is not
            there.
    """
    category = fields.choice("category", "EVS", "EFS", "OBS", "OBSFS", "SFS")
    ownership = fields.choice("ownership", "MANAGED", "DEDICATED")
    common = {"category": category, "ownership": ownership}
    if (category, ownership) == ("EVS", "MANAGED"):
        size = fields.number("capacity", _EVS[0], most=2**31)
        if not _EVS[0] <= size <= _EVS[1]:
            raise refusal("6331", size)
        return {**common, "capacity": size}
    if (category, ownership) == ("EFS", "MANAGED"):
        return {**common, "capacity": _EFS}
    if (category, ownership) == ("EFS", "DEDICATED"):
        return {**common, **_share(call, fields, pool_id)}
    if category in {"OBS", "OBSFS"} and ownership == "DEDICATED":
        if not fields.has("dew_secret_name"):
            raise refusal("6967")
        uri = fields.text("uri", most=256)
        folder = obs_source(call, uri, need_agency(call, call.caller.user_id, "OBS"))
        folder.mkdir(parents=True, exist_ok=True)
        secret = fields.text("dew_secret_name", pattern=r"[\w-]{1,64}")
        return {**common, "uri": uri, "dew_secret_name": secret, "folder": str(folder)}
    raise refusal("6702", f"{category} {ownership}")


def _share(call: Call, fields: Fields, pool_id: str) -> dict[str, Any]:
    if not pool_id:
        raise refusal("6702", "EFS DEDICATED outside of a dedicated pool")
    uri, share_id = fields.text("uri", most=256), fields.text("id", most=64)
    folder, inner = efs_source(call, uri, share_id)
    need_network(call, pool_id, share_id)
    need_folder(call, share_id, inner, pool_id)
    return {"uri": uri, "id": share_id, "folder": str(folder), "capacity": _EFS}


def need_network(call: Call, pool_id: str, share_id: str) -> None:
    """Go on only if the pool's network is associated with the share.

    Raises:
        CloudError: it is not; the code for it is not public.
    """
    if not reaches(call.db, pool_row(call, pool_id), share_id):
        raise refusal(
            "6404", f"An association of the pool's network with the file system {share_id}"
        )
