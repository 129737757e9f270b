"""Making a task's container ready, and bringing home what it has made."""

from __future__ import annotations

import os
import shlex
import shutil
from pathlib import Path, PurePosixPath
from typing import Any

from modelarts_nb.localcloud.cloud import Cloud
from modelarts_nb.localcloud.modelarts.training import storage
from modelarts_nb.localcloud.modelarts.training.jobs import Job
from modelarts_nb.localcloud.modelarts.training.runtime import hosts
from modelarts_nb.localcloud.plane.containerpaths import on_machine, rewritten
from modelarts_nb.localcloud.plane.training.identity import (
    HOME,
    INPUTS,
    JOB_DIR,
    OUTPUTS,
    TaskFolders,
    TaskIdentity,
    interpreter,
)


def prepare(cloud: Cloud, job: Job, identity: TaskIdentity) -> None:
    """A fresh home with the code and the inputs in it, volumes in their places.

    Raises:
        PlaneError, CloudError, OSError: it cannot be made; the message says why.
    """
    folders = identity.folders
    folders.create()
    folders.wipe()
    for path in (JOB_DIR, INPUTS, OUTPUTS):
        on_machine(path, folders).mkdir(parents=True, exist_ok=True)
    for volume in job.volumes:
        _link(volume, folders)
    if job.algorithm["code_dir"]:
        source = storage.folder_of(cloud, job.algorithm["code_dir"])
        _copy(source, on_machine(_code_folder(job), folders))
    for number, stream in enumerate(job.algorithm["inputs"]):
        source = storage.folder_of(cloud, stream["remote"]["obs"]["obs_url"])
        _copy(source, on_machine(_place(stream, INPUTS, number), folders))
    for number, stream in enumerate(job.algorithm["outputs"]):
        on_machine(_place(stream, OUTPUTS, number), folders).mkdir(parents=True, exist_ok=True)


def _link(volume: dict[str, Any], folders: TaskFolders) -> None:
    """Below the home a volume is a link, for whoever goes there by a relative path."""
    path = PurePosixPath(volume["local_path"])
    if path.is_relative_to(HOME) and path != PurePosixPath(HOME):
        link = folders.home / path.relative_to(HOME)
        link.parent.mkdir(parents=True, exist_ok=True)
        os.symlink(volume["folder"], link, target_is_directory=True)


def _copy(source: Path, target: Path) -> None:
    if source.is_file():
        target.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target / source.name)
    else:
        shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)


def _code_folder(job: Job) -> str:
    """Where the code is in the container: the last folder of its path below the job's own."""
    if job.algorithm["local_code_dir"]:
        return str(job.algorithm["local_code_dir"])
    _, inner = storage.split(job.algorithm["code_dir"])
    return f"{JOB_DIR}/{PurePosixPath(inner).name}".rstrip("/")


def _place(stream: dict[str, Any], below: str, number: int) -> str:
    """Where an input or output is in the container, as in the SDK's sample."""
    return stream["local_dir"] or f"{below}/{stream['name']}_{number}"


def command(job: Job, folders: TaskFolders) -> str:
    """What the shell of a task runs, with this machine's paths.

    Parameters, inputs and outputs are appended as ``--name=value``, but those whose access method
    is ``env``.
    """
    algorithm = job.algorithm
    if algorithm["command"]:
        begin = rewritten(algorithm["command"], folders).rstrip()
    else:
        code, boot = (
            PurePosixPath(storage.split(algorithm[k])[1]) for k in ("code_dir", "boot_file")
        )
        file = on_machine(f"{_code_folder(job)}/{boot.relative_to(code)}", folders)
        begin = f"{shlex.quote(interpreter())} {shlex.quote(str(file))}"
    arguments = [
        f"--{parameter['name']}={rewritten(parameter['value'], folders)}"
        for parameter in algorithm["parameters"]
    ]
    arguments += [
        f"--{stream['name']}={on_machine(place, folders)}"
        for stream, place in _streams(job)
        if stream["access_method"] == "parameter"
    ]
    return " ".join([begin, *map(shlex.quote, arguments)])


def variables(cloud: Cloud, job: Job, identity: TaskIdentity, index: int) -> dict[str, str]:
    """The environment of the training process: the container's, the platform's, the job's own."""
    folders = identity.folders
    found = identity.training_variables(index, hosts(job), cloud.endpoint)
    own = {name: rewritten(value, folders) for name, value in job.algorithm["environments"].items()}
    found |= {name: value for name, value in own.items() if not name.startswith("MA_")}
    for stream, place in _streams(job):
        if stream["access_method"] == "env":
            found[stream["name"]] = str(on_machine(place, folders))
    # Whatever the job says of them, by these its processes are known as its own.
    return found | {k: v for k, v in identity.variables().items() if k.startswith("MODELARTS_NB_")}


def folder(job: Job, folders: TaskFolders) -> Path:
    """Where the training process starts."""
    return on_machine(job.algorithm["working_dir"] or JOB_DIR, folders)


def bring_home(cloud: Cloud, job: Job, identity: TaskIdentity) -> None:
    """Copy outputs and log to their buckets.

    Raises:
        CloudError, OSError: they cannot be copied.
    """
    folders = identity.folders
    for number, stream in enumerate(job.algorithm["outputs"]):
        source = on_machine(_place(stream, OUTPUTS, number), folders)
        if source.is_dir():
            target = storage.folder_of(cloud, stream["remote"]["obs"]["obs_url"])
            shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
    if job.log_export and folders.log.is_file():
        target = storage.folder_of(cloud, job.log_export)
        target.mkdir(parents=True, exist_ok=True)
        shutil.copy2(folders.log, target / folders.log.name)


def _streams(job: Job) -> list[tuple[dict[str, Any], str]]:
    inputs, outputs = job.algorithm["inputs"], job.algorithm["outputs"]
    return [
        *((stream, _place(stream, INPUTS, number)) for number, stream in enumerate(inputs)),
        *((stream, _place(stream, OUTPUTS, number)) for number, stream in enumerate(outputs)),
    ]
