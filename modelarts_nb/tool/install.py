"""``ma hook install``: the tool's own environment and the restart hook, put on the disk."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from modelarts_nb import wire
from modelarts_nb.disk.locks import lock
from modelarts_nb.disk.persistent import Disk, open_disk
from modelarts_nb.disk.replace import replace_file
from modelarts_nb.disk.staging import land, staged
from modelarts_nb.envs.records import site_packages
from modelarts_nb.errors import EngineFailed, from_os_error
from modelarts_nb.progress import SILENT, Progress
from modelarts_nb.tool import manifest
from modelarts_nb.tool.command import hook_command
from modelarts_nb.tool.interpreter import conda_source, copy_libraries, copy_python, create_python
from modelarts_nb.tool.package import Package, digest_of, find_package, put_package
from modelarts_nb.tool.parts import normal, requirements

# One per owner, beside the other personal things: what ``status`` compares with.
HOOK_RECORD = "hook.json"
# Of a tool: which build it is. It is as old as the tool.
BUILD = "conda-meta/modelarts_nb/build.json"
# Who installs or removes tools.
LOCK = "hook install"


@dataclass(frozen=True)
class HookInfo:
    """What was installed, and the COMMAND to register.

    ``restore_sha256`` and ``manifest_sha256`` are carried by the command; ``command_base64`` is the
    form in which the notebook API takes it.
    """

    version: str
    tool: Path
    restore: Path
    restore_sha256: str
    manifest_sha256: str
    command: str
    command_base64: str


def install(
    *,
    wheel: str | None = None,
    channels: Sequence[str] = (),
    disk: Disk | None = None,
    progress: Progress = SILENT,
) -> HookInfo:
    """Put the tool and the hook on the persistent disk. The same build is not put there twice.

    Python and the libraries come from the conda environment that holds ``ma``; where none does,
    Python comes from the channels. Older tools stay: see
    ``tool.outdated``.

    Args:
        wheel: the wheel of modelarts_nb to install; None: the one that runs.
        channels: where Python comes from if it cannot be copied.

    Raises:
        NotFound, UsageError: the wheel is not there or not one of modelarts_nb.
        EngineFailed: a requirement is missing here, or the new tool does not start.
        Unsolvable, NetworkUnavailable: Python could not be got from the channels.
        Busy: somebody is installing it at the moment.
        DiskFull, DiskFailure, AccessDenied, Cancelled: nothing was changed.
    """
    disk = disk or open_disk()
    package = find_package(wheel)
    digest = digest_of(package)
    with lock(disk, LOCK, progress=progress):
        tool = _find_build(disk, digest)
        if tool is None:
            tool = _free_folder(disk, package.version)
            _build(package, digest, tool, channels, disk, progress)
        else:
            progress.log(f"{tool} is there already and unaltered")
        try:
            return _write_hook(tool, package.version, disk)
        except OSError as error:
            raise from_os_error(error, "writing the hook", disk.hook) from error


def _build(
    package: Package,
    digest: str,
    final: Path,
    channels: Sequence[str],
    disk: Disk,
    progress: Progress,
) -> None:
    with staged(disk, LOCK) as stage:
        content = stage.path / "content"
        needed = [normal(d.metadata["Name"]) for d in requirements(package.wanted)]
        source = conda_source()
        if source is not None:
            progress.log(f"Python and libraries come from {source}")
            known = copy_python(
                source, content, final, ["python", *needed], disk=disk, progress=progress
            )
        else:
            create_python(content, final, channels, disk=disk, progress=progress)
            known = set()
        site = site_packages(content, f"{sys.version_info.major}.{sys.version_info.minor}")
        if site is None:
            raise EngineFailed("The new environment has no Python of this version.")
        copy_libraries(package.wanted, site, known=known, progress=progress)
        put_package(package, content, site, progress)
        progress.phase("compiling")
        _compile(content, final, site)
        progress.phase("checking")
        _require_start(content)
        _write_records(content, site, digest)
        progress.phase("landing")
        land(stage, content, final)


def _compile(content: Path, final: Path, site: Path) -> None:
    # Where it fails the tool is only slower to start.
    command = [*_python(content), "-m", "compileall", "-q", "-s", str(content), "-p", str(final)]
    subprocess.run([*command, str(site / "modelarts_nb")], capture_output=True, check=False)


def _require_start(content: Path) -> None:
    code = "import modelarts_nb.cli.tree, modelarts_nb.worker, modelarts_nb.tool.install, rattler"
    done = subprocess.run([*_python(content), "-c", code], capture_output=True, text=True)
    if done.returncode != 0:
        raise EngineFailed(
            "The tool was built but does not start; nothing was changed.",
            hint="Install modelarts_nb into a conda environment and run this from there.",
            cause=done.stderr.strip()[-2000:],
        )


def _python(prefix: Path) -> list[str]:
    return [str(prefix / "bin" / "python"), "-I"]


def _write_records(content: Path, site: Path, digest: str) -> None:
    package = site / "modelarts_nb"
    panel = manifest.find_panel(package, content)
    installation = manifest.Installation(package, panel, content / "bin" / "python", content)
    try:
        (content / manifest.NAME).write_bytes(manifest.describe(installation))
        record = content / BUILD
        record.parent.mkdir(parents=True, exist_ok=True)
        record.write_text(json.dumps({"digest": digest, "site": str(site.relative_to(content))}))
    except OSError as error:
        raise from_os_error(error, "writing the tool's manifest", content) from error


def _find_build(disk: Disk, digest: str) -> Path | None:
    """The tool of this very build, when it is there and nobody altered it."""
    for tool in sorted(disk.tool.glob("*")) if disk.tool.is_dir() else []:
        try:
            build = json.loads((tool / BUILD).read_bytes())
            data = (tool / manifest.NAME).read_bytes()
            same = build["digest"] == digest and os.access(tool / "bin" / "python", os.X_OK)
            if same and not manifest.altered(tool, data):
                return tool
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return None


def _free_folder(disk: Disk, version: str) -> Path:
    """``tool/<version>``, or with a number where another build of the version has it."""
    folder, number = disk.tool / version, 1
    while os.path.lexists(folder):
        number += 1
        folder = disk.tool / f"{version}-{number}"
    return folder


def _write_hook(tool: Path, version: str, disk: Disk) -> HookInfo:
    build = json.loads((tool / BUILD).read_bytes())
    source = tool / build["site"] / "modelarts_nb" / "hook"
    restore = (source / "restore.py").read_bytes()
    sha256 = hashlib.sha256(restore).hexdigest()
    disk.hook.mkdir(parents=True, exist_ok=True)
    # Named by its content: a colleague's upgrade must not turn my registered hook into a mismatch.
    path = disk.hook / f"restore-{sha256[:16]}.py"
    manifest_sha256 = manifest.sha256_of(tool / manifest.NAME)
    command = hook_command(
        disk,
        template=(source / "command.sh").read_text("utf-8"),
        restore=path,
        sha256=sha256,
        tool=tool,
        manifest=manifest_sha256,
    )
    encoded = base64.b64encode(command.encode()).decode()
    info = HookInfo(version, tool, path, sha256, manifest_sha256, command, encoded)
    replace_file(path, restore)
    replace_file(disk.hook / "restore.py", restore)
    replace_file(disk.hook / "command.sh", command.encode(), 0o755)
    disk.own.mkdir(parents=True, exist_ok=True)
    replace_file(disk.own / HOOK_RECORD, wire.dumps(info, indent=1).encode())
    return info
