"""The channel that the other tests stand on is a real one."""

import json
import subprocess
import zipfile
from pathlib import Path


def test_given_the_image_when_its_python_runs_then_nothing_says_where_it_was_built(
    image_env: Path,
) -> None:
    code = (
        "import ssl, ctypes, sqlite3, sys, sysconfig, numpy\n"
        "print(sys.prefix, sysconfig.get_config_var('prefix'), sys.version_info[:2])"
    )
    done = subprocess.run(
        [image_env / "bin/python", "-c", code], capture_output=True, text=True, env={}, check=True
    )
    assert done.stdout.strip() == f"{image_env} {image_env} (3, 11)"


def test_given_the_37_image_when_its_python_runs_then_it_is_37(image_env_37: Path) -> None:
    done = subprocess.run(
        [image_env_37 / "bin/python", "-V"], capture_output=True, text=True, env={}, check=True
    )
    assert done.stdout.startswith("Python 3.7.")


def test_given_the_binary_trap_when_run_then_it_prints_its_prefix_twice(image_env: Path) -> None:
    done = subprocess.run([image_env / "bin/trap-binary"], capture_output=True, text=True)
    assert done.stdout.splitlines() == [
        str(image_env),
        f"conf={image_env}/etc/trap.conf:{image_env}/share",
    ]


def test_given_a_package_when_opened_then_it_has_the_parts_of_format_2(channel: str) -> None:
    folder = Path(channel.removeprefix("file://"))
    repodata = json.loads((folder / "noarch/repodata.json").read_text())
    name = next(n for n in repodata["packages.conda"] if n.startswith("tabulate-"))
    with zipfile.ZipFile(folder / "noarch" / name) as archive:
        stem = name.removesuffix(".conda")
        assert set(archive.namelist()) == {
            "metadata.json",
            f"info-{stem}.tar.zst",
            f"pkg-{stem}.tar.zst",
        }
