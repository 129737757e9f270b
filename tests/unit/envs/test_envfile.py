"""Files that describe an environment."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelarts_nb.envs.envfile import EnvFile, absolute, read_envfile
from modelarts_nb.errors import ConfigInvalid, NotFound


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "environment.yml"
    path.write_text(text)
    return path


def test_given_a_whole_file_then_every_part_is_read(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "name: torch\nchannels:\n  - one\n  - http://two\nprefix: /ignored\n"
        "dependencies:\n  - python=3.11\n  - numpy\n  - pip:\n    - requests\n    - -r more.txt\n"
        "variables:\n  A: 1\n  B: text\n",
    )
    assert read_envfile(path) == EnvFile(
        path,
        "torch",
        ("one", "http://two"),
        ("python=3.11", "numpy"),
        ("requests", f"-r {tmp_path}/more.txt"),
        {"A": "1", "B": "text"},
    )


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("-r more.txt", "-r /here/more.txt"),
        ("--requirement=more.txt", "--requirement /here/more.txt"),
        ("-c /there/limits.txt", "-c /there/limits.txt"),
        ("-r http://host/more.txt", "-r http://host/more.txt"),
        ("-e .", "-e /here"),
        ("-e ./pkg", "-e /here/pkg"),
        ("-e git+ssh://git@host/x", "-e git+ssh://git@host/x"),
        ("./pkg.whl", "/here/pkg.whl"),
        ("requests>=2", "requests>=2"),
    ],
)
def test_relative_paths_mean_the_folder_of_the_file(line: str, meant: str) -> None:
    assert absolute(line, Path("/here")) == meant


def test_given_an_explicit_list_then_its_addresses_and_pip_comments_are_read(
    tmp_path: Path,
) -> None:
    path = write(
        tmp_path,
        "# made by somebody\n# platform: linux-64\n# pip: requests==2.0 --hash=sha256:ab\n"
        "@EXPLICIT\nhttp://h/linux-64/a-1-0.conda#00ff\n\nhttp://h/noarch/b-1-0.tar.bz2\n",
    )
    assert read_envfile(path) == EnvFile(
        path,
        specs=("http://h/linux-64/a-1-0.conda#00ff", "http://h/noarch/b-1-0.tar.bz2"),
        pip=("requests==2.0 --hash=sha256:ab",),
        explicit=True,
    )


def test_given_empty_sections_then_there_is_nothing_in_them(tmp_path: Path) -> None:
    path = write(tmp_path, "channels:\ndependencies:\n  - pip:\n")
    assert read_envfile(path) == EnvFile(path)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name: only",
        "- a",
        "dependencies: numpy",
        "dependencies: [{conda: [a]}]",
        "dependencies: [{pip: a}]",
        "dependencies: [[a]]",
        "dependencies: [true]",
        'dependencies: ["a\\nb"]',
        "dependencies: []\nvariables: [a]",
        "dependencies: []\nvariables: {1a: b}",
        "dependencies: []\nvariables: {A: [b]}",
        "dependencies: [",
        "@EXPLICIT\nnot an address",
        "@EXPLICIT\nhttp://a b",
    ],
)
def test_given_a_file_that_describes_nothing_then_it_is_named(tmp_path: Path, text: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ConfigInvalid, match=r"environment\.yml"):
        read_envfile(path)


def test_given_no_file_then_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        read_envfile(tmp_path / "none.yml")


@given(data=st.binary(max_size=300))
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_given_any_bytes_then_a_description_or_config_invalid(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "any.yml"
    path.write_bytes(data)
    message, specs = "", None
    try:
        specs = read_envfile(path).specs
    except ConfigInvalid as error:
        message = error.message
    lines = specs is not None and all("\n" not in spec for spec in specs)
    assert lines or str(path) in message
