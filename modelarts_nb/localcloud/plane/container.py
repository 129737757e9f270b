"""One notebook's life: start (wipe, ``pre_start``), run (``post_start``), stop."""

from __future__ import annotations

import os

from modelarts_nb.localcloud.plane.errors import PlaneError, StartFailed
from modelarts_nb.localcloud.plane.hooks import Hook, HookRun, HookRunner
from modelarts_nb.localcloud.plane.identity import Identity
from modelarts_nb.localcloud.plane.processes import end_processes

HOOK_LIMIT = 600.0
GRACE = 2.0


class Container:
    """What runs where a notebook is.

    Args:
        identity: whose container.
        hook_limit: seconds that a BLOCK hook may take.
        grace: seconds between the polite and the final signal of a stop.
    """

    def __init__(
        self, identity: Identity, *, hook_limit: float = HOOK_LIMIT, grace: float = GRACE
    ) -> None:
        self.identity = identity
        self._hooks = HookRunner(identity, limit=hook_limit)
        self._grace = grace

    def start(self, pre_start: Hook | None = None) -> None:
        """A fresh home, then the hook. Returns when the notebook counts as running.

        Raises:
            StartFailed: the folders are not safe to empty, or a BLOCK hook failed.
        """
        folders = self.identity.folders
        try:
            folders.create()
            if not folders.disk.is_dir():
                raise StartFailed("The persistent disk is not there.")
            # What an earlier life left running would write into the fresh home.
            end_processes(self.identity.marker, grace=0)
            folders.wipe()
            self._link_disk()
        except StartFailed:
            raise
        except (PlaneError, OSError) as error:
            raise StartFailed(f"The notebook's folders cannot be made ready: {error}") from error
        run = self._hooks.run("pre_start", pre_start) if pre_start else None
        if run is not None and pre_start is not None and pre_start.mode == "BLOCK" and not run.ok:
            self.stop()
            raise StartFailed(f"The pre_start hook failed: {_what(run)}")

    def started(self, post_start: Hook | None = None) -> HookRun | None:
        """The notebook runs: the second hook. Its failure changes nothing."""
        return self._hooks.run("post_start", post_start) if post_start else None

    def stop(self) -> None:
        """End every process; no file is touched.

        Raises:
            PlaneError: a process cannot be killed.
        """
        end_processes(self.identity.marker, grace=self._grace)

    def remove(self) -> None:
        """Stop, then delete the notebook's folders; a shared disk stays.

        Raises:
            PlaneError, OSError: as ``stop`` and ``Folders.remove``.
        """
        self.stop()
        self.identity.folders.remove()

    def _link_disk(self) -> None:
        folders = self.identity.folders
        os.symlink(folders.disk, folders.home / "work", target_is_directory=True)


def _what(run: HookRun) -> str:
    return run.problem or f"exit code {run.exit_code}."
