"""``ma local ...``: a stand-in for the cloud on this machine, to try things on.

It is a program of its own; these commands start it and show what it says.
"""

from __future__ import annotations

from typing import Any

import click

from modelarts_nb.cli import show
from modelarts_nb.cli.command import Command, Group, confirm
from modelarts_nb.errors import LocalCloudFailed

STATE = click.option(
    "--state",
    metavar="FOLDER",
    envvar="MODELARTS_NB_LOCAL_CLOUD",
    help="Where its state is kept (on a local disk).",
)


@click.group(cls=Group)
def local() -> None:
    """A local cloud: the same API on this machine, without an account."""


@local.command(
    cls=Command,
    show=show.local_cloud,
    examples=("ma local up", "ma local up --state /tmp/cloud --json"),
)
@STATE
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0 takes a free one.")
def up(state: str | None, port: int) -> Any:
    """Start it, with new keys; one that runs already is left as it is."""
    return _run("up", state, "--port", str(port))


@local.command(cls=Command, show=show.local_cloud, examples=("ma local down",))
@STATE
def down(state: str | None) -> Any:
    """End it; what was made in it stays for the next start."""
    return _run("down", state)


@local.command(cls=Command, show=show.local_cloud, examples=("ma local status --json",))
@STATE
def status(state: str | None) -> Any:
    """Whether it runs, where, and where everyone's keys are."""
    return _run("status", state)


@local.command(cls=Command, show=show.local_cloud, examples=("ma local reset --yes",))
@STATE
@click.option("--yes", is_flag=True, help="Do not ask.")
def reset(state: str | None, yes: bool) -> Any:
    """Throw away everything in it; if it was running, it runs again as new."""
    confirm(yes, "Throw away everything in the local cloud?")
    return _run("reset", state)


def _run(command: str, state: str | None, *more: str) -> Any:
    """What the program answers.

    Raises:
        LocalCloudFailed: it could not do it, and says why.
    """
    import json
    import subprocess
    import sys

    where = ("--state", state) if state else ()
    ended = subprocess.run(
        [sys.executable, "-m", "modelarts_nb.localcloud", command, *where, *more],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        answer = json.loads(ended.stdout)
    except ValueError:
        last = ended.stderr.strip().splitlines()[-1:]
        raise LocalCloudFailed(
            f"`ma local {command}` ended with code {ended.returncode}.", cause="".join(last)
        ) from None
    if "error" in answer:
        raise LocalCloudFailed(answer["error"]["message"], hint=answer["error"]["hint"])
    return answer
