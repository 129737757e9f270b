"""Lines for a container's shell (POSIX sh)."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from modelarts_nb.errors import UsageError

# One argument of a program may have so many bytes (MAX_ARG_STRLEN of Linux, less what is around).
SCRIPT_LIMIT = 120_000
# The container's own shell where it says which, as a login would.
_SHELL = '"${SHELL:-/bin/sh}"'
# The script is read as a whole first, so that what it runs does not eat the rest of it; by its
# length, since not every transport can say that input has ended.
_READ = 'script=$(head -c %d; echo .) && exec %s -c "${script%%.}" </dev/null'


def line_of(words: Sequence[str]) -> str | None:
    """What the words after ``--`` say: one is a line of shell, several are a program and its
    arguments, word for word. None: there are none.

    Raises:
        UsageError: a word that no command line can hold.
    """
    if any("\0" in word for word in words):
        raise UsageError("A command cannot hold a NUL.")
    if len(words) == 1 and not words[0].strip():
        raise UsageError("The command is empty.", hint="Without `--` a shell is opened.")
    return None if not words else words[0] if len(words) == 1 else shlex.join(words)


def script_line(script: bytes) -> str:
    """The line that runs a script given as its input.

    Raises:
        UsageError: it is empty or too long.
    """
    if not script.strip():
        raise UsageError("There is nothing to run.", hint="Write the commands into the cell.")
    if len(script) > SCRIPT_LIMIT or b"\0" in script:
        raise UsageError(
            f"A script may have {SCRIPT_LIMIT:,} bytes and no NUL; this one has {len(script):,}.",
            hint="Copy it there and run it: `ma shell cp FILE JOB:FILE`.",
        )
    return _READ % (len(script), _SHELL)
