"""The agency's temporary keys, which the cloud puts into a notebook (seed 2.2.2).

Where a real notebook keeps them is not public. Here they are variables of its processes, under the
names that the SDK reads, new at every start and good for a day.
"""

from __future__ import annotations

from modelarts_nb.localcloud.cloud import Cloud
from modelarts_nb.localcloud.iam.account import add_temporary_key
from modelarts_nb.localcloud.modelarts.authority import agency_of
from modelarts_nb.localcloud.modelarts.notebooks import Notebook

_SECONDS = 86_400


def agency_variables(cloud: Cloud, notebook: Notebook) -> dict[str, str]:
    """Keys of the notebook owner's agency; nothing where there is none."""
    with cloud.store.write() as db:
        agency = agency_of(db, notebook.project_id, notebook.user_id)
        if agency is None:
            return {}
        key, token = add_temporary_key(
            db, cloud.now(), _SECONDS, user_id=notebook.user_id, agency_id=agency.agency_id
        )
    return {
        "HUAWEICLOUD_SDK_AK": key.access,
        "HUAWEICLOUD_SDK_SK": key.secret,
        "HUAWEICLOUD_SDK_SECURITY_TOKEN": token,
    }
