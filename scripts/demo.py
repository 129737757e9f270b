"""`make run`: JupyterLab with the panel, in a container of its own that starts afresh each time.

Everything is below ``.demo/``: ``disk`` is the persistent disk, ``image`` holds an environment of
the image to clone, ``home`` is the container's home. Each start plays a container start: the home
is emptied and, when ``ma hook install`` was run before, the hook is run. Only the disk survives.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.channel import build, images  # noqa: E402

DEMO = ROOT / ".demo"
DISK, HOME, IMAGE = DEMO / "disk", DEMO / "home", DEMO / "image"
OWNER = "demo"
NO_UPDATES = ["--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]


def say(text: str) -> None:
    print(f"demo: {text}", flush=True)


def make_image() -> Path:
    """A real conda environment, made of this machine's Python and wheels, as an image has one."""
    prefix = IMAGE / "anaconda3/envs/PyTorch-demo"
    if (prefix / "conda-meta/history").exists():
        return prefix
    channel = DEMO / "channel"
    if not channel.exists():
        say("making conda packages of this machine's Python (about a minute, once) ...")
        build.build(channel)
    say("installing the image's environment (some seconds, once) ...")
    specs = ["python", "pip", "ipykernel", "numpy"]
    command = [sys.executable, images.__file__, channel.as_uri(), str(prefix), *specs]
    subprocess.run(command, check=False, stdout=subprocess.DEVNULL)
    if not (prefix / "conda-meta/history").exists():
        sys.exit("demo: the image's environment could not be made")
    return prefix


def start_container(image: Path) -> dict[str, str]:
    """An empty home that knows the image's environment; returns the container's variables."""
    shutil.rmtree(HOME, ignore_errors=True)
    for folder in (HOME / ".conda", DISK):
        folder.mkdir(parents=True, exist_ok=True)
    (HOME / ".conda/environments.txt").write_text(f"{image}\n")
    # Where a person of the demo can make environments from, as an image's .condarc says.
    (HOME / ".condarc").write_text(f"channels:\n  - {(DEMO / 'channel').as_uri()}\n")
    keep = ("PATH", "LANG", "LC_ALL", "TERM", "TMPDIR")
    env = {key: value for key, value in os.environ.items() if key in keep}
    env |= {
        "HOME": str(HOME),
        "MODELARTS_NB_DISK": str(DISK),
        "MODELARTS_NB_OWNER": OWNER,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{env.get('PATH', '')}",
        "SHELL": "/bin/bash",
    }
    return env


def run_hook(env: dict[str, str]) -> None:
    """What the platform does at container start, when a hook is registered."""
    command = DISK / "envs/.modelarts_nb/hook/command.sh"
    if command.exists():
        say("running the restart hook ...")
        subprocess.run(own_mount(["sh", str(command)]), env=env, check=False)


def own_mount(command: list[str]) -> list[str]:
    """Give the disk a mount of its own, as a network disk has one, where this is possible.

    Elsewhere the panel says, rightly, that the folder would not survive a restart.
    """
    script = f'mount --bind "{DISK}" "{DISK}" && exec "$@"'
    wrapped = ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh"]
    probe = [*wrapped, "true"]
    if (
        os.geteuid() == 0
        and subprocess.run(probe, capture_output=True, check=False).returncode == 0
    ):
        return [*wrapped, *command]
    return command


def main() -> None:
    """Prepare and start; Ctrl-C ends it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", default="8888")
    parser.add_argument("--fresh", action="store_true", help="forget the disk too")
    parser.add_argument("--prepare", action="store_true", help="prepare only, start nothing")
    parser.add_argument("--no-browser", action="store_true")
    options = parser.parse_args()
    started = time.monotonic()
    if options.fresh:
        shutil.rmtree(DEMO, ignore_errors=True)
    say("a disk, an image's environment and an empty home in .demo/")
    env = start_container(make_image())
    run_hook(env)
    say(f"ready after {time.monotonic() - started:.0f} s")
    if options.prepare:
        return
    say("JupyterLab starts. Ctrl-C stops the container; `make run` starts the next, home empty.")
    command = ["jupyter", "lab", f"--port={options.port}", f"--notebook-dir={DISK}"]
    # A demo asks nothing of the internet.
    command += ["--LabApp.news_url=None", *NO_UPDATES]
    if os.geteuid() == 0:
        command.append("--allow-root")
    if options.no_browser or os.geteuid() == 0:
        command.append("--no-browser")
    try:
        raise SystemExit(subprocess.run(own_mount(command), env=env, check=False).returncode)
    except KeyboardInterrupt:
        say("the container has stopped; only the disk is left")


if __name__ == "__main__":
    main()
