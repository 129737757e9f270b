"""What a command prints: for a person, as JSON, or line by line for a program (``ndjson``)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from modelarts_nb import wire
from modelarts_nb.errors import ModelArtsNbError
from modelarts_nb.progress import SILENT, Progress

_PIPE_COLUMNS = 200


class Output:
    """Results go to stdout; progress, log and errors to stderr, so that pipes stay clean.

    With ``style="ndjson"`` everything goes to stdout, one JSON object a line, of type
    ``progress``, ``log``, ``result`` or ``error``. A result has its ``value``, the ``text`` that a
    person would read, and its cells where that is a ``table``.
    """

    def __init__(self, *, as_json: bool, style: str) -> None:
        self.as_json = as_json
        self.style = _choose(style) if style == "auto" else style

    @contextmanager
    def progress(self) -> Iterator[Progress]:
        """Progress of one operation in the chosen style."""
        if self.style == "none":
            yield SILENT
        elif self.style == "ndjson":
            from modelarts_nb.cli.streams import NdjsonProgress

            yield NdjsonProgress()
        elif self.style == "plain":
            from modelarts_nb.cli.streams import PlainProgress

            yield PlainProgress()
        else:
            from modelarts_nb.cli.bars import bar_progress

            with bar_progress() as bar:
                yield bar

    def result(self, value: Any, show: Callable[[Any], Any] | None) -> None:
        """Print what the command returned."""
        if self.style == "ndjson":
            shown = show(value) if show and value is not None else ""
            event = {"type": "result", "value": wire.to_wire(value), "text": _plain_text(shown)}
            _line({**event, "table": _cells(shown)})
        elif self.as_json:
            print(wire.dumps(value, indent=2))
        elif value is not None:
            _print_human(show(value) if show else value)

    def error(self, error: ModelArtsNbError) -> None:
        """Print what went wrong and what to do; never a traceback."""
        if self.style == "ndjson":
            _line({"type": "error", "error": error.to_dict()})
        elif self.as_json:
            print(wire.dumps({"error": error.to_dict()}, indent=2))
        else:
            _print_error(error)


def _choose(style: str) -> str:
    return "bar" if style == "auto" and sys.stderr.isatty() else "plain"


def _line(value: dict[str, Any]) -> None:
    sys.stdout.write(wire.dumps(value) + "\n")
    sys.stdout.flush()


def _print_human(shown: Any) -> None:
    if isinstance(shown, str):
        print(shown, end="" if shown.endswith("\n") else "\n")
        return
    from rich.console import Console

    # In a pipe nothing is as wide as it is: a table that wraps is hard to cut and grep.
    width = None if sys.stdout.isatty() else _PIPE_COLUMNS
    Console(highlight=False, width=width).print(shown)


def _plain_text(shown: Any) -> str:
    if isinstance(shown, str):
        return shown
    from io import StringIO

    from rich.console import Console

    console = Console(file=StringIO(), width=120, highlight=False, no_color=True)
    console.print(shown)
    return str(console.file.getvalue())  # type: ignore[attr-defined]


def _cells(shown: Any) -> list[list[str]] | None:
    """The headings and the rows of a table, for who draws tables differently; None: it is none."""
    if isinstance(shown, str):
        return None
    from rich.table import Table

    if not isinstance(shown, Table):
        return None
    columns = [[str(column.header), *map(str, column.cells)] for column in shown.columns]
    return [list(row) for row in zip(*columns, strict=True)]


def _print_error(error: ModelArtsNbError) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(stderr=True, highlight=False, soft_wrap=True)
    console.print(Text.assemble(("Error: ", "bold red"), error.message))
    if error.hint:
        console.print(Text(error.hint))
    if error.cause:
        console.print(Text(error.cause, style="dim"))
