"""Our own ``ssh-agent``: it holds opened keys until the container ends, so that a passphrase is
asked once per start. Others' agents, a forwarded one for instance, are left alone."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket

from modelarts_nb.disk.replace import replace_file
from modelarts_nb.ssh.errors import OpenSshFailed
from modelarts_nb.ssh.openssh import run
from modelarts_nb.ssh.places import Places
from modelarts_nb.ssh.privatekeys import PrivateKey, need_opens
from modelarts_nb.ssh.publickey import same_key
from modelarts_nb.ssh.secret import Secret


def answers(places: Places) -> bool:
    """Is it there?"""
    if not places.agent_is_ours():
        return False
    with contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as probe:
        probe.settimeout(5)
        try:
            probe.connect(str(places.agent))
        except OSError:
            return False
        return True


def start(places: Places) -> None:
    """Start it where it does not answer.

    Raises:
        OpenSshFailed: it does not start.
        AccessDenied, DiskFailure: its folder cannot be made.
    """
    if answers(places):
        return
    places.make_for_agent()
    # Of an agent that died with its container's last process.
    places.agent.unlink(missing_ok=True)
    ran = run(["ssh-agent", "-s", "-a", str(places.agent)])
    pid = re.search(r"SSH_AGENT_PID=(\d+)", ran.out)
    if ran.code != 0 or not pid:
        if answers(places):  # somebody else of ours was faster
            return
        raise OpenSshFailed(
            "ssh-agent does not start.", hint="Is OpenSSH installed here?", cause=ran.said
        )
    replace_file(places.agent_pid, pid[1].encode() + b"\n", 0o600)


def hold(places: Places, key: PrivateKey, passphrase: Secret | None) -> None:
    """Open a key and have the agent hold it.

    Raises:
        PassphraseWrong: the passphrase does not open it.
        OpenSshFailed: the agent does not start or does not take the key.
    """
    # ssh-add would ask for ever.
    need_opens(key, passphrase or Secret(""))
    start(places)
    ran = run(
        ["ssh-add", "-q", str(key.path)],
        answer=passphrase or Secret(""),
        env={"SSH_AUTH_SOCK": str(places.agent)},
    )
    if ran.code != 0:
        raise OpenSshFailed(
            f"The agent does not take the key {key.name}.",
            hint="`ma ssh lock`, then run the same again.",
            cause=ran.said,
        )


def held(places: Places) -> tuple[str, ...]:
    """The public keys (OpenSSH lines) that it holds."""
    if not answers(places):
        return ()
    ran = run(["ssh-add", "-L"], env={"SSH_AUTH_SOCK": str(places.agent)})
    return tuple(ran.out.splitlines()) if ran.code == 0 else ()


def holds(places: Places, key: PrivateKey) -> bool:
    """Does it hold this key? Where the key's public half is not known: does it hold any?"""
    lines = held(places)
    return any(same_key(line, key.public) for line in lines) if key.public else bool(lines)


def release(places: Places, key: PrivateKey) -> None:
    """Have it forget one key; where it does not hold it, that is so."""
    if key.public and holds(places, key):
        with contextlib.suppress(OpenSshFailed):
            run(["ssh-add", "-q", "-d", str(key.path)], env={"SSH_AUTH_SOCK": str(places.agent)})


def end(places: Places) -> bool:
    """Forget all opened keys and end; False where it was not there."""
    if not answers(places):
        return False
    with contextlib.suppress(OpenSshFailed):
        run(["ssh-add", "-q", "-D"], env={"SSH_AUTH_SOCK": str(places.agent)})
    with contextlib.suppress(OSError, ValueError):
        os.kill(int(places.agent_pid.read_text()), signal.SIGTERM)
    places.agent.unlink(missing_ok=True)
    places.agent_pid.unlink(missing_ok=True)
    if places.agent.parent != places.own:
        with contextlib.suppress(OSError):
            places.agent.parent.rmdir()
    return True
