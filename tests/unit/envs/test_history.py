"""``conda-meta/history`` in conda's own format."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelarts_nb.envs.history import append, requested, spec_name

RECORD = {
    "name": "numpy",
    "version": "1.26.0",
    "build": "py311_0",
    "channel": "https://host/conda-forge/",
    "subdir": "linux-64",
}


def write(prefix: Path, text: str) -> None:
    (prefix / "conda-meta").mkdir(exist_ok=True)
    (prefix / "conda-meta/history").write_text(text)


def test_a_revision_is_written_as_conda_writes_it(tmp_path: Path) -> None:
    append(tmp_path, command="ma env create x", added=[RECORD], update=["numpy=1.26"])
    lines = (tmp_path / "conda-meta/history").read_text().splitlines()
    assert lines[0].startswith("==> 20")
    assert lines[0].endswith(" <==")
    assert lines[1:] == [
        "# cmd: ma env create x",
        "# conda version: 4.6.0",
        "+conda-forge/linux-64::numpy-1.26.0-py311_0",
        "# update specs: ['numpy=1.26']",
    ]


def test_given_revisions_then_the_specs_in_force_are_found(tmp_path: Path) -> None:
    append(tmp_path, command="a", update=["python=3.11", "numpy=1.2", "scipy"])
    append(tmp_path, command="b", update=["NumPy>=1.3"])
    append(tmp_path, command="c", remove=["scipy"])
    assert requested(tmp_path) == ["python=3.11", "NumPy>=1.3"]


def test_given_condas_own_lines_then_they_are_understood(tmp_path: Path) -> None:
    write(
        tmp_path,
        "==> 2019-01-01 00:00:00 <==\n# cmd: conda create\n+defaults::x-1-0\n"
        "# create specs: ['python=3.7']\n# update specs: ['defaults::numpy[version=1]']\n"
        "# neutered specs: []\n==> 2019 <==\n# remove specs: python\n",
    )
    assert requested(tmp_path) == ["defaults::numpy[version=1]"]


@pytest.mark.parametrize("text", ["", "# update specs: [", "# update specs: [1, None]", "\x00\xff"])
def test_given_a_history_that_makes_no_sense_then_it_has_no_specs(
    tmp_path: Path, text: str
) -> None:
    write(tmp_path, text)
    assert requested(tmp_path) == []


def test_given_no_history_then_it_has_no_specs(tmp_path: Path) -> None:
    assert requested(tmp_path) == []


def test_given_a_hard_link_to_the_history_when_appended_then_the_other_name_keeps_its_content(
    tmp_path: Path,
) -> None:
    write(tmp_path, "before\n")
    (tmp_path / "other").hardlink_to(tmp_path / "conda-meta/history")
    append(tmp_path, command="a", update=["x"])
    assert (tmp_path / "other").read_text() == "before\n"


def test_given_a_command_of_two_lines_then_it_stays_one_line(tmp_path: Path) -> None:
    append(tmp_path, command="a\n# update specs: ['evil']", update=["x"])
    assert requested(tmp_path) == ["x"]


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ("numpy", "numpy"),
        ("numpy=1.2=py_0", "numpy"),
        ("numpy >=1", "numpy"),
        ("numpy~=1", "numpy"),
        ("conda-forge::numpy!=2", "numpy"),
        ("numpy[version='1']", "numpy"),
        ("zlib;if", "zlib"),
    ],
)
def test_what_a_spec_is_about(spec: str, name: str) -> None:
    assert spec_name(spec) == name
