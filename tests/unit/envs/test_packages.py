"""Whose a package is, its files tell."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.installed import packages
from modelarts_nb.errors import NotFound

SITE = "lib/python3.11/site-packages"


def dist(prefix: Path, name: str, version: str) -> str:
    folder = f"{SITE}/{name}-{version}.dist-info"
    (prefix / folder).mkdir(parents=True)
    (prefix / folder / "METADATA").write_text(f"Name: {name}\nVersion: {version}\n")
    return f"{folder}/METADATA"


def record(prefix: Path, name: str, version: str, *files: str) -> None:
    value = {"name": name, "version": version, "build": "0", "files": files}
    (prefix / f"conda-meta/{name}-{version}-0.json").write_text(json.dumps(value))


@pytest.fixture
def env(disk: Disk) -> Path:
    prefix = disk.envs / "mine"
    (prefix / "conda-meta").mkdir(parents=True)
    return prefix


def found(disk: Disk) -> list[tuple[str, str, str]]:
    return [(p.name, p.version, p.manager) for p in packages("mine", disk=disk)]


def test_given_a_distribution_with_another_name_than_its_package_then_it_is_named_once(
    env: Path, disk: Disk
) -> None:
    record(env, "pytorch", "2.1", dist(env, "torch", "2.1"))
    assert found(disk) == [("pytorch", "2.1", "conda")]


def test_given_a_conda_package_that_pip_replaced_then_both_are_named(env: Path, disk: Disk) -> None:
    record(env, "numpy", "1.0", f"{SITE}/numpy-1.0.dist-info/METADATA")
    dist(env, "numpy", "2.0")
    assert found(disk) == [("numpy", "1.0", "conda"), ("numpy", "2.0", "pip")]


def test_given_no_such_environment_then_not_found(disk: Disk) -> None:
    with pytest.raises(NotFound):
        packages("none", disk=disk)
