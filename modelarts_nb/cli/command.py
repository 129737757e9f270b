"""The shape every ``ma`` command shares: its options, its output, its errors, its exit code."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn

import click

from modelarts_nb.cli.usage import told_as_asked
from modelarts_nb.errors import Cancelled, Internal, ModelArtsNbError, UsageError

if TYPE_CHECKING:
    from modelarts_nb.cli.output import Output

Show = Callable[[Any], Any]

_WORDS = "modelarts_nb.words"
PROGRESS_STYLES = ("auto", "bar", "plain", "ndjson", "none")


class Command(click.Command):
    """A command that returns a value: shown for people, or as JSON, or as NDJSON for programs.

    Args:
        show: turns the value into what a person reads (text or something ``rich`` can print).
        exit_code: of a value that is an answer, but not the one that was hoped for.
        examples: lines for the end of the help.
    """

    def __init__(
        self,
        *args: Any,
        show: Show | None = None,
        exit_code: Callable[[Any], int] | None = None,
        examples: tuple[str, ...] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.show = show
        self.exit_code = exit_code
        self.examples = examples
        self.params += _shared_options()

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples after the options."""
        if self.examples:
            with formatter.section("Examples"):
                for line in self.examples:
                    formatter.write(f"{'':>{formatter.current_indent}}{line}\n")
        super().format_epilog(ctx, formatter)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the callback and end the process as its result says."""
        from modelarts_nb.cli.output import Output

        _apply_disk(ctx.params.pop("disk", None), ctx.params.pop("owner", None))
        output = Output(as_json=ctx.params.pop("as_json"), style=ctx.params.pop("progress_style"))
        ctx.obj = output
        previous = signal.signal(signal.SIGTERM, _cancel)
        try:
            value = super().invoke(ctx)
            output.result(value, self.show)
            if self.exit_code is not None:
                ctx.exit(self.exit_code(value))
        except ModelArtsNbError as error:
            output.error(error)
            ctx.exit(error.exit_code)
        except KeyboardInterrupt:
            output.error(Cancelled())
            ctx.exit(Cancelled.exit_code)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except BrokenPipeError:
            # `ma env list | head`: the reader has gone, which is no error.
            sys.stderr.close()
            ctx.exit(0)
        except Exception as error:
            output.error(_unexpected(error))
            ctx.exit(Internal.exit_code)
        finally:
            signal.signal(signal.SIGTERM, previous)
        return value


class Group(click.Group):
    """A group whose commands are ours and in the order they were written."""

    command_class = Command

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """Keep the words of the command line: they say how wrong usage is told."""
        words = list(args)
        with told_as_asked(words):
            ctx = super().make_context(info_name, args, parent, **extra)
        ctx.meta.setdefault(_WORDS, words)
        return ctx

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that is named; what is wrong with its words is told as they ask."""
        with told_as_asked(ctx.meta[_WORDS]):
            return super().invoke(ctx)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Help where no command is named; the magic says how to show progress even then."""
        alone = len(args) == 2 and args[0] == "--progress"
        return super().parse_args(ctx, ["--help"] if alone else args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The order of the source: what is used most comes first."""
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Suggest the nearest command for one that does not exist."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from difflib import get_close_matches

            near = get_close_matches(args[0], self.list_commands(ctx), n=1)
            if near:
                raise click.UsageError(f"{error.message} Did you mean '{near[0]}'?", ctx) from None
            raise


def current_output() -> Output:
    """Where the running command shows its progress."""
    output: Output = click.get_current_context().obj
    return output


def ask(query: str, **params: Any) -> Any:
    """The answer to an instant question."""
    from modelarts_nb.cli import patience
    from modelarts_nb.operations.verbs import QUERIES
    from modelarts_nb.operations.verbs import ask as ask_domain

    def work() -> Any:
        with patience.patience(
            patience.QUESTION, _disk_hangs(current_output()), wanted=QUERIES[query].disk
        ):
            return ask_domain(query, _given(params))

    return _with_owner(work)


def do(verb: str, **params: Any) -> Any:
    """Run an operation here, with progress, a journal and cancel; return its result."""
    from modelarts_nb.cli import patience
    from modelarts_nb.operations.run import run
    from modelarts_nb.operations.verbs import VERBS

    output = current_output()

    def work() -> Any:
        with (
            patience.patience(patience.WORK, _disk_hangs(output), wanted=VERBS[verb].disk),
            output.progress() as progress,
        ):
            return run(verb, _given(params), progress=progress)

    return _with_owner(work)


def _disk_hangs(output: Output) -> Callable[[], None]:
    """Say that the disk hangs and end here: the thread that waits for it can do neither."""

    def end() -> None:
        import os

        from modelarts_nb.errors import DiskTimeout

        output.error(
            DiskTimeout(
                "The disk does not answer.",
                hint="Wait for the storage to come back, then run the same again.",
            )
        )
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(DiskTimeout.exit_code)

    return end


def _unexpected(error: Exception) -> ModelArtsNbError:
    """A bug of ours, said in a line; with ``MODELARTS_NB_DEBUG`` set, in full."""
    import os
    import traceback

    if os.environ.get("MODELARTS_NB_DEBUG"):
        traceback.print_exception(error)
    return Internal(
        f"Something went wrong that should not ({type(error).__name__}).",
        hint="Run it again with MODELARTS_NB_DEBUG=1 and report what it prints.",
        cause=str(error),
    )


def _given(params: dict[str, Any]) -> dict[str, Any]:
    """Leave out what the user did not say, so that the function's own default holds."""
    values = {k: list(v) if isinstance(v, tuple) else v for k, v in params.items()}
    return {key: value for key, value in values.items() if value is not None and value != []}


def _with_owner(work: Callable[[], Any]) -> Any:
    """Ask once who this is, where a person is there to answer."""
    from modelarts_nb import config
    from modelarts_nb.errors import OwnerUnknown

    try:
        return work()
    except OwnerUnknown as error:
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise
        click.echo(error.message, err=True)
        config.save("PersistentDisk", "owner", click.prompt("Your name on this disk", err=True))
        return work()


def _apply_disk(disk: str | None, owner: str | None) -> None:
    import os

    if disk:
        os.environ["MODELARTS_NB_DISK"] = disk
    if owner:
        os.environ["MODELARTS_NB_OWNER"] = owner


def _cancel(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _shared_options() -> list[click.Parameter]:
    return [
        click.Option(["--json", "as_json"], is_flag=True, help="Print the result as JSON."),
        click.Option(
            ["--progress", "progress_style"],
            type=click.Choice(PROGRESS_STYLES),
            default="auto",
            help="How to show progress; 'ndjson' is for programs.",
        ),
        click.Option(["--disk"], metavar="FOLDER", help="The persistent disk to use."),
        click.Option(["--owner"], metavar="NAME", help="Whose kernels and settings."),
    ]


def confirm(yes: bool, question: str) -> None:
    """Ask before what cannot be undone. Nobody to ask, as in a notebook: it takes ``--yes``."""
    if not yes:
        need(sys.stdin.isatty(), f"{question} That cannot be undone.", "Add --yes if you mean it.")
        click.confirm(question, abort=True, err=True)


def need(condition: object, message: str, hint: str = "") -> None:
    """Raise ``UsageError`` unless ``condition`` holds."""
    if not condition:
        raise UsageError(message, hint=hint)
