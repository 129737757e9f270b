"""Install and uninstall: all or nothing, undoable, and safe to kill at any point."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs import history, swaps
from modelarts_nb.envs.bin import bin_list, bin_restore
from modelarts_nb.envs.change import install, reinstall, uninstall
from modelarts_nb.envs.cloning import clone
from modelarts_nb.envs.creation import create
from modelarts_nb.envs.exporting import export
from modelarts_nb.envs.health import check, fix
from modelarts_nb.envs.installed import packages
from modelarts_nb.envs.inventory import show
from modelarts_nb.envs.model import Environment
from modelarts_nb.envs.plan import Plan
from modelarts_nb.envs.relocate import leftovers
from modelarts_nb.envs.swaps import finish_swaps
from modelarts_nb.errors import Cancelled, NotFound, Unsolvable, UsageError
from tests.channel import images
from tests.integration.test_create import CancelIn


@pytest.fixture(autouse=True)
def shared_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Packages are unpacked once for all of these tests."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "create-cache"))


@pytest.fixture
def env(disk: Disk, channel: str) -> Path:
    """``mine``: Python 3.11, pip, more-itertools 10.1 and an activation script."""
    return make(disk, channel)


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory, channel: str) -> Disk:
    """A disk with ``mine`` as above, for all tests that must not change it."""
    root = tmp_path_factory.mktemp("lasting")
    (root / "disk").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "create-cache"))
        patch.setenv("HOME", str(root))
        disk = Disk(root / "disk", "tester", root)
        make(disk, channel)
    return disk


@pytest.fixture
def same(lasting: Disk, home: Path) -> Iterator[Disk]:
    """The lasting disk; afterwards ``mine`` must be as it was, and nothing beside it."""
    before = images.fingerprint(lasting.envs)
    yield lasting
    assert images.fingerprint(lasting.envs) == before
    assert list(lasting.staging.iterdir()) == []
    assert bin_list(disk=lasting) == []


def make(disk: Disk, channel: str) -> Path:
    (disk.home / ".condarc").write_text(f"channels: ['{channel}']\n")
    specs = ["more-itertools=10.1", "trap-activate"]
    made = create("mine", specs=specs, python="3.11", kernel=False, disk=disk)
    assert isinstance(made, Environment)
    return made.prefix


def versions(prefix: Path, disk: Disk) -> dict[str, str]:
    return {package.name: package.version for package in packages(str(prefix), disk=disk)}


def judged(name: str, disk: Disk) -> dict[str, tuple[str, tuple[str, ...]]]:
    """What an examination of every file says."""
    return {f.check: (f.level, f.files) for f in check(name, deep=True, disk=disk)}


def run(prefix: Path, code: str) -> str:
    done = subprocess.run(
        [prefix / "bin/python", "-c", code], capture_output=True, text=True, env={}
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def local_package(tmp_path: Path) -> str:
    """A wheel, written by hand so that nothing has to be built or downloaded."""
    wheel = tmp_path / "pipthing-2.0-py3-none-any.whl"
    info = "pipthing-2.0.dist-info"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("pipthing.py", "def main():\n    print('from pip')\n")
        archive.writestr(
            f"{info}/METADATA", "Metadata-Version: 2.1\nName: pipthing\nVersion: 2.0\n"
        )
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{info}/entry_points.txt", "[console_scripts]\npipthing=pipthing:main\n")
        archive.writestr(f"{info}/RECORD", f"pipthing.py,,\n{info}/METADATA,,\n{info}/RECORD,,\n")
    return str(wheel)


def test_given_a_conda_package_when_installed_then_it_works_and_the_rest_stays(
    env: Path, disk: Disk
) -> None:
    before = versions(env, disk)
    install("mine", specs=["tabulate"], disk=disk)
    assert versions(env, disk) == {**before, "tabulate": "0.9.0"}
    assert run(env, "import tabulate; print(tabulate.__file__)").startswith(str(env))
    assert history.requested(env)[-1] == "tabulate"
    assert leftovers(env, [str(disk.staging)]) == []


def lose(prefix: Path) -> list[str]:
    """Take away Python's link and a module; returns their paths."""
    lost = ["bin/python", "lib/python3.11/site-packages/more_itertools/more.py"]
    for path in lost:
        (prefix / path).unlink()
    return lost


def test_given_lost_files_when_their_package_is_installed_then_they_are_back(
    env: Path, disk: Disk
) -> None:
    before = versions(env, disk)
    lost = lose(env)
    install("mine", specs=["more-itertools", "python"], disk=disk)
    assert all((env / path).exists() for path in lost)
    assert versions(env, disk) == before
    assert leftovers(env, [str(disk.staging)]) == []


def test_given_lost_files_when_mended_then_everything_is_healthy(env: Path, disk: Disk) -> None:
    lose(env)
    assert "--fix" in show("mine", disk=disk).trouble[0].fix
    assert {f.check for f in check("mine", disk=disk) if f.fix} >= {"records"}

    found = fix("mine", deep=True, disk=disk)

    level = {f.check: f.level for f in found}
    assert (level["interpreter"], level["records"], level["prefix"]) == ("ok", "ok", "ok"), found
    assert run(env, "import more_itertools, sys; print(sys.prefix)") == str(env)


def test_given_no_lost_files_when_mended_then_nothing_is_exchanged(same: Disk) -> None:
    assert reinstall("mine", disk=same).name == "mine"


def test_given_another_version_when_installed_then_it_replaces_the_old_and_leaves_no_file(
    env: Path, disk: Disk
) -> None:
    install("mine", specs=["more-itertools=10.5"], disk=disk)
    assert versions(env, disk)["more-itertools"] == "10.5.0"
    site = env / "lib/python3.11/site-packages"
    assert [p.name for p in site.glob("more_itertools-*")] == ["more_itertools-10.5.0.dist-info"]
    assert run(env, "import more_itertools as m; print(m.__version__)") == "10.5.0"


def test_given_a_pip_package_when_installed_then_its_script_runs_the_environments_python(
    env: Path, disk: Disk, tmp_path: Path
) -> None:
    install("mine", pip=[local_package(tmp_path)], disk=disk)
    assert f"{env}/bin/python" in (env / "bin/pipthing").read_text()
    done = subprocess.run([env / "bin/pipthing"], capture_output=True, text=True, env={})
    assert done.stdout == "from pip\n"
    assert leftovers(env, [str(disk.staging)]) == []


def test_given_a_change_when_undone_from_the_bin_then_the_old_state_works(
    env: Path, disk: Disk
) -> None:
    install("mine", specs=["tabulate"], disk=disk)
    removed = bin_list(disk=disk)
    assert [entry.name for entry in removed] == ["mine"]
    old = bin_restore(removed[0].entry, "before", disk=disk)
    assert "tabulate" not in versions(old.prefix, disk)
    assert run(old.prefix, "import sys; print(sys.prefix)") == str(old.prefix)


def test_given_a_change_then_the_old_state_keeps_its_content(env: Path, disk: Disk) -> None:
    record = "conda-meta/history"
    before = (env / record).read_text()
    install("mine", specs=["tabulate"], disk=disk)
    old = disk.bin / bin_list(disk=disk)[0].entry
    assert (old / record).read_text() == before
    assert (env / record).read_text().startswith(before)


def test_given_conda_and_pip_packages_when_uninstalled_then_both_and_their_dependents_go(
    env: Path, disk: Disk, tmp_path: Path
) -> None:
    install("mine", specs=["jupyter_core"], pip=[local_package(tmp_path)], disk=disk)
    uninstall("mine", specs=["pipthing", "traitlets"], disk=disk)
    left = versions(env, disk)
    assert not {"pipthing", "traitlets", "jupyter_core"} & set(left)
    assert {"python", "pip", "platformdirs", "more-itertools"} <= set(left)
    assert not (env / "bin/pipthing").exists()
    assert not (env / "lib/python3.11/site-packages/traitlets").exists()
    assert "jupyter_core" not in history.requested(env)


def test_given_pip_when_uninstalled_then_python_stays(same: Disk) -> None:
    plan = uninstall("mine", specs=["pip"], dry_run=True, disk=same)
    assert isinstance(plan, Plan)
    assert [package.name for package in plan.remove] == ["pip"]


def test_given_a_package_that_is_not_there_when_uninstalled_then_it_is_named(same: Disk) -> None:
    with pytest.raises(NotFound, match="numpy"):
        uninstall("mine", specs=["numpy"], disk=same)


def test_given_a_dry_run_of_an_install_then_the_plan_says_what_is_replaced(same: Disk) -> None:
    plan = install("mine", specs=["more-itertools=10.5"], dry_run=True, disk=same)
    assert isinstance(plan, Plan)
    assert [(p.name, p.version) for p in plan.add] == [("more-itertools", "10.5.0")]
    assert [(p.name, p.version) for p in plan.remove] == [("more-itertools", "10.1.0")]


def test_given_nothing_to_install_then_that_is_said(same: Disk) -> None:
    with pytest.raises(UsageError, match="Nothing was asked for"):
        install("mine", disk=same)


def test_given_an_unsolvable_wish_then_the_environment_is_as_it_was(same: Disk) -> None:
    with pytest.raises(Unsolvable, match="nosuch"):
        install("mine", specs=["nosuch"], disk=same)


def test_given_a_pip_failure_after_conda_packages_then_the_environment_is_as_it_was(
    same: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    with pytest.raises(Unsolvable, match="no-such-thing"):
        install("mine", specs=["tabulate"], pip=["no-such-thing"], disk=same)


def test_given_a_cancel_then_the_environment_is_as_it_was(same: Disk) -> None:
    with pytest.raises(Cancelled):
        install("mine", specs=["tabulate"], disk=same, progress=CancelIn("linking"))


def test_given_a_disk_that_cannot_exchange_folders_then_it_is_done_in_two_steps(
    env: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(swaps, "exchange", lambda one, other: False)
    install("mine", specs=["tabulate"], disk=disk)
    assert versions(env, disk)["tabulate"] == "0.9.0"
    assert len(bin_list(disk=disk)) == 1
    assert finish_swaps(disk) == []


# Kills itself right after the first of the two renames.
_KILLED = """
import os, signal, sys
from pathlib import Path
from modelarts_nb.disk.persistent import open_disk
from modelarts_nb.envs import change, swaps
swaps.exchange = lambda one, other: False
swaps.land = lambda *parts: os.kill(os.getpid(), signal.SIGKILL)
change.install("mine", specs=["tabulate"], disk=open_disk())
"""


def test_given_a_kill_between_the_two_steps_then_the_old_state_comes_back(
    env: Path, disk: Disk
) -> None:
    before = versions(env, disk)
    done = subprocess.run([sys.executable, "-c", _KILLED], capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert not env.exists()
    assert finish_swaps(disk) == ["mine"]
    assert versions(env, disk) == before


@pytest.mark.parametrize("delay", [0.4, 1.0])
def test_given_a_kill_at_any_time_then_the_environment_is_old_or_new_and_works(
    env: Path, disk: Disk, delay: float
) -> None:
    code = "from modelarts_nb.envs.change import install; install('mine', specs=['tabulate'])"
    child = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
    time.sleep(delay)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    found = versions(env, disk)
    assert found["more-itertools"] == "10.1.0"
    run(env, "import more_itertools" + (", tabulate" if "tabulate" in found else ""))


def test_given_a_lock_when_created_from_it_then_the_packages_are_the_same(
    env: Path, disk: Disk, tmp_path: Path
) -> None:
    file = tmp_path / "mine.lock"
    file.write_text(export("mine", format="lock", disk=disk))
    assert "#sha256:" in file.read_text()
    other = create("other", file=str(file), kernel=False, disk=disk)
    assert isinstance(other, Environment)
    assert versions(other.prefix, disk) == versions(env, disk)


def test_given_an_export_when_created_from_it_then_the_packages_are_the_same(
    env: Path, disk: Disk, tmp_path: Path
) -> None:
    install("mine", pip=[local_package(tmp_path)], disk=disk)
    file = tmp_path / "environment.yml"
    file.write_text(export("mine", disk=disk))
    other = create("other", file=str(file), kernel=False, disk=disk)
    assert isinstance(other, Environment)
    assert versions(other.prefix, disk) == versions(env, disk)


def test_given_a_running_python_when_changed_then_it_goes_on(env: Path, disk: Disk) -> None:
    child = subprocess.Popen(
        [env / "bin/python", "-c", "input(); import json.tool; print('still here')"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    install("mine", specs=["tabulate"], disk=disk)
    assert child.communicate("\n", timeout=90)[0] == "still here\n"
    assert json.loads((env / "conda-meta/modelarts_nb/state.json").read_text())["requested"][
        -1
    ] == ("tabulate")


def test_given_a_clone_that_shares_its_files_when_it_is_changed_then_the_original_stays(
    env: Path, disk: Disk, tmp_path: Path
) -> None:
    # given
    shared = clone("mine", "shared", link=True, kernel=False, disk=disk).prefix
    assert (shared / "bin/python3.11").samefile(env / "bin/python3.11")
    before, healthy = images.fingerprint(env), judged("mine", disk)
    # when packages come and go, through us and through the clone's own pip
    install("shared", specs=["tabulate"], disk=disk)
    uninstall("shared", specs=["more-itertools"], disk=disk)
    pip = [shared / "bin/python", "-m", "pip", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "-q", "--no-index", local_package(tmp_path)], check=True)
    subprocess.run([*pip, "uninstall", "-q", "-y", "tabulate"], check=True)
    # then
    assert images.fingerprint(env) == before
    assert run(env, "import more_itertools; print(more_itertools.__version__)") == "10.1.0"
    assert judged("mine", disk) == healthy
