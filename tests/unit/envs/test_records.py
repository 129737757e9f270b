"""What is installed, and records that follow the files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from modelarts_nb.envs.model import Package
from modelarts_nb.envs.records import (
    Changed,
    installed,
    python_version,
    recorded_files,
    split_record_name,
    update_conda_records,
    update_pip_records,
)
from tests.unit.envs.by_hand import add_record, make_prefix, write


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    return make_prefix(tmp_path / "env")


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("numpy-1.21.2-py37h20f2e39_0.json", ("numpy", "1.21.2", "py37h20f2e39_0")),
        ("_libgcc_mutex-0.1-main.json", ("_libgcc_mutex", "0.1", "main")),
        ("ca-certificates-2026.1-h0_0.json", ("ca-certificates", "2026.1", "h0_0")),
        ("odd.json", ("odd", "", "")),
    ],
)
def test_given_a_record_name_then_its_parts_are_read(name: str, parts: tuple[str, ...]) -> None:
    assert split_record_name(name) == parts


def test_given_names_when_asked_for_python_then_no_package_that_sounds_like_it() -> None:
    names = ["python-dateutil-2.9-0.json", "ipython-9.0-0.json", "python-3.7.10-h12_4.json"]
    assert python_version(names) == "3.7.10"
    assert python_version(names[:2]) is None


def test_given_conda_and_pip_when_asked_then_each_package_is_named_once(prefix: Path) -> None:
    # given
    site = prefix / "lib/python3.11/site-packages"
    add_record(prefix, "typing_extensions", "4.0", [])
    write(site / "typing_extensions-4.0.dist-info/METADATA", "Name: typing-extensions\n")
    write(
        site / "pip_one-1.5.dist-info/METADATA",
        "Metadata-Version: 2.1\nName: Pip.One\nVersion: 1.5\n\nName: no",
    )
    write(site / "bare-2.0.dist-info/RECORD", "")
    write(site / "old-0.1.egg-info/PKG-INFO", "Name: old\nVersion: 0.1\n")
    direct = {"url": "file:///code", "dir_info": {"editable": True}}
    write(site / "edit-1.0.dist-info/direct_url.json", json.dumps(direct))
    (prefix / "conda-meta/broken-1.0-0.json").write_text("{")
    # when
    packages = installed(prefix)
    # then
    channel = "https://channel.test/linux-64"
    assert packages == [
        Package("bare", "2.0", "pip"),
        Package("broken", "1.0", "conda", "0"),
        Package("edit", "1.0", "pip", editable=True),
        Package("old", "0.1", "pip"),
        Package("Pip.One", "1.5", "pip"),
        Package("python", "3.11.7", "conda", "0", channel),
        Package("typing_extensions", "4.0", "conda", "0", channel),
    ]


def test_given_nothing_there_when_asked_then_it_is_empty(tmp_path: Path) -> None:
    assert installed(tmp_path / "nothing") == []


def test_given_changed_files_when_noted_then_only_their_records_are_written(prefix: Path) -> None:
    # given
    new = Changed.of(b"new content")
    text = {"_path": "bin/x", "sha256": "a", "sha256_in_prefix": "b", "size_in_bytes": 5}
    entry = {"_path": "bin/y", "path_type": "unix_python_entry_point", "sha256": "c"}
    other = {"_path": "bin/z", "sha256": "d"}
    touched = add_record(prefix, "x", "1", [text, entry, other])
    untouched = add_record(prefix, "z", "1", [other])
    before = untouched.stat().st_ino
    # when
    update_conda_records(prefix, {"bin/x": new, "bin/y": new})
    # then
    assert json.loads(touched.read_text())["paths_data"]["paths"] == [
        {**text, "sha256_in_prefix": new.sha256},
        {**entry, "sha256": new.sha256, "size_in_bytes": 11},
        other,
    ]
    assert untouched.stat().st_ino == before


def test_given_two_packages_with_one_file_when_read_then_it_is_known_who_lists_it(
    prefix: Path,
) -> None:
    # given
    add_record(prefix, "a", "1", [{"_path": "bin/x", "size_in_bytes": 1}])
    add_record(prefix, "b", "1", [{"_path": "bin/x", "size_in_bytes": 2}, {"_path": "bin/y"}])
    # when
    found = recorded_files(prefix)
    # then
    assert [name.partition("-")[0] for name in found["bin/x"].records] == ["a", "b"]
    assert [name.partition("-")[0] for name in found["bin/y"].records] == ["b"]
    assert found["bin/x"].size == 2


def test_given_changed_files_when_noted_then_pip_knows_them_and_lines_keep_their_form(
    prefix: Path,
) -> None:
    # given
    site = prefix / "lib/python3.11/site-packages"
    lines = ["../../../bin/x,sha256=old,3\r\n", "mod.py,sha256=keep,1\r\n", "RECORD,,\r\n"]
    write(site / "x-1.dist-info/RECORD", "".join(lines))
    # when
    changed = update_pip_records(prefix, {"bin/x": Changed.of(b"")})
    # then
    lines[0] = "../../../bin/x,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\r\n"
    content = "".join(lines).encode()
    assert (site / "x-1.dist-info/RECORD").read_bytes() == content
    path = "lib/python3.11/site-packages/x-1.dist-info/RECORD"
    assert changed == {path: Changed.of(content)}
