"""A small typed face over the official SDK: credentials, endpoints, retries, errors.

Nothing of ``huaweicloudsdk*`` is imported before the first call. Every known trap of the SDK is
handled here and nowhere else (``transport.py``); domains call ``Cloud.call`` and read JSON.

>>> from modelarts_nb import cloud
>>> cloud.check().kind  # doctest: +SKIP

Functions of the other rooms find the cloud by themselves; ``cloud=cloud.open_cloud()`` has several
use the same settings. What is refused is one of ``modelarts_nb.cloud.errors``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelarts_nb.lazy import shown

if TYPE_CHECKING:
    from modelarts_nb.cloud.client import Cloud, open_cloud
    from modelarts_nb.cloud.status import CloudStatus, check

_HOMES = {"Cloud": ".client", "CloudStatus": ".status", "check": ".status", "open_cloud": ".client"}

__all__ = ["Cloud", "CloudStatus", "check", "open_cloud"]

__getattr__, __dir__ = shown(__name__, _HOMES)
