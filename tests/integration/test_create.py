"""Create, from a real channel: what is made works, and what cannot be made leaves nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.disk.staging import sweep
from modelarts_nb.envs import history
from modelarts_nb.envs.creation import create
from modelarts_nb.envs.model import Environment
from modelarts_nb.envs.plan import Plan
from modelarts_nb.envs.records import record_names
from modelarts_nb.envs.relocate import leftovers
from modelarts_nb.errors import (
    Cancelled,
    ConfigInvalid,
    EngineFailed,
    NameTaken,
    NetworkUnavailable,
    NotFound,
    Unsolvable,
    UsageError,
)
from tests.channel.fixtures import require_python


@pytest.fixture(autouse=True)
def shared_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Packages are unpacked once for all of these tests."""
    folder = tmp_path_factory.getbasetemp() / "create-cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    return folder


def run(environment: Environment, *command: str) -> str:
    program = environment.prefix / "bin" / command[0]
    done = subprocess.run([program, *command[1:]], capture_output=True, text=True, env={})
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def made(disk: Disk, channel: str, *specs: str, **options: object) -> Environment:
    options = {"python": "3.11", "kernel": False, "channels": [channel], **options}
    found = create("mine", specs=list(specs), disk=disk, **options)  # type: ignore[arg-type]
    assert isinstance(found, Environment)
    return found


def nothing_left(disk: Disk) -> bool:
    folders = (disk.envs, disk.staging, disk.locks)
    return not any(any(folder.iterdir()) for folder in folders if folder.exists())


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory, channel: str) -> Environment:
    """Made once, with packages of every kind; not to be changed."""
    root = tmp_path_factory.mktemp("kinds")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "create-cache"))
        patch.setenv("HOME", str(root))
        disk = Disk(root / "disk", "tester", root)
        disk.root.mkdir()
        traps = ("trap-binary", "trap-activate", "trap-links", "trap-script")
        return made(disk, channel, "tabulate", "numpy", *traps, kernel=True)


class TestGivenPackagesOfEveryKind:
    def test_its_python_is_the_one_that_was_asked_for(self, env: Environment) -> None:
        assert run(env, "python", "-c", "import sys; print(sys.prefix)") == str(env.prefix)
        assert env.python == "3.11.7" or (env.python or "").startswith("3.11.")

    def test_padded_binaries_say_the_final_prefix(self, env: Environment) -> None:
        assert run(env, "trap-binary").splitlines()[0] == str(env.prefix)

    def test_scripts_and_entry_points_start(self, env: Environment) -> None:
        assert run(env, "trap-script") == str(env.prefix)
        assert "usage" in run(env, "tabulate", "--help").lower()

    def test_no_file_says_where_it_was_built(self, env: Environment) -> None:
        staging = env.prefix.parent.parent / ".modelarts_nb" / "staging"
        assert leftovers(env.prefix, [str(staging)]) == []

    def test_noarch_packages_are_compiled_and_own_their_compiled_files(
        self, env: Environment
    ) -> None:
        name = next(n for n in record_names(env.prefix) if n.startswith("tabulate-"))
        record = json.loads((env.prefix / "conda-meta" / name).read_text())
        compiled = [p for p in record["files"] if p.endswith(".pyc")]
        kinds = {p["_path"]: p["path_type"] for p in record["paths_data"]["paths"]}
        assert compiled
        assert all((env.prefix / p).exists() and kinds[p] == "pyc_file" for p in compiled)

    def test_compiled_files_name_their_source_at_the_final_prefix(self, env: Environment) -> None:
        code = "import tabulate; print(tabulate.tabulate.__code__.co_filename)"
        assert run(env, "python", "-c", code).startswith(f"{env.prefix}/lib/")

    def test_conda_finds_the_requested_specs_in_the_history(self, env: Environment) -> None:
        specs = history.requested(env.prefix)
        assert specs[:2] == ["tabulate", "numpy"]
        assert specs[-2:] == ["python=3.11", "ipykernel"]

    def test_a_kernel_is_registered(self, env: Environment) -> None:
        assert env.kernel == "ready"

    def test_its_kernel_runs_code_with_its_interpreter(self, env: Environment) -> None:
        data = env.prefix.parents[3] / ".local/share/jupyter"
        specs = KernelSpecManager(kernel_dirs=[str(data / "kernels")])
        manager = KernelManager(kernel_name="ma-mine", kernel_spec_manager=specs)
        manager.start_kernel(stderr=subprocess.DEVNULL)
        client = manager.client()
        client.start_channels()
        said: list[str] = []
        try:
            client.wait_for_ready(timeout=120)
            client.execute_interactive(
                "import sys, os; print(sys.executable, os.environ['TRAP_VALUE'])",
                output_hook=lambda message: said.append(message["content"].get("text", "")),
                timeout=60,
            )
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)
            manager.cleanup_resources()
        assert "".join(said).strip() == f"{env.prefix}/bin/python active in {env.prefix}"

    def test_its_records_can_be_read_by_who_may_read_its_files(self, env: Environment) -> None:
        modes = {p.stat().st_mode & 0o777 for p in (env.prefix / "conda-meta").glob("*.json")}
        assert modes == {(env.prefix / "conda-meta/history").stat().st_mode & 0o777}

    def test_its_numpy_computes(self, env: Environment) -> None:
        assert run(env, "python", "-c", "import numpy; print(numpy.arange(4).sum())") == "6"


def test_given_a_file_with_a_pip_section_when_created_then_both_kinds_are_there(
    tmp_path: Path, disk: Disk, channel: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Else pip fetches a second setuptools to build with. (0 is how pip spells "no isolation".)
    monkeypatch.setenv("PIP_NO_BUILD_ISOLATION", "0")
    package = tmp_path / "project" / "local"
    package.mkdir(parents=True)
    (package / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'
        '[project]\nname = "localpkg"\nversion = "1.5"\n'
        '[project.scripts]\nlocalpkg = "localpkg:main"\n'
        '[tool.setuptools]\npy-modules = ["localpkg"]\n'
    )
    (package / "localpkg.py").write_text("def main():\n    print('hello', __file__)\n")
    file = tmp_path / "project" / "environment.yml"
    file.write_text(
        f"name: other\nchannels: [{channel}]\nvariables: {{GREETING: hi}}\n"
        "dependencies:\n  - python=3.11\n  - setuptools\n  - wheel\n  - pip\n"
        "  - pip:\n    - ./local\n"
    )
    env = create("mine", file=str(file), kernel=False, disk=disk)
    assert isinstance(env, Environment)
    assert run(env, "localpkg").startswith(f"hello {env.prefix}/lib/python3.11/site-packages")
    assert leftovers(env.prefix, [str(disk.staging)]) == []
    assert json.loads((env.prefix / "conda-meta/state").read_text())["env_vars"] == {
        "GREETING": "hi"
    }


def test_given_a_disk_of_its_own_when_created_then_it_is_built_locally_and_works(
    disk: Disk, channel: str, shared_cache: Path, tmp_path: Path
) -> None:
    here = tmp_path.stat().st_dev
    writable = [path for path in map(Path, ("/dev/shm", "/tmp")) if os.access(path, os.W_OK)]
    apart = [path for path in writable if path.stat().st_dev != here]
    if not apart:
        pytest.skip("no second file system to write to")
    root = apart[0] / f"modelarts_nb-{os.getpid()}"
    root.mkdir()
    try:
        other = Disk(root, "tester", disk.home)
        env = made(other, channel, "trap-binary", "trap-links")
        assert run(env, "trap-binary").splitlines()[0] == str(env.prefix)
        assert not any((shared_cache / "modelarts_nb/work").iterdir())
    finally:
        subprocess.run(["rm", "-rf", str(root)], check=True)


def test_given_python_37_when_created_then_it_runs(disk: Disk, channel: str) -> None:
    require_python("3.7")
    env = made(disk, channel, "tabulate", python="3.7")
    assert run(env, "python", "-c", "import tabulate, sys; print(sys.version_info[1])") == "7"


def test_given_a_dry_run_then_the_plan_is_returned_and_nothing_is_written(
    disk: Disk, channel: str
) -> None:
    plan = create("mine", specs=["tabulate"], channels=[channel], disk=disk, dry_run=True)
    assert isinstance(plan, Plan)
    names = [package.name for package in plan.add]
    assert {"tabulate", "python", "ipykernel"} <= set(names)
    assert plan.download > 1_000_000
    assert nothing_left(disk)


def test_given_channels_in_condarc_when_none_are_named_then_they_are_used(
    disk: Disk, channel: str
) -> None:
    (disk.home / ".condarc").write_text(f"channels: [defaults]\ndefault_channels:\n  - {channel}\n")
    plan = create("mine", specs=["tabulate"], kernel=False, disk=disk, dry_run=True)
    assert isinstance(plan, Plan)
    assert [p.name for p in plan.add if p.channel.startswith(channel)]


@pytest.mark.parametrize(
    ("specs", "named"),
    [
        (["nosuchpackage"], "nosuchpackage"),
        (["python=3.99"], "python"),
        (["more-itertools=10.1.0", "more-itertools=10.5.0"], "more-itertools"),
    ],
)
def test_given_specs_that_no_channel_has_then_the_error_names_them(
    disk: Disk, channel: str, specs: list[str], named: str
) -> None:
    with pytest.raises(Unsolvable, match=named):
        create("mine", specs=specs, kernel=False, channels=[channel], disk=disk)
    assert nothing_left(disk)


def test_given_something_that_is_no_spec_then_the_error_shows_it(disk: Disk, channel: str) -> None:
    with pytest.raises(UsageError, match="numpy=="):
        create("mine", specs=["numpy=="], kernel=False, channels=[channel], disk=disk)


def test_given_no_packages_at_all_then_that_is_said(disk: Disk, channel: str) -> None:
    with pytest.raises(UsageError, match="Nothing was asked for"):
        create("mine", kernel=False, channels=[channel], disk=disk)


def test_given_a_channel_that_is_not_there_then_the_network_is_blamed(disk: Disk) -> None:
    with pytest.raises(NetworkUnavailable):
        create("mine", specs=["x"], channels=[f"{disk.root.as_uri()}/none"], disk=disk)
    assert nothing_left(disk)


def test_given_a_pip_package_that_does_not_exist_then_nothing_is_left(
    tmp_path: Path, disk: Disk, channel: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    file = tmp_path / "environment.yml"
    file.write_text("dependencies:\n  - python=3.11\n  - pip:\n    - no-such-thing==9.9\n")
    with pytest.raises(Unsolvable, match=r"no-such-thing==9\.9") as caught:
        create("mine", file=str(file), kernel=False, channels=[channel], disk=disk)
    assert "ERROR" in caught.value.cause
    assert nothing_left(disk)


def test_given_a_name_that_is_taken_ignoring_case_then_it_is_refused(
    disk: Disk, channel: str
) -> None:
    (disk.envs / "Mine").mkdir(parents=True)
    with pytest.raises(NameTaken):
        create("mine", specs=["tabulate"], channels=[channel], disk=disk)


def test_given_a_missing_file_then_not_found(disk: Disk) -> None:
    with pytest.raises(NotFound):
        create("mine", file="/nowhere/environment.yml", disk=disk)


def test_given_a_broken_condarc_then_it_is_named(disk: Disk) -> None:
    (disk.home / ".condarc").write_text("channels: {a: 1}\n")
    with pytest.raises(ConfigInvalid, match=r"\.condarc"):
        create("mine", specs=["x"], disk=disk)


def test_given_a_cancel_while_packages_are_linked_then_nothing_is_left(
    disk: Disk, channel: str
) -> None:
    progress = CancelIn("linking")
    with pytest.raises(Cancelled):
        made(disk, channel, "numpy", progress=progress)
    assert nothing_left(disk)


def test_given_a_kill_while_it_is_built_then_nothing_is_visible_and_a_sweep_removes_it(
    disk: Disk, channel: str
) -> None:
    code = (
        "import sys; from modelarts_nb.envs.creation import create\n"
        "create('mine', specs=['numpy'], kernel=False, channels=[sys.argv[1]])"
    )
    child = subprocess.Popen([sys.executable, "-c", code, channel])
    end = time.monotonic() + 60
    while not list(disk.staging.glob("*/content/*")) and time.monotonic() < end:
        time.sleep(0.01)
    child.kill()
    child.wait()
    assert not disk.envs.exists() or list(disk.envs.iterdir()) == []
    assert len(sweep(disk)) == 1
    assert list(disk.staging.iterdir()) == []


def test_given_no_conda_when_asked_for_it_then_the_error_says_what_to_do(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(EngineFailed) as caught:
        create("mine", specs=["x"], engine="conda", disk=disk)
    assert "CONDA_EXE" in caught.value.hint


def test_given_a_conda_when_it_builds_in_staging_then_the_result_is_true_at_its_prefix(
    disk: Disk, channel: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Not conda: a program with conda's command line, which installs for real where it is told.
    from tests.channel import images

    program = tmp_path / "conda"
    program.write_text(
        "#!/bin/sh\n"
        'while [ "$1" != --prefix ]; do shift; done; prefix=$2\n'
        'while [ "$1" != -- ]; do shift; done; shift\n'
        'mkdir -p "$HOME/.conda"; echo "$prefix" >> "$HOME/.conda/environments.txt"\n'
        f'exec {sys.executable} {images.__file__} {channel} "$prefix" "$@"\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("CONDA_EXE", str(program))
    env = made(disk, channel, "trap-binary", "trap-script", engine="conda")
    assert run(env, "trap-binary").splitlines()[0] == str(env.prefix)
    assert run(env, "trap-script") == str(env.prefix)
    assert leftovers(env.prefix, [str(disk.staging)]) == []
    listed = (disk.home / ".conda/environments.txt").read_text().splitlines()
    assert listed == [str(env.prefix)]


@pytest.mark.real_conda
@pytest.mark.skipif(not os.environ.get("REAL_CONDA"), reason="REAL_CONDA names no conda")
def test_given_the_real_conda_then_it_accepts_what_was_made(env: Environment) -> None:
    conda = os.environ["REAL_CONDA"]
    prefix = ["--prefix", str(env.prefix)]
    listed = subprocess.run([conda, "list", *prefix, "--json"], capture_output=True, check=True)
    found = {package["name"] for package in json.loads(listed.stdout)}
    assert {"python", "numpy", "tabulate", "ipykernel"} <= found
    named = subprocess.run(
        [conda, "env", "export", *prefix, "--from-history", "--json"],
        capture_output=True,
        check=True,
    )
    assert "tabulate" in json.loads(named.stdout)["dependencies"]


class CancelIn:
    """A user who cancels once a phase has begun."""

    def __init__(self, phase: str) -> None:
        self._wanted, self._now = phase, ""

    def phase(self, name: str, *, files: int | None = None, bytes: int | None = None) -> None:
        self._now = name

    def advance(self, *, files: int = 0, bytes: int = 0) -> None:
        pass

    def log(self, message: str) -> None:
        pass

    def check(self) -> None:
        if self._now == self._wanted:
            raise Cancelled
