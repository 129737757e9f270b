"""Starting, ending, describing and emptying a local cloud from outside its process."""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from modelarts_nb.localcloud.state import (
    ACCESS,
    KEYS,
    LOG,
    StateRefused,
    default_folder,
    holder,
    prepare,
    read_access,
    wipe,
)

_START_SECONDS = 60.0
_STOP_SECONDS = 30.0


def main(arguments: list[str]) -> int:
    """Run one command; the exit code."""
    options = _parser().parse_args(arguments)
    folder = Path(os.path.abspath(options.state or default_folder()))
    os.umask(0o077)
    try:
        if options.command == "serve":
            return serve(folder, options.port, options.ready_fd)
        commands = {
            "up": lambda chosen: up(chosen, options.port),
            "down": down,
            "status": status,
            "reset": reset,
        }
        found = commands[options.command](folder)
    except (StateRefused, OSError) as error:
        hint = error.hint if isinstance(error, StateRefused) else "Is the disk full or read-only?"
        print(json.dumps({"error": {"message": str(error), "hint": hint}}), flush=True)
        return 1
    print(json.dumps(found), flush=True)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m modelarts_nb.localcloud")
    parser.add_argument("command", choices=("up", "down", "status", "reset", "serve"))
    parser.add_argument("--state", metavar="FOLDER", help="where the state is kept")
    parser.add_argument("--port", type=int, default=0, help="0 (the default) takes a free one")
    parser.add_argument("--ready-fd", type=int, default=None, help=argparse.SUPPRESS)
    return parser


def status(folder: Path) -> dict[str, Any]:
    """What runs on a folder. No secret is in it: those are in the access file.

    Returns:
        ``running`` and ``state``; of one that runs also ``endpoint``, ``region``, ``pid``,
        ``project_id``, ``access_file`` and of each of the ``users`` the file with their keys.
    """
    pid = holder(folder)
    found: dict[str, Any] = {"running": pid is not None, "state": str(folder)}
    if pid is None:
        return found
    access = read_access(folder)
    return {
        **found,
        **{key: access.get(key) for key in ("endpoint", "region", "project_id")},
        "pid": pid,
        "access_file": str(folder / ACCESS),
        "users": {name: str(folder / KEYS / f"{name}.json") for name in access.get("users", {})},
    }


def up(folder: Path, port: int = 0) -> dict[str, Any]:
    """Start a cloud that goes on without us; one that runs already is left as it is.

    Raises:
        StateRefused: it does not start; the message says why.
    """
    if holder(folder) is not None:
        return {**status(folder), "started": False}
    prepare(folder)
    reading, writing = os.pipe()
    command = [sys.executable, "-m", "modelarts_nb.localcloud", "serve", "--state", str(folder)]
    command += ["--port", str(port), "--ready-fd", str(writing)]
    with open(os.open(folder / LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(writing,),
            start_new_session=True,
            cwd="/",
        )
    os.close(writing)
    answer = _answer(reading, process)
    if answer != "ready":
        raise StateRefused(answer, f"The log is in {folder / LOG}.")
    return {**status(folder), "started": True}


def _answer(reading: int, process: subprocess.Popen[bytes]) -> str:
    """What the new process says of itself: ``ready``, or why not."""
    alarm = threading.Timer(_START_SECONDS, process.kill)
    alarm.start()
    try:
        with open(reading) as pipe:
            text = pipe.read().strip()
    finally:
        alarm.cancel()
    if text != "ready":
        process.wait()
    return text or f"The local cloud did not start (exit code {process.returncode})."


def down(folder: Path) -> dict[str, Any]:
    """End the cloud that runs on a folder, if one does; its state stays.

    Raises:
        StateRefused: it does not end.
    """
    pid = holder(folder)
    if pid is None:
        return {**status(folder), "stopped": False}
    os.kill(pid, signal.SIGTERM)
    until = time.monotonic() + _STOP_SECONDS
    while holder(folder) is not None:
        if time.monotonic() > until:
            raise StateRefused(f"The local cloud (process {pid}) does not end.", f"kill -9 {pid}")
        time.sleep(0.02)
    return {**status(folder), "stopped": True}


def reset(folder: Path) -> dict[str, Any]:
    """Throw the state away; a cloud that was running runs again, as new.

    Raises:
        StateRefused: the folder is not one of ours.
    """
    was_running = down(folder)["stopped"]
    wipe(folder)
    return {**(up(folder) if was_running else status(folder)), "reset": True}


def serve(folder: Path, port: int, ready_fd: int | None) -> int:
    """Be the cloud, until SIGTERM or SIGINT."""
    try:
        from modelarts_nb.localcloud.running import running
    except ModuleNotFoundError as error:
        return _failed(
            ready_fd,
            f"The local cloud needs the package {error.name}, which is not installed: "
            "pip install 'modelarts_nb[local-cloud]'",
        )
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    # Its own lines say what was refused; the libraries' would repeat it.
    logging.getLogger("asyncssh").setLevel(logging.WARNING)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    # Its containers' processes would inherit it where hang-ups are ignored (`nohup`), and outlive
    # their terminals; a handler is not inherited.
    signal.signal(signal.SIGHUP, lambda *_: None)
    try:
        with running(folder, port) as cloud:
            if ready_fd is not None:
                _say(ready_fd, "ready")
                ready_fd = None
            else:
                print(json.dumps(status(folder)), flush=True)
            logging.getLogger("localcloud").info("answering at %s", cloud.server.endpoint)
            ended.wait()
    except (StateRefused, OSError) as error:
        return _failed(ready_fd, str(error))
    return 0


def _failed(ready_fd: int | None, why: str) -> int:
    """Say why the server ended, to who started it; the exit code."""
    if ready_fd is None:
        raise StateRefused(why)
    _say(ready_fd, why)
    return 1


def _say(descriptor: int, text: str) -> None:
    with open(descriptor, "w") as pipe:
        pipe.write(text)
