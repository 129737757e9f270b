"""Every service of the local cloud, in the order in which they start."""

from __future__ import annotations

from modelarts_nb.localcloud.web.service import Service

SERVICES: tuple[Service, ...] = ()
