"""Hooks: reading them from a request, and handing them to the data plane."""

from __future__ import annotations

import base64
import binascii

from modelarts_nb.localcloud.modelarts.refusals import refusal
from modelarts_nb.localcloud.plane.hooks import Hook
from modelarts_nb.localcloud.web.fields import Fields

STAGES = ("pre_start", "post_start")
_MOST = 1_000_000  # characters; the cloud's own limit is not public


def parse(fields: Fields) -> dict[str, dict[str, str]]:
    """``hooks`` of a request: what the notebook has from now on, all stages of it.

    Raises:
        CloudError, BadRequest: a script that is none.
    """
    if not fields.has("container_hooks"):
        return {}
    container = fields.object("container_hooks")
    return {stage: _one(container.object(stage)) for stage in STAGES if container.has(stage)}


def _one(fields: Fields) -> dict[str, str]:
    hook = {
        "script": fields.text("script", most=_MOST),
        "type": fields.choice("type", "COMMAND", "SCRIPT", default="SCRIPT"),
        "mode": fields.choice("mode", "BLOCK", "ASYNC", default="ASYNC"),
    }
    if hook["type"] == "SCRIPT" and not hook["script"].startswith("/"):
        raise refusal("0104", "the script of a SCRIPT hook must be an absolute path")
    if hook["type"] == "COMMAND":
        _text(hook["script"])
    return hook


def _text(script: str) -> str:
    try:
        text = base64.b64decode(script, validate=True).decode()
    except (binascii.Error, ValueError):
        raise refusal("0104", "the script of a COMMAND hook must be base64 of UTF-8") from None
    if "\0" in text:
        raise refusal("0104", "the script of a COMMAND hook must be text")
    return text


def of(hooks: dict[str, dict[str, str]], stage: str) -> Hook | None:
    """The hook of a stage as the data plane takes it."""
    hook = hooks.get(stage)
    if hook is None:
        return None
    command = hook["type"] == "COMMAND"
    return Hook(
        _text(hook["script"]) if command else hook["script"],
        "COMMAND" if command else "SCRIPT",
        "BLOCK" if hook["mode"] == "BLOCK" else "ASYNC",
    )
