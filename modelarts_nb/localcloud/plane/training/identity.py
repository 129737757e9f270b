"""Where a task lives and what its processes are told.

A shell session gets the container's plain environment. What the platform and the user add for the
training process (``MA_*``, ``VC_*``, the job's own variables) only that process has, as in the
cloud: it is to be read from ``/proc/<pid>/environ`` (facts 3.1).
"""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from modelarts_nb.localcloud.plane.folders import Folders
from modelarts_nb.localcloud.plane.identity import SEARCH_PATH, Identity

HOME = "/home/ma-user"
JOB_DIR = f"{HOME}/modelarts/user-job-dir"
INPUTS = f"{HOME}/modelarts/inputs"
OUTPUTS = f"{HOME}/modelarts/outputs"


@dataclass(frozen=True)
class TaskFolders(Folders):
    """The folders of one task, below ``<state>/jobs``; ``notebook`` is ``<job id>-<task>``.

    Args:
        volumes: paths in the container and the folders that are mounted there.
    """

    KIND: ClassVar[str] = "jobs"
    volumes: tuple[tuple[str, Path], ...] = ()

    def places(self) -> dict[str, Path]:
        """See the base: the home and the volumes, the longest path first."""
        found = {HOME: self.home, **dict(self.volumes)}
        return {path: found[path] for path in sorted(found, key=len, reverse=True)}

    @property
    def log(self) -> Path:
        """What the training process says, named as the cloud names it."""
        job, _, task = self.notebook.rpartition("-worker-")
        return self.logs / f"modelarts-job-{job}-worker-{task}.log"


@dataclass(frozen=True)
class TaskIdentity(Identity):
    """Who a task is; ``pod`` is its name in the cluster and its ``HOSTNAME``."""

    folders: TaskFolders
    pod: str = ""

    def variables(self) -> dict[str, str]:
        """The container's plain environment: what a shell session has."""
        return {**self.plain(), "HOSTNAME": self.pod}

    def training_variables(self, index: int, hosts: tuple[str, ...], api: str) -> dict[str, str]:
        """What the platform adds for the training process (facts 4.3).

        Args:
            index: of the task.
            hosts: the pods of all tasks, in order.
            api: the endpoint of the cloud.
        """
        home = self.folders.home
        return {
            **self.variables(),
            "MA_HOME": str(home),
            "MA_MOUNT_PATH": str(home / "modelarts"),
            "MA_JOB_DIR": str(home / "modelarts" / "user-job-dir"),
            "MA_LOG_DIR": str(self.folders.logs),
            "MA_SCRIPT_INTERPRETER": interpreter(),
            "MA_CURRENT_IP": "127.0.0.1",
            "MA_NUM_GPUS": "0",
            "MA_NUM_HOSTS": str(len(hosts)),
            "MA_TASK_NAME": "worker",
            "MA_APIGW_ENDPOINT": api,
            "VC_TASK_INDEX": str(index),
            "VC_WORKER_NUM": str(len(hosts)),
            "VC_WORKER_HOSTS": ",".join(hosts),
        }


def interpreter() -> str:
    """The Python that runs boot files: the machine's, else the one that runs this."""
    return shutil.which("python3", path=SEARCH_PATH) or sys.executable
