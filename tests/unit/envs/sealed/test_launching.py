"""The launcher of sealed environments: where a kernel runs is decided when it starts."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.kernels import launcher, write_kernel, write_sealed_kernel
from modelarts_nb.envs.sealed import leases, slots
from modelarts_nb.envs.sealed.filling import fill
from modelarts_nb.envs.sealed.slots import Slot
from tests.unit.envs.by_hand import make_on_disk, write
from tests.unit.envs.sealed.by_hand import environment, make_layer, make_version
from tests.unit.hook.world import wait_until

SHELLS = [shell for shell in ("dash", "bash", "busybox", "ksh", "zsh") if shutil.which(shell)]

PROBE = b"""#!/bin/sh
echo "python=$0"
echo "args=$*"
echo "PATH=$PATH"
echo "CONDA_PREFIX=$CONDA_PREFIX"
echo "CONDA_DEFAULT_ENV=$CONDA_DEFAULT_ENV"
echo "MARK=${MARK-unset}"
echo "pid=$$"
[ -z "$WAIT" ] || read -r go
"""


class Launch:
    """Starts the launcher of the environment ``mine`` as its kernel spec says."""

    def __init__(self, disk: Disk, shell: str, folder: Path) -> None:
        self.disk, self.shell, self.folder = disk, shell, folder
        self.tree = disk.envs / "mine"
        self.tool = folder / "tool"
        self.script = write(folder / "launch.sh", launcher(), 0o755)
        self.tools = folder / "tools"
        self.tools.mkdir()
        for tool in ("mkdir", "mv", "rm", "sleep", "touch"):
            os.symlink(str(shutil.which(tool)), self.tools / tool)
        os.symlink(shutil.which(shell) or shell, self.tools / shell)

    def seal(self, **more: bytes | str | None) -> None:
        """A sealed environment whose interpreter says what it was given."""
        members = environment("one", **{"bin/python": PROBE, **more})
        make_version(self.disk, "mine", make_layer(self.disk, members))

    def command(self, *, sealed: bool = True) -> list[str]:
        shell = ["busybox", "sh"] if self.shell == "busybox" else [self.shell]
        place = ["--sealed", str(self.disk.run), str(self.tool)] if sealed else []
        return [*shell, str(self.script), *place, str(self.tree), "-m", "ipykernel_launcher"]

    @property
    def variables(self) -> dict[str, str]:
        run = str(self.disk.run)
        return {"PATH": str(self.tools), "HOME": str(self.disk.home), "MODELARTS_NB_RUN": run}

    def process(self, *, sealed: bool = True) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(sealed=sealed),
            executable=shutil.which(self.shell),
            capture_output=True,
            text=True,
            env=self.variables,
        )

    def run(self, *, sealed: bool = True) -> dict[str, str]:
        done = self.process(sealed=sealed)
        assert done.returncode == 0, done.stderr
        lines = [line.partition("=") for line in done.stdout.splitlines()]
        return {name: value for name, _, value in lines}

    @contextmanager
    def running(self) -> Iterator[int]:
        """A kernel that lives as long as this lasts; its pid."""
        process = subprocess.Popen(
            self.command(),
            executable=shutil.which(self.shell),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**self.variables, "WAIT": "1"},
        )
        with process:
            assert process.stdout is not None
            while not process.stdout.readline().startswith(b"pid="):
                pass
            yield process.pid


@pytest.fixture(params=SHELLS)
def launch(disk: Disk, run: Path, request: pytest.FixtureRequest, tmp_path: Path) -> Launch:
    """A launcher in each shell of this machine."""
    return Launch(disk, request.param, tmp_path)


def test_the_spec_says_where_it_would_be_and_where_it_runs(disk: Disk, run: Path) -> None:
    write_sealed_kernel("Mine", disk)
    for kernels in (disk.kernels, disk.local_kernels):
        spec = json.loads((kernels / "ma-mine/kernel.json").read_text())
        assert spec["argv"][:4] == ["/bin/sh", "{resource_dir}/launch.sh", "--sealed", str(run)]
        assert spec["argv"][5:] == [
            *(str(disk.envs / "Mine"), "-m", "ipykernel_launcher", "-f", "{connection_file}")
        ]
        ours = {"env": "Mine", "prefix": str(disk.envs / "Mine"), "sealed": True}
        assert spec["metadata"]["modelarts_nb"] == ours


def test_a_filled_one_starts_from_its_slot_without_the_disk(launch: Launch) -> None:
    # given
    launch.seal()
    slot = fill("mine", disk=launch.disk)
    shutil.rmtree(launch.disk.root)
    # when
    said = launch.run()
    # then
    assert said["python"] == f"{slot.path}/bin/python"
    assert said["args"] == "-m ipykernel_launcher"
    assert said["PATH"] == f"{slot.path}/bin:{launch.tools}"
    assert said["CONDA_PREFIX"] == str(slot.path)
    assert said["CONDA_DEFAULT_ENV"] == "mine"
    assert not launch.disk.root.exists()


def test_scripts_of_the_environment_run_and_find_its_prefix(launch: Launch) -> None:
    launch.seal(**{"etc/conda/activate.d/x.sh": b'export MARK="in $CONDA_PREFIX"\n'})
    slot = fill("mine", disk=launch.disk)
    said = launch.run()
    assert said["MARK"] == f"in {slot.path}"
    assert said["CONDA_DEFAULT_ENV"] == "mine"


def test_it_follows_the_choice(launch: Launch) -> None:
    launch.seal()
    first = fill("mine", disk=launch.disk)
    launch.seal(**{"lib/new": b"2"})
    second = fill("mine", disk=launch.disk)
    assert launch.run()["CONDA_PREFIX"] == str(second.path)
    slots.choose(launch.disk, first)
    assert launch.run()["CONDA_PREFIX"] == str(first.path)


FILLING = """#!/bin/sh
# In the place of a Python with modelarts_nb; the copy is there as soon as it is asked for.
case "$*" in
    "-I -c import modelarts_nb.cli") ;;
    "-I -m modelarts_nb.cli env fill mine --progress plain")
        echo "$MODELARTS_NB_DISK $MODELARTS_NB_RUN" >"{0}/asked"
        echo "filling: 1 of 2" >&2
        echo "what nobody wants on stdout"
        mv "{0}/note" "{1}"
        ;;
    *) exit 3 ;;
esac
"""


def withhold(launch: Launch, slot: Slot) -> None:
    """Take the note of a slot away; the tool brings it back."""
    note = launch.disk.run / ".slots" / f"{slot.path.name}.json"
    note.rename(launch.folder / "note")
    write(launch.tool, FILLING.format(launch.folder, note), 0o755)


def test_one_that_is_not_filled_is_filled_first_and_shows_it(launch: Launch) -> None:
    # given
    launch.seal()
    slot = fill("mine", disk=launch.disk)
    withhold(launch, slot)
    # when
    done = launch.process()
    # then
    assert f"CONDA_PREFIX={slot.path}" in done.stdout
    assert "being filled" in done.stderr
    assert "filling: 1 of 2" in done.stderr
    assert "nobody wants" not in done.stdout
    asked = (launch.folder / "asked").read_text()
    assert asked == f"{launch.disk.root} {launch.disk.run}\n"


def test_a_tool_on_the_disk_does_where_the_one_of_the_spec_is_gone(launch: Launch) -> None:
    launch.seal()
    slot = fill("mine", disk=launch.disk)
    withhold(launch, slot)
    there = launch.disk.tool / "1.0/bin/python"
    there.parent.mkdir(parents=True)
    launch.tool.rename(there)
    assert launch.run()["CONDA_PREFIX"] == str(slot.path)


def test_one_that_cannot_be_filled_says_what_to_do(launch: Launch) -> None:
    launch.seal()
    write(launch.tool, '#!/bin/sh\n[ "$2" = -c ] || { echo "The image is gone." >&2; exit 7; }\n')
    launch.tool.chmod(0o755)
    done = launch.process()
    assert done.returncode == 1
    assert "The image is gone." in done.stderr
    assert "ma env fill mine" in done.stderr
    assert done.stdout == ""


def test_without_the_tool_it_says_how_to_get_it_back(launch: Launch) -> None:
    launch.seal()
    done = launch.process()
    assert done.returncode == 1
    assert "ma restore" in done.stderr


def test_a_tree_is_started_from_where_there_is_no_copy(launch: Launch) -> None:
    launch.seal()
    write(launch.tree / "bin/python", PROBE, 0o755)
    said = launch.run()
    assert said["python"] == f"{launch.tree}/bin/python"
    assert said["CONDA_DEFAULT_ENV"] == "mine"


def test_a_kernel_registered_when_there_was_a_tree_finds_the_copy(launch: Launch) -> None:
    launch.seal()
    slot = fill("mine", disk=launch.disk)
    assert launch.run(sealed=False)["CONDA_PREFIX"] == str(slot.path)


def test_a_kernel_registered_for_a_tree_prefers_it(launch: Launch) -> None:
    launch.seal()
    fill("mine", disk=launch.disk)
    write(launch.tree / "bin/python", PROBE, 0o755)
    assert launch.run(sealed=False)["CONDA_PREFIX"] == str(launch.tree)


def test_a_choice_outside_the_run_root_is_not_followed(launch: Launch, tmp_path: Path) -> None:
    launch.seal()
    fill("mine", disk=launch.disk)
    write(launch.disk.run / ".current/mine", f"{tmp_path}/evil\n1\n")
    assert launch.process().returncode == 1


def test_a_running_kernel_says_which_images_it_uses_and_when(launch: Launch) -> None:
    # given
    launch.seal()
    slot = fill("mine", disk=launch.disk)
    launch.disk.own.mkdir(parents=True)
    # when
    with launch.running() as pid:
        # then
        assert wait_until(lambda: leases.live(launch.disk) == frozenset(slot.images))
        used = launch.disk.own / "used/mine"
        assert wait_until(used.is_file)
        marks = os.listdir(slots.marks(launch.disk))
        assert marks == [f"{slot.path.name}.{pid}"]
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text()
        assert children == ""


def test_an_open_environment_writes_no_lease(disk: Disk, run: Path) -> None:
    prefix = make_on_disk(disk, "mine")
    write_kernel(prefix, disk)
    assert "--sealed" not in (disk.local_kernels / "ma-mine/kernel.json").read_text()
    assert not leases.folder(disk).exists()
