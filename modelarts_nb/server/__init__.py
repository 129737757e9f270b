"""The Jupyter server extension: thin, and alone in somebody else's interpreter (3.9 and later).

It imports jupyter_server, tornado, traitlets and the standard library; everything about
environments and the persistent disk it asks a worker, in the tool's own interpreter.
"""

from __future__ import annotations

from typing import Any


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    from modelarts_nb.server.extension import ModelArtsNb

    return [{"module": "modelarts_nb.server", "app": ModelArtsNb}]


def _load_jupyter_server_extension(serverapp: Any) -> None:
    """For who enables the module without asking for its extension points."""
    from modelarts_nb.server.extension import ModelArtsNb

    extension: Any = ModelArtsNb
    extension.load_classic_server_extension(serverapp)
