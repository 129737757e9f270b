"""Which notebooks there are, and one of them in full."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any

from modelarts_nb.cloud.client import Cloud, open_cloud
from modelarts_nb.cloud.instances import every, resolve
from modelarts_nb.cloud.naming import is_id
from modelarts_nb.errors import UsageError
from modelarts_nb.notebook.model import STATUSES, Notebook, read_notebook
from modelarts_nb.progress import SILENT, Progress


def list_notebooks(
    *,
    name: str | None = None,
    id: str | None = None,
    status: Sequence[str] = (),
    image: str | None = None,
    flavor: str | None = None,
    description: str | None = None,
    created_after: str | None = None,
    created_before: str | None = None,
    workspace: str | None = None,
    all_users: bool = False,
    cloud: Cloud | None = None,
    progress: Progress = SILENT,
) -> list[Notebook]:
    """Notebooks that fit everything that was said, the newest first.

    Args:
        name, flavor, description: a part of it.
        id: the whole id.
        status: one of these; see ``model.STATUSES``.
        image: the whole id, or a part of the name or the path in SWR.
        created_after, created_before: ISO 8601, a day is enough; without a zone it is UTC. The
            service cannot filter by time, so this is done here.
        workspace: its id.
        all_users: everybody's in the project, which takes the right listAllNotebooks.

    Raises:
        UsageError: no such status, or a time that is none.
        CloudError: the cloud refused or could not be reached.
    """
    wanted = {word.upper() for word in status}
    if unknown := wanted - set(STATUSES):
        raise UsageError(
            f"There is no status {', '.join(sorted(unknown))}.",
            hint=f"There are: {', '.join(STATUSES)}.",
        )
    after = _moment(created_after, "created_after") if created_after else ""
    before = _moment(created_before, "created_before") if created_before else ""
    query: dict[str, Any] = {
        "name": name,
        "id": id,
        "flavor": flavor,
        "description": description,
        "workspace_id": workspace,
        # The service takes one.
        "status": next(iter(wanted)) if len(wanted) == 1 else None,
        "image_id": image if image and is_id(image) else None,
    }
    found = every(
        cloud or open_cloud(),
        "list_all_notebooks" if all_users else "list_notebooks",
        {key: value for key, value in query.items() if value},
        progress,
    )
    fitting = [
        notebook
        for notebook in map(read_notebook, found)
        if (not wanted or notebook.status in wanted)
        and (not image or query["image_id"] or _is_of(notebook, image))
        # Where the service does not say when, it cannot be said to fit.
        and (not after or (notebook.created and notebook.created >= after))
        and (not before or (notebook.created and notebook.created < before))
    ]
    return sorted(fitting, key=lambda notebook: notebook.created, reverse=True)


def show(
    notebook: str | None = None, *, cloud: Cloud | None = None, progress: Progress = SILENT
) -> Notebook:
    """One notebook in full.

    Args:
        notebook: its id or its name; None: this one.

    Raises:
        CloudSetting: none was named and which this is, is not known.
        CloudNotFound: there is none of this id or name.
        CloudConflict: several have this name.
        CloudError: the cloud refused or could not be reached.
    """
    cloud = cloud or open_cloud()
    return look(cloud, resolve(cloud, notebook, progress), progress)


def look(cloud: Cloud, id: str, progress: Progress = SILENT) -> Notebook:
    """The notebook of an id, as it is now."""
    return read_notebook(raw(cloud, id, progress))


def raw(cloud: Cloud, id: str, progress: Progress = SILENT) -> Any:
    """The cloud's own JSON of a notebook. It holds its token: for reading, not for keeping."""
    return cloud.call("modelarts", "show_notebook", id=id, progress=progress)


def _is_of(notebook: Notebook, image: str) -> bool:
    word = image.lower()
    return word in notebook.image.name.lower() or word in notebook.image.path.lower()


def _moment(text: str, which: str) -> str:
    try:
        # Python 3.10 does not know the Z.
        value = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
        zoned = value if value.tzinfo else value.replace(tzinfo=timezone.utc)
        return zoned.astimezone(timezone.utc).isoformat(timespec="seconds")
    except (ValueError, OverflowError):
        raise UsageError(
            f"{which}: {text!r} is no time.", hint="For example 2026-05-31 or 2026-05-31T08:00."
        ) from None
