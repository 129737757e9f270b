"""A container must start whatever the disk, the home and the other processes do."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

import pytest

from tests.unit.hook.world import (
    RESTORE,
    World,
    detail,
    oldest_and_newest,
    states,
    tree,
    wait_until,
)


@pytest.fixture
def module() -> ModuleType:
    spec = importlib.util.spec_from_file_location("restore_under_test", RESTORE)
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


@pytest.mark.parametrize("python", oldest_and_newest())
def test_no_disk(world: World, python: str) -> None:
    world.python = python
    world.disk.rmdir()

    report = world.run()

    assert states(report) == {"disk": "failed"}
    assert states(world.saved_report()) == {"disk": "failed"}


def test_strict_says_by_the_exit_code_what_failed(world: World) -> None:
    world.disk.rmdir()

    done = subprocess.run(world.command("--strict"), capture_output=True, env=world.env)

    assert done.returncode == 1


def test_wrong_options_do_not_stop_a_container(world: World) -> None:
    done = subprocess.run(world.command("--nonsense"), capture_output=True, env=world.env)

    assert done.returncode == 0
    assert b"--nonsense" in done.stderr


def test_no_home_variable(world: World) -> None:
    world.environment("mine")
    script = (
        "import pwd, runpy, sys\n"
        f"account = type('Account', (), {{'pw_dir': {str(world.home)!r}}})\n"
        "pwd.getpwuid = lambda uid: account\n"
        "sys.argv = sys.argv[1:]\n"
        "runpy.run_path(sys.argv[0], run_name='__main__')\n"
    )
    options = [str(RESTORE), "--disk", str(world.disk), "--owner", "me"]

    subprocess.run([sys.executable, "-I", "-c", script, *options], env={}, check=True)

    assert (world.home / ".local/share/jupyter/kernels/ma-mine/kernel.json").is_file()


def test_a_home_that_is_not_there_falls_back_to_the_account(world: World) -> None:
    world.environment("mine")
    world.env["HOME"] = str(world.home)
    command = world.command()
    command[command.index("--home") + 1] = "/nowhere/at/all"

    subprocess.run(command, env=world.env, check=True, capture_output=True)

    assert (world.home / ".local/share/jupyter/kernels/ma-mine/kernel.json").is_file()


def test_no_variable_at_all(world: World) -> None:
    world.environment("mine")
    world.env = {}

    assert world.run()["ok"]


@pytest.mark.parametrize("python", oldest_and_newest())
def test_a_disk_that_hangs_is_given_up_in_time(world: World, python: str) -> None:
    world.python = python
    world.environment("mine")
    spec = world.private / "owners/me/kernels/ma-mine/kernel.json"
    spec.unlink()
    os.mkfifo(spec)  # opening it waits for a writer that never comes
    began = time.monotonic()

    report = world.run("--deadline", "2", "--linger", "0")

    assert time.monotonic() - began < 30
    assert not report["ok"]
    assert "the disk does not answer (kernels)" in detail(report, "disk")


def test_what_hangs_is_in_the_saved_report(world: World) -> None:
    world.environment("mine")
    spec = world.private / "owners/me/kernels/ma-mine/kernel.json"
    spec.unlink()
    os.mkfifo(spec)

    printed = world.run("--deadline", "0.7", "--linger", "0")

    assert world.saved_report() == printed


def test_a_disk_that_comes_back_is_restored_in_the_background(world: World) -> None:
    world.environment("mine")
    spec = world.private / "owners/me/kernels/ma-mine/kernel.json"
    text = spec.read_text()
    spec.unlink()
    os.mkfifo(spec)
    report = world.run("--deadline", "0.5", "--linger", "30")
    assert "still trying in the background" in detail(report, "disk")

    # launch.sh is read first; the spec is opened twice: to look at it and to copy it.
    handle = os.open(spec, os.O_WRONLY)
    replaced = spec.with_name("replacement")
    replaced.write_text(text)
    replaced.rename(spec)
    os.write(handle, text.encode())
    os.close(handle)

    kernel = world.home / ".local/share/jupyter/kernels/ma-mine/kernel.json"
    assert wait_until(kernel.exists)
    assert wait_until(lambda: world.saved_report()["ok"])


def test_the_child_ends_when_it_is_given_up_for_good(world: World) -> None:
    world.environment("mine")
    spec = world.private / "owners/me/kernels/ma-mine/kernel.json"
    spec.unlink()
    os.mkfifo(spec)

    world.run("--deadline", "0.5", "--linger", "0.5")

    def left() -> list[str]:
        listing = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True).stdout
        return [line for line in listing.splitlines() if str(world.disk) in line]

    assert wait_until(lambda: not left()), left()


def test_a_crash_of_the_child_is_reported(
    world: World, module: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        module, "work", lambda options, report, step: os.kill(os.getpid(), signal.SIGKILL)
    )
    options = module.parse(["--disk", str(world.disk), "--home", str(world.home)])

    report = module.supervise(options, module.Report("me", str(world.disk)))

    assert states(report) == {"restore": "failed"}


@pytest.mark.parametrize(
    ("part", "path"),
    [
        ("server extension", "lib/python3.11/site-packages/modelarts_nb/server/__init__.py"),
        ("panel", "share/jupyter/labextensions/modelarts_nb/static/remote.js"),
        ("%ma", "lib/python3.11/site-packages/modelarts_nb/magics.py"),
    ],
)
def test_a_tampered_file_is_refused_with_its_part(world: World, part: str, path: str) -> None:
    sha256 = world.install_tool()
    (world.tool / path).write_text("evil\n")

    report = world.run("--manifest", sha256)

    assert states(report)[part] == "failed"
    assert "refused" in detail(report, part)
    assert not any(b"evil" in data for data in tree(world.home).values())


def test_a_tampered_part_leaves_the_others(world: World) -> None:
    world.install_tool()
    (world.tool / "lib/python3.11/site-packages/modelarts_nb/server/__init__.py").write_text(
        "evil\n"
    )

    report = world.run()

    assert (states(report)["panel"], states(report)["ma"]) == ("restored", "restored")


def test_a_tampered_manifest_is_refused_with_all_it_names(world: World) -> None:
    sha256 = world.install_tool()
    manifest = world.tool / "manifest.json"
    manifest.write_text(manifest.read_text().replace("1.0", "6.6"))
    world.environment("mine")

    report = world.run("--manifest", sha256)

    assert (states(report)["tool"], states(report)["kernels"]) == ("failed", "restored")
    assert not (world.home / ".local/bin/ma").exists()


def test_a_manifest_cannot_write_elsewhere(world: World) -> None:
    world.install_tool()
    manifest = json.loads((world.tool / "manifest.json").read_text())
    manifest["parts"]["server"]["files"]["../../../../escaped"] = "0" * 64
    (world.tool / "manifest.json").write_text(json.dumps(manifest))

    report = world.run()

    assert states(report)["server extension"] == "failed"


def test_two_at_once_end_as_one(world: World, tmp_path: Path) -> None:
    for number in range(20):
        world.environment(f"env-{number}")
    world.install_tool()
    world.keep(".condarc", "channels: []\n")

    runs = [
        subprocess.Popen(world.command(), stdout=subprocess.PIPE, env=world.env) for _ in range(4)
    ]
    reports = [json.loads(run.communicate(timeout=60)[0]) for run in runs]

    assert all(report["ok"] for report in reports)
    alone = World(world.disk, tmp_path / "other")
    alone.home.mkdir()
    alone.run()
    mine = {k: v.replace(bytes(world.home), b"~") for k, v in tree(world.home).items()}
    theirs = {k: v.replace(bytes(alone.home), b"~") for k, v in tree(alone.home).items()}
    assert mine == theirs


@pytest.mark.parametrize(
    "arguments",
    [
        "/usr/bin/python3\0/usr/local/bin/jupyter-lab\0--port=1\0",
        "python\0-m\0jupyterlab\0",
        "/x/python3.9\0/x/bin/jupyterhub-singleuser\0",
        "python\0/x/bin/jupyter\0lab\0",
    ],
)
def test_a_running_jupyter_is_seen(module: ModuleType, tmp_path: Path, arguments: str) -> None:
    (tmp_path / "12").mkdir()
    (tmp_path / "12/cmdline").write_text(arguments)

    assert module.jupyter_runs(str(tmp_path))


@pytest.mark.parametrize(
    "arguments", ["vim\0jupyter-lab.txt\0", "python\0-m\0ipykernel_launcher\0", ""]
)
def test_other_programs_are_no_jupyter(module: ModuleType, tmp_path: Path, arguments: str) -> None:
    (tmp_path / "12").mkdir()
    (tmp_path / "12/cmdline").write_text(arguments)

    assert not module.jupyter_runs(str(tmp_path))


def test_when_jupyter_runs_the_panel_comes_with_its_next_start(world: World) -> None:
    world.install_tool()
    fake = subprocess.Popen(["bash", "-c", "exec -a jupyter-lab sleep 60"])
    try:
        assert wait_until(
            lambda: Path(f"/proc/{fake.pid}/cmdline").read_bytes().startswith(b"jupyter")
        )
        report = world.run()
    finally:
        fake.kill()
        fake.wait()

    assert "next start" in detail(report, "jupyter")


def test_where_the_disk_is_part_of_the_container_it_is_said(
    module: ModuleType, tmp_path: Path
) -> None:
    table = tmp_path / "mountinfo"
    table.write_text("1 0 0:1 / / rw - overlay overlay rw\n")

    assert "lost at restart" in module.describe_disk("/home/ma-user/work", str(table))


def test_a_mount_of_its_own_survives(module: ModuleType, tmp_path: Path) -> None:
    table = tmp_path / "mountinfo"
    table.write_text(
        "1 0 0:1 / / rw - overlay overlay rw\n2 1 0:2 / /home/ma-user/work rw - nfs4 sfs:/ rw\n"
    )

    assert "survives" in module.describe_disk("/home/ma-user/work", str(table))


def test_kept_files_replace_what_the_image_brought_and_set_it_aside(world: World) -> None:
    world.keep(".condarc", "mine\n")
    (world.home / ".condarc").write_text("the image's\n")

    world.run()

    assert (world.home / ".condarc").read_text() == "mine\n"
    aside = world.home / ".local/state/modelarts_nb/replaced/.condarc"
    assert aside.read_text() == "the image's\n"


def test_an_edit_after_the_restore_wins(world: World) -> None:
    world.keep(".condarc", "kept\n")
    world.run()
    (world.home / ".condarc").write_text("edited\n")

    report = world.run()

    assert (world.home / ".condarc").read_text() == "edited\n"
    assert states(report)["home: ~/.condarc"] == "skipped"


def test_a_kept_file_keeps_its_mode(world: World) -> None:
    world.keep(".netrc", "x\n", 0o600)

    world.run()

    assert (world.home / ".netrc").stat().st_mode & 0o777 == 0o600


def test_a_kept_bashrc_gets_our_block_and_is_already_there_next_time(world: World) -> None:
    world.keep(".bashrc", "a=1\n")
    world.install_tool()
    world.run()

    report = world.run()

    assert states(report)["home files"] == "already"


def test_a_link_among_kept_files_is_not_followed(world: World) -> None:
    link = world.keep(".x", "")
    link.unlink()
    link.symlink_to("/etc/passwd")

    report = world.run()

    assert states(report)["home: ~/.x"] == "failed"
    assert not (world.home / ".x").exists()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give files away")
def test_root_leaves_nothing_of_its_own_in_another_users_home(module: ModuleType) -> None:
    import shutil
    import tempfile

    root = Path(tempfile.mkdtemp(prefix="ma-hook-", dir="/tmp"))
    try:
        root.chmod(0o755)
        world = World(root / "disk", root / "home")
        world.disk.mkdir()
        world.home.mkdir()
        os.chown(world.home, 1234, 1234)
        world.environment("mine")
        world.install_tool()

        report = world.run()

        assert report["ok"], report
        owners = {path.lstat().st_uid for path in world.home.rglob("*")}
        assert owners == {1234}
    finally:
        shutil.rmtree(root)
