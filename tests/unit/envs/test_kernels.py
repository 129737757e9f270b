"""Registering kernels, and the launcher in every shell there is."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.kernels import launcher, register, unregister
from modelarts_nb.errors import AccessDenied, DiskFailure, NotFound
from tests.unit.envs.by_hand import make_on_disk, write

SHELLS = [shell for shell in ("dash", "bash", "busybox", "ksh", "zsh") if shutil.which(shell)]


def test_given_an_environment_when_registered_then_both_places_have_its_kernel(
    disk: Disk,
) -> None:
    # given
    prefix = make_on_disk(disk, "PyTorch-1.8")
    # when
    environment = register("PyTorch-1.8", disk=disk)
    # then
    assert (environment.kernel, environment.kernel_name) == ("ready", "ma-pytorch-1.8")
    for kernels in (disk.kernels, disk.local_kernels):
        folder = kernels / "ma-pytorch-1.8"
        assert sorted(os.listdir(folder)) == ["kernel.json", "launch.sh"]
        assert os.access(folder / "launch.sh", os.X_OK)
        spec = json.loads((folder / "kernel.json").read_text())
        assert spec == {
            "argv": [
                *("/bin/sh", "{resource_dir}/launch.sh", str(prefix)),
                *("-m", "ipykernel_launcher", "-f", "{connection_file}"),
            ],
            "display_name": "PyTorch-1.8",
            "language": "python",
            "interrupt_mode": "signal",
            "metadata": {
                "debugger": True,
                "modelarts_nb": {"env": "PyTorch-1.8", "prefix": str(prefix)},
            },
        }


def test_given_a_kernel_when_registered_again_then_nothing_changes(disk: Disk) -> None:
    make_on_disk(disk, "mine")
    assert register("mine", disk=disk) == register("mine", disk=disk)


def test_given_no_ipykernel_when_registered_then_the_error_says_how_to_add_it(disk: Disk) -> None:
    make_on_disk(disk, "bare", ipykernel=False)
    with pytest.raises(NotFound) as raised:
        register("bare", disk=disk)
    assert "ma env install bare ipykernel" in raised.value.hint
    assert not disk.kernels.exists()


def test_given_an_image_environment_when_registered_then_only_the_disk_counts(disk: Disk) -> None:
    with pytest.raises(NotFound, match="persistent disk"):
        register("base", disk=disk)


def test_given_a_kernel_when_unregistered_then_it_is_gone_even_without_the_environment(
    disk: Disk,
) -> None:
    prefix = make_on_disk(disk, "mine")
    register("mine", disk=disk)
    shutil.rmtree(prefix)
    unregister("mine", disk=disk)
    assert os.listdir(disk.kernels) == os.listdir(disk.local_kernels) == []
    with pytest.raises(NotFound):
        unregister("mine", disk=disk)


def test_given_a_home_that_cannot_be_written_when_registered_then_the_error_is_typed(
    disk: Disk,
) -> None:
    make_on_disk(disk, "mine")
    write(disk.home / ".local", "a file where a folder must be")
    with pytest.raises((DiskFailure, AccessDenied)):
        register("mine", disk=disk)


PROBE = """#!/bin/sh
printf "args=%s\\n" "$*"
echo "python=$0"
echo "PATH=$PATH"
echo "CONDA_PREFIX=$CONDA_PREFIX"
echo "CONDA_DEFAULT_ENV=$CONDA_DEFAULT_ENV"
echo "CONDA_SHLVL=$CONDA_SHLVL"
echo "PYTHONHOME=${PYTHONHOME-unset}"
echo "MARK=${MARK-unset}"
echo "OLD_MARK=${OLD_MARK-unset}"
echo "pid=$$"
"""


class Launch:
    """Starts a launcher in a shell and reads what a false interpreter was given."""

    def __init__(self, shell: str, folder: Path) -> None:
        self.shell = shell
        self.script = write(folder / "launch.sh", launcher(), 0o755)
        self.prefix = folder / "envs" / "mine here"
        write(self.prefix / "bin/python", PROBE, 0o755)
        self.tools = folder / "tools"
        self.tools.mkdir()
        # A machine with this shell only, so that the launcher cannot find a better one.
        os.symlink(shutil.which(shell) or shell, self.tools / shell)

    def run(self, *arguments: str, **environment: str) -> dict[str, str]:
        done = self.process(*arguments, **environment)
        assert done.returncode == 0, done.stderr
        lines = [line.partition("=") for line in done.stdout.splitlines() if "=" in line]
        return {name: value for name, _, value in lines}

    def process(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        shell = ["busybox", "sh"] if self.shell == "busybox" else [self.shell]
        return subprocess.run(
            [*shell, self.script, self.prefix, *arguments],
            executable=shutil.which(self.shell),
            capture_output=True,
            text=True,
            env={"PATH": str(self.tools), **environment},
        )


@pytest.fixture(params=SHELLS)
def launch(request: pytest.FixtureRequest, tmp_path: Path) -> Launch:
    """A launcher in each shell of this machine."""
    return Launch(request.param, tmp_path)


def test_given_nothing_active_when_launched_then_the_environment_is(launch: Launch) -> None:
    odd = "it's $HOME 'x' \\n"
    said = launch.run("-m", "ipykernel_launcher", "-f", odd, "", PYTHONHOME="/nowhere")
    assert said["args"] == f"-m ipykernel_launcher -f {odd} "
    assert said["python"] == f"{launch.prefix}/bin/python"
    assert said["PATH"] == f"{launch.prefix}/bin:{launch.tools}"
    assert said["CONDA_PREFIX"] == str(launch.prefix)
    assert said["CONDA_DEFAULT_ENV"] == "mine here"
    assert said["CONDA_SHLVL"] == "1"
    assert said["PYTHONHOME"] == "unset"


def test_given_another_active_when_launched_then_it_is_deactivated_first(
    launch: Launch, tmp_path: Path
) -> None:
    # given
    old, base = tmp_path / "old env", tmp_path / "base"
    write(old / "etc/conda/deactivate.d/x.sh", 'OLD_MARK="left $CONDA_PREFIX"; export OLD_MARK')
    write(launch.prefix / "etc/conda/activate.d/x.sh", 'export MARK="in $CONDA_PREFIX"')
    # when
    said = launch.run(
        CONDA_PREFIX=str(old),
        CONDA_PREFIX_1=str(base),
        CONDA_SHLVL="2",
        PATH=f"{old}/bin:{base}/bin::{base}/condabin:{launch.tools}",
    )
    # then
    assert said["MARK"] == f"in {launch.prefix}"
    assert said["OLD_MARK"] == f"left {old}"
    assert said["PATH"] == f"{launch.prefix}/bin:{base}/condabin:{launch.tools}"
    assert said["CONDA_SHLVL"] == "1"


@pytest.mark.parametrize(
    "script",
    [
        "set -- changed\nprefix=/x\nshift\n",
        "false\nset -eu\nfalse\n",
        "echo $UNSET_VARIABLE\nset -u\n",
        "exit 3\n",
        "if then (\n",
    ],
)
def test_given_a_bad_activation_script_when_launched_then_the_kernel_starts(
    script: str, launch: Launch
) -> None:
    write(launch.prefix / "etc/conda/activate.d/bad.sh", script)
    said = launch.run("-c", "1")
    assert said["args"] == "-c 1"
    assert said["PATH"].startswith(f"{launch.prefix}/bin:")


@pytest.mark.parametrize("level", ["", "0", "many", "-1"])
def test_given_odd_conda_variables_when_launched_then_the_kernel_starts(
    level: str, launch: Launch, tmp_path: Path
) -> None:
    said = launch.run(CONDA_PREFIX=str(tmp_path), CONDA_SHLVL=level)
    assert said["CONDA_PREFIX"] == str(launch.prefix)


def test_given_the_prefix_is_gone_when_launched_then_it_says_which_and_what_to_do(
    launch: Launch,
) -> None:
    shutil.rmtree(launch.prefix)
    done = launch.process("-m", "x")
    assert done.returncode == 1
    assert "mine here" in done.stderr
    assert "ma bin list" in done.stderr
    assert done.stdout == ""


def test_given_a_launch_then_the_interpreter_has_the_pid_that_jupyter_signals(
    launch: Launch,
) -> None:
    shell = ["busybox", "sh"] if launch.shell == "busybox" else [launch.shell]
    process = subprocess.Popen(
        [*shell, launch.script, launch.prefix],
        executable=shutil.which(launch.shell),
        stdout=subprocess.PIPE,
        text=True,
        env={"PATH": str(launch.tools)},
    )
    said, _ = process.communicate()
    assert f"pid={process.pid}\n" in said


def test_given_variables_of_conda_when_launched_then_they_are_set(
    launch: Launch, tmp_path: Path
) -> None:
    # given
    (launch.prefix / "bin/python").unlink()
    real = "import os, sys; print(os.environ.get('MARK'), os.environ.get('OLD_MARK'), sys.argv[1:])"
    os.symlink("/usr/bin/env", launch.tools / "env")
    python = shutil.which("python3")
    assert python
    write(launch.prefix / "bin/python", f'#!/bin/sh\nexec "{python}" "$@"\n', 0o755)
    state = {"env_vars": {"MARK": 'it\'s "$HOME"', "OLD_MARK": "***unset***", "not valid": "x"}}
    write(launch.prefix / "conda-meta/state", json.dumps(state))
    # when
    done = launch.process("-c", real, "last")
    # then
    assert done.stdout == "it's \"$HOME\" None ['last']\n"


def test_given_bash_on_the_machine_when_scripts_need_it_then_they_get_it(tmp_path: Path) -> None:
    launch = Launch("dash" if "dash" in SHELLS else "bash", tmp_path)
    if launch.shell != "bash":
        os.symlink("/bin/bash", launch.tools / "bash")
    write(launch.prefix / "etc/conda/activate.d/x.sh", "a=(1 two)\nexport MARK=${a[1]}\n")
    assert launch.run()["MARK"] == "two"
