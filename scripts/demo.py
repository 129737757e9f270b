"""`make run`: JupyterLab with the panel, in a notebook of the local cloud that starts afresh.

Everything is below ``.demo/``: ``cloud`` is the local cloud's state, in which the notebook ``demo``
has its home and its disk, and ``image`` holds an environment of the image to clone. Each start is
a start of that notebook: its home is emptied and the hook runs that `ma hook install` registered.
Ctrl-C stops the notebook and ends the local cloud. The disk survives, and what the cloud knows.
"""

from __future__ import annotations

import argparse
import logging
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from demo_notebook import DemoFailed, DemoNotebook, furnish  # noqa: E402

from modelarts_nb.localcloud.state import StateRefused, holder, prepare, wipe  # noqa: E402
from modelarts_nb.localcloud.testing import local_cloud  # noqa: E402
from tests.channel import build, images  # noqa: E402

BEGAN = time.monotonic()
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# A demo asks nothing of the internet.
NO_UPDATES = ["--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
NO_UPDATES += ["--LabApp.news_url=None"]
PROGRAM = """#!/bin/sh
[ ! -e "$HOME/.ssh/config" ] || set -- -F "$HOME/.ssh/config" "$@"
exec {real} "$@"
"""
# Seconds for JupyterLab to end its kernels.
PATIENCE = 10.0


def say(text: str) -> None:
    print(f"demo: {text}", flush=True)


def took() -> str:
    return f"{time.monotonic() - BEGAN:.0f} s"


def make_image(folder: Path) -> Path:
    """A real conda environment, made of this machine's Python and wheels, as an image has one."""
    prefix = folder / "image/anaconda3/envs/PyTorch-demo"
    if (prefix / "conda-meta/history").exists():
        return prefix
    channel = folder / "channel"
    if not channel.exists():
        say("making conda packages of this machine's Python (about a minute, once) ...")
        build.build(channel)
    say("installing the image's environment (some seconds, once) ...")
    specs = ["python", "pip", "ipykernel", "numpy"]
    command = [sys.executable, images.__file__, channel.as_uri(), str(prefix), *specs]
    subprocess.run(command, check=False, stdout=subprocess.DEVNULL)
    if not (prefix / "conda-meta/history").exists():
        raise DemoFailed("the image's environment could not be made")
    return prefix


def make_programs(folder: Path) -> Path:
    """``ssh`` and its kin as in a container: there the home of the account is HOME, here it is not,
    and OpenSSH asks the account."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("ssh", "scp", "sftp"):
        real = shutil.which(name, path="/usr/local/bin:/usr/bin:/bin")
        if real is not None:
            (folder / name).write_text(PROGRAM.format(real=real))
            (folder / name).chmod(0o755)
    return folder


def variables(notebook: DemoNotebook, programs: Path) -> dict[str, str]:
    """Those of a shell in the notebook, in an image that has this very installation."""
    keep = ("PATH", "LANG", "LC_ALL", "TERM", "TMPDIR", "BROWSER", "DISPLAY", "WAYLAND_DISPLAY")
    mine = {name: os.environ[name] for name in keep if name in os.environ}
    path = [str(programs), str(Path(sys.executable).parent), mine.get("PATH", os.defpath)]
    own = {"PATH": os.pathsep.join(path), "SHELL": "/bin/bash"}
    return {**notebook.variables(), **mine, **own}


def own_mount(disk: Path, command: list[str]) -> list[str]:
    """Give the disk a mount of its own, as a network disk has one, where this is possible.

    Elsewhere the panel says, rightly, that the folder would not survive a restart.
    """
    script = f'mount --bind "{disk}" "{disk}" && exec "$@"'
    wrapped = ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh"]
    probe = [*wrapped, "true"]
    if (
        os.geteuid() == 0
        and subprocess.run(probe, capture_output=True, check=False).returncode == 0
    ):
        return [*wrapped, *command]
    return command


def run_lab(notebook: DemoNotebook, env: dict[str, str], options: argparse.Namespace) -> int:
    """JupyterLab until it ends or is told to; its exit code."""
    disk = notebook.folders.disk
    command = ["jupyter", "lab", f"--port={options.port}", f"--notebook-dir={disk}", *NO_UPDATES]
    if os.geteuid() == 0:
        command.append("--allow-root")
    if options.no_browser or os.geteuid() == 0:
        command.append("--no-browser")
    # A session of its own: Ctrl-C is for us, who then end it in order.
    lab = subprocess.Popen(
        own_mount(disk, command),
        env=env,
        cwd=disk,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        return lab.wait()
    finally:
        hear_no_signal()
        if lab.poll() is None:
            lab.terminate()
            try:
                lab.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                lab.kill()
                lab.wait()


def interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt


def hear_no_signal() -> None:
    """From here on everything is ended, which takes seconds; once more Ctrl-C leaves nothing."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def log_to(file: Path) -> None:
    form = "%(asctime)s %(name)s %(message)s"
    logging.basicConfig(filename=file, level=logging.INFO, format=form)
    logging.getLogger("asyncssh").setLevel(logging.WARNING)


def run(options: argparse.Namespace) -> int:
    """One container from start to stop; the exit code."""
    folder: Path = options.folder.resolve()
    state = folder / "cloud"
    if options.fresh and holder(state) is None:
        wipe(state)
    image = make_image(folder)
    prepare(state)
    log_to(state / "server.log")
    new = not (state / "cloud.sqlite").exists()
    with local_cloud(state) as cloud:
        say(f"{took()}: the local cloud answers at {cloud.endpoint} (a stand-in, all in {state})")
        notebook = DemoNotebook(cloud)
        notebook.start()
        try:
            if new:
                notebook.make_other()
            if said := notebook.hook_said():
                say(f"{took()}: {said}")
            furnish(notebook.folders.home, image, (folder / "channel").as_uri())
            env = variables(notebook, make_programs(folder / "bin"))
            say(f"{took()}: the notebook runs: home empty, disk as it was, you are its developer")
            if options.prepare:
                return 0
            say("JupyterLab starts. Ctrl-C stops the notebook; `make run` starts it again.")
            code = run_lab(notebook, env, options)
            if notebook.status != "RUNNING":
                say("the notebook was stopped, and everything in it; `make run` starts it again")
                code = 0
            return code
        finally:
            hear_no_signal()
            notebook.stop()


def main() -> None:
    """Prepare and start; Ctrl-C ends it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", default="8888")
    parser.add_argument("--folder", type=Path, default=ROOT / ".demo", help="where everything is")
    parser.add_argument("--fresh", action="store_true", help="forget disk and cloud")
    parser.add_argument("--prepare", action="store_true", help="start and stop, without JupyterLab")
    parser.add_argument("--no-browser", action="store_true")
    options = parser.parse_args()
    for number in SIGNALS:
        signal.signal(number, interrupt)
    try:
        raise SystemExit(run(options))
    except KeyboardInterrupt:
        say("the container has stopped and the local cloud has ended; the disk is left")
    except DemoFailed as error:
        sys.exit(f"demo: {error}")
    except StateRefused as error:
        state = options.folder.resolve() / "cloud"
        hint = "`make run ARGS=--fresh` begins anew; `ARGS='--folder FOLDER'` elsewhere."
        if (pid := holder(state)) is not None:
            hint = f"It is process {pid}: end it with Ctrl-C, then `make run` again."
        sys.exit(f"demo: {error}\n      {hint}")


if __name__ == "__main__":
    main()
