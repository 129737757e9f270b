"""SFS Turbo through the SDK's own client; its folders are folders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdksfsturbo.v1 import (
    ClientIpInfo,
    CreateFsDirQuotaRequest,
    CreateFsDirQuotaRequestBody,
    CreateFsDirRequest,
    CreateFsDirRequestBody,
    CreateFsTaskRequest,
    CreatePermRuleRequest,
    CreatePermRulesRequestBody,
    CreateShareRequest,
    CreateShareRequestBody,
    DeleteFsDirQuotaRequest,
    DeleteFsDirQuotaRequestBody,
    DeleteFsDirRequest,
    DeleteFsDirRequestBody,
    DeletePermRuleRequest,
    DeleteShareRequest,
    FsDirReq,
    ListPermRulesRequest,
    ListSharesRequest,
    OnePermRuleRequestInfo,
    SFSTurboClient,
    Share,
    ShowClientIpInfoRequest,
    ShowClientIpInfoRequestBody,
    ShowFsDirQuotaRequest,
    ShowFsDirRequest,
    ShowFsDirUsageRequest,
    ShowFsTaskRequest,
    ShowPermRuleRequest,
    ShowShareRequest,
    UpdateFsDirQuotaRequest,
    UpdateFsDirQuotaRequestBody,
    UpdateOnePermRuleRequestInfo,
    UpdatePermRuleRequest,
)

from modelarts_nb.localcloud.sfsturbo.networks import (
    associate,
    associations,
    dissociate,
    networks_of,
)
from modelarts_nb.localcloud.sfsturbo.tree import PathRefused, parts
from modelarts_nb.localcloud.testing import LocalCloud, local_cloud
from tests.unit.localcloud.clients import Clients, finished, words


@pytest.fixture
def sfs(clients: Clients) -> Any:
    return clients.of(SFSTurboClient)


@pytest.fixture
def share(sfs: Any) -> str:
    (found,) = sfs.list_shares(ListSharesRequest()).shares
    return str(found.id)


@pytest.fixture
def files(tmp_path: Path, share: str) -> Path:
    """Where the share's files are."""
    return tmp_path / "local" / "sfsturbo" / share


def make(sfs: Any, share: str, path: str, **how: Any) -> None:
    body = CreateFsDirRequestBody(path=path, **how)
    sfs.create_fs_dir(CreateFsDirRequest(share_id=share, body=body))


def refusal(call: Any) -> tuple[int, str]:
    with pytest.raises(ClientRequestException) as refused:
        call()
    return refused.value.status_code, words(refused.value)["errCode"]


def test_the_demo_share_can_be_used(sfs: Any, share: str) -> None:
    found = sfs.show_share(ShowShareRequest(share))

    assert (found.status, found.share_proto, found.size) == ("200", "NFS", "500.00")
    assert found.export_location.endswith(":/")


def test_a_new_share_becomes_usable(sfs: Any) -> None:
    option = Share(
        availability_zone="local-1a", name="second", size=1000, share_proto="NFS",
        share_type="STANDARD", vpc_id="v", subnet_id="s", security_group_id="g",
    )  # fmt: skip
    made = sfs.create_share(CreateShareRequest(CreateShareRequestBody(share=option)))

    assert made.status == "100"
    finished(lambda: sfs.show_share(ShowShareRequest(made.id)).status == "200")
    assert sfs.list_shares(ListSharesRequest()).count == 2


def test_a_folder_that_was_made_is_there(sfs: Any, share: str, files: Path) -> None:
    make(sfs, share, "/team", mode=750)

    assert (files / "team").stat().st_mode & 0o777 == 0o750
    assert sfs.show_fs_dir(ShowFsDirRequest(share_id=share, path="/team")).path == "/team"


def test_mode_and_owner_are_shown_on_shares_with_a_bandwidth(
    sfs: Any, share: str, local: LocalCloud
) -> None:
    with local.inside.store.write() as db:
        db.run("UPDATE sfsturbo_share SET hpc_bw = '40M' WHERE id = ?", share)

    make(sfs, share, "/team", mode=755, uid=1000, gid=100)

    shown = sfs.show_fs_dir(ShowFsDirRequest(share_id=share, path="/team"))
    assert (shown.mode, shown.uid, shown.gid) == (40755, 1000, 100)


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/datasets", (400, "SFS.TURBO.0001")),  # there already
        ("/absent/inner", (400, "SFS.TURBO.0001")),
        ("/", (400, "SFS.TURBO.0001")),
        ("relative", (400, "SFS.TURBO.0001")),
        ("/../outside", (400, "SFS.TURBO.0001")),
        ("/a/./b", (400, "SFS.TURBO.0001")),
        ("/" + "x" * 256, (400, "SFS.TURBO.0001")),
        ("/nul\0", (400, "SFS.TURBO.0001")),
    ],
)
def test_a_folder_that_cannot_be_is_refused(
    sfs: Any, share: str, path: str, code: tuple[int, str]
) -> None:
    assert refusal(lambda: make(sfs, share, path)) == code


def test_no_link_in_a_share_leads_out_of_it(
    sfs: Any, share: str, files: Path, tmp_path: Path
) -> None:
    # given a link that somebody put there through a mount
    outside = tmp_path / "outside"
    outside.mkdir()
    (files / "link").symlink_to(outside)

    assert refusal(lambda: make(sfs, share, "/link/inner"))[0] == 400
    looking = ShowFsDirRequest(share_id=share, path="/link")
    assert refusal(lambda: sfs.show_fs_dir(looking))[0] == 404
    deleting = DeleteFsDirRequest(share_id=share, body=DeleteFsDirRequestBody(path="/link"))
    assert refusal(lambda: sfs.delete_fs_dir(deleting))[0] == 400
    assert list(outside.iterdir()) == []


def test_only_an_empty_folder_can_be_deleted(sfs: Any, share: str, files: Path) -> None:
    (files / "datasets" / "file").write_text("x")
    full = DeleteFsDirRequest(share_id=share, body=DeleteFsDirRequestBody(path="/datasets"))

    assert refusal(lambda: sfs.delete_fs_dir(full)) == (400, "SFS.TURBO.0115")
    (files / "datasets" / "file").unlink()
    sfs.delete_fs_dir(full)
    assert not (files / "datasets").exists()


def test_a_quota_shows_what_is_used_of_it(sfs: Any, share: str, files: Path) -> None:
    (files / "datasets" / "file").write_bytes(b"x" * 3_000_000)
    body = CreateFsDirQuotaRequestBody(path="/datasets", capacity=100, inode=10)
    sfs.create_fs_dir_quota(CreateFsDirQuotaRequest(share_id=share, body=body))

    shown = sfs.show_fs_dir_quota(ShowFsDirQuotaRequest(share_id=share, path="/datasets"))

    assert (shown.capacity, shown.inode, shown.used_capacity, shown.used_inode) == (100, 10, 3, 2)
    again = CreateFsDirQuotaRequest(share_id=share, body=body)
    assert refusal(lambda: sfs.create_fs_dir_quota(again)) == (400, "SFS.TURBO.0112")


def test_a_limit_that_is_left_out_counts_as_none_at_all(sfs: Any, share: str) -> None:
    # given the trap of facts 1.8
    body = CreateFsDirQuotaRequestBody(path="/datasets", capacity=100, inode=10)
    sfs.create_fs_dir_quota(CreateFsDirQuotaRequest(share_id=share, body=body))

    changed = sfs.update_fs_dir_quota(
        UpdateFsDirQuotaRequest(
            share_id=share, body=UpdateFsDirQuotaRequestBody(path="/datasets", capacity=200)
        )
    )

    assert (changed.capacity, changed.inode) == (200, 0)


def test_usage_is_measured_at_most_every_five_minutes(
    sfs: Any, share: str, files: Path, local: LocalCloud
) -> None:
    def used() -> int:
        request = ShowFsDirUsageRequest(share_id=share, path="/datasets")
        return int(sfs.show_fs_dir_usage(request).dir_usage.used_capacity)

    before = used()
    finished(lambda: remembered(local))
    (files / "datasets" / "file").write_bytes(b"x" * 1_000_000)

    assert used() == before
    local.forward(301)
    assert used() >= before + 1_000_000


def remembered(local: LocalCloud) -> bool:
    with local.inside.store.read() as db:
        return db.one("SELECT 1 FROM sfsturbo_usage") is not None


def test_files_are_counted_in_the_background(sfs: Any, share: str, files: Path) -> None:
    (files / "datasets" / "file").write_text("x")
    (files / "datasets" / "link").symlink_to("file")

    task = sfs.create_fs_task(
        CreateFsTaskRequest(share_id=share, feature="dir-usage", body=FsDirReq("/datasets"))
    )

    request = ShowFsTaskRequest(share_id=share, feature="dir-usage", task_id=task.task_id)
    finished(lambda: sfs.show_fs_task(request).status == "SUCCESS")
    counted = sfs.show_fs_task(request).dir_usage.file_count
    assert (counted.dir, counted.regular, counted.symlink) == (1, 1, 1)
    unknown = ShowFsTaskRequest(share_id=share, feature="dir-usage", task_id="none")
    assert refusal(lambda: sfs.show_fs_task(unknown)) == (400, "SFS.TURBO.0106")


def test_rules_are_all_made_or_none(sfs: Any, share: str) -> None:
    def rule(cidr: str) -> OnePermRuleRequestInfo:
        return OnePermRuleRequestInfo(ip_cidr=cidr, rw_type="ro", user_type="all_squash")

    body = CreatePermRulesRequestBody(rules=[rule("192.168.0.0/16"), rule("nonsense")])

    request = CreatePermRuleRequest(share_id=share, body=body)
    assert refusal(lambda: sfs.create_perm_rule(request))[0] == 400
    assert sfs.list_perm_rules(ListPermRulesRequest(share_id=share)).rules == []


def test_a_rule_lives(sfs: Any, share: str) -> None:
    asked = OnePermRuleRequestInfo(ip_cidr="10.0.0.0/8", rw_type="rw", user_type="no_root_squash")
    body = CreatePermRulesRequestBody(rules=[asked])
    (made,) = sfs.create_perm_rule(CreatePermRuleRequest(share_id=share, body=body)).rules
    one = {"share_id": share, "rule_id": made.id}

    again = CreatePermRuleRequest(share_id=share, body=body)
    assert refusal(lambda: sfs.create_perm_rule(again))[0] == 400
    change = UpdateOnePermRuleRequestInfo(rw_type="ro", user_type="all_squash")
    sfs.update_perm_rule(UpdatePermRuleRequest(**one, body=change))
    shown = sfs.show_perm_rule(ShowPermRuleRequest(**one))
    assert (shown.ip_cidr, shown.rw_type, shown.user_type) == ("10.0.0.0/8", "ro", "all_squash")

    sfs.delete_perm_rule(DeletePermRuleRequest(**one))
    assert refusal(lambda: sfs.show_perm_rule(ShowPermRuleRequest(**one)))[0] == 400


def test_a_folder_is_limited_no_more(sfs: Any, share: str) -> None:
    body = CreateFsDirQuotaRequestBody(path="/datasets", capacity=10, inode=10)
    sfs.create_fs_dir_quota(CreateFsDirQuotaRequest(share_id=share, body=body))

    gone = DeleteFsDirQuotaRequestBody(path="/datasets")
    sfs.delete_fs_dir_quota(DeleteFsDirQuotaRequest(share_id=share, body=gone))

    shown = ShowFsDirQuotaRequest(share_id=share, path="/datasets")
    assert refusal(lambda: sfs.show_fs_dir_quota(shown))[0] == 404


def test_who_mounts_a_share_is_shown(sfs: Any, share: str, local: LocalCloud) -> None:
    with local.inside.store.read() as db:
        (tie,) = networks_of(db, share)
    body = ShowClientIpInfoRequestBody(get_client_ips=ClientIpInfo())

    shown = sfs.show_client_ip_info(ShowClientIpInfoRequest(share_id=share, body=body))

    assert shown.ips == [tie["address"]]


def test_a_share_that_a_network_uses_cannot_be_deleted(
    sfs: Any, share: str, local: LocalCloud
) -> None:
    with local.inside.store.write() as db:
        associate(db, share, "network-of-a-test")
        (found,) = associations(db, local.project_id, "network-of-a-test")

    assert (found["sfsId"], found["status"]) == (share, "Active")
    assert refusal(lambda: sfs.delete_share(DeleteShareRequest(share))) == (400, "SFS.TURBO.0011")


def test_a_deleted_share_is_gone_with_its_files(
    sfs: Any, share: str, files: Path, local: LocalCloud
) -> None:
    with local.inside.store.write() as db:
        for tie in networks_of(db, share):
            dissociate(db, share, tie["network"])

    sfs.delete_share(DeleteShareRequest(share))

    assert sfs.list_shares(ListSharesRequest()).count == 0
    finished(lambda: not files.exists())


def test_a_deletion_that_was_interrupted_is_finished_at_the_next_start(tmp_path: Path) -> None:
    with local_cloud(tmp_path / "local"):
        left = tmp_path / "local" / "sfsturbo" / "deleted-share"
        (left / "folder").mkdir(parents=True)

    with local_cloud(tmp_path / "local"):
        assert not left.exists()


def test_a_share_of_nobody_is_not_found(sfs: Any) -> None:
    assert refusal(lambda: sfs.show_share(ShowShareRequest("absent"))) == (404, "SFS.TURBO.0002")


def test_who_may_not_is_told_which_right_is_missing(clients: Clients) -> None:
    with pytest.raises(ClientRequestException) as refused:
        clients.of(SFSTurboClient, "norights").list_shares(ListSharesRequest())

    said = words(refused.value)
    assert (refused.value.status_code, said["errCode"]) == (403, "SFS.TURBO.0015")
    assert "sfsturbo:shares:getAllShares" in said["errMsg"]


@pytest.mark.parametrize("path", ["/a//b/", "/a/b"])
def test_a_path_has_one_meaning_however_it_is_spelled(path: str) -> None:
    assert parts(path) == ("a", "b")


@pytest.mark.parametrize("path", ["", "a", "/a/../b", "/" + "ä" * 128])
def test_a_path_that_could_mean_something_else_is_refused(path: str) -> None:
    with pytest.raises(PathRefused):
        parts(path)
