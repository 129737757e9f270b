"""conda's settings, read as conda reads them; whatever is in the files, no traceback."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from modelarts_nb.envs.condarc import Condarc, read_condarc, read_settings
from modelarts_nb.errors import ConfigInvalid


@pytest.fixture
def system(tmp_path: Path) -> Path:
    """A root folder without any settings."""
    folder = tmp_path / "system"
    folder.mkdir()
    return folder


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_given_no_files_then_the_settings_are_empty(home: Path, system: Path) -> None:
    assert read_condarc(home=home, system=system) == Condarc()


def test_given_several_files_then_lists_are_joined_the_users_first(
    home: Path, system: Path
) -> None:
    write(system / "etc/conda/.condarc", "channels: [system, shared]")
    write(home / ".conda/condarc.d/b.yml", "channels: [b]")
    write(home / ".conda/condarc.d/a.yml", "channels: [a]")
    write(home / ".condarc", "channels: [user, shared]")
    found = read_condarc(home=home, system=system)
    assert found.channels == ("user", "shared", "b", "a", "system")
    assert [path.name for path in found.files] == [".condarc", "a.yml", "b.yml", ".condarc"]


def test_given_several_files_then_maps_are_merged_and_the_users_entries_win(
    home: Path, system: Path
) -> None:
    write(system / "etc/conda/condarc", "custom_channels: {one: http://a, two: http://a}")
    write(home / ".condarc", "custom_channels: {two: http://b}\nchannel_alias: http://c")
    found = read_condarc(home=home, system=system)
    assert found.custom_channels == {"one": "http://a", "two": "http://b"}
    assert found.channel_alias == "http://c"


def test_given_a_file_named_by_condarc_then_it_counts_most(
    home: Path, system: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(home / ".condarc", "channels: [user]\nssl_verify: true")
    write(home / "other", "channels: [named]\nssl_verify: no")
    monkeypatch.setenv("CONDARC", "$HOME/other")
    found = read_condarc(home=home, system=system)
    assert (found.channels, found.ssl_verify) == (("named", "user"), False)


def test_given_condas_own_root_and_prefix_then_their_files_are_read(
    home: Path, system: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "anaconda3/.condarc", "channels: [root]")
    write(tmp_path / "env/.condarc", "channels: [active]")
    write(home / ".condarc", "channels: [user]")
    monkeypatch.setenv("CONDA_EXE", str(tmp_path / "anaconda3/bin/conda"))
    monkeypatch.setenv("CONDA_PREFIX", str(tmp_path / "env"))
    assert read_condarc(home=home, system=system).channels == ("active", "user", "root")


def test_given_condas_variables_then_they_count_most(
    home: Path, system: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(home / ".condarc", "channels: [user]\nchannel_alias: http://a")
    monkeypatch.setenv("CONDA_CHANNELS", "x, y")
    monkeypatch.setenv("CONDA_CHANNEL_ALIAS", "http://b")
    found = read_condarc(home=home, system=system)
    assert (found.channels, found.channel_alias) == (("x", "y", "user"), "http://b")


def test_given_variables_in_values_then_they_are_replaced(
    home: Path, system: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_TOKEN", "s3cret")
    write(home / ".condarc", "channels:\n  - http://host/t/${MY_TOKEN}/x\n")
    assert read_condarc(home=home, system=system).channels == ("http://host/t/s3cret/x",)


@pytest.mark.parametrize(
    ("text", "attribute", "value"),
    [
        ("channel: one", "channels", ("one",)),
        ("channels: one", "channels", ("one",)),
        ("channels:", "channels", ()),
        ("verify_ssl: false", "ssl_verify", False),
        ("ssl_verify: /ca.pem", "ssl_verify", "/ca.pem"),
        ("channel_priority: strict", "priority", "strict"),
        ("channel_priority: false", "priority", "disabled"),
        ("proxy_servers: {https: 'http://p:1', http: }", "proxy_servers", {"https": "http://p:1"}),
        ("custom_multichannels: {m: [a, b]}", "custom_multichannels", {"m": ("a", "b")}),
        ("add_pip_as_python_dependency: off", "add_pip", False),
        ("", "channels", ()),
        ("show_channel_urls: 7\nunknown: [x]", "channels", ()),
    ],
)
def test_each_setting(home: Path, system: Path, text: str, attribute: str, value: object) -> None:
    write(home / ".condarc", text)
    assert getattr(read_condarc(home=home, system=system), attribute) == value


@pytest.mark.parametrize(
    "text",
    [
        "channels: {a: 1}",
        "channels: [[a]]",
        "channels: [true]",
        "custom_channels: [a]",
        "custom_channels: {1: a}",
        "channel_priority: sometimes",
        "add_pip_as_python_dependency: perhaps",
        'channel_alias: "a\\nb"',
        "- a\n- b",
        "just words",
        "a: b: c",
        "a: [",
        "a: !!python/object/apply:os.system ['true']",
        "&a [*a",
        "\ufeff\x00",
    ],
)
def test_given_a_file_that_makes_no_sense_then_it_is_named(home: Path, text: str) -> None:
    write(home / ".condarc", text)
    with pytest.raises(ConfigInvalid, match=r"\.condarc"):
        read_condarc(home=home, system=home)


def test_given_a_file_that_is_too_large_then_it_is_refused(home: Path) -> None:
    write(home / ".condarc", "#" * (1 << 20) + "\n\n")
    with pytest.raises(ConfigInvalid, match="larger"):
        read_condarc(home=home, system=home)


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5) | st.integers(), inner, max_size=3)
    ),
    max_leaves=8,
)
_KEYS = st.sampled_from(
    [
        "channels",
        "channel",
        "default_channels",
        "custom_channels",
        "custom_multichannels",
        "channel_alias",
        "ssl_verify",
        "proxy_servers",
        "channel_priority",
        "envs_dirs",
    ]
)
_RELAXED = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])


@given(data=st.binary(max_size=200) | st.text(max_size=200).map(lambda t: t.encode("utf-8")))
@_RELAXED
def test_given_any_bytes_then_settings_or_config_invalid(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / ".condarc"
    file.write_bytes(data)
    message, found = "", None
    try:
        found = read_settings(file)
    except ConfigInvalid as error:
        message = error.message
    assert isinstance(found, dict) or str(file) in message


@given(value=st.dictionaries(_KEYS, _VALUES, max_size=4))
@_RELAXED
def test_given_any_yaml_values_then_checked_types_or_config_invalid(
    tmp_path: Path, value: dict[str, object]
) -> None:
    stream = io.BytesIO()
    YAML(typ="safe", pure=True).dump(value, stream)
    file = tmp_path / ".condarc"
    file.write_bytes(stream.getvalue())
    try:
        found = read_settings(file)
    except ConfigInvalid:
        return
    assert found is not None
    assert all(isinstance(channel, str) for channel in found.get("channels", []))
    assert all(isinstance(v, str) for v in found.get("custom_channels", {}).values())
