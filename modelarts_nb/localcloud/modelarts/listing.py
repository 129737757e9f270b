"""Lists of notebooks: one's own, everybody's; filters, order, pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from modelarts_nb.localcloud.iam.access import has_role
from modelarts_nb.localcloud.modelarts.catalog import image
from modelarts_nb.localcloud.modelarts.notebooks import ALL, Notebook, every, owns
from modelarts_nb.localcloud.modelarts.paging import paged
from modelarts_nb.localcloud.modelarts.refusals import refusal
from modelarts_nb.localcloud.modelarts.service import SERVICE
from modelarts_nb.localcloud.modelarts.tables import name_of_user, pool_name
from modelarts_nb.localcloud.modelarts.view import shown
from modelarts_nb.localcloud.modelarts.workspaces import visible
from modelarts_nb.localcloud.web.call import Call

Key = Callable[[Notebook], Any]
_SORT: dict[str, Key] = {
    "name": lambda n: n.name,
    "status": lambda n: n.status,
    "flavor": lambda n: n.flavor,
    "create_at": lambda n: n.created,
    "update_at": lambda n: n.updated,
    "created_at": lambda n: n.created,
    "updated_at": lambda n: n.updated,
    "feature": lambda n: n.feature,
}


@SERVICE.route("GET", "/v1/{project_id}/notebooks", action="modelarts:notebook:list")
def list_notebooks(call: Call) -> Any:
    """The caller's own; an administrator may name somebody by ``owner``."""
    owner = call.request.get("owner")
    if owner and has_role(call.db, call.caller, "Tenant Administrator", ALL):
        return _page(call, [n for n in _all(call) if n.user_id == owner])
    return _page(call, [n for n in _all(call) if owns(call, n)])


@SERVICE.route("GET", "/v1/{project_id}/notebooks/all", action=ALL)
def list_all_notebooks(call: Call) -> Any:
    """Everybody's in the project."""
    owner = call.request.get("owner")
    return _page(call, [n for n in _all(call) if owner in {None, "", n.user_id}])


def _all(call: Call) -> list[Notebook]:
    seen = visible(call)
    return [n for n in every(call.db, call.project_id) if n.workspace_id in seen]


def _page(call: Call, found: list[Notebook]) -> dict[str, Any]:
    found = [notebook for notebook in found if _fits(call, notebook)]
    page = paged(call, _sorted(call, found))
    return {**page, "data": [shown(call, notebook) for notebook in page["data"]]}


def _fits(call: Call, notebook: Notebook) -> bool:
    """Exact fields must be equal; the others must contain what was asked for, in any case."""
    get = call.request.get
    exact = {
        "id": notebook.id,
        "image_id": notebook.image_id,
        "pool_id": notebook.pool_id,
        "status": notebook.status,
        "feature": notebook.feature,
        "workspace_id": notebook.workspace_id,
        "ip": "127.0.0.1",
    }
    fuzzy: dict[str, Callable[[], str]] = {
        "name": lambda: notebook.name,
        "description": lambda: notebook.description,
        "flavor": lambda: notebook.flavor,
        "swr_path": lambda: str(image(notebook.image_id).shown()["swr_path"]),
        "pool_name": lambda: pool_name(call.db, notebook.pool_id),
        "username": lambda: str(
            name_of_user(call.db, notebook.user_id, notebook.domain_id)["name"]
        ),
    }
    if get("tags"):
        return False  # the local cloud tags nothing
    return all(get(key) in {None, "", value} for key, value in exact.items()) and all(
        not (wanted := get(key)) or wanted.casefold() in value().casefold()
        for key, value in fuzzy.items()
    )


def _sorted(call: Call, found: list[Notebook]) -> list[Notebook]:
    keys = [key for key in (call.request.get("sort_key") or "create_at").split(",") if key]
    for key in keys:
        if key not in _SORT:
            raise refusal("6303", key)
    direction = (call.request.get("sort_dir") or "DESC").upper()
    if direction not in {"ASC", "DESC"}:
        raise refusal("0104", "sort_dir must be ASC or DESC")
    return sorted(found, key=lambda n: [_SORT[key](n) for key in keys], reverse=direction == "DESC")
