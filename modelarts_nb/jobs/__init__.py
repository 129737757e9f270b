"""Training jobs: list, show, logs, events, metrics, submit, stop."""

from modelarts_nb.jobs.listing import find_task, list_jobs, show
from modelarts_nb.jobs.logs import Line, follow, read_logs
from modelarts_nb.jobs.model import ENDED, PHASES, RUNNING, Job, Pool, Task, Volume
from modelarts_nb.jobs.records import Event, Metric, list_events, read_metrics
from modelarts_nb.jobs.stopping import stop
from modelarts_nb.jobs.submitting import Submitted, submit

__all__ = [
    "ENDED",
    "PHASES",
    "RUNNING",
    "Event",
    "Job",
    "Line",
    "Metric",
    "Pool",
    "Submitted",
    "Task",
    "Volume",
    "find_task",
    "follow",
    "list_events",
    "list_jobs",
    "read_logs",
    "read_metrics",
    "show",
    "stop",
    "submit",
]
