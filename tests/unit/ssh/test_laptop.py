"""What a person pastes on their laptop."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from modelarts_nb.cloud.errors import CloudAnswerInvalid
from modelarts_nb.errors import UsageError
from modelarts_nb.ssh.endpoint import SshEndpoint, read_endpoint
from modelarts_nb.ssh.laptop import laptop_block
from tests.unit.ssh.test_clientconfig import read_by_openssh

ID = "11111111-2222-3333-4444-555555555555"


def endpoint(
    uri: str = "ssh://ma-user@dev-modelarts.example.com:31248", id: str = ID
) -> SshEndpoint:
    """A notebook's."""
    return read_endpoint({"id": id, "name": "demo", "endpoints": [{"service": "SSH", "uri": uri}]})


def test_openssh_of_the_laptop_reads_what_was_meant(tmp_path: Path) -> None:
    found = laptop_block(endpoint(), "~/.ssh/my key")
    assert found is not None
    (tmp_path / "config").write_text(found.block)

    read = read_by_openssh(tmp_path / "config", found.host)

    assert (read["hostname"], read["port"]) == ("dev-modelarts.example.com", "31248")
    assert (read["user"], read["hostkeyalias"]) == ("ma-user", ID)
    assert read["identityfile"] == "~/.ssh/my key"


def test_it_says_where_on_each_system() -> None:
    found = laptop_block(endpoint(), "~/.ssh/key")
    assert found is not None

    places = {place.system: place for place in found.paste_into}

    assert places["macos"].file == places["linux"].file == "~/.ssh/config"
    assert places["windows"].file == r"%USERPROFILE%\.ssh\config"
    assert r"%USERPROFILE%\.ssh\key" in places["windows"].protect


def test_the_command_for_a_file_with_blanks_in_its_name_can_be_pasted(tmp_path: Path) -> None:
    found = laptop_block(endpoint(), "~/my $key's")
    assert found is not None
    (tmp_path / "my $key's").touch(0o644)

    subprocess.run(
        ["sh", "-c", found.paste_into[1].protect], env={"HOME": str(tmp_path)}, check=True
    )

    assert (tmp_path / "my $key's").stat().st_mode & 0o777 == 0o600


def test_a_notebook_without_an_address_has_no_block() -> None:
    assert laptop_block(endpoint("")) is None


@pytest.mark.parametrize("key", ["", " ", 'a"b', "a\nProxyCommand x"])
def test_a_file_name_that_cannot_be_one_is_refused(key: str) -> None:
    with pytest.raises(UsageError):
        laptop_block(endpoint(), key)


def test_an_id_that_would_be_a_line_of_settings_is_refused() -> None:
    with pytest.raises(CloudAnswerInvalid):
        laptop_block(endpoint(id="x\nProxyCommand y"))


def test_an_endpoint_is_found_under_both_of_its_names() -> None:
    found = read_endpoint({"endpoints": [{"service": "NOTEBOOK"}, {"dev_service": "SSH"}]})

    assert found.exists
    assert not read_endpoint({"endpoints": [{"service": "NOTEBOOK"}]}).exists
    assert not read_endpoint(None).exists
