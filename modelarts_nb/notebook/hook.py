"""The restart hook in the instance's container hooks: put in, looked at, taken out.

The platform runs one ``pre_start`` hook. Where somebody has one already ours is put in front of it,
in a subshell of its own, and theirs stays as it was; taking ours out gives theirs back exactly.
(``hooks.container_hooks`` of the notebook API; COMMAND is base64 text, SCRIPT an absolute path.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from modelarts_nb.cloud.client import Cloud, open_cloud
from modelarts_nb.cloud.errors import CloudConflict
from modelarts_nb.cloud.instances import resolve
from modelarts_nb.cloud.shape import obj, text
from modelarts_nb.cloud.waiting import after
from modelarts_nb.errors import UsageError
from modelarts_nb.notebook.hooktext import (
    NOTHING,
    Hook,
    can_be_kept,
    command_hook,
    does_nothing,
    has_marks,
    in_words,
    is_ours,
    is_same,
    with_ours,
    without_ours,
)
from modelarts_nb.notebook.listing import raw
from modelarts_nb.progress import SILENT, Progress

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
    if not command.strip() or has_marks(command):
        raise UsageError("That is no command for a hook.")
    cloud = cloud or open_cloud()
    id = resolve(cloud, notebook, progress)
    hooks = _read(raw(cloud, id, progress))
    if hooks is None and not replace_unseen:
        raise _unseen("ma hook install --replace")
    others = dict(hooks or {})
    theirs = without_ours(others.pop("pre_start", None))
    if theirs and not can_be_kept(theirs):
        raise CloudConflict(
            f"The notebook has a pre-start hook that cannot be kept beside ours: "
            f"{in_words('pre_start', theirs)}",
            hint="Remove it in the console, or register both by hand: `ma hook status --command` "
            "prints ours.",
        )
    wanted = {**others, "pre_start": with_ours(command, theirs)}
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
    nothing = command_hook(NOTHING)
    if hooks is None:
        if not replace_unseen:
            raise _unseen("ma hook remove --replace")
        progress.phase("unregistering")
        _send(cloud, id, {"pre_start": nothing}, progress)
        return HookRegistration(id, None, None, ())
    others = dict(hooks)
    theirs = without_ours(others.pop("pre_start", None))
    if theirs == hooks.get("pre_start"):
        progress.log("the hook is not registered")
        return _status(id, hooks, None)
    progress.phase("unregistering")
    _send(cloud, id, {**others, **({"pre_start": theirs} if theirs else {})}, progress)
    with after("The hook was taken out."):
        found = _read(raw(cloud, id, progress)) or {}
        if is_ours(found.get("pre_start")):
            # It keeps what is not mentioned: then the hook becomes one that does nothing.
            _send(cloud, id, {**others, "pre_start": nothing}, progress)
            found = _read(raw(cloud, id, progress)) or {}
    return _status(id, found, None)


def _status(id: str, hooks: dict[str, Hook] | None, command: str | None) -> HookRegistration:
    if hooks is None:
        return HookRegistration(id, None, None, ())
    ours = is_ours(hooks.get("pre_start"))
    theirs = dict(hooks)
    before = without_ours(theirs.pop("pre_start", None))
    if before and not does_nothing(before):
        theirs["pre_start"] = before
    current = None
    if command is not None:
        current = ours and is_same(hooks["pre_start"], with_ours(command, before))
    return HookRegistration(id, ours, current, tuple(in_words(n, h) for n, h in theirs.items()))


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
