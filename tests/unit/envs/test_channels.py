"""What the names of channels stand for."""

from __future__ import annotations

import pytest

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.channels import network_variables, resolve, source_of
from modelarts_nb.envs.condarc import Condarc

MIRROR = Condarc(
    default_channels=("http://mirror/main", "http://mirror/r"),
    custom_channels={"forge": "http://mirror/cloud", "pkgs": "http://mirror"},
    custom_multichannels={"team": ("forge", "http://team/x")},
    channel_alias="mirror/alias/",
)


@pytest.mark.parametrize(
    ("name", "addresses"),
    [
        ("defaults", ("http://mirror/main", "http://mirror/r")),
        ("forge", ("http://mirror/cloud/forge",)),
        ("forge/label/dev", ("http://mirror/cloud/forge/label/dev",)),
        ("pkgs/main", ("http://mirror/pkgs/main",)),
        ("other", ("https://mirror/alias/other",)),
        ("team", ("http://mirror/cloud/forge", "http://team/x")),
        ("http://h/c/linux-64", ("http://h/c",)),
        ("http://h/c/", ("http://h/c",)),
        ("/a/folder", ("file:///a/folder",)),
    ],
)
def test_names_become_addresses(name: str, addresses: tuple[str, ...]) -> None:
    assert resolve([name], MIRROR) == addresses


def test_given_no_settings_then_names_stay_for_the_engine() -> None:
    assert resolve(["conda-forge", "defaults"], Condarc()) == ("conda-forge", "main", "r")


def test_given_a_channel_twice_then_it_counts_once() -> None:
    assert resolve(["a", "b", "a"], Condarc()) == ("a", "b")


def test_given_channels_then_condarc_adds_none(disk: Disk) -> None:
    (disk.home / ".condarc").write_text("channels: [theirs]")
    assert source_of(disk, ["mine", "nodefaults"]).channels == ("mine",)


def test_given_only_default_channels_in_condarc_then_these_are_used(disk: Disk) -> None:
    (disk.home / ".condarc").write_text("default_channels: [http://mirror/main]")
    assert source_of(disk).channels == ("http://mirror/main",)


def test_given_network_settings_then_the_engine_gets_them(disk: Disk) -> None:
    (disk.home / ".condarc").write_text(
        "ssl_verify: false\nchannel_priority: disabled\nproxy_servers: {http: 'http://p:1'}\n"
    )
    source = source_of(disk)
    assert (source.insecure, source.strict) == (True, False)
    assert source.environment == {"http_proxy": "http://p:1", "HTTP_PROXY": "http://p:1"}


def test_given_a_certificate_file_then_it_is_handed_on() -> None:
    found = network_variables(Condarc(ssl_verify="/ca.pem"))
    assert found == {"SSL_CERT_FILE": "/ca.pem"}


def test_the_package_cache_is_in_the_home_not_on_the_disk(disk: Disk) -> None:
    assert source_of(disk, ["x"]).cache == disk.home / ".cache" / "modelarts_nb"
