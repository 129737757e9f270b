"""Keys: settings, environment, profile file, the ModelArts agency; never a silent wait."""

from __future__ import annotations

import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from modelarts_nb import config
from modelarts_nb.cloud import agency
from modelarts_nb.cloud.client import open_cloud
from modelarts_nb.cloud.credentials import Keys, find_keys
from modelarts_nb.cloud.errors import CloudUnauthenticated, NoCredentials
from modelarts_nb.cloud.place import find_place
from tests.unit.cloud.wire import Response, Wire, error


@pytest.fixture(autouse=True)
def _alone(no_cloud: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of this machine's keys, and none that an earlier test got from an agency."""
    monkeypatch.setattr(agency, "_cache", {})


def found() -> Keys:
    return find_keys(find_place())


def environment(monkeypatch: pytest.MonkeyPatch, access: str = "env-a") -> None:
    monkeypatch.setenv("HUAWEICLOUD_SDK_AK", access)
    monkeypatch.setenv("HUAWEICLOUD_SDK_SK", "env-s")


def profile(home: Path, text: str) -> None:
    file = home / ".huaweicloud" / "credentials"
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)


def notebook_sdk(folder: Path, monkeypatch: pytest.MonkeyPatch, access: str = "agency-a") -> None:
    """An interpreter that has a ModelArts SDK whose session hands out these keys."""
    package = folder / "sdk" / "modelarts"
    package.mkdir(parents=True, exist_ok=True)
    (package / "__init__.py").touch()
    (package / "session.py").write_text(
        "class Session:\n"
        "    def __init__(self):\n"
        "        print('welcome to the SDK')\n"
        f"        self.access_key = {access!r}\n"
        "        self.secret_key, self.security_token = 'agency-s', 'agency-t'\n"
        "        self.project_id, self.region_name = 'agency-p', 'cn-north-4'\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(package.parent))
    config.save("Cloud", "agency_python", sys.executable)


def test_no_keys_at_all_is_said_at_once_and_nothing_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_args: object) -> None:
        raise AssertionError("something was asked over the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)

    with pytest.raises(NoCredentials) as raised:
        open_cloud()

    assert "HUAWEICLOUD_SDK_AK" in raised.value.hint
    assert "ma local up" in raised.value.hint


def test_settings_count_most(no_cloud: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environment(monkeypatch)
    config.save("Cloud", "access_key", "set-a")
    config.save("Cloud", "secret_key", "set-s")

    assert found().access_key == "set-a"


def test_the_environment_counts_more_than_the_profile(
    no_cloud: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    profile(no_cloud, "[basic]\nak = profile-a\nsk = profile-s\n")
    environment(monkeypatch)

    assert found().access_key == "env-a"


@pytest.mark.parametrize("section", ["basic", "basiccredentials", "BasicCredentials"])
def test_every_spelling_of_the_profiles_section_is_read(no_cloud: Path, section: str) -> None:
    profile(no_cloud, f"[{section}]\nak = a\nsk = s%1\nproject_id = p\nsecurity_token = t\n")

    keys = found()

    assert (keys.access_key, keys.secret_key, keys.project) == ("a", "s%1", "p")
    assert keys.security_token == "t"


def test_a_profile_elsewhere_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine.ini").write_text("[basic]\nak = a\nsk = s\n")
    monkeypatch.setenv("HUAWEICLOUD_SDK_CREDENTIALS_FILE", str(tmp_path / "mine.ini"))

    assert found().source.endswith("mine.ini [basic]")


def test_a_damaged_profile_is_an_error_that_does_not_show_the_secret(no_cloud: Path) -> None:
    profile(no_cloud, "sk = TOP-SECRET\n")

    with pytest.raises(NoCredentials) as raised:
        found()

    assert "TOP-SECRET" not in str(raised.value.to_dict()) + repr(raised.value.__context__)


@pytest.mark.parametrize("name", ["HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_SK"])
def test_half_a_pair_is_an_error_and_not_a_reason_to_look_further(
    no_cloud: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    profile(no_cloud, "[basic]\nak = a\nsk = s\n")
    monkeypatch.setenv(name, "alone")

    with pytest.raises(NoCredentials, match="is not"):
        found()


def test_the_agencys_keys_come_last_and_bring_project_and_region(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook_sdk(tmp_path, monkeypatch)

    keys = found()

    assert (keys.source, keys.access_key) == ("the ModelArts agency", "agency-a")
    assert (keys.project, keys.region) == ("agency-p", "cn-north-4")


def test_an_interpreter_without_the_sdk_gives_no_keys(
    no_cloud: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config.save("Cloud", "agency_python", sys.executable)

    with pytest.raises(NoCredentials):
        found()


def test_the_agencys_keys_are_asked_again_when_the_cloud_does_not_take_them(
    wire: Wire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given keys of the agency that the cloud took and does not take any more
    for name in ("HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_SK"):
        monkeypatch.delenv(name)
    notebook_sdk(tmp_path, monkeypatch, access="old")
    open_cloud().call("modelarts", "list_notebooks")
    notebook_sdk(tmp_path, monkeypatch, access="new")

    def script(request: object) -> Response:
        fresh = "Access=new" in wire.seen[-1].headers["authorization"]
        return Response(200, {"total": 0}) if fresh else error(401, "APIGW.0301", "expired")

    wire.script = script
    # when
    answer = open_cloud().call("modelarts", "list_notebooks")
    # then
    assert answer == {"total": 0}
    assert wire.seen[-1].headers["x-security-token"] == "agency-t"


def test_many_calls_that_are_refused_at_once_ask_the_agency_once(
    wire: Wire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given keys that the cloud does not take any more, and a session that counts who asks it
    for name in ("HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_SK"):
        monkeypatch.delenv(name)
    notebook_sdk(tmp_path, monkeypatch, access="old")
    open_cloud().call("modelarts", "list_notebooks")
    notebook_sdk(tmp_path, monkeypatch, access="new")
    count = tmp_path / "count"
    with (tmp_path / "sdk" / "modelarts" / "session.py").open("a") as session:
        session.write(f"open({str(count)!r}, 'a').write('x')\n")
    wire.script = lambda request: (
        Response(200, {"total": 0})
        if "Access=new" in request.headers["authorization"]
        else error(401, "APIGW.0301", "expired")
    )
    clouds = [open_cloud() for _ in range(6)]

    with ThreadPoolExecutor() as crew:
        found = list(crew.map(lambda cloud: cloud.call("modelarts", "list_notebooks"), clouds))

    assert found == [{"total": 0}] * 6
    assert count.read_text() == "x"


def test_the_agencys_keys_are_asked_for_once_in_a_while_and_not_for_every_call(
    wire: Wire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_SK"):
        monkeypatch.delenv(name)
    notebook_sdk(tmp_path, monkeypatch, access="first")
    open_cloud().call("modelarts", "list_notebooks")
    notebook_sdk(tmp_path, monkeypatch, access="second")

    open_cloud().call("modelarts", "list_notebooks")

    assert "Access=first" in wire.seen[-1].headers["authorization"]


def test_keys_that_cannot_be_renewed_are_refused_once(wire: Wire) -> None:
    wire.reply(error(401, "APIGW.0301", "Incorrect IAM authentication information"))

    with pytest.raises(CloudUnauthenticated):
        open_cloud().call("modelarts", "list_notebooks")

    assert len(wire.seen) == 1


def test_a_token_is_sent_and_signed(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUAWEICLOUD_SDK_SECURITY_TOKEN", "temporary")

    open_cloud().call("modelarts", "list_notebooks")

    assert wire.seen[0].headers["x-security-token"] == "temporary"
    assert "x-security-token" in wire.seen[0].headers["authorization"]


def test_credentials_are_told_apart_without_saying_them() -> None:
    one, other = Keys("settings", "a", "secret-1"), Keys("settings", "a", "secret-2")

    assert one.mark() != other.mark()
    assert "secret-1" not in repr(one) + one.mark()
