"""How fast a program that runs a remote command passes its output on, and a key there and back."""

from __future__ import annotations

import os
import subprocess
import termios
import time
import tty


def piped(command: list[str], env: dict[str, str], size: int) -> float:
    """MB/s of ``size`` bytes from the first byte to the last, through a pipe."""
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=env
    ) as process:
        assert process.stdout is not None
        speed = _read(process.stdout.fileno(), size)
    if process.returncode:
        raise SystemExit(f"{command}: {process.returncode}")
    return speed


def shown(command: list[str], env: dict[str, str], size: int) -> float:
    """The same, through a terminal of its own."""
    process, master = _in_terminal(command, env)
    try:
        return _read(master, size)
    finally:
        os.close(master)
        process.wait(20)


def latencies(command: list[str], env: dict[str, str], keys: int) -> list[float]:
    """Milliseconds from a key to its echo, through a terminal; the command says ``ready``."""
    process, master = _in_terminal(command, env)
    try:
        seen = b""
        while b"ready" not in seen:
            seen += os.read(master, 4096)
        _quiet(master)
        found = []
        for _ in range(keys):
            began = time.perf_counter()
            os.write(master, b"x")
            os.read(master, 4096)
            found.append((time.perf_counter() - began) * 1000)
            time.sleep(0.002)  # nobody types faster
        return found
    finally:
        os.close(master)
        process.wait(20)


def _in_terminal(command: list[str], env: dict[str, str]) -> tuple[subprocess.Popen[bytes], int]:
    master, slave = os.openpty()
    tty.setraw(slave, termios.TCSANOW)
    process = subprocess.Popen(
        ["setsid", "--ctty", *command], stdin=slave, stdout=slave, stderr=slave, env=env
    )
    os.close(slave)
    return process, master


def _read(fd: int, size: int) -> float:
    have, began = 0, 0.0
    try:
        while data := os.read(fd, 1 << 20):
            began = began or time.perf_counter()
            have += data.count(b"\0")
    except OSError:  # a terminal ends so
        pass
    seconds = time.perf_counter() - began
    if have != size:
        raise SystemExit(f"{have} bytes of {size} arrived")
    return size / seconds / 1e6


def _quiet(master: int) -> None:
    """Read the end of the line that said it is ready."""
    os.set_blocking(master, False)
    time.sleep(0.2)
    try:
        while os.read(master, 4096):
            pass
    except BlockingIOError:
        os.set_blocking(master, True)
