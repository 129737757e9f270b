"""A real environment of an image, cloned to the disk and run there."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.bin import bin_restore
from modelarts_nb.envs.cloning import clone
from modelarts_nb.envs.inventory import list_environments, show
from modelarts_nb.envs.records import read_record, record_names
from modelarts_nb.envs.relocate import leftovers
from modelarts_nb.envs.removal import remove
from modelarts_nb.envs.renaming import rename
from modelarts_nb.errors import DiskFailure, DiskFull, ModelArtsNbError
from tests.channel.images import fingerprint
from tests.slowfs.mount import SlowFs


def run(*command: str | Path) -> str:
    """What a program prints; it must succeed, outside of any environment."""
    bare = {"PATH": "/usr/bin:/bin", "HOME": os.environ["HOME"]}
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, env=bare)
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextmanager
def started(disk: Disk, name: str) -> Iterator[BlockingKernelClient]:
    """A running kernel, started as Jupyter starts it."""
    specs = KernelSpecManager(kernel_dirs=[str(disk.local_kernels)])
    manager = KernelManager(kernel_name=name, kernel_spec_manager=specs)
    manager.start_kernel()
    client = manager.blocking_client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=120)
        client.manager = manager
        yield client
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        manager.cleanup_resources()
        manager.context.destroy(linger=0)


def answer(client: BlockingKernelClient, code: str) -> str:
    """What ``code`` prints in the kernel."""
    said = []

    def hear(message: dict) -> None:
        if message["msg_type"] == "stream" and message["content"]["name"] == "stdout":
            said.append(message["content"]["text"])

    client.execute_interactive(code, timeout=60, output_hook=hear)
    return "".join(said).strip()


def test_the_clone_is_true_and_the_source_untouched(image_env: Path, disk: Disk) -> None:
    # given
    before = fingerprint(image_env)
    # when
    environment = clone(str(image_env), "mine", disk=disk)
    # then
    mine = environment.prefix
    assert leftovers(mine, [str(image_env)]) == []
    assert fingerprint(image_env) == before
    assert environment.kernel_name == "ma-mine"
    assert environment.kernel == "ready"
    assert environment.origin == str(image_env)
    assert environment.trouble == ()
    assert [e.name for e in list_environments(disk=disk) if e.where == "disk"] == ["mine"]
    assert os.listdir(disk.staging) == []
    # programs of every kind speak of the clone
    assert run(mine / "bin/trap-binary").split() == [
        str(mine),
        f"conf={mine}/etc/trap.conf:{mine}/share",
    ]
    assert run(mine / "bin/trap-script").strip() == str(mine)
    assert run(mine / "bin/trap-entry") == ""
    assert run(mine / "bin/python", "-c", "import sys; print(sys.prefix)").strip() == str(mine)
    assert str(mine) in run(mine / "bin/pip", "--version")
    # conda knows it by name
    assert (disk.home / ".conda/environments.txt").read_text() == f"{mine}\n"
    assert str(disk.envs) in (disk.home / ".conda/condarc.d/modelarts_nb.yml").read_text()


def test_records_of_the_clone_match_its_files(trapped_env: Path, disk: Disk) -> None:
    # when
    mine = clone(str(trapped_env), "mine", kernel=False, disk=disk).prefix
    # then
    wrong = []
    for name in record_names(mine):
        for item in read_record(mine, name)["paths_data"]["paths"]:
            expected = item.get("sha256_in_prefix") or item.get("sha256")
            path = mine / item["_path"]
            if expected and path.is_file() and not path.is_symlink():
                content = path.read_bytes()
                if hashlib.sha256(content).hexdigest() != expected:
                    wrong.append(item["_path"])
            elif not os.path.lexists(path):
                wrong.append(f"missing: {item['_path']}")
    assert wrong == []


def test_files_of_pip_come_along_and_their_record_stays_true(small_env: Path, disk: Disk) -> None:
    # given an environment that pip has put a package and a script into, without conda knowing
    first = clone(str(small_env), "first", kernel=False, disk=disk).prefix
    site = first / "lib/python3.11/site-packages"
    info = site / "brought-1.0.dist-info"
    info.mkdir()
    script = f"#!{first}/bin/python3.11\nimport brought\nprint(brought.VALUE)\n".encode()
    (first / "bin/brought").write_bytes(script)
    (first / "bin/brought").chmod(0o755)
    (site / "brought.py").write_text("VALUE = 42\n")
    (info / "METADATA").write_text("Name: brought\nVersion: 1.0\n")
    (info / "RECORD").write_text(
        f"../../../bin/brought,{sha(script)},{len(script)}\nbrought.py,,\n"
    )
    # when
    second = clone("first", "second", kernel=False, disk=disk).prefix
    # then
    assert run(second / "bin/brought").strip() == "42"
    content = (second / "bin/brought").read_bytes()
    line = f"../../../bin/brought,{sha(content)},{len(content)}"
    record = second / info.relative_to(first) / "RECORD"
    assert record.read_text() == f"{line}\nbrought.py,,\n"


def sha(content: bytes) -> str:
    """A checksum as pip's RECORD has it."""
    return "sha256=" + urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


def test_the_kernel_runs_the_clone_activated_and_can_be_interrupted_and_restarted(
    image_env: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a Jupyter that runs in the activated source
    mine = clone(str(image_env), "Mine", disk=disk).prefix
    monkeypatch.setenv("CONDA_PREFIX", str(image_env))
    monkeypatch.setenv("CONDA_SHLVL", "1")
    monkeypatch.setenv("PYTHONHOME", "/nowhere")
    monkeypatch.setenv("PATH", f"{image_env}/bin:{os.environ['PATH']}")
    with started(disk, "ma-mine") as client:
        # when asked, then it is the clone's interpreter, activated
        asked = (
            "import os, sys, numpy; print(sys.executable, numpy.__file__.startswith(sys.prefix))"
        )
        assert answer(client, asked) == f"{mine}/bin/python True"
        asked = "print(os.environ['CONDA_DEFAULT_ENV'], os.environ['TRAP_VALUE'])"
        assert answer(client, asked) == f"Mine active in {mine}"
        path = answer(client, "print(os.environ['PATH'])").split(":")
        assert path[0] == f"{mine}/bin"
        assert f"{image_env}/bin" not in path
        # when interrupted, then the cell ends and the kernel lives
        waits = "import time; print('begun', flush=True); time.sleep(60)"
        # Else ipykernel aborts what is asked right after the error.
        client.execute(waits, stop_on_error=False)
        while client.get_iopub_msg(timeout=90)["content"].get("text") != "begun\n":
            pass
        client.manager.interrupt_kernel()
        assert client.get_shell_msg(timeout=90)["content"]["ename"] == "KeyboardInterrupt"
        assert answer(client, "print('alive')") == "alive"
        # when restarted, then it is a new process of the same
        before = answer(client, "import os; print(os.getpid())")
        client.manager.restart_kernel(now=True)
        client.wait_for_ready(timeout=120)
        assert answer(client, "import os, sys; print(sys.prefix)") == str(mine)
        assert answer(client, "print(os.getpid())") != before


def test_a_python_37_of_the_seed_is_cloned_and_runs(image_env_37: Path, disk: Disk) -> None:
    environment = clone(str(image_env_37), "old", disk=disk)
    assert environment.python is not None
    assert environment.python.startswith("3.7.")
    assert leftovers(environment.prefix, [str(image_env_37)]) == []
    with started(disk, "ma-old") as client:
        asked = "import sys; print(sys.version_info[:2], sys.prefix)"
        assert answer(client, asked) == f"(3, 7) {environment.prefix}"


def test_a_clone_can_be_renamed_removed_restored_and_cloned_again(
    small_env: Path, disk: Disk
) -> None:
    # given
    first = clone(str(small_env), "first", disk=disk)
    # when
    renamed = rename("first", "second", disk=disk)
    # then
    old = [str(small_env), str(first.prefix)]
    assert leftovers(renamed.prefix, old) == []
    assert renamed.origin == str(small_env)
    assert run(renamed.prefix / "bin/pip", "--version").count(str(renamed.prefix)) == 1
    # when
    removed = remove("second", disk=disk)
    restored = bin_restore(removed.entry, disk=disk)
    # then
    assert restored == renamed
    # when
    remove("second", disk=disk)
    third = bin_restore("second", "third", disk=disk)
    # then
    assert leftovers(third.prefix, [*old, str(renamed.prefix)]) == []
    assert third.trouble == ()
    assert show("third", disk=disk) == third


# Kills itself in the middle of copying.
_KILLED = """
import os, signal, sys
from modelarts_nb.envs.cloning import clone
from modelarts_nb.progress import Silent

class Kill(Silent):
    now, files = "", 0
    def phase(self, name, *, files=None, bytes=None):
        self.now = name
    def advance(self, *, files=0, bytes=0):
        self.files += files if self.now == "copying" else 0
        if self.files > 500:
            os.kill(os.getpid(), signal.SIGKILL)

clone(sys.argv[1], "mine", progress=Kill())
"""


def test_a_killed_clone_leaves_nothing_visible(small_env: Path, disk: Disk) -> None:
    # when
    killed = subprocess.run([sys.executable, "-c", _KILLED, small_env])
    # then
    assert killed.returncode == -signal.SIGKILL
    assert list(disk.staging.glob("*/content/*"))
    assert not disk.envs.exists() or os.listdir(disk.envs) == []
    assert not (disk.local_kernels / "ma-mine").exists()
    # and the name is free at once
    again = clone(str(small_env), "mine", kernel=False, disk=disk)
    assert json.loads((again.prefix / "conda-meta/modelarts_nb/state.json").read_text())["files"]


@pytest.mark.parametrize(
    ("fault", "error"),
    [("write ENOSPC after=200", DiskFull), ("write EIO after=200", DiskFailure)],
)
def test_a_disk_that_fails_in_the_middle_leaves_nothing_and_says_why(
    fault: str,
    error: type[ModelArtsNbError],
    small_env: Path,
    mount_slowfs: Callable[..., SlowFs],
    home: Path,
) -> None:
    # given
    slow = mount_slowfs()
    disk = Disk(slow.path, "tester", home)
    slow.fail(fault)
    # when
    with pytest.raises(error) as raised:
        clone(str(small_env), "mine", disk=disk)
    slow.fail()
    # then
    assert raised.value.hint
    assert not disk.envs.exists() or os.listdir(disk.envs) == []
    assert os.listdir(disk.staging) == []
    assert os.listdir(disk.locks) == []
