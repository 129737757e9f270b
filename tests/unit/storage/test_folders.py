"""Folders of a share: what policies allow, making one, quota and usage."""

from __future__ import annotations

import threading

import pytest

from modelarts_nb import storage
from modelarts_nb.cloud.errors import CloudForbidden, CloudInvalid, CloudNotFound
from modelarts_nb.errors import Cancelled, UsageError
from modelarts_nb.progress import Silent
from tests.unit.cloud.wire import Request, Response, Wire, error
from tests.unit.storage.fake import SHARE, Service

MB = 1024 * 1024


def by_path(**asked: list[str]) -> dict[str, storage.Folder]:
    return {f.path: f for f in storage.list_folders(SHARE, **asked)}


def test_shares_are_listed_with_words_for_their_state(service: Service) -> None:
    (found,) = storage.list_shares()

    assert (found.name, found.status, found.size, found.free) == ("team", "available", 500, 123.5)


def test_the_folders_that_a_policy_allows_are_known_though_nothing_lists_them(
    service: Service,
) -> None:
    service.policy = ["/team/a", "/team/b/"]
    service.folders = {"/team/a": {"mode": 40755, "uid": 1000, "gid": 100}}

    found = by_path()

    allowed = {path: folder.allowed for path, folder in found.items()}
    assert allowed == {"/": False, "/team/a": True, "/team/b": True}
    assert found["/team/a"].exists
    assert (found["/team/a"].mode, found["/team/a"].uid) == ("755", 1000)
    assert not found["/team/b"].exists
    assert found["/team/a"].why == "team"


def test_a_share_is_called_by_its_name_or_its_id(service: Service) -> None:
    service.policy = []
    service.folders = {"/team": {"mode": 40755}}

    (root, named) = storage.list_folders("team", paths=["/team"])

    assert (root.share, named.path, named.exists) == (SHARE, "/team", True)


@pytest.mark.parametrize("share", ["nobodys", "../x", "a/b", ""])
def test_a_share_that_is_not_there_is_not_found(service: Service, share: str) -> None:
    with pytest.raises(CloudNotFound):
        storage.create_folder(share, "/a")


def test_a_folder_that_was_asked_for_is_judged_too(service: Service) -> None:
    service.policy = ["/team/a"]

    assert by_path(paths=["/other"])["/other"].allowed is False


def test_without_such_a_policy_everything_is_allowed(service: Service) -> None:
    service.policy = []

    assert by_path(paths=["/x"])["/x"].allowed is True


def test_where_the_policies_cannot_be_asked_it_is_said_that_nobody_knows(
    service: Service,
) -> None:
    service.policy = None

    assert by_path(paths=["/x"])["/x"].allowed is None


def test_where_the_share_cannot_be_asked_it_is_said_that_nobody_knows(service: Service) -> None:
    service.policy = []
    refusal = error(400, "SFS.TURBO.0100", "not supported by this type")
    service.refuse = lambda r: refusal if "/fs/" in r.path else None

    assert by_path(paths=["/x"])["/x"].exists is None


def test_quota_and_usage_are_in_bytes_and_files(service: Service) -> None:
    service.policy = []
    service.folders = {"/x": {"mode": 40755}}
    service.quotas = {"/x": {"capacity": 10, "inode": 500, "used_inode": 7}}

    found = by_path(paths=["/x"])["/x"]

    assert (found.capacity, found.used) == (10 * MB, 4096)
    assert (found.inodes, found.used_inodes) == (500, 7)


def test_a_new_folder_belongs_to_the_notebooks_user(service: Service) -> None:
    service.policy = []

    made = storage.create_folder(SHARE, "/team/new/")

    assert service.folders["/team/new"] == {
        "path": "/team/new",
        "mode": 755,
        "uid": 1000,
        "gid": 100,
    }
    assert (made.exists, made.allowed, made.mode) == (True, True, "755")


def test_a_folder_that_is_there_is_left_as_it_is(service: Service, wire: Wire) -> None:
    service.folders = {"/team": {"mode": 40700}}

    assert storage.create_folder(SHARE, "/team").mode == "700"
    assert [r for r in wire.seen if r.method == "POST" and "/fs/" in r.path] == []


@pytest.mark.parametrize(
    ("path", "mode"),
    [("team", "755"), ("/", "755"), ("/a/../b", "755"), ("/a", "788"), ("/a", "7")],
)
def test_what_is_no_folder_or_no_mode_is_refused_before_anything_is_sent(
    service: Service, wire: Wire, path: str, mode: str
) -> None:
    with pytest.raises(UsageError):
        storage.create_folder(SHARE, path, mode=mode)

    assert wire.seen == []


def test_a_folder_whose_making_was_not_answered_is_not_an_error_the_second_time(
    service: Service,
) -> None:
    # given a service that makes it, says nothing, and then that it is there
    def lose(request: Request) -> Response | None:
        if request.method != "POST" or "/fs/" not in request.path:
            return None
        if "/a" in service.folders:
            return error(400, "SFS.TURBO.0001", "The folder exists.")
        service.answer(request)
        return Response(drop=True)

    service.refuse = lose

    assert storage.create_folder(SHARE, "/a").exists


def test_a_folder_that_is_refused_is_not_said_to_be_made(service: Service) -> None:
    refusal = error(400, "SFS.TURBO.0001", "no room")
    service.refuse = lambda r: refusal if r.method == "POST" else None

    with pytest.raises(CloudInvalid, match="no room"):
        storage.create_folder(SHARE, "/a")


def test_an_error_in_the_shape_of_sfs_turbo_is_understood(service: Service) -> None:
    refusal = Response(403, {"errCode": "SFS.TURBO.0003", "errMsg": "not yours"})
    service.refuse = lambda r: refusal if r.path.endswith("/detail") else None

    with pytest.raises(CloudForbidden, match=r"SFS\.TURBO\.0003: not yours") as raised:
        storage.list_shares()

    assert raised.value.error_code == "SFS.TURBO.0003"


def test_all_folders_are_judged_with_two_questions(service: Service, wire: Wire) -> None:
    service.policy = ["/team/a", "/team/b", "/team/c"]

    by_path(paths=["/x", "/y"])

    asked = [r.json["requests"] for r in wire.seen if r.path.endswith("/workspaces/0/auth")]
    assert [len(requests) for requests in asked] == [1, 5]


def test_one_who_does_not_want_to_wait_for_folders_does_not(service: Service, wire: Wire) -> None:
    never = threading.Event()
    service.policy = []
    service.refuse = lambda r: Response(200, {}, hold=never) if "/fs/" in r.path else None

    class Impatient(Silent):
        def check(self) -> None:
            if any("/fs/" in r.path for r in wire.seen):
                raise Cancelled()

    with pytest.raises(Cancelled):
        storage.list_folders(SHARE, paths=["/a", "/b"], progress=Impatient())
    never.set()


def test_a_folder_that_was_made_is_said_to_be_when_the_rest_is_cancelled(
    service: Service,
) -> None:
    class Impatient(Silent):
        def check(self) -> None:
            if "/a" in service.folders:
                raise Cancelled()

    with pytest.raises(Cancelled, match="/a was made"):
        storage.create_folder(SHARE, "/a", progress=Impatient())


def test_a_quota_of_files_alone_is_changed_and_not_made_again(service: Service) -> None:
    service.folders = {"/a": {"mode": 40755}}
    service.quotas = {"/a": {"capacity": 0, "inode": 5}}

    assert storage.set_quota(SHARE, "/a", capacity=MB, inodes=10).inodes == 10


def test_a_folder_that_may_not_be_made_is_said(service: Service) -> None:
    refusal = error(403, "SFS.TURBO.0003", "forbidden")
    service.refuse = lambda r: refusal if r.method == "POST" else None

    with pytest.raises(CloudForbidden):
        storage.create_folder(SHARE, "/a")


def test_a_quota_is_made_and_then_changed(service: Service) -> None:
    service.folders = {"/a": {"mode": 40755}}

    made = storage.set_quota(SHARE, "/a", capacity=MB + 1, inodes=10)
    changed = storage.set_quota(SHARE, "/a", capacity=5 * MB, inodes=20)

    assert (made.capacity, changed.capacity, changed.inodes) == (2 * MB, 5 * MB, 20)


@pytest.mark.parametrize(("capacity", "inodes"), [(0, 5), (5, 0), (-1, 5)])
def test_a_quota_that_blocks_every_write_is_refused(
    service: Service, capacity: int, inodes: int
) -> None:
    with pytest.raises(UsageError):
        storage.set_quota(SHARE, "/a", capacity=capacity, inodes=inodes)
