"""Shells in the containers of running jobs: a terminal, a command, a copy.

Everything that needs asyncssh or websockets is imported when it is used.
"""

from modelarts_nb.shell.session import Chunk, Exit, Request, Session, Size, Terminal, Transport
from modelarts_nb.shell.target import Target

__all__ = [
    "Chunk",
    "Exit",
    "Request",
    "Session",
    "Size",
    "Target",
    "Terminal",
    "Transport",
]
