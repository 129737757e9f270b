"""Wrong usage, which click finds before a command runs, told in the way that was asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import IO, Any

import click

from modelarts_nb.errors import UsageError


@contextmanager
def told_as_asked(words: Sequence[str]) -> Iterator[None]:
    """Tell wrong usage as JSON where the words ask for it; else as click does.

    Args:
        words: all of the command line.
    """
    try:
        yield
    except click.UsageError as error:
        options = words[: words.index("--")] if "--" in words else words
        as_json = "--json" in options
        if not as_json and not _ndjson(options):
            raise
        raise _Told(
            error, as_json=as_json, style="ndjson" if _ndjson(options) else "none"
        ) from error


class _Told(click.ClickException):
    """Wrong usage as an error of ours."""

    exit_code = UsageError.exit_code

    def __init__(self, error: click.UsageError, **output: Any) -> None:
        super().__init__(error.format_message())
        self._hint = f"`{error.ctx.command_path} --help` explains it." if error.ctx else ""
        self._output = output

    def show(self, file: IO[Any] | None = None) -> None:
        """Print it."""
        from modelarts_nb.cli.output import Output

        Output(**self._output).error(UsageError(self.message, hint=self._hint))


def _ndjson(options: Sequence[str]) -> bool:
    pairs = pairwise(options)
    return "--progress=ndjson" in options or ("--progress", "ndjson") in pairs
