"""What the Jupyter server loads: routes, the worker's client, the watcher of operations."""

from __future__ import annotations

import asyncio
import os
from typing import Any, Optional

from jupyter_server.extension.application import ExtensionApp
from tornado.ioloop import IOLoop
from traitlets import Bool, Float, Integer

from modelarts_nb.server.problem import Problem
from modelarts_nb.server.routes import routes
from modelarts_nb.server.shells import Shells
from modelarts_nb.server.tool import shell_command, worker_command
from modelarts_nb.server.watcher import Watcher
from modelarts_nb.server.worker import Worker


class ModelArtsNb(ExtensionApp):
    """Environments that survive a restart, for the panel."""

    name = "modelarts_nb"

    read_timeout = Float(20.0, help="Seconds that the disk has to answer.").tag(config=True)
    restore_at_start = Bool(
        True, help="Bring kernels and settings back when no hook has done so in this home."
    ).tag(config=True)
    check_timeout = Float(60.0, help="Seconds for what reads a whole environment.").tag(config=True)
    cloud_timeout = Float(30.0, help="Seconds that the cloud has to answer.").tag(config=True)

    max_shells = Integer(20, help="Shells that may be open at a time.").tag(config=True)
    shell_grace = Float(
        90.0, help="Seconds that a shell waits for its tab, as while the page is loaded again."
    ).tag(config=True)

    def initialize_settings(self) -> None:
        """Make what the handlers use. Nothing is started before it is needed."""
        app: Any = self.serverapp
        folder = os.path.expanduser(app.root_dir)
        self._worker = Worker(lambda: worker_command(folder), self.log)
        self._watcher = Watcher(self._worker, app.event_logger, self.read_timeout, self.log)
        self._watcher.register()
        self._shells = Shells(
            shell_command, most=self.max_shells, grace=self.shell_grace, log=self.log
        )
        self.settings.update(
            modelarts_nb_worker=self._worker,
            modelarts_nb_watcher=self._watcher,
            modelarts_nb_shells=self._shells,
            modelarts_nb_timeouts={
                "read": self.read_timeout,
                "check": self.check_timeout,
                "cloud": self.cloud_timeout,
            },
        )

        self._restoring: Optional[asyncio.Task[None]] = None
        if self.restore_at_start:
            IOLoop.current().add_callback(self._restore)

    def _restore(self) -> None:
        self._restoring = asyncio.ensure_future(self._restore_once())

    async def _restore_once(self) -> None:
        try:
            if await self._worker.call("restore.once", {}, timeout=self.check_timeout):
                self.log.info("modelarts_nb: kernels and settings are back")
        except Problem as problem:
            self.log.info("modelarts_nb: nothing restored: %s", problem.message)

    def initialize_handlers(self) -> None:
        """Say which path is whose."""
        self.handlers.extend(routes())

    async def stop_extension(self) -> None:
        """End what runs in or under the server; operations go on."""
        if self._restoring is not None:
            self._restoring.cancel()
            await asyncio.gather(self._restoring, return_exceptions=True)
        await self._shells.stop()
        await self._watcher.stop()
        await self._worker.stop()
