"""Where the cloud is: settings, then the file they name, then the environment."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from modelarts_nb import config
from modelarts_nb.cloud.client import open_cloud
from modelarts_nb.cloud.errors import CloudNotInstalled, CloudSetting
from modelarts_nb.cloud.place import find_place, is_loopback
from modelarts_nb.errors import ConfigInvalid


@pytest.fixture(autouse=True)
def _alone(no_cloud: Path) -> None:
    """Nothing of this machine's cloud settings."""


def keyed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have keys, so that something else is what is missing."""
    monkeypatch.setenv("HUAWEICLOUD_SDK_AK", "a")
    monkeypatch.setenv("HUAWEICLOUD_SDK_SK", "s")


def test_project_and_instance_are_those_of_the_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROJECT_ID", "p-env")
    monkeypatch.setenv("INSTANCE_ID", "i-env")

    place = find_place()

    assert (place.project, place.instance) == ("p-env", "i-env")


def test_a_setting_counts_more_than_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROJECT_ID", "p-env")
    config.save("Cloud", "project", "p-set")

    assert find_place().project == "p-set"


def test_a_file_that_is_named_says_where_and_with_which_keys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "cloud.json"
    written = {"endpoint": "http://127.0.0.1:1/", "access_key": "a", "secret_key": "s"}
    file.write_text(json.dumps({**written, "project_id": "p", "instance_id": "i"}))
    monkeypatch.setenv("MODELARTS_NB_CLOUD_FILE", str(file))

    place = find_place()

    assert (place.endpoint, place.project, place.instance) == ("http://127.0.0.1:1", "p", "i")
    assert (place.access_key, place.secret_key, place.keys_from) == ("a", "s", str(file))


def test_keys_are_not_half_from_the_settings_and_half_from_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "cloud.json"
    file.write_text(json.dumps({"access_key": "file-a", "secret_key": "file-s"}))
    monkeypatch.setenv("MODELARTS_NB_CLOUD_FILE", str(file))
    config.save("Cloud", "access_key", "set-a")

    place = find_place()

    assert (place.access_key, place.secret_key) == ("set-a", "")


@pytest.mark.parametrize("content", [None, "{", "[]"])
def test_a_file_that_cannot_be_read_is_said_with_a_hint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None
) -> None:
    file = tmp_path / "cloud.json"
    if content is not None:
        file.write_text(content)
    monkeypatch.setenv("MODELARTS_NB_CLOUD_FILE", str(file))

    with pytest.raises(CloudSetting) as raised:
        find_place()

    assert "ma local up" in raised.value.hint


@pytest.mark.parametrize(
    "endpoint", ["modelarts.example", "ftp://x", "https://", "https://x:99999"]
)
def test_an_endpoint_that_is_no_url_is_refused(
    monkeypatch: pytest.MonkeyPatch, endpoint: str
) -> None:
    monkeypatch.setenv("MODELARTS_NB_ENDPOINT", endpoint)

    with pytest.raises(CloudSetting, match="endpoint"):
        find_place()


def test_keys_are_never_sent_unencrypted_to_another_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MODELARTS_NB_ENDPOINT", "http://cloud.example")

    with pytest.raises(CloudSetting, match="not encrypted"):
        find_place()


def test_a_setting_of_the_wrong_type_is_said() -> None:
    config.save("Cloud", "attempts", "many")

    with pytest.raises(ConfigInvalid, match="Cloud"):
        find_place()


def test_an_unknown_instance_says_where_to_set_it() -> None:
    with pytest.raises(CloudSetting) as raised:
        find_place().need_instance()

    assert "INSTANCE_ID" in raised.value.hint


def test_an_unknown_project_says_where_to_set_it(monkeypatch: pytest.MonkeyPatch) -> None:
    keyed(monkeypatch)

    with pytest.raises(CloudSetting) as raised:
        open_cloud().call("modelarts", "list_notebooks")

    assert "PROJECT_ID" in raised.value.hint


def test_an_unknown_region_says_where_to_set_it(monkeypatch: pytest.MonkeyPatch) -> None:
    keyed(monkeypatch)
    monkeypatch.setenv("PROJECT_ID", "p")

    with pytest.raises(CloudSetting) as raised:
        open_cloud().call("modelarts", "list_notebooks")

    assert "MODELARTS_NB_REGION" in raised.value.hint


def test_a_region_that_does_not_exist_is_answered_with_those_that_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keyed(monkeypatch)
    monkeypatch.setenv("PROJECT_ID", "p")
    monkeypatch.setenv("MODELARTS_NB_REGION", "cn-nowhere-1")

    with pytest.raises(CloudSetting) as raised:
        open_cloud().call("modelarts", "list_notebooks")

    assert "cn-north-4" in raised.value.hint


def test_a_region_leads_to_the_endpoints_of_the_sdk(monkeypatch: pytest.MonkeyPatch) -> None:
    keyed(monkeypatch)
    monkeypatch.setenv("MODELARTS_NB_REGION", "cn-north-4")

    cloud = open_cloud()

    assert cloud.endpoints("modelarts") == ["https://modelarts.cn-north-4.myhuaweicloud.com"]
    # Key pairs live behind the host of the key management service.
    assert cloud.endpoints("kps") == ["https://kms.cn-north-4.myhuaweicloud.com"]


def test_without_the_extra_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    keyed(monkeypatch)
    monkeypatch.setenv("PROJECT_ID", "p")
    monkeypatch.setenv("MODELARTS_NB_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setitem(__import__("sys").modules, "huaweicloudsdkmodelarts.v1", None)

    with pytest.raises(CloudNotInstalled) as raised:
        open_cloud().call("modelarts", "list_notebooks")

    assert 'pip install "modelarts_nb[cloud]"' in raised.value.hint


@pytest.mark.parametrize(
    ("url", "answer"),
    [
        ("http://127.0.0.1:80", True),
        ("http://[::1]:80", True),
        ("http://localhost", True),
        ("https://localhost.example", False),
        ("https://10.0.0.1", False),
    ],
)
def test_loopback_is_this_machine_and_nothing_that_looks_like_it(url: str, answer: bool) -> None:
    assert is_loopback(url) is answer
