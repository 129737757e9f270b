"""``jobs``: training jobs, what they say and what becomes of them."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from modelarts_nb.server.handlers.base import ApiHandler

# What one may filter by with one word.
_FILTERS = ("name", "user", "pool", "workspace")


class JobsHandler(ApiHandler):
    """All jobs."""

    auth_resource = "modelarts_nb:jobs"

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer with those that fit every argument, the newest first."""
        params = {
            **{name: self.text(name) for name in _FILTERS},
            "phase": self.texts("phase"),
            "limit": self.number("limit") if self.text("limit") else None,
            "offset": self.number("offset") if self.text("offset") else None,
        }
        self.finish({"jobs": await self.ask_cloud("job.list", params)})


class JobHandler(ApiHandler):
    """One job."""

    auth_resource = "modelarts_nb:jobs"

    @web.authenticated
    @authorized
    async def get(self, job: str) -> None:
        """Answer with the job of this id or name."""
        self.finish(await self.ask_cloud("job.show", {"job": job}))


class JobLogsHandler(ApiHandler):
    """What a job's tasks print."""

    auth_resource = "modelarts_nb:jobs"

    @web.authenticated
    @authorized
    async def get(self, job: str) -> None:
        """Answer with the newest lines, task by task, the oldest first."""
        params = {
            "job": job,
            "tasks": self.texts("task"),
            "all_tasks": self.flag("all"),
            "lines": self.number("lines") if self.text("lines") else None,
        }
        self.finish({"lines": await self.ask_cloud("job.logs", params)})


class JobEventsHandler(ApiHandler):
    """What the platform says about a job."""

    auth_resource = "modelarts_nb:jobs"

    @web.authenticated
    @authorized
    async def get(self, job: str) -> None:
        """Answer with its events."""
        params = {
            "job": job,
            "level": self.text("level"),
            "limit": self.number("limit") if self.text("limit") else None,
        }
        self.finish({"events": await self.ask_cloud("job.events", params)})


class JobMetricsHandler(ApiHandler):
    """What a job's tasks use."""

    auth_resource = "modelarts_nb:jobs"

    @web.authenticated
    @authorized
    async def get(self, job: str) -> None:
        """Answer with its metrics."""
        params = {"job": job, "tasks": self.texts("task")}
        self.finish({"metrics": await self.ask_cloud("job.metrics", params)})
