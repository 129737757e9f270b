"""What an environment needs to run, from what its packages say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from modelarts_nb.envs.archive.recorded import platform_here
from modelarts_nb.envs.model import Package
from modelarts_nb.envs.sealed import facts

SITE = "lib/python3.11/site-packages"


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    (tmp_path / "conda-meta").mkdir()
    (tmp_path / SITE).mkdir(parents=True)
    return tmp_path


def conda(prefix: Path, name: str, **more: object) -> None:
    record = {"name": name, "version": "1", "build": "0", **more}
    (prefix / "conda-meta" / f"{name}-1-0.json").write_text(json.dumps(record, indent=2))


def wheel(prefix: Path, name: str, *tags: str) -> None:
    folder = prefix / SITE / f"{name}-1.dist-info"
    folder.mkdir()
    (folder / "WHEEL").write_text("Wheel-Version: 1.0\n" + "".join(f"Tag: {t}\n" for t in tags))


def package(name: str, version: str = "1", build: str = "") -> Package:
    return Package(name, version, "conda" if build else "pip", build)


def test_without_any_record_it_is_of_this_machine_and_runs_anywhere(prefix: Path) -> None:
    found = facts.of(prefix, [])

    assert (found.platform, found.glibc, found.accelerator) == (platform_here(), "", "cpu")


def test_the_platform_is_the_one_that_packages_were_built_for(prefix: Path) -> None:
    conda(prefix, "aaa", subdir="noarch")
    conda(prefix, "python", subdir="linux-aarch64")

    found = facts.of(prefix, [])

    assert (found.platform, found.arch) == ("linux-aarch64", "aarch64")


def test_the_c_library_is_the_newest_that_any_package_asks_for(prefix: Path) -> None:
    conda(prefix, "python", subdir="linux-64", depends=["__glibc >=2.17,<3.0.a0", "zlib"])
    wheel(prefix, "newer", "cp311-cp311-manylinux_2_28_x86_64")
    wheel(prefix, "older", "cp311-cp311-manylinux2014_x86_64")

    assert facts.of(prefix, []).glibc == "2.28"


def test_minor_versions_are_numbers_and_no_text(prefix: Path) -> None:
    wheel(prefix, "old", "cp311-cp311-manylinux_2_5_x86_64")
    wheel(prefix, "new", "cp311-cp311-manylinux_2_12_x86_64")

    assert facts.of(prefix, []).glibc == "2.12"


def test_a_wheel_with_several_tags_runs_where_the_oldest_does(prefix: Path) -> None:
    both = ("cp311-cp311-manylinux_2_28_x86_64", "cp311-cp311-manylinux2014_x86_64")
    wheel(prefix, "both", *both)

    assert facts.of(prefix, []).glibc == "2.17"


def test_what_needs_no_c_library_asks_for_none(prefix: Path) -> None:
    wheel(prefix, "pure", "py3-none-any")
    wheel(prefix, "musl", "cp311-cp311-musllinux_1_2_x86_64")
    (prefix / SITE / "broken-1.dist-info").mkdir()

    assert facts.of(prefix, []).glibc == ""


@pytest.mark.parametrize(
    "found",
    [
        package("nvidia-cublas-cu12", "12.1"),
        package("nvidia_cudnn_cu12", "9.0"),
        package("torch", "2.1.0+cu118"),
        package("pytorch", "1.8", "py3.7_cuda10.2_cudnn7.6.5_0"),
        package("cudatoolkit", "10.2", "h8f6ccaa_10"),
        package("cuda-version", "12.4", "h3060b56_3"),
        package("cupy-cuda12x"),
        package("jaxlib", "0.4.1+cuda12.cudnn89"),
        package("tensorflow-gpu", "1.13"),
    ],
)
def test_cuda_is_seen(prefix: Path, found: Package) -> None:
    assert facts.of(prefix, [found]).accelerator == "cuda"


@pytest.mark.parametrize("name", ["torch-npu", "mindspore-ascend", "hccl"])
def test_ascend_is_seen_also_beside_cuda(prefix: Path, name: str) -> None:
    assert facts.of(prefix, [package("torch", "2.1+cu118"), package(name)]).accelerator == "ascend"


def test_a_mindspore_with_the_ascend_plugin_is_for_ascend(prefix: Path) -> None:
    (prefix / SITE / "mindspore/lib/plugin/ascend").mkdir(parents=True)

    assert facts.of(prefix, [package("mindspore", "2.3")]).accelerator == "ascend"


@pytest.mark.parametrize(
    "found",
    [
        package("torch", "2.1.0+cpu"),
        package("pytorch", "2.1", "py3.11_cpu_0"),
        package("nvidia-ml-py", "12.5"),
        package("mindspore", "2.3"),
        package("numpy", "1.26", "py311h64a7726_0"),
    ],
)
def test_what_runs_without_an_accelerator_is_for_the_cpu(prefix: Path, found: Package) -> None:
    assert facts.of(prefix, [found]).accelerator == "cpu"
