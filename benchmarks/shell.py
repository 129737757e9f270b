"""A shell through our path beside plain ``ssh``, both into OpenSSH's server on loopback, and in a
browser's tab beside JupyterLab's own terminal.

``python -m benchmarks.shell`` (five minutes on two quiet cores) measures bytes per second of output
and the latency of a key, ours and the peer in turn so that a busy machine is unfair to nobody, and
writes ``docs/shell-benchmarks.md``. Ends with 1 where a goal is missed: at least 0.8 of ssh's
throughput, at most 5 ms more at the median key.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

import asyncssh

from benchmarks import shellpage
from benchmarks.processes import busy
from benchmarks.shellflow import latencies, piped, shown
from benchmarks.shellpage import Figures
from modelarts_nb.ssh import privatekeys
from modelarts_nb.ssh.places import Places
from modelarts_nb.ssh.secret import Secret
from tests.unit.shell.sshd import Sshd, run_sshd

PAGE = Path(__file__).parents[1] / "docs/shell-benchmarks.md"
# Every key comes back as soon as it arrives.
_ECHO = "stty raw -echo; echo ready; exec cat"


def main() -> int:
    """Measure, write the page, and say whether the goals are met."""
    options = _options()
    figures = Figures(options.megabytes, options.keys, options.tab_megabytes)
    with (
        tempfile.TemporaryDirectory() as folder,
        tempfile.TemporaryDirectory() as home,
        run_sshd(Path(folder)) as server,
    ):
        _beside_ssh(server, Path(home), options, figures)
    if options.tab_megabytes:
        from benchmarks.shelltab import drawn

        for ours, theirs in drawn(options.tab_megabytes, options.runs):
            figures.tab["ours"].append(ours)
            figures.tab["JupyterLab's terminal"].append(theirs)
    text = shellpage.text(figures, " ".join(["python -m benchmarks.shell", *sys.argv[1:]]))
    print(text)
    options.page.write_text(text)
    return 0 if figures.met else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="of each; at least 3")
    parser.add_argument("--megabytes", type=int, default=500, help="of output, to us and to ssh")
    parser.add_argument("--keys", type=int, default=300, help="that are pressed in each run")
    parser.add_argument("--tab-megabytes", type=int, default=20, help="0: without the browser")
    parser.add_argument("--page", type=Path, default=PAGE, help="what is written")
    options = parser.parse_args()
    if options.runs < 3:
        parser.error("a median of fewer than 3 runs says nothing")
    return options


def _beside_ssh(server: Sshd, home: Path, options: argparse.Namespace, figures: Figures) -> None:
    places = _key(server, home)
    env = {**os.environ, "HOME": str(home), "TERM": "xterm-256color"}
    ssh = _ssh(server, places)
    ssh_terminal = [*ssh[:1], "-tt", *ssh[1:]]
    where = [server.address.user, str(server.port)]
    module = [sys.executable, "-m"]
    ours = [*module, "tests.unit.shell.outside", *where, "1"]
    ours_terminal = [*module, "tests.unit.shell.inside", *where, f"{home}/gone"]
    size = options.megabytes * 1_000_000
    flow = f"head -c {size} /dev/zero"
    for run in range(options.runs):
        print(f"run {run + 1} of {options.runs}", file=sys.stderr, flush=True)
        figures.others.append(busy(0.25))
        figures.pipe["ours"].append(piped([*ours, flow], env, size))
        figures.pipe["ssh"].append(piped([*ssh, flow], env, size))
        figures.terminal["ours"].append(shown([*ours_terminal, flow], env, size))
        figures.terminal["ssh"].append(shown([*ssh_terminal, flow], env, size))
        figures.key["ours"].append(latencies([*ours_terminal, _ECHO], env, options.keys))
        figures.key["ssh"].append(latencies([*ssh_terminal, _ECHO], env, options.keys))


def _key(server: Sshd, home: Path) -> Places:
    key = asyncssh.generate_private_key("ssh-ed25519")
    public = key.export_public_key().decode()
    server.authorize(public)
    places = Places(home)
    privatekeys.put(places, "bench", Secret(key.export_private_key().decode()), public)
    return places


def _ssh(server: Sshd, places: Places) -> list[str]:
    options = {
        "StrictHostKeyChecking": "no",
        "UserKnownHostsFile": "/dev/null",
        "LogLevel": "ERROR",
        "IdentitiesOnly": "yes",
        "IdentityFile": str(places.keys / "bench"),
        "Port": str(server.port),
    }
    words = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
    return ["ssh", "-F", "/dev/null", *words, f"{server.address.user}@127.0.0.1"]


if __name__ == "__main__":
    sys.exit(main())
