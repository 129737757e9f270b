"""Lists of notebooks: own and all, filters, order, pages."""

from __future__ import annotations

from typing import Any

import pytest
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdkmodelarts.v1 import (
    ListAllNotebooksRequest,
    ListNotebooksRequest,
    StartNotebookRequest,
)

from modelarts_nb.localcloud.modelarts.catalog import DEFAULT_IMAGE
from tests.unit.localcloud.modelarts.conftest import World, code


@pytest.fixture(scope="module")
def world(world: World) -> World:
    """The demo account and twelve notebooks more of the teammate's."""
    for number in range(12):
        flavor = "modelarts.vm.cpu.8u" if number % 2 else "modelarts.vm.cpu.2u"
        made = world.create(
            "teammate", name=f"nb-{number:02}", description=f"number {number}", flavor=flavor
        )
    world.wait(made.id, "RUNNING", "teammate")
    return world


def names(world: World, user: str = "teammate", **query: Any) -> list[str]:
    page = world(user).list_notebooks(ListNotebooksRequest(**{"limit": 50, **query}))
    return [notebook.name for notebook in page.data]


def test_one_sees_ones_own(world: World) -> None:
    assert names(world, "developer") == ["demo"]
    assert len(names(world)) == 13


def test_everybodys_take_a_right(world: World) -> None:
    with pytest.raises(ClientRequestException) as refused:
        world("developer").list_all_notebooks(ListAllNotebooksRequest())
    assert code(refused) == "0112 403"
    assert "modelarts:notebook:listAllNotebooks" in refused.value.error_msg

    everybodys = world("administrator").list_all_notebooks(ListAllNotebooksRequest(limit=50))
    assert {n.user.name for n in everybodys.data} == {"developer", "teammate"}


def test_others_notebooks_do_not_exist_for_one(world: World) -> None:
    theirs = world("teammate").list_notebooks(ListNotebooksRequest()).data[0].id

    for call in (
        lambda: world.show(theirs),
        lambda: world().start_notebook(StartNotebookRequest(id=theirs)),
    ):
        with pytest.raises(ClientRequestException) as refused:
            call()
        assert code(refused) == "6309 400"
    assert world.show(theirs, "administrator").user.name == "teammate"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"name": "NB-0"}, 10),
        ({"name": "nb-1", "flavor": "8u"}, 1),
        ({"flavor": "cpu.8u"}, 6),
        ({"description": "number 1"}, 3),
        ({"status": "FROZEN"}, 0),
        ({"name": "teammates", "status": "STOPPED"}, 1),
        ({"image_id": DEFAULT_IMAGE}, 13),
        ({"image_id": "other"}, 0),
        ({"username": "TEAM"}, 13),
        ({"pool_name": "demo"}, 1),
        ({"workspace_id": "0"}, 13),
        ({"swr_path": "pytorch"}, 13),
        ({"id": "no"}, 0),
    ],
)
def test_filters(world: World, query: dict[str, Any], found: int) -> None:
    assert len(names(world, **query)) == found


def test_order(world: World) -> None:
    up = names(world, sort_key="name", sort_dir="ASC")

    assert up == sorted(up)
    assert names(world, sort_key="name") == up[::-1]
    assert names(world, sort_key="flavor,name", sort_dir="ASC")[-1] == "nb-11"


def test_pages(world: World) -> None:
    def page(offset: int) -> Any:
        request = ListNotebooksRequest(
            limit=10, offset=offset, sort_key="name", sort_dir="ASC", name="nb"
        )
        return world("teammate").list_notebooks(request)

    first, second = page(0), page(10)

    assert [n.name for n in [*first.data, *second.data]] == [f"nb-{n:02}" for n in range(12)]
    assert (first.total, first.pages, first.size, first.current) == (12, 2, 10, 0)
    assert (second.total, second.current) == (12, 1)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"sort_key": "colour"}, "6303 400"),
        ({"sort_dir": "UP"}, "0104 400"),
        ({"limit": 11}, "0104 400"),
        ({"offset": -1}, "6400 400"),
    ],
)
def test_bad_queries(world: World, query: dict[str, Any], expected: str) -> None:
    with pytest.raises(ClientRequestException) as refused:
        names(world, **query)
    assert code(refused) == expected
