"""Hot files with real kernels on a slow disk: pip writes into the tree, what it wrote is there at
once, and a disk that hangs keeps nobody longer than it would."""

from __future__ import annotations

import os
import shutil
import signal
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.hot.warming import warm
from modelarts_nb.envs.kernels import register
from tests.integration.test_clone import answer, started
from tests.slowfs.mount import SlowFs
from tests.unit.envs.hot.tree import HotTree, make

Mount = Callable[..., SlowFs]
RTT_US = 600  # slow enough that hot files pay, and no slower


@pytest.fixture
def slow(mount_slowfs: Mount, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SlowFs]:
    """The settings' disk, which is slow."""
    fs = mount_slowfs(rtt_us=RTT_US)
    monkeypatch.setenv("MODELARTS_NB_DISK", str(fs.path))
    monkeypatch.setenv("MODELARTS_NB_OWNER", "tester")
    yield fs
    fs.fail()


def on(fs: SlowFs, home: Path, image: Path) -> HotTree:
    """An environment that was laid out on the fast side, as the slow side has it."""
    tree = make(image, Disk(fs.source, "tester", home))
    disk = Disk(fs.path, "tester", home)
    return HotTree(disk, disk.envs / tree.prefix.name)


def wheel(folder: Path) -> Path:
    """A package ``pkg`` of one module."""
    about = "pkg-1.dist-info"
    path = folder / "pkg-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("pkg.py", "HERE = True\n")
        file.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\nName: pkg\nVersion: 1\n")
        file.writestr(
            f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        file.writestr(f"{about}/RECORD", "")
    return path


INSTALL = "get_ipython().run_line_magic('pip', 'install -q --no-index --no-deps {}')"
PLACES = "import sys, numpy, pkg; print(sys.prefix, sys.executable, numpy.__file__, pkg.__file__)"


@pytest.mark.slow
def test_a_kernel_with_hot_files_is_the_environment(
    slow: SlowFs, home: Path, image_env: Path, tmp_path: Path
) -> None:
    # given an environment that is registered, whose kernel has used numpy
    shutil.copytree(image_env, slow.source / "envs/user_conda/mine", symlinks=True)
    disk = Disk(slow.path, "tester", home)
    prefix = disk.envs / "mine"
    site = prefix / "lib/python3.11/site-packages"
    register("mine", disk=disk)
    with started(disk, "ma-mine") as client:
        answer(client, "import numpy, json")
        # It is asked to end, and notes that.
        client.manager.shutdown_kernel()
    (done,) = warm("mine", disk=disk)
    assert done.state == "ready"
    with started(disk, "ma-mine") as client:
        # when it installs a package, then that is in the tree and can be imported at once
        answer(client, INSTALL.format(wheel(tmp_path)))
        assert (site / "pkg.py").read_text() == "HERE = True\n"
        python, numpy = prefix / "bin/python", site / "numpy/__init__.py"
        assert answer(client, PLACES) == f"{prefix} {python} {numpy} {site}/pkg.py"
        mapped = answer(client, "print(open('/proc/self/maps').read())")
        assert f"{home}/.ma/hot/mine/libs/lib/python3.11/site-packages/numpy/" in mapped
        assert f"{site}/numpy/" not in mapped
    # and nothing was written anywhere else
    assert not [path for path in (home / ".ma").rglob("pkg[.-]*") if not path.is_symlink()]


READS = """
import importlib.metadata as metadata, inspect, one
plugins = [each.name for pkg in metadata.distributions() for each in pkg.entry_points]
print(json.dumps(["plugin" in plugins, inspect.getsource(one)]))
"""


@pytest.mark.slow
def test_texts_are_not_read_from_the_slow_disk(slow: SlowFs, home: Path, small_env: Path) -> None:
    # given a kernel that has looked for plug-ins and at the text of a module
    tree = on(slow, home, small_env)
    tree.module("one", "1")
    about = tree.site / "pkg-1.dist-info"
    about.mkdir()
    (about / "entry_points.txt").write_text("[group]\nplugin = one:VALUE\n")
    expected = tree.run_code(READS, MODELARTS_NB_HOT="auto")
    assert expected == [True, "VALUE = '1'\n"]
    warm("mine", disk=tree.disk)
    # when they cannot be opened in the tree, then the next one has them all the same
    slow.fail("open EIO path=-info/", "open EIO path=one.py")
    assert tree.run_code(READS, MODELARTS_NB_HOT="auto") == expected


@pytest.mark.slow
def test_a_disk_that_hangs_while_a_mirror_is_filled_keeps_no_kernel(
    slow: SlowFs, home: Path, small_env: Path
) -> None:
    # given what was used, and a file of it that does not answer
    tree = on(slow, home, small_env)
    tree.run("about('colorsys')['file']", MODELARTS_NB_HOT="auto")
    assert tree.record.is_file()
    slow.fail("open HANG path=colorsys.cpython-311")
    # when a kernel starts, then it waits in vain for a while and starts from the tree
    found = tree.run("[about('socket')['file'], hot()[0]._filler is None]", MODELARTS_NB_HOT="auto")
    assert found == [str(tree.prefix / "lib/python3.11/socket.py"), True]


@pytest.mark.slow
def test_a_filler_that_is_killed_keeps_no_kernel(slow: SlowFs, home: Path, small_env: Path) -> None:
    # given a kernel that waits for a filler that hangs
    tree = on(slow, home, small_env)
    tree.module("one", "1")
    tree.run("about('one')['value']", MODELARTS_NB_HOT="auto")
    slow.fail("open HANG path=one.cpython-311")
    kernel = tree.start("print(about('socket')['file'])", MODELARTS_NB_HOT="auto")
    slow.wait_until_it_hangs()
    # when the filler is killed
    fillers = [pid for pid in children() if pid != kernel.pid and runs(pid, tree)]
    assert fillers
    for pid in fillers:
        os.kill(pid, signal.SIGKILL)
    slow.fail()
    # then the kernel goes on
    out, error = kernel.communicate(timeout=60)
    assert (out, error) == (f"{tree.prefix}/lib/python3.11/socket.py\n", "")


def children() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def runs(pid: int, tree: HotTree) -> bool:
    try:
        return str(tree.prefix).encode() in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
