"""An environment as a text from which it can be made again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.envfile import read_envfile
from modelarts_nb.envs.exporting import export
from modelarts_nb.errors import EngineFailed, NotFound


def record(prefix: Path, name: str, version: str, **more: Any) -> None:
    value = {
        "name": name,
        "version": version,
        "build": "0",
        "subdir": "linux-64",
        "channel": "https://user:pass@host/t/s3cret/main",
        "url": f"https://user:pass@host/t/s3cret/main/linux-64/{name}-{version}-0.conda",
        "sha256": "ab" * 32,
        "files": [],
        **more,
    }
    (prefix / f"conda-meta/{name}-{version}-0.json").write_text(json.dumps(value))


def dist(prefix: Path, name: str, version: str, origin: dict[str, Any] | None = None) -> None:
    folder = prefix / f"lib/python3.11/site-packages/{name}-{version}.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    if origin:
        (folder / "direct_url.json").write_text(json.dumps(origin))


@pytest.fixture
def env(disk: Disk) -> Path:
    prefix = disk.envs / "mine"
    (prefix / "conda-meta").mkdir(parents=True)
    (prefix / "conda-meta/history").touch()
    record(prefix, "zlib", "1.3", sha256=None, md5="cd" * 16)
    record(prefix, "python", "3.11.7")
    info = "lib/python3.11/site-packages/Conda_Brought-1.dist-info"
    record(prefix, "conda-brought", "1", files=[f"{info}/METADATA"], channel="https://host/forge")
    dist(prefix, "Conda_Brought", "1")
    dist(prefix, "requests", "2.31.0")
    return prefix


def test_given_both_kinds_of_packages_then_the_yaml_holds_them_and_can_be_read_again(
    env: Path, disk: Disk, tmp_path: Path
) -> None:
    (env / "conda-meta/state").write_text('{"env_vars": {"A": "1"}}')
    file = tmp_path / "environment.yml"
    file.write_text(export("mine", disk=disk))
    found = read_envfile(file)
    assert found.name == "mine"
    assert found.specs == ("conda-brought=1=0", "python=3.11.7=0", "zlib=1.3=0", "pip")
    assert found.pip == ("requests==2.31.0",)
    assert found.channels == ("https://host/main", "https://host/forge", "nodefaults")
    assert found.variables == {"A": "1"}


def test_given_a_lock_then_it_has_every_address_with_its_strongest_checksum(
    env: Path, disk: Disk
) -> None:
    text = export("mine", format="lock", disk=disk)
    assert text.partition("@EXPLICIT\n")[2].splitlines() == [
        f"https://host/main/linux-64/python-3.11.7-0.conda#sha256:{'ab' * 32}",
        f"https://host/main/linux-64/conda-brought-1-0.conda#sha256:{'ab' * 32}",
        f"https://host/main/linux-64/zlib-1.3-0.conda#{'cd' * 16}",
    ]
    assert "# pip: requests==2.31.0\n" in text


@pytest.mark.parametrize("format", ["yaml", "lock"])
def test_passwords_and_tokens_are_in_no_export(env: Path, disk: Disk, format: Any) -> None:
    text = export("mine", format=format, disk=disk)
    assert "s3cret" not in text
    assert "pass" not in text


@pytest.mark.parametrize(
    ("origin", "line"),
    [
        (
            {"url": "https://h/x", "vcs_info": {"vcs": "git", "commit_id": "abc"}},
            "thing @ git+https://h/x@abc",
        ),
        ({"url": "file:///src/thing", "dir_info": {"editable": True}}, "-e /src/thing"),
        (
            {"url": "https://h/t.whl", "archive_info": {"hashes": {"sha256": "ff"}}},
            "thing @ https://h/t.whl",
        ),
        ({"url": 7}, "thing==1"),
    ],
)
def test_given_a_package_from_elsewhere_then_its_origin_is_exported(
    env: Path, disk: Disk, tmp_path: Path, origin: dict[str, Any], line: str
) -> None:
    dist(env, "thing", "1", origin)
    file = tmp_path / "environment.yml"
    file.write_text(export("mine", disk=disk))
    assert line in read_envfile(file).pip


def test_given_a_hash_that_is_known_then_the_lock_has_it(env: Path, disk: Disk) -> None:
    dist(
        env, "thing", "1", {"url": "https://h/t.whl", "archive_info": {"hashes": {"sha256": "ff"}}}
    )
    text = export("mine", format="lock", disk=disk)
    assert "# pip: thing @ https://h/t.whl --hash=sha256:ff\n" in text


def test_given_a_record_without_an_address_then_there_is_no_lock(env: Path, disk: Disk) -> None:
    record(env, "odd", "1", url=None)
    with pytest.raises(EngineFailed, match="odd"):
        export("mine", format="lock", disk=disk)


def test_given_no_such_environment_then_not_found(disk: Disk) -> None:
    with pytest.raises(NotFound):
        export("none", disk=disk)
