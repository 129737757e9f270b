"""The restart hook in the instance's container hooks: put in, looked at, taken out.

The platform runs one ``pre_start`` hook. Where somebody has one already ours is put in front of it,
in a subshell of its own, and theirs stays as it was; taking ours out gives theirs back exactly.
(``hooks.container_hooks`` of the notebook API; COMMAND is base64 text, SCRIPT an absolute path.)
"""

from __future__ import annotations

import base64
import json
import shlex
from dataclasses import dataclass
from typing import Any

from modelarts_nb.cloud.client import Cloud, open_cloud
from modelarts_nb.cloud.errors import CloudConflict
from modelarts_nb.cloud.instances import resolve
from modelarts_nb.cloud.shape import obj, text
from modelarts_nb.cloud.waiting import after
from modelarts_nb.errors import UsageError
from modelarts_nb.notebook.listing import raw
from modelarts_nb.progress import SILENT, Progress

_BEGIN = "# >>> modelarts_nb restore >>>"
_END = "# <<< modelarts_nb restore <<<"
_KEPT = "# modelarts_nb kept: "
# The line by which our command is known where it stands alone, also when a person pasted it.
_OURS = "# modelarts_nb: "
# Does nothing; for a service that does not take "no hook" for an answer.
_NOTHING = ":\n"

# ``script``, ``type`` and ``mode`` always; whatever else the service says of it is kept.
Hook = dict[str, Any]
_KEYS = frozenset({"script", "type", "mode"})
# Refused because something else is going on: the same can be done later.
_LATER = {"ModelArts.6333", "ModelArts.6355", "ModelArts.6357"}


class HooksUnseen(CloudConflict):
    """The service does not show which hooks are registered, so they cannot be kept."""

    code = "hooks_unseen"


@dataclass(frozen=True)
class HookRegistration:
    """What the next start of an instance will run before it is ready.

    ``registered`` is None where the service does not show hooks. ``current``: it is exactly the
    command that was asked about (None: none was, or it cannot be seen). ``others``: hooks that are
    not ours, as a person reads them.
    """

    instance: str
    registered: bool | None
    current: bool | None
    others: tuple[str, ...]


def hook_status(
    command: str | None = None,
    *,
    notebook: str | None = None,
    cloud: Cloud | None = None,
    progress: Progress = SILENT,
) -> HookRegistration:
    """Will the next start run our hook?

    Args:
        command: the one that should be registered.
        notebook: its id or name; None: this one.

    Raises:
        CloudError: the cloud refused or could not be reached.
    """
    cloud = cloud or open_cloud()
    id = resolve(cloud, notebook, progress)
    return _status(id, _read(raw(cloud, id, progress)), command)


def register(
    command: str,
    *,
    notebook: str | None = None,
    replace_unseen: bool = False,
    cloud: Cloud | None = None,
    progress: Progress = SILENT,
) -> HookRegistration:
    """Register a command as pre-start hook (COMMAND, BLOCK); hooks of others are kept.

    Args:
        command: POSIX sh, bounded in time by itself.
        notebook: its id or name; None: this one.
        replace_unseen: go on where the service does not show hooks; one that somebody else
            registered would be lost.

    Raises:
        UsageError: the command is empty or holds our own marks.
        HooksUnseen: the service does not show hooks. Nothing was changed.
        CloudConflict: hooks cannot be changed in this state.
        CloudError: the cloud refused or could not be reached.
    """
    if not command.strip() or _BEGIN in command or _END in command:
        raise UsageError("That is no command for a hook.")
    cloud = cloud or open_cloud()
    id = resolve(cloud, notebook, progress)
    hooks = _read(raw(cloud, id, progress))
    if hooks is None and not replace_unseen:
        raise _unseen("ma hook install --replace")
    others = dict(hooks or {})
    theirs = _without_ours(others.pop("pre_start", None))
    if theirs and not _can_be_kept(theirs):
        raise CloudConflict(
            f"The notebook has a pre-start hook that cannot be kept beside ours: "
            f"{_words('pre_start', theirs)}",
            hint="Remove it in the console, or register both by hand: `ma hook status --command` "
            "prints ours.",
        )
    wanted = {**others, "pre_start": _with_ours(command, theirs)}
    if hooks == wanted:
        progress.log("the hook is registered already")
    else:
        progress.phase("registering")
        _send(cloud, id, wanted, progress)
    if hooks is None:
        return HookRegistration(id, None, None, ())
    with after("The hook was registered."):
        found = _status(id, _read(raw(cloud, id, progress)), command)
    if not found.current:
        raise CloudConflict(
            "The service took the hook but does not show it.",
            hint="`ma hook status` looks again; `ma hook status --command` prints what to "
            "register by hand.",
        )
    return found


def unregister(
    *,
    notebook: str | None = None,
    replace_unseen: bool = False,
    cloud: Cloud | None = None,
    progress: Progress = SILENT,
) -> HookRegistration:
    """Take our hook out of the instance's hooks; others stay as they are.

    Args:
        notebook: its id or name; None: this one.
        replace_unseen: go on where the service does not show hooks; one that somebody else
            registered would be lost.

    Raises:
        HooksUnseen: the service does not show hooks. Nothing was changed.
        CloudConflict: hooks cannot be changed in this state.
        CloudError: the cloud refused or could not be reached.
    """
    cloud = cloud or open_cloud()
    id = resolve(cloud, notebook, progress)
    hooks = _read(raw(cloud, id, progress))
    nothing = _command(_NOTHING)
    if hooks is None:
        if not replace_unseen:
            raise _unseen("ma hook remove --replace")
        progress.phase("unregistering")
        _send(cloud, id, {"pre_start": nothing}, progress)
        return HookRegistration(id, None, None, ())
    others = dict(hooks)
    theirs = _without_ours(others.pop("pre_start", None))
    if theirs == hooks.get("pre_start"):
        progress.log("the hook is not registered")
        return _status(id, hooks, None)
    progress.phase("unregistering")
    _send(cloud, id, {**others, **({"pre_start": theirs} if theirs else {})}, progress)
    with after("The hook was taken out."):
        found = _read(raw(cloud, id, progress)) or {}
        if _is_ours(found.get("pre_start")):
            # It keeps what is not mentioned: then the hook becomes one that does nothing.
            _send(cloud, id, {**others, "pre_start": nothing}, progress)
            found = _read(raw(cloud, id, progress)) or {}
    return _status(id, found, None)


def _status(id: str, hooks: dict[str, Hook] | None, command: str | None) -> HookRegistration:
    if hooks is None:
        return HookRegistration(id, None, None, ())
    ours = _is_ours(hooks.get("pre_start"))
    theirs = dict(hooks)
    before = _without_ours(theirs.pop("pre_start", None))
    if before and not _does_nothing(before):
        theirs["pre_start"] = before
    current = None
    if command is not None:
        current = ours and _same(hooks["pre_start"], _with_ours(command, before))
    return HookRegistration(id, ours, current, tuple(_words(n, h) for n, h in theirs.items()))


def _read(notebook: Any) -> dict[str, Hook] | None:
    """The container hooks that are set; None: the service does not say."""
    if "hooks" not in obj(notebook):
        return None
    found = {}
    for name, hook in obj(obj(notebook, "hooks"), "container_hooks").items():
        if text(hook, "script"):
            found[name] = {
                **{key: value for key, value in hook.items() if value is not None},
                "script": text(hook, "script"),
                # What they are where nothing is said (the SDK's docstrings).
                "type": text(hook, "type").upper() or "SCRIPT",
                "mode": text(hook, "mode").upper() or "ASYNC",
            }
    return found


def _send(cloud: Cloud, id: str, hooks: dict[str, Hook], progress: Progress) -> None:
    try:
        cloud.call(
            "modelarts",
            "update_notebook",
            id=id,
            body={"hooks": {"container_hooks": hooks}},
            repeatable=True,
            progress=progress,
        )
    except CloudConflict as error:
        if error.error_code in _LATER:
            raise
        error.hint = (
            "Here hooks can only be changed while the notebook is stopped: stop it, run this from "
            "another notebook or a laptop with `--notebook ID`, or paste the command in the "
            "console. " + error.hint
        )
        raise


def _unseen(command: str) -> HooksUnseen:
    return HooksUnseen(
        "The service does not show which hooks are registered: one of somebody else's would be "
        "lost.",
        hint=f"If there is none but ours: `{command}`.",
    )


def _command(script: str) -> Hook:
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


def _same(one: Hook, other: Hook) -> bool:
    return (_decoded(one), one["mode"]) == (_decoded(other), other["mode"])


def _can_be_kept(hook: Hook) -> bool:
    """Can it be run beside ours: a script at a path, or a command that can be read?"""
    return hook["type"] == "SCRIPT" or _decoded(hook) is not None


def _is_ours(hook: Hook | None) -> bool:
    script = _decoded(hook)
    return script is not None and (_alone(script) or (_BEGIN in script and _END in script))


def _alone(script: str) -> bool:
    return _BEGIN not in script and any(x.startswith(_OURS) for x in script.splitlines()[:3])


def _does_nothing(hook: Hook) -> bool:
    return _decoded(hook) == _NOTHING


def _with_ours(command: str, theirs: Hook | None) -> Hook:
    if theirs and _does_nothing(theirs):
        theirs = None
    if theirs is None and _alone(command):
        return _command(command)
    # A subshell: what ours does to its shell, or an exit, must not reach theirs.
    block = f"{_BEGIN}\n(\n{command.rstrip()}\n)\n"
    if theirs is None:
        return _command(f"{block}{_END}\n")
    kept = base64.b64encode(json.dumps(theirs, sort_keys=True).encode()).decode()
    return _command(f"{block}{_KEPT}{kept}\n{_END}\n{_as_shell(theirs)}")


def _as_shell(hook: Hook) -> str:
    script = _decoded(hook)
    if script is None:
        path = shlex.quote(hook["script"])
        script = f"if [ -x {path} ]; then {path}; else sh {path}; fi\n"
    # Read apart: one that does not parse must not keep the shell from what comes before it.
    return f"( eval {shlex.quote(script)} ) &\n" if hook["mode"] == "ASYNC" else script


def _without_ours(hook: Hook | None) -> Hook | None:
    """What is not ours of a pre-start hook; None: nothing."""
    script = _decoded(hook)
    if hook is None or script is None or not _is_ours(hook):
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
    return {**_command(left), "mode": hook["mode"]}


def _words(name: str, hook: Hook) -> str:
    script = _decoded(hook)
    said = hook["script"] if script is None else " ".join(script.split())
    said = said.encode("utf-8", "replace").decode()
    short = said if len(said) <= 80 else said[:77] + "..."
    return f"{name} ({hook['type']}, {hook['mode']}): {short}"
