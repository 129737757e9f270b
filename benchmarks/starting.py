"""What happens at every start: restore, the list of environments, the command itself."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.measure import Contestant, Failed, Goal, Run, Work, run_command
from benchmarks.tools import MA, RESTORE
from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.kernels import write_kernel
from modelarts_nb.envs.state import State, write_state

_ENVIRONMENTS = 100
_PACKAGES = 20
_LOOP = "ipykernel install, one by one"
_LOAD = """
import time
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
began = time.perf_counter()
shell.run_line_magic("load_ext", "modelarts_nb")
print(time.perf_counter() - began)
"""


def restore(bench: Bench, rtt_ms: float, installs: int) -> Work:
    """A container starts: 100 kernels come back. The peer is measured on ``installs`` of them."""

    def ours() -> Run:
        disk = bench.slow(rtt_ms)
        with disk.mounted() as path:
            home = bench.settings(path)["HOME"]
            options = ["--disk", str(path), "--owner", "bench", "--home", home]
            run = run_command([sys.executable, "-I", "-S", RESTORE, *options])
        kernels = list(Path(home).glob(".local/share/jupyter/kernels/*/kernel.json"))
        if len(kernels) != _ENVIRONMENTS:
            raise Failed(f"restore brought back {len(kernels)} kernels")
        bench.forget()
        return replace(run, requests=disk.requests)

    def loop() -> Run:
        env = {**bench.settings(bench.work), "JUPYTER_PLATFORM_DIRS": "0"}
        install = [sys.executable, "-m", "ipykernel", "install", "--user", "--name"]
        runs = [run_command([*install, f"env-{n}"], env=env) for n in range(installs)]
        bench.forget()
        return Run(
            sum(run.seconds for run in runs) * _ENVIRONMENTS / installs,
            max(run.megabytes or 0 for run in runs),
            sum(run.cpu for run in runs) * _ENVIRONMENTS / installs,
        )

    def prepare() -> dict[str, Contestant]:
        _hundred(bench)
        return {"ours": ours, _LOOP: loop}

    return Work(
        "restore",
        f"restore {_ENVIRONMENTS} environments, state on the {rtt_ms:g} ms disk",
        prepare,
        (Goal(None, at_most=0.3), Goal(_LOOP, at_least=100)),
        6,
        frozenset({_LOOP}),
    )


def list_environments(bench: Bench, rtt_ms: float) -> Work:
    """``ma env list`` with nothing cached."""

    def ours() -> Run:
        disk = bench.slow(rtt_ms)
        with disk.mounted() as path:
            run = bench.ma("env", "list", "--json", disk=path)
        bench.forget()
        return replace(run, requests=disk.requests)

    def prepare() -> dict[str, Contestant]:
        _hundred(bench)
        return {"ours": ours}

    return Work(
        "list",
        f"ma env list, {_ENVIRONMENTS} environments on the {rtt_ms:g} ms disk",
        prepare,
        (Goal(None, at_most=0.3),),
    )


def command_help() -> Work:
    """How long the command takes to say something."""
    return Work(
        "help",
        "ma --help",
        lambda: {"ours": lambda: run_command([MA, "--help"])},
        (Goal(None, at_most=0.15),),
    )


def load_extension(bench: Bench) -> Work:
    """``%load_ext modelarts_nb`` in a running kernel, without the start of IPython."""

    def ours() -> Run:
        env = bench.settings(bench.work)
        done = subprocess.run(
            [sys.executable, "-c", _LOAD], capture_output=True, text=True, check=True, env=env
        )
        bench.forget()
        return Run(round(float(done.stdout.splitlines()[-1]), 4), None)

    return Work(
        "load-ext",
        "%load_ext modelarts_nb",
        lambda: {"ours": ours},
        (Goal(None, at_most=0.15),),
    )


def _hundred(bench: Bench) -> None:
    """100 environments that look like real ones to whoever reads their records."""
    disk = bench.slow(0)
    # Through the mount: kernel specs name the place where it will be.
    with disk.mounted() as path:
        settings = Disk(path, "bench", Path(bench.settings(path)["HOME"]))
        for number in range(_ENVIRONMENTS):
            prefix = settings.envs / f"env-{number}"
            _environment(prefix)
            write_state(
                prefix,
                State(str(prefix), "2026-01-01T00:00:00+00:00", size=10**9, files=20000),
            )
            write_kernel(prefix, settings)
    bench.forget()


def _environment(prefix: Path) -> None:
    for folder in ("bin", "conda-meta", "lib/python3.11/site-packages/ipykernel"):
        (prefix / folder).mkdir(parents=True)
    (prefix / "conda-meta/history").write_text("==> 2026-01-01 00:00:00 <==\n")
    packages = [("python", "3.11.7")] + [(f"package-{n}", "1.0") for n in range(_PACKAGES)]
    for name, version in packages:
        record = {"name": name, "version": version, "build": "0", "files": []}
        path = prefix / "conda-meta" / f"{name}-{version}-0.json"
        path.write_text(json.dumps(record))
        (prefix / f"lib/python3.11/site-packages/pip_{name}-{version}.dist-info").mkdir()
    (prefix / "bin/python").symlink_to("python3.11")
    (prefix / "bin/python3.11").write_text("")
    (prefix / "bin/pip").write_text(f"#!{prefix}/bin/python3.11\n")
