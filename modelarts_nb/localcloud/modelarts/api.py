"""The service with all its calls: importing a module of these registers its routes."""

from __future__ import annotations

from modelarts_nb.localcloud.modelarts import (
    authorizations,
    catalog,
    changing,
    dynamic,
    life,
    listing,
    pools,
    running,
    runtime,
    sources,
    validation,
    workspaces,
)
from modelarts_nb.localcloud.modelarts.service import SERVICE
from modelarts_nb.localcloud.modelarts.training import api as training

REGISTERED = (
    authorizations,
    catalog,
    changing,
    dynamic,
    life,
    listing,
    pools,
    running,
    runtime,
    sources,
    training,
    validation,
    workspaces,
)
__all__ = ["SERVICE"]
