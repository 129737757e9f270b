"""Notebook instances: list, show, start, stop, keep alive, and the restart hook's registration."""

from modelarts_nb.notebook.hook import HookRegistration, hook_status, register, unregister
from modelarts_nb.notebook.lease import keep_alive, lease
from modelarts_nb.notebook.life import start, stop
from modelarts_nb.notebook.listing import list_notebooks, show
from modelarts_nb.notebook.model import Lease, Notebook

__all__ = [
    "HookRegistration",
    "Lease",
    "Notebook",
    "hook_status",
    "keep_alive",
    "lease",
    "list_notebooks",
    "register",
    "show",
    "start",
    "stop",
    "unregister",
]
