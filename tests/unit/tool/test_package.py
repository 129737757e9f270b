"""Wheels that are none, or that would write elsewhere."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from modelarts_nb.errors import EngineFailed, NotFound, UsageError
from modelarts_nb.progress import SILENT
from modelarts_nb.tool.package import Package, digest_of, find_package, put_package
from modelarts_nb.tool.parts import installed_extra, requirements


def wheel(folder: Path, name: str = "modelarts_nb", **files: str) -> Path:
    path = folder / "modelarts_nb-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        about = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\nRequires-Dist: click>=8\n"
        archive.writestr("modelarts_nb-1.0.dist-info/METADATA", about)
        for inside, text in files.items():
            archive.writestr(inside, text)
    return path


def test_a_wheel_says_what_it_is(tmp_path: Path) -> None:
    package = find_package(str(wheel(tmp_path)))

    assert (package.version, package.requires) == ("1.0", ["click>=8"])


def test_a_missing_wheel_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        find_package(str(tmp_path / "no.whl"))


def test_another_projects_wheel_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not a wheel of modelarts_nb"):
        find_package(str(wheel(tmp_path, "other")))


def test_a_file_that_is_no_wheel_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.whl").write_text("text")

    with pytest.raises(UsageError):
        find_package(str(tmp_path / "x.whl"))


def test_a_wheel_is_laid_out(tmp_path: Path) -> None:
    path = wheel(
        tmp_path,
        **{
            "modelarts_nb/a.py": "a",
            "modelarts_nb-1.0.data/data/share/x": "x",
            "modelarts_nb-1.0.data/scripts/ma": "no",
        },
    )
    site = tmp_path / "prefix/lib/site-packages"

    put_package(find_package(str(path)), tmp_path / "prefix", site, SILENT)

    assert (site / "modelarts_nb/a.py").read_text() == "a"
    assert (tmp_path / "prefix/share/x").read_text() == "x"
    assert not list(tmp_path.rglob("ma"))


@pytest.mark.parametrize("inside", ["../../evil", "/evil", "modelarts_nb-1.0.data/data/../../evil"])
def test_a_wheel_cannot_write_elsewhere(tmp_path: Path, inside: str) -> None:
    path = wheel(tmp_path, **{inside: "x"})

    with pytest.raises(UsageError):
        put_package(find_package(str(path)), tmp_path / "prefix", tmp_path / "prefix/site", SILENT)

    assert not list(tmp_path.rglob("evil"))


def test_a_requirement_that_is_missing_is_named() -> None:
    with pytest.raises(EngineFailed, match="no-such-package-anywhere"):
        requirements(["no-such-package-anywhere>=1"])


def test_extras_and_other_platforms_are_not_required() -> None:
    texts = ["click", "absent-one; extra == 'test'", "absent-two; sys_platform == 'win32'"]

    assert [d.metadata["Name"] for d in requirements(texts)] == ["click"]


def test_requirements_of_requirements_are_found() -> None:
    found = {d.metadata["Name"].lower() for d in requirements(["rich"])}

    assert {"rich", "pygments", "markdown-it-py", "mdurl"} <= found


def test_the_clouds_sdk_is_wanted_where_it_is_installed() -> None:
    texts = ["click>=8", 'requests>=2; extra == "cloud"', 'pytest; extra == "test"']

    assert installed_extra(texts, "cloud") == ["requests>=2"]


def test_half_of_an_extra_is_none_of_it() -> None:
    texts = ['requests>=2; extra == "cloud"', 'no-such-package-anywhere; extra == "cloud"']

    assert installed_extra(texts, "cloud") == []


def test_a_build_with_the_cloud_is_another_build(tmp_path: Path) -> None:
    wheel = tmp_path / "a.whl"
    wheel.write_bytes(b"same")

    without = Package("1.0", [], wheel)
    having = Package("1.0", [], wheel, ["requests>=2"])

    assert digest_of(without) != digest_of(having)


def test_the_tool_gets_the_cloud_and_ssh_where_they_are_here(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    texts = [
        "click>=8",
        'requests>=2; extra == "cloud"',
        'traitlets>=5; extra == "shell"',
        'packaging; extra == "kubernetes"',
    ]
    monkeypatch.setattr("modelarts_nb.tool.package.own_requirements", lambda: texts)

    assert find_package(None).optional == ["requests>=2", "traitlets>=5"]
