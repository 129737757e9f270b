"""What is asked about a sealed environment, filled or not."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.archive.manifest import read_beside
from modelarts_nb.envs.archive.pack import pack
from modelarts_nb.envs.archive.preflight import preflight
from modelarts_nb.envs.exporting import export
from modelarts_nb.envs.health import check
from modelarts_nb.envs.installed import packages
from modelarts_nb.envs.model import Finding, Package
from modelarts_nb.envs.sealed.filling import fill
from modelarts_nb.envs.sealed.images import image_path
from modelarts_nb.envs.sealed.model import Version
from modelarts_nb.errors import NotFilled
from tests.unit.envs.sealed.by_hand import P, environment, make_layer, make_version

TOOL = f"#!{P}/bin/python\nprint('x')\n".encode()
PACKAGES = (
    Package("demo", "1.0", "conda", "0", "https://channel.test/noarch"),
    Package("more", "2.0", "pip"),
    Package("mine", "0.1", "pip", editable=True),
)


def sealed(disk: Disk, number: int = 1, **more: bytes | str | None) -> Version:
    """A version of ``mine``; its only managed file holds the prefix, and its record says so."""
    path = {"_path": "bin/tool", "sha256_in_prefix": hashlib.sha256(TOOL).hexdigest()}
    record = {
        "name": "demo",
        "version": "1.0",
        "build": "0",
        "subdir": "noarch",
        "files": ["bin/tool"],
        "paths_data": {"paths": [path]},
    }
    members = {
        **environment(),
        "conda-meta/demo-1.0-0.json": json.dumps(record).encode(),
        "bin/tool": TOOL,
        **more,
    }
    layer = make_layer(disk, members)
    return make_version(disk, "mine", layer, number=number, packages=PACKAGES)


def of(check_name: str, findings: list[Finding]) -> Finding:
    (found,) = [finding for finding in findings if finding.check == check_name]
    return found


def test_given_no_local_copy_when_its_packages_are_asked_for_then_the_version_answers(
    disk: Disk, run: Path
) -> None:
    sealed(disk)
    assert packages("mine", disk=disk) == list(PACKAGES)
    fill("mine", disk=disk)
    assert [package.name for package in packages("mine", disk=disk)] == ["demo"]


def test_given_no_local_copy_when_exported_then_the_version_answers(disk: Disk, run: Path) -> None:
    sealed(disk)
    text = export("mine", disk=disk)
    assert "name: mine" in text
    assert "- demo=1.0=0" in text
    assert "- more==2.0" in text
    assert "mine==0.1" not in text
    with pytest.raises(NotFilled):
        export("mine", format="lock", disk=disk)
    fill("mine", disk=disk)
    assert "name: mine\n" in export("mine", disk=disk)


def test_given_a_sealed_environment_when_packed_then_it_has_its_name_and_all_files(
    disk: Disk, run: Path
) -> None:
    sealed(disk)
    with pytest.raises(NotFilled):
        preflight("mine", disk=disk)
    archive = pack("mine", disk=disk)
    assert archive.name == "mine"
    assert archive.path.name.startswith("mine-")
    found = preflight("mine", disk=disk)
    assert (found.name, found.ready) == ("mine", True)
    manifest = read_beside(archive.path)
    assert manifest is not None
    assert manifest.origin == str(fill("mine", disk=disk).path)


def test_given_all_images_when_checked_then_it_is_healthy_and_not_filled_by_that(
    disk: Disk, run: Path
) -> None:
    sealed(disk)
    found = check("mine", deep=True, disk=disk)
    assert [(f.check, f.level) for f in found] == [("versions", "ok"), ("copy", "ok")]
    assert "ma env fill mine" in of("copy", found).message


def test_given_a_local_copy_when_checked_then_files_with_the_prefix_match_their_records(
    disk: Disk, run: Path
) -> None:
    sealed(disk)
    slot = fill("mine", disk=disk)
    assert of("records", check("mine", deep=True, disk=disk)).level == "ok"
    tool = slot.path / "bin/tool"
    tool.chmod(0o755)
    tool.write_text(tool.read_text().replace("'x'", "'y'"))
    changed = of("records", check("mine", deep=True, disk=disk))
    assert (changed.level, changed.files) == ("warning", ("bin/tool",))


@pytest.mark.parametrize("deep", [False, True])
def test_given_a_damaged_image_when_checked_then_the_way_back_is_said(
    disk: Disk, run: Path, deep: bool
) -> None:
    # given
    sealed(disk)
    version = sealed(disk, 2, extra=b"more")
    path = image_path(disk, version.layers[0].image)
    data = path.read_bytes()
    path.write_bytes(data[:-9] + b"damaged!!" if deep else data + b"x")
    # when
    found = check("mine", deep=deep, disk=disk)
    # then
    damaged = of("versions", found)
    assert damaged.level == "error"
    assert "needed by version 2" in damaged.message
    assert "ma env rollback mine 1" in damaged.message


def test_given_an_image_that_is_gone_and_no_other_version_when_checked_then_that_is_said(
    disk: Disk, run: Path
) -> None:
    version = sealed(disk)
    image_path(disk, version.layers[0].image).unlink()
    assert "bring the file back" in of("versions", check("mine", disk=disk)).message
