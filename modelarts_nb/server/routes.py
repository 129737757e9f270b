"""Which handler answers which path."""

from __future__ import annotations

from jupyter_server.base.handlers import JupyterHandler

from modelarts_nb.server.handlers import (
    archives,
    bin,
    cloud,
    environments,
    hook,
    jobs,
    keep,
    notebooks,
    openapi,
    operations,
    sealed,
    shares,
    shells,
    ssh,
    status,
    storages,
)
from modelarts_nb.server.handlers.base import BASE


def routes() -> list[tuple[str, type[JupyterHandler]]]:
    """Path patterns and their handlers."""
    one = r"([^/]+)"
    return [
        (BASE + r"/status", status.StatusHandler),
        (BASE + r"/environments", environments.EnvironmentsHandler),
        (BASE + rf"/environments/{one}", environments.EnvironmentHandler),
        (BASE + rf"/environments/{one}/packages", environments.PackagesHandler),
        (BASE + rf"/environments/{one}/export", environments.ExportHandler),
        (BASE + rf"/environments/{one}/check", environments.CheckHandler),
        (BASE + rf"/environments/{one}/preflight", environments.PreflightHandler),
        (BASE + rf"/environments/{one}/versions", sealed.VersionsHandler),
        (BASE + rf"/environments/{one}/diff", sealed.DiffHandler),
        (BASE + r"/sources", sealed.SourcesHandler),
        (BASE + r"/suggest-name", environments.SuggestNameHandler),
        (BASE + r"/archives", archives.ArchivesHandler),
        (BASE + r"/bin", bin.BinHandler),
        (BASE + r"/keep", keep.KeepHandler),
        (BASE + r"/operations", operations.OperationsHandler),
        (BASE + rf"/operations/{one}", operations.OperationHandler),
        (BASE + rf"/operations/{one}/log", operations.LogHandler),
        (BASE + r"/openapi", openapi.OpenApiHandler),
        (BASE + r"/cloud", cloud.CloudHandler),
        (BASE + r"/notebooks", notebooks.NotebooksHandler),
        (BASE + rf"/notebooks/{one}", notebooks.NotebookHandler),
        (BASE + rf"/notebooks/{one}/lease", notebooks.LeaseHandler),
        (BASE + r"/storages", storages.StoragesHandler),
        (BASE + r"/storages/show", storages.StorageHandler),
        (BASE + r"/shares", shares.SharesHandler),
        (BASE + rf"/shares/{one}/folders", shares.FoldersHandler),
        (BASE + r"/ssh", ssh.SshHandler),
        (BASE + r"/ssh/check", ssh.SshCheckHandler),
        (BASE + r"/ssh/keys", ssh.KeysHandler),
        (BASE + rf"/ssh/keys/{one}/keep", ssh.KeepKeyHandler),
        (BASE + r"/ssh/unlock", ssh.UnlockHandler),
        (BASE + r"/ssh/lock", ssh.LockHandler),
        (BASE + r"/hook", hook.HookHandler),
        (BASE + r"/jobs", jobs.JobsHandler),
        (BASE + rf"/jobs/{one}", jobs.JobHandler),
        (BASE + rf"/jobs/{one}/logs", jobs.JobLogsHandler),
        (BASE + rf"/jobs/{one}/events", jobs.JobEventsHandler),
        (BASE + rf"/jobs/{one}/metrics", jobs.JobMetricsHandler),
        (BASE + r"/shells", shells.ShellsHandler),
        (BASE + rf"/shells/{one}", shells.ShellHandler),
        (BASE + rf"/shells/{one}/channel", shells.ChannelHandler),
    ]
