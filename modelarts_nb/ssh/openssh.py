"""Running OpenSSH's programs: never with a secret among the arguments, never for ever."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from modelarts_nb.errors import from_os_error
from modelarts_nb.ssh.errors import OpenSshFailed
from modelarts_nb.ssh.secret import Secret

# What the service asks of both sides (develop-modelarts-0299).
LEAST = (8, 0)
_SECONDS = 30.0
_ANSWER = "MODELARTS_NB_SSH_ANSWER"
# Programs ask for a passphrase through a program; this one knows the answer. No secret is in it.
_ASKPASS = f'#!/bin/sh\nprintf "%s\\n" "${_ANSWER}"\n'


@dataclass(frozen=True)
class Ran:
    """How a program ended. ``said`` is what it printed on stderr."""

    code: int
    out: str
    said: str


def run(
    command: Sequence[str],
    *,
    answer: Secret | None = None,
    env: Mapping[str, str] | None = None,
    seconds: float = _SECONDS,
) -> Ran:
    """Run a program of OpenSSH without a terminal.

    Args:
        command: its name and arguments.
        answer: the passphrase to give when it asks.
        env: variables besides this process's.
        seconds: after which it is ended.

    Raises:
        OpenSshFailed: it is not installed, or does not end.
    """
    with _environment(answer, env or {}) as variables:
        try:
            done = subprocess.run(
                list(command),
                env=variables,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=seconds,
                # No terminal: nothing can ask there instead of asking us.
                start_new_session=True,
            )
        except FileNotFoundError as error:
            raise OpenSshFailed(
                f"OpenSSH's {command[0]} is not installed here.",
                hint="Install openssh-client, or use an image that has it.",
                cause=str(error),
            ) from error
        except subprocess.TimeoutExpired as error:
            raise OpenSshFailed(
                f"{command[0]} did not end within {seconds:.0f} s.",
                hint="Run the same again; `ma ssh check` looks for the reason.",
            ) from error
        except OSError as error:
            raise from_os_error(error, f"running {command[0]}", command[0]) from error
    out, said = (text.decode("utf-8", "replace") for text in (done.stdout, done.stderr))
    return Ran(done.returncode, out, said.strip())


def version() -> tuple[tuple[int, int] | None, str]:
    """The version of ``ssh`` as numbers (None: it does not say) and in its own words; empty words
    where there is no ``ssh``."""
    if shutil.which("ssh") is None:
        return None, ""
    said = run(["ssh", "-V"]).said
    return parse_version(said), said or "ssh"


def parse_version(said: str) -> tuple[int, int] | None:
    """The numbers of ``OpenSSH_9.2p1 Debian`` or of a server's banner."""
    match = re.search(r"OpenSSH_(?:for_Windows_)?(\d{1,3})\.(\d{1,3})", said)
    return (int(match[1]), int(match[2])) if match else None


@contextlib.contextmanager
def _environment(answer: Secret | None, more: Mapping[str, str]) -> Iterator[dict[str, str]]:
    variables = {**os.environ, "LC_ALL": "C", **more}
    if answer is None:
        # Whoever asks all the same gets no window and no answer.
        yield {k: v for k, v in variables.items() if k not in ("SSH_ASKPASS", "DISPLAY")}
        return
    with tempfile.TemporaryDirectory(prefix="ma-ssh-") as folder:
        program = Path(folder) / "askpass"
        program.write_text(_ASKPASS)
        program.chmod(0o700)
        # DISPLAY: before OpenSSH 8.4 it decides whether there is anybody to ask.
        yield {
            **variables,
            "SSH_ASKPASS": str(program),
            "SSH_ASKPASS_REQUIRE": "force",
            "DISPLAY": variables.get("DISPLAY") or ":0",
            _ANSWER: answer.reveal(),
        }
