"""The restart hook as a whole: put on the disk (``tool``) and registered with the notebook.

Where there is no API, no keys or no right to it, the tool is installed all the same and the result
says what to paste and why.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from modelarts_nb.cloud.client import Cloud, open_cloud
from modelarts_nb.cloud.errors import CloudError
from modelarts_nb.cloud.instances import resolve
from modelarts_nb.disk.persistent import Disk, open_disk
from modelarts_nb.errors import Cancelled, ModelArtsNbError
from modelarts_nb.notebook import hook as registry
from modelarts_nb.notebook.hook import HookRegistration, HooksUnseen
from modelarts_nb.progress import SILENT, Progress
from modelarts_nb.tool import install as tool_install
from modelarts_nb.tool import status as tool_status
from modelarts_nb.tool.install import HookInfo
from modelarts_nb.tool.outdated import remove_outdated
from modelarts_nb.tool.registrations import is_registered, note_registration
from modelarts_nb.tool.status import HookStatus

_BY_HAND = (
    "By hand: in the console, clear the notebook's pre-start hook; of a hook that is longer than "
    "what `ma hook status --command` prints, take out only that."
)


@dataclass(frozen=True)
class InstalledHook(HookInfo):
    """``registration`` is None where the command has to be pasted by hand; ``problem`` says why,
    with the keys of ``ModelArtsNbError.to_dict``."""

    registration: HookRegistration | None = None
    problem: dict[str, str] | None = None


@dataclass(frozen=True)
class WholeHookStatus(HookStatus):
    """With what the cloud says: ``registration`` and ``problem`` as in ``InstalledHook``.

    ``sent``: this owner registered a hook with that instance, whatever the service shows."""

    registration: HookRegistration | None = None
    problem: dict[str, str] | None = None
    sent: bool = False


def install(
    *,
    wheel: str | None = None,
    channels: Sequence[str] = (),
    register: bool = True,
    replace: bool = False,
    notebook: str | None = None,
    cloud: Cloud | None = None,
    disk: Disk | None = None,
    progress: Progress = SILENT,
) -> InstalledHook:
    """Put the tool and the hook on the disk, and register the hook with the notebook.

    Args:
        wheel, channels: see ``tool.install.install``.
        register: False: only put them on the disk.
        replace: register also where the service does not show which hooks there are.
        notebook: the instance's id or name; None: this one.

    Raises:
        ModelArtsNbError: whatever ``tool.install.install`` raises; nothing was changed. What goes
            wrong with the registration is no error but the result's ``problem``.
        Cancelled: before it was registered; the tool may be on the disk.
    """
    disk = disk or open_disk()
    info = tool_install.install(wheel=wheel, channels=channels, disk=disk, progress=progress)
    done = InstalledHook(**{f.name: getattr(info, f.name) for f in dataclasses.fields(info)})
    if not register:
        return done
    try:
        cloud = cloud or open_cloud()
        instance = resolve(cloud, notebook, progress)
        registration = registry.register(
            info.command,
            notebook=instance,
            replace_unseen=replace or is_registered(disk, instance),
            cloud=cloud,
            progress=progress,
        )
    except Cancelled as stopped:
        stopped.hint = stopped.hint or "The tool is on the disk; `ma hook install` goes on."
        raise
    except ModelArtsNbError as error:
        return dataclasses.replace(done, problem=error.to_dict())
    # All is done: without this a question more is asked the next time, and older tools stay.
    with contextlib.suppress(ModelArtsNbError):
        note_registration(disk, instance, info.tool)
        remove_outdated(disk, progress)
    return dataclasses.replace(done, registration=registration)


def status(
    *,
    registration: bool = False,
    notebook: str | None = None,
    cloud: Cloud | None = None,
    disk: Disk | None = None,
    progress: Progress = SILENT,
) -> WholeHookStatus:
    """Is the hook installed and unaltered, what did its last run do, will the next start run it?

    Args:
        registration: ask the cloud too.
        notebook: the instance's id or name; None: this one.

    Raises:
        ModelArtsNbError: whatever ``tool.status.status`` raises.
    """
    disk = disk or open_disk()
    known = tool_status.status(disk=disk)
    found = WholeHookStatus(**{f.name: getattr(known, f.name) for f in dataclasses.fields(known)})
    if not registration:
        return found
    try:
        seen = registry.hook_status(
            found.command, notebook=notebook, cloud=cloud, progress=progress
        )
    except Cancelled:
        raise
    except ModelArtsNbError as error:
        return dataclasses.replace(found, problem=error.to_dict())
    sent = is_registered(disk, seen.instance)
    return dataclasses.replace(found, registration=seen, sent=sent)


def remove(
    *,
    replace: bool = False,
    notebook: str | None = None,
    cloud: Cloud | None = None,
    disk: Disk | None = None,
    progress: Progress = SILENT,
) -> HookRegistration:
    """Take our hook out of the notebook's hooks. Others stay, and so does the tool on the disk,
    which somebody else's hook may name.

    Args:
        replace: go on where the service does not show which hooks there are.
        notebook: the instance's id or name; None: this one.

    Raises:
        CloudError: there is no way to the notebook's hooks; nothing was changed. Says how to do it
            by hand.
    """
    disk = disk or open_disk()
    try:
        cloud = cloud or open_cloud()
        instance = resolve(cloud, notebook, progress)
        done = registry.unregister(
            notebook=instance,
            replace_unseen=replace or is_registered(disk, instance),
            cloud=cloud,
            progress=progress,
        )
    except HooksUnseen:
        raise
    except CloudError as error:
        error.hint = f"{error.hint}\n{_BY_HAND}".lstrip()
        raise
    if notebook is None or is_registered(disk, done.instance):
        with contextlib.suppress(OSError):
            (disk.own / tool_install.HOOK_RECORD).unlink()
        with contextlib.suppress(ModelArtsNbError):
            note_registration(disk, done.instance, None)
    return done
