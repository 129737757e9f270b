"""A persistent disk with environments, kernels and a tool; an empty home; real interpreters."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

RESTORE = Path(__file__).parents[3] / "modelarts_nb" / "hook" / "restore.py"


def interpreters() -> dict[str, str]:
    """Version → executable, of the CPythons that pyenv has here, and our own."""
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    found = {p.name: str(p / "bin" / "python") for p in sorted(root.glob("3.*"))}
    return {**found, "own": sys.executable}


def oldest_and_newest() -> list[str]:
    """What restore.py must run on: 3.7, the newest there is, and the one that runs the tests."""
    found = interpreters()
    wanted = [v for v in found if v.startswith(("3.7.", "3.13."))]
    return [found[v] for v in [*wanted, "own"]]


@dataclass
class World:
    """One disk, one home, and how to run restore in it."""

    disk: Path
    home: Path
    python: str = sys.executable
    owner: str = "me"
    env: dict[str, str] = field(default_factory=lambda: {"LC_ALL": "C.UTF-8"})

    @property
    def private(self) -> Path:
        return self.disk / "envs/.modelarts_nb"

    @property
    def tool(self) -> Path:
        return self.private / "tool/1.0"

    def environment(self, name: str, owner: str = "me", *, alive: bool = True) -> Path:
        prefix = self.disk / "envs/user_conda" / name
        (prefix / "conda-meta").mkdir(parents=True)
        (prefix / "conda-meta/history").write_text("")
        (prefix / "bin").mkdir()
        if alive:
            (prefix / "bin/python").write_text("#!/bin/sh\n")
        spec = self.private / "owners" / owner / "kernels" / f"ma-{name.lower()}"
        spec.mkdir(parents=True)
        launcher = spec / "launch.sh"
        launcher.write_text("#!/bin/sh\n")
        launcher.chmod(0o755)
        kernel = {
            "argv": [
                "/bin/sh",
                "{resource_dir}/launch.sh",
                str(prefix),
                "-m",
                "ipykernel_launcher",
            ],
            "display_name": name,
            "language": "python",
            "metadata": {"modelarts_nb": {"env": name, "prefix": str(prefix)}},
        }
        (spec / "kernel.json").write_text(json.dumps(kernel))
        return prefix

    def sealed(self, name: str, owner: str = "me") -> Path:
        """A sealed environment with its kernel; returns its folder of versions."""
        prefix = self.environment(name, owner)
        for path in sorted(prefix.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        prefix.rmdir()
        folder = self.disk / "envs/sealed" / name
        folder.mkdir(parents=True)
        (folder / "1.json").write_text("{}")
        return folder

    def install_tool(self, *, panel: str = "1\n") -> str:
        """A tool with a few files in every part; returns the sha256 of its manifest."""
        site = "lib/python3.11/site-packages"
        contents = {
            "bin/python": '#!/bin/sh\necho ran: "$@"\n',
            f"{site}/modelarts_nb/__init__.py": "__version__ = '1.0'\n",
            f"{site}/modelarts_nb/server/__init__.py": "HERE = True\n",
            f"{site}/modelarts_nb/magics.py": "def load(shell): pass\n",
            "share/jupyter/labextensions/modelarts_nb/package.json": '{"name": "modelarts_nb"}',
            "share/jupyter/labextensions/modelarts_nb/static/remote.js": panel,
        }
        for path, text in contents.items():
            target = self.tool / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
        (self.tool / "bin/python").chmod(0o755)

        def part(base: str, *files: str) -> dict[str, Any]:
            sums = {
                f: hashlib.sha256((self.tool / base / f).read_bytes()).hexdigest() for f in files
            }
            return {"base": base, "files": sums}

        manifest = {
            "version": "1.0",
            "python": "bin/python",
            "parts": {
                "server": part(site, "modelarts_nb/__init__.py", "modelarts_nb/server/__init__.py"),
                "magics": part(f"{site}/modelarts_nb", "magics.py"),
                "panel": part(
                    "share/jupyter/labextensions/modelarts_nb", "package.json", "static/remote.js"
                ),
            },
        }
        data = json.dumps(manifest).encode()
        (self.tool / "manifest.json").write_bytes(data)
        return hashlib.sha256(data).hexdigest()

    def keep(self, path: str, text: str, mode: int = 0o644) -> Path:
        target = self.private / "owners" / self.owner / "home" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        target.chmod(mode)
        return target

    def command(self, *options: str) -> list[str]:
        own = ["--disk", str(self.disk), "--owner", self.owner, "--home", str(self.home)]
        return [self.python, "-I", "-S", str(RESTORE), *own, "--json", *options]

    def run(self, *options: str) -> dict[str, Any]:
        done = subprocess.run(
            self.command(*options), capture_output=True, text=True, env=self.env, timeout=60
        )
        assert (done.returncode, done.stderr) == (0, "")
        report: dict[str, Any] = json.loads(done.stdout)
        return report

    def saved_report(self) -> dict[str, Any]:
        path = self.home / ".local/state/modelarts_nb/restore.json"
        report: dict[str, Any] = json.loads(path.read_text())
        return report


def states(report: dict[str, Any]) -> dict[str, str]:
    return {line["what"]: line["state"] for line in report["lines"]}


def detail(report: dict[str, Any], what: str) -> str:
    return next(str(line["detail"]) for line in report["lines"] if line["what"] == what)


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below ``folder`` and what it holds, but the report and the log of what goes on."""
    return {
        str(p.relative_to(folder)): p.read_bytes()
        for p in sorted(folder.rglob("*"))
        if p.is_file() and p.name not in ("restore.json", "restore.lock", "behind.log")
    }


def wait_until(true: Any, seconds: float = 60) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if true():
            return True
        time.sleep(0.05)
    return False
