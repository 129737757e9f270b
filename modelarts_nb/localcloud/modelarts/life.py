"""Beginning and end of the service."""

from __future__ import annotations

from modelarts_nb.localcloud.cloud import Cloud
from modelarts_nb.localcloud.modelarts import demo, dynamic, lifecycle
from modelarts_nb.localcloud.modelarts.service import SERVICE


@SERVICE.at_start
def begin(cloud: Cloud) -> None:
    """Make the demo account's part, then go on where the last run ended."""
    demo.make(cloud)
    dynamic.pick_up(cloud)
    lifecycle.pick_up(cloud)


@SERVICE.at_stop
def end(cloud: Cloud) -> None:
    """End every process and connection of every notebook."""
    lifecycle.end_all(cloud)
