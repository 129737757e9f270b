"""Our command in the script of a pre-start hook: put in front of somebody else's, found, taken out.

Theirs stays as it was, whatever it is, and taking ours out gives it back exactly.
"""

from __future__ import annotations

import base64
import json
import shlex
from typing import Any

_BEGIN = "# >>> modelarts_nb restore >>>"
_END = "# <<< modelarts_nb restore <<<"
_KEPT = "# modelarts_nb kept: "
# The line by which our command is known where it stands alone, also when a person pasted it.
_OURS = "# modelarts_nb: "
# Does nothing; for a service that does not take "no hook" for an answer.
NOTHING = ":\n"

# ``script``, ``type`` and ``mode`` always; whatever else the service says of it is kept.
Hook = dict[str, Any]
_KEYS = frozenset({"script", "type", "mode"})


def has_marks(command: str) -> bool:
    """Does it hold the marks that only we put in?"""
    return _BEGIN in command or _END in command


def command_hook(script: str) -> Hook:
    """A script as the service takes it: COMMAND, BLOCK."""
    # Whatever somebody else wrote, in whatever encoding, comes back byte by byte.
    encoded = base64.b64encode(script.encode("utf-8", "surrogateescape")).decode()
    return {"script": encoded, "type": "COMMAND", "mode": "BLOCK"}


def _decoded(hook: Hook | None) -> str | None:
    if not hook or hook["type"] != "COMMAND":
        return None
    try:
        # Pasted by hand it may be wrapped into lines, as the program base64 does.
        script = base64.b64decode("".join(hook["script"].split()), validate=True)
    except ValueError:
        return None
    return script.decode("utf-8", "surrogateescape")


def is_same(one: Hook, other: Hook) -> bool:
    """Do both run the same script in the same way, however it is wrapped?"""
    return (_decoded(one), one["mode"]) == (_decoded(other), other["mode"])


def can_be_kept(hook: Hook) -> bool:
    """Can it be run beside ours: a script at a path, or a command that can be read?"""
    return hook["type"] == "SCRIPT" or _decoded(hook) is not None


def is_ours(hook: Hook | None) -> bool:
    """Is our command in it, alone or in front of another?"""
    script = _decoded(hook)
    return script is not None and (_alone(script) or (_BEGIN in script and _END in script))


def _alone(script: str) -> bool:
    return _BEGIN not in script and any(x.startswith(_OURS) for x in script.splitlines()[:3])


def does_nothing(hook: Hook) -> bool:
    """Is it the one that stands for none?"""
    return _decoded(hook) == NOTHING


def with_ours(command: str, theirs: Hook | None) -> Hook:
    """Our command, in front of what somebody else has there."""
    if theirs and does_nothing(theirs):
        theirs = None
    if theirs is None and _alone(command):
        return command_hook(command)
    # A subshell: what ours does to its shell, or an exit, must not reach theirs.
    block = f"{_BEGIN}\n(\n{command.rstrip()}\n)\n"
    if theirs is None:
        return command_hook(f"{block}{_END}\n")
    kept = base64.b64encode(json.dumps(theirs, sort_keys=True).encode()).decode()
    return command_hook(f"{block}{_KEPT}{kept}\n{_END}\n{_as_shell(theirs)}")


def _as_shell(hook: Hook) -> str:
    script = _decoded(hook)
    if script is None:
        path = shlex.quote(hook["script"])
        script = f"if [ -x {path} ]; then {path}; else sh {path}; fi\n"
    # Read apart: one that does not parse must not keep the shell from what comes before it.
    return f"( eval {shlex.quote(script)} ) &\n" if hook["mode"] == "ASYNC" else script


def without_ours(hook: Hook | None) -> Hook | None:
    """What is not ours of a pre-start hook; None: nothing."""
    script = _decoded(hook)
    if hook is None or script is None or not is_ours(hook):
        return hook
    if _alone(script):
        return None
    before, _, rest = script.partition(_BEGIN)
    block, _, behind = rest.partition(_END)
    left = before + behind.removeprefix("\n")
    if not left.strip():
        return None
    for line in block.splitlines():
        if line.startswith(_KEPT):
            try:
                kept = json.loads(base64.b64decode(line.removeprefix(_KEPT)))
            except ValueError:
                continue
            # Somebody may have edited their part since: then that counts.
            if isinstance(kept, dict) and kept.keys() >= _KEYS and _as_shell(kept) == left:
                return kept
    return {**command_hook(left), "mode": hook["mode"]}


def in_words(name: str, hook: Hook) -> str:
    """A hook as a person reads it."""
    script = _decoded(hook)
    said = hook["script"] if script is None else " ".join(script.split())
    said = said.encode("utf-8", "replace").decode()
    short = said if len(said) <= 80 else said[:77] + "..."
    return f"{name} ({hook['type']}, {hook['mode']}): {short}"
