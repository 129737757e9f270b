"""Install into a sealed environment: its local copy changes, what it was is a version."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator

import pytest

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.change import install, uninstall
from modelarts_nb.envs.cloning import clone
from modelarts_nb.envs.health import check
from modelarts_nb.envs.inventory import show
from modelarts_nb.envs.model import Environment
from modelarts_nb.envs.plan import Plan
from modelarts_nb.envs.sealed import slots
from modelarts_nb.envs.sealed.filling import fill
from modelarts_nb.envs.sealed.listing import versions
from modelarts_nb.envs.sealed.saving import save
from modelarts_nb.envs.sealed.sealing import seal
from modelarts_nb.envs.sealed.unsaved import changes
from modelarts_nb.envs.sealed.versioning import undo
from modelarts_nb.envs.sealed.versions import read_version
from modelarts_nb.errors import Cancelled, NotFound
from modelarts_nb.progress import Silent
from tests.channel.fixtures import CondaEnv


@pytest.fixture
def sealed(
    disk: Disk, channel: str, conda_env: CondaEnv, monkeypatch: pytest.MonkeyPatch
) -> Iterator[slots.Slot]:
    """``mine``: Python and pip, sealed and filled."""
    with tempfile.TemporaryDirectory(prefix="ma") as folder:
        monkeypatch.setenv("MODELARTS_NB_RUN", f"{folder}/run")
        (disk.home / ".condarc").write_text(f"channels: ['{channel}']\n")
        clone(str(conda_env("small", "pip")), "mine", kernel=False, disk=disk)
        seal("mine", disk=disk)
        yield fill("mine", disk=disk)


def imports(module: str, disk: Disk) -> bool:
    slot = slots.current(disk, "mine")
    assert slot
    done = subprocess.run([slot.path / "bin/python", "-c", f"import {module}"], env={})
    return done.returncode == 0


def test_given_a_sealed_environment_when_installed_into_then_it_is_unsaved_and_can_be_undone(
    sealed: slots.Slot, disk: Disk
) -> None:
    # when
    plan = install("mine", specs=["more-itertools"], dry_run=True, disk=disk)
    found = install("mine", specs=["more-itertools"], disk=disk)
    # then the copy is changed where it is
    assert isinstance(plan, Plan)
    assert [p.name for p in plan.add] == ["more-itertools"]
    assert isinstance(found, Environment)
    assert (found.state, found.unsaved, found.version, found.prefix) == (
        "sealed",
        True,
        1,
        sealed.path,
    )
    assert imports("more_itertools", disk)
    # and only what the package brought counts as changed
    slot = slots.current(disk, "mine")
    assert slot
    told = changes(slot, read_version(disk, "mine"), disk)
    strange = [p for p in told.changed if "more_itertools" not in p and "more-itertools" not in p]
    assert all(path.startswith("conda-meta/") for path in strange), strange
    assert {f.level for f in check("mine", deep=True, disk=disk) if f.check == "records"} == {"ok"}
    # when
    saved = save("mine", disk=disk)
    assert (saved.number, saved.parent, saved.stored < 2_000_000) == (2, 1, True)
    assert "more-itertools" in saved.requested
    undo("mine", disk=disk)
    # then
    assert not imports("more_itertools", disk)
    assert [v.number for v in versions("mine", disk=disk)] == [3, 2, 1]


def test_given_unsaved_work_when_uninstalled_from_then_that_work_is_a_version_first(
    sealed: slots.Slot, disk: Disk
) -> None:
    (sealed.path / "lib/python3.11/site-packages/mywork.py").write_text("x = 1\n")
    uninstall("mine", specs=["pip"], disk=disk)
    assert versions("mine", disk=disk)[0].why == "unsaved, before packages changed"
    assert not imports("pip", disk)
    assert imports("mywork", disk)
    assert show("mine", disk=disk).unsaved


class Cancel(Silent):
    """The user's wish, once packages are linked."""

    def phase(self, name: str, *, files: int | None = None, bytes: int | None = None) -> None:
        if name == "landing":
            raise Cancelled


def test_given_a_cancel_just_before_it_lands_then_the_copy_is_as_it_was(
    sealed: slots.Slot, disk: Disk
) -> None:
    with pytest.raises(Cancelled):
        install("mine", specs=["more-itertools"], disk=disk, progress=Cancel())
    assert not imports("more_itertools", disk)
    with pytest.raises(NotFound):
        uninstall("mine", specs=["more-itertools"], disk=disk)
    assert list((disk.run / ".new").iterdir()) == []
