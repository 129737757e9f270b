"""Every service of the local cloud, in the order in which they start."""

from __future__ import annotations

# Importing these registers their routes.
from modelarts_nb.localcloud import demo, operator
from modelarts_nb.localcloud.iam import agencies, grants, keys, projects, roles, users
from modelarts_nb.localcloud.iam.service import IAM, KEYSTONE
from modelarts_nb.localcloud.keypairs import kps, nova
from modelarts_nb.localcloud.modelarts.api import SERVICE as MODELARTS
from modelarts_nb.localcloud.sfsturbo import folders, rules, shares, usage
from modelarts_nb.localcloud.sfsturbo.service import SFSTURBO
from modelarts_nb.localcloud.web.service import Service

_REGISTERED = (agencies, demo, grants, keys, projects, roles, users, folders, rules, shares, usage)

SERVICES: tuple[Service, ...] = (
    operator.OPERATOR,
    KEYSTONE,
    IAM,
    kps.KPS,
    nova.ECS,
    SFSTURBO,
    MODELARTS,
)
