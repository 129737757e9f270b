"""Finding notebooks: filters alone and combined, pages, one of them in full."""

from __future__ import annotations

from typing import Any

import pytest

from modelarts_nb import notebook
from modelarts_nb.cloud.client import Cloud
from modelarts_nb.cloud.errors import CloudConflict, CloudForbidden, CloudNotFound, CloudSetting
from modelarts_nb.errors import UsageError
from modelarts_nb.wire import dumps
from tests.unit.cloud.wire import Wire, error
from tests.unit.notebook.fake import ID, Service, instance

DAY = 86_400_000
NOON = 1_767_268_800_000  # 2026-01-01T12:00:00Z


@pytest.fixture
def service(wire: Wire) -> Service:
    found = Service(
        instance("a", "alpha", create_at=NOON, image={"id": "i-1", "name": "PyTorch-1.8"}),
        instance("b", "alphabet", create_at=NOON + DAY, status="STOPPED"),
        instance("c", "gamma", create_at=NOON + 2 * DAY, image={"swr_path": "swr/ms/mindspore"}),
    )
    wire.script = found
    return found


def ids(**filters: Any) -> list[str]:
    return [n.id for n in notebook.list_notebooks(**filters)]


def test_without_a_filter_all_are_there_the_newest_first(service: Service) -> None:
    assert ids() == ["c", "b", "a"]


def test_every_page_is_read_and_none_twice(wire: Wire) -> None:
    wire.script = Service(*(instance(f"n-{k:03}", f"n{k}") for k in range(120)))

    assert len(set(ids())) == len(ids()) == 120


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"name": "alpha"}, ["b", "a"]),
        ({"status": ["stopped"]}, ["b"]),
        ({"status": ["RUNNING", "STOPPED"], "name": "a"}, ["c", "b", "a"]),
        ({"image": "pytorch-1"}, ["a"]),
        ({"image": "mindspore"}, ["c"]),
        ({"created_after": "2026-01-02"}, ["c", "b"]),
        ({"created_before": "2026-01-02T12:00"}, ["a"]),
        ({"created_after": "2026-01-02T20:00+08:00", "created_before": "2026-01-03"}, ["b"]),
        ({"created_after": "2026-01-02", "status": ["RUNNING"]}, ["c"]),
    ],
)
def test_filters_find_what_fits_all_of_them(
    service: Service, filters: dict[str, Any], found: list[str]
) -> None:
    assert ids(**filters) == found


def test_what_the_service_can_filter_is_left_to_it(service: Service, wire: Wire) -> None:
    ids(flavor="gpu", description="我的", id="x", image=ID, workspace="w")

    assert wire.seen[0].query == {
        "flavor": "gpu",
        "description": "我的",
        "id": "x",
        "image_id": ID,
        "workspace_id": "w",
        "limit": "50",
        "offset": "0",
    }


@pytest.mark.parametrize(
    "filters",
    [
        {"status": ["SLEEPING"]},
        {"created_after": "yesterday"},
        {"created_before": "1"},
        {"created_after": "9999-12-31T23:59:59-23:59"},
        {"created_before": "0001-01-01T00:00:00+23:59"},
    ],
)
def test_a_filter_that_is_none_is_refused_before_anything_is_asked(
    service: Service, wire: Wire, filters: dict[str, Any]
) -> None:
    with pytest.raises(UsageError):
        ids(**filters)

    assert wire.seen == []


def test_everybodys_notebooks_are_another_call_that_takes_another_right(
    service: Service, wire: Wire
) -> None:
    service.refuse = lambda _request: error(403, "ModelArts.0112", "no")

    with pytest.raises(CloudForbidden) as raised:
        ids(all_users=True)

    assert wire.seen[0].path.endswith("/notebooks/all")
    assert "modelarts:notebook:listAllNotebooks" in raised.value.hint


def test_nothing_of_a_notebook_that_is_shown_is_secret(cloud: Cloud, wire: Wire) -> None:
    lab = {"service": "NOTEBOOK", "uri": "https://x/lab?token=tok-secret"}
    wire.script = Service(instance(endpoints=[lab]))

    (found,) = notebook.list_notebooks()

    assert "tok-secret" not in repr(found) + dumps(found)
    assert found.url == "https://x/lab"


def test_what_the_sdk_drops_is_shown(cloud: Cloud, wire: Wire) -> None:
    ssh = {"service": "SSH", "uri": "ssh://ma-user@h:1", "allowed_access_ips": ["10.0.0.1"]}
    wire.script = Service(instance(create_at=NOON, update_at=NOON + DAY, endpoints=[ssh]))

    found = notebook.show(ID)

    assert found.created == "2026-01-01T12:00:00+00:00"
    assert found.updated == "2026-01-02T12:00:00+00:00"
    assert found.endpoints[0].allowed_ips == ("10.0.0.1",)


def test_a_notebook_is_found_by_its_whole_name(service: Service) -> None:
    assert notebook.show("alpha").id == "a"


def test_this_notebook_needs_no_name(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INSTANCE_ID", "c")

    assert notebook.show().name == "gamma"


def test_where_nothing_says_which_one_it_is_not_guessed(service: Service) -> None:
    with pytest.raises(CloudSetting):
        notebook.show()


def test_a_name_that_nobody_has_is_not_found(service: Service) -> None:
    with pytest.raises(CloudNotFound, match="alph"):
        notebook.show("alph")


def test_a_name_that_two_have_is_not_guessed(wire: Wire) -> None:
    wire.script = Service(instance("a", "same"), instance("b", "same"))

    with pytest.raises(CloudConflict) as raised:
        notebook.show("same")

    assert "a, b" in raised.value.hint


@pytest.mark.parametrize("nonsense", [{}, [], None, {"data": None}, {"data": [3, {"id": None}]}])
def test_a_list_of_nonsense_is_read_as_far_as_it_goes(wire: Wire, nonsense: Any) -> None:
    from tests.unit.cloud.wire import Response

    wire.reply(Response(200, nonsense))

    assert all(n.id == "" for n in notebook.list_notebooks())
