"""What a process of a notebook is told about where it runs."""

from __future__ import annotations

from dataclasses import dataclass, field

from modelarts_nb.localcloud.plane.folders import Folders

MARKER_VARIABLE = "MODELARTS_NB_LOCAL_NOTEBOOK"
USER = "ma-user"
SEARCH_PATH = "/usr/local/bin:/usr/bin:/bin"


@dataclass(frozen=True)
class Identity:
    """Who a notebook is.

    Args:
        folders: where it lives.
        project: the project's id, ``PROJECT_ID`` in its processes.
        extra: more variables, as the service has them (endpoint of the local cloud, region).
    """

    folders: Folders
    project: str
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def marker(self) -> str:
        """The value of the variable by which processes of this notebook are recognised."""
        return f"{self.folders.cloud}/{self.folders.notebook}"

    def variables(self) -> dict[str, str]:
        """A clean environment: nothing of the local cloud's own gets in.

        ``PROJECT_ID`` and ``INSTANCE_ID`` are the two that a real notebook is known to have.
        """
        return {
            **self.plain(),
            "PROJECT_ID": self.project,
            "INSTANCE_ID": self.folders.notebook,
            "MODELARTS_NB_DISK": str(self.folders.disk),
            "MODELARTS_NB_DATA": str(self.folders.data),
        }

    def plain(self) -> dict[str, str]:
        """What a process of any container is told: its user, its home, its mark."""
        return {
            **self.extra,
            "HOME": str(self.folders.home),
            "USER": USER,
            "LOGNAME": USER,
            "SHELL": "/bin/sh",
            "PATH": SEARCH_PATH,
            "LANG": "C.UTF-8",
            "TMPDIR": str(self.folders.tmp),
            MARKER_VARIABLE: self.marker,
        }
