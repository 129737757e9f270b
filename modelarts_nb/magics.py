"""``%ma``: the ``ma`` command in a notebook, with a progress bar, tables and completion.

One file, standard library only, Python 3.7 and newer: it runs inside other people's kernels. It
holds no logic: it starts ``ma ... --progress ndjson`` and shows what that says::

    %ma env list
    envs = %ma env list
    %ma env clone PyTorch-1.8 mine

    %%ma
    env clone PyTorch-1.8 mine
    env pack mine

    %%ma shell my-job --all-tasks
    nvidia-smi
"""

from __future__ import annotations

import contextlib
import html
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time

# Importing typing would cost more than all the other imports.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

ABOUT_TOOL = "~/.local/share/modelarts_nb/tool.json"
COMPLETION_SECONDS = 5.0
# After an interrupt: time for the command to clean up before it is killed.
CANCEL_SECONDS = 15.0
# Characters that are kept of what one task prints on stdout or stderr.
KEPT_OUTPUT = 64000000


class MaError(Exception):
    """What went wrong, as a person reads it. IPython shows it without a traceback, and the cell
    counts as failed. ``code`` is the error's name for programs, ``hint`` what to do."""

    def __init__(self, message: str, hint: str = "", cause: str = "", code: str = "error") -> None:
        super().__init__(message)
        self.message, self.hint, self.cause, self.code = message, hint, cause, code

    def _render_traceback_(self) -> list[str]:
        lines = ["\x1b[31m%s\x1b[0m" % self.message]
        if self.hint:
            lines.append(self.hint)
        if self.cause:
            lines.append("\x1b[2m%s\x1b[0m" % self.cause)
        return lines


class Table(list):  # type: ignore[type-arg]
    """A list of dicts that shows itself as a table; ``cells`` are what the command would show,
    headings first."""

    def __init__(
        self, rows: list[dict[str, Any]], text: str, cells: list[list[str]] | None = None
    ) -> None:
        super().__init__(rows)
        self.text = text
        self.cells = cells

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text("..." if cycle else self.text.rstrip("\n"))

    def _repr_html_(self) -> str:
        if self.cells:
            # As at the terminal, but for columns in which nothing is said.
            names, found = self.cells[0], self.cells[1:]
            told = [at for at in range(len(names)) if any(row[at] for row in found)]
            head = "".join(self._head(names[at].capitalize()) for at in told)
            rows = [[self._cell("", row[at]) for at in told] for row in found]
        else:
            keys = [key for key in dict.fromkeys(k for row in self for k in row) if self._told(key)]
            head = "".join(map(self._head, keys))
            rows = [[self._cell(key, row.get(key)) for key in keys] for row in self]
        body = "".join("<tr>%s</tr>" % "".join(row) for row in rows)
        return "<table><thead><tr>%s</tr></thead><tbody>%s</tbody></table>" % (head, body)

    @staticmethod
    def _head(name: str) -> str:
        return "<th scope='col'>%s</th>" % html.escape(name)

    def _told(self, key: str) -> bool:
        return any(row.get(key) not in (None, "", [], {}) for row in self)

    @staticmethod
    def _cell(key: str, value: Any) -> str:
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        style = " style='text-align: right'" if number else " style='text-align: left'"
        return "<td%s>%s</td>" % (style, html.escape(brief(key, value)))


class Record(dict):  # type: ignore[type-arg]
    """A dict that shows itself as the command does."""

    def __init__(self, value: dict[str, Any], text: str) -> None:
        super().__init__(value)
        self.text = text

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text("..." if cycle else self.text.rstrip("\n"))


class Text(str):
    """A text that shows itself without quotes."""

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text("..." if cycle else str(self).rstrip("\n"))


class TaskResult:
    """How a command ended in one task of a job, and what it printed there.

    ``exit_code`` is None where it did not end; then ``error`` says why. ``signal`` is a name, empty
    where none ended it. Of ``stdout`` and ``stderr`` the first 64 million characters are kept.
    """

    def __init__(self, value: dict[str, Any], stdout: str, stderr: str) -> None:
        self.task = str(value.get("task"))
        self.exit_code = value.get("exit_code")
        self.signal = str(value.get("signal") or "")
        self.error = str((value.get("error") or {}).get("message") or "")
        self.stdout, self.stderr = stdout, stderr

    def __repr__(self) -> str:
        if self.exit_code is None:
            return "%s: %s" % (self.task, self.error)
        named = " (SIG%s)" % self.signal if self.signal else ""
        return "%s: exit code %s%s" % (self.task, self.exit_code, named)


class ShellResult(list):  # type: ignore[type-arg]
    """A ``TaskResult`` of each task. ``exit_code``: 0 where all are, else the highest; ``stdout``
    and ``stderr``: of the only task, or of all after each other. True where all ended with 0."""

    def __init__(self, exit_code: int, tasks: list[TaskResult]) -> None:
        super().__init__(tasks)
        self.exit_code = exit_code

    def __bool__(self) -> bool:
        return self.exit_code == 0

    def __getitem__(self, key: Any) -> Any:
        if not isinstance(key, str):
            return super().__getitem__(key)
        for result in self:
            if result.task == key:
                return result
        raise KeyError(key)

    @property
    def stdout(self) -> str:
        return "".join(result.stdout for result in self)

    @property
    def stderr(self) -> str:
        return "".join(result.stderr for result in self)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text("\n".join(map(repr, self)))


def brief(key: str, value: Any) -> str:
    """A value as a person reads it in a table."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        sized = key == "size" or key.endswith(("bytes", "_size"))
        return human_bytes(value) if sized else "{:,}".format(value)
    if isinstance(value, list):
        return ", ".join(brief("", item) for item in value)
    if isinstance(value, dict):
        return str(value.get("message") or json.dumps(value, ensure_ascii=False))
    return str(value)


def human_bytes(count: float) -> str:
    """``3400000000`` as ``3.4 GB``."""
    for unit in ("B", "kB", "MB", "GB", "TB"):
        # Where rounding would make 1000 of it, and of three digits a fourth.
        if count < 999.5 or unit == "TB":
            whole = unit == "B" or count >= 99.95
            return "%.0f %s" % (count, unit) if whole else "%.1f %s" % (count, unit)
        count /= 1000
    raise AssertionError("unreachable")


def as_shown(value: Any, text: str, cells: list[list[str]] | None = None) -> Any:
    """What the magic returns: the value, with its text or a table as its look."""
    if isinstance(value, list) and value and all(isinstance(row, dict) for row in value):
        return Table(value, text, cells)
    if isinstance(value, dict):
        return Record(value, text)
    if isinstance(value, str):
        return Text(value)
    if text:
        print(text)
    return value if value else None


# --- the command --------------------------------------------------------------------------------


def find_ma() -> list[str]:
    """How ``ma`` is started: of this kernel's own environment, of the tool on the disk, on PATH.

    Raises:
        MaError: there is none.
    """
    beside = os.path.join(os.path.dirname(sys.executable or ""), "ma")
    if os.access(beside, os.X_OK):
        return [beside]
    try:
        with open(os.path.expanduser(ABOUT_TOOL), encoding="utf-8") as file:
            return [str(json.load(file)["python"]), "-I", "-m", "modelarts_nb.cli"]
    except (OSError, ValueError, KeyError, TypeError):
        pass
    found = shutil.which("ma")
    if found:
        return [found]
    raise MaError(
        "The `ma` command is not in this notebook.",
        hint="Install it once (`pip install modelarts_nb`, then `ma hook install`), "
        "or run `ma restore` in a terminal.",
        code="not_installed",
    )


def start(command: list[str], stdin: bool) -> Any:
    """Raises MaError when it cannot be started."""
    variables = dict(os.environ, PYTHONIOENCODING="utf-8", PYTHONUNBUFFERED="1", NO_COLOR="1")
    # Those of the kernel are not the tool's.
    for name in ("PYTHONHOME", "PYTHONSTARTUP"):
        variables.pop(name, None)
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=variables,
            # An interrupt of the kernel goes to its whole group; the command gets it from us.
            start_new_session=True,
        )
    except OSError as error:
        raise MaError(
            "`ma` cannot be started.",
            hint="`ma restore` in a terminal, or a restart of the notebook, brings it back.",
            cause=str(error),
            code="not_installed",
        ) from None


def with_progress(words: list[str]) -> list[str]:
    """The options that make ``ma`` speak NDJSON; what follows ``--`` is not ours."""
    at = words.index("--") if "--" in words else len(words)
    return [*words[:at], "--progress", "ndjson", *words[at:]]


def run(line: str, cell: str | None = None, bar: Any = None) -> Any:
    """Run one command and return its result.

    Args:
        line: as in a terminal, without ``ma``.
        cell: what the command reads from its standard input.
        bar: shows progress; has ``progress(event)``, ``log(text)`` and ``end(text)``.

    Raises:
        MaError: the command failed or was interrupted.
    """
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise MaError("That line cannot be read: %s." % error, code="usage") from None
    bar = bar or Quiet()
    try:
        return execute(words, cell, bar)
    except MaError as error:
        # In a cell it would be kept with the notebook: so it is asked for.
        secret = None if cell is not None else passphrase(error.code)
        if secret is None:
            raise
    return execute([*words, "--passphrase-stdin"], secret + "\n", bar)


def passphrase(why: str) -> str | None:
    """What the user types where a command ended because nobody could be asked; None: it ended for
    another reason, or nobody is here either.

    Raises:
        MaError: a new passphrase was not typed twice in the same way, or the user does not want to.
    """
    if why not in ("passphrase_needed", "new_passphrase_needed"):
        return None
    import getpass

    try:
        typed = getpass.getpass("Passphrase for the key (not your password): ")
        if why == "new_passphrase_needed" and getpass.getpass("Once more: ") != typed:
            raise MaError("The two are not the same.", hint="Nothing was done.", code="usage")
    except KeyboardInterrupt:
        raise MaError("Cancelled.", code="cancelled") from None
    except (EOFError, NotImplementedError):
        return None
    return str(typed)


def execute(words: list[str], cell: str | None, bar: Any) -> Any:
    """Run a command that was split into words. See ``run``."""
    process = start(find_ma() + with_progress(words), cell is not None)
    noise: list[bytes] = []
    reader = threading.Thread(target=lambda: noise.extend(process.stderr), daemon=True)
    reader.start()
    if cell is not None:
        feeder = threading.Thread(target=feed, args=(process.stdin, cell.encode()), daemon=True)
        feeder.start()
    heard = Heard("--all-tasks" in words)
    try:
        last = listen(process, bar, heard)
    except KeyboardInterrupt:
        last = cancel(process, bar, heard)
    finally:
        heard.end()
        process.stdout.close()
        code = process.wait()
        reader.join(1)
        process.stderr.close()
    if last.get("type") == "result":
        bar.end("")
        if words[:1] == ["shell"] and heard.is_result(last.get("value")):
            return heard.result(last["value"])
        return as_shown(last.get("value"), str(last.get("text") or ""), last.get("table"))
    bar.end("failed")
    if last.get("type") == "error":
        raise error_of(last["error"])
    said = b"".join(noise).decode("utf-8", "replace").strip()
    if code:
        raise MaError(said or "`ma` ended with exit code %d." % code, code="exit-%d" % code)
    if said:
        print(said)
    return None


def listen(process: Any, bar: Any, heard: Any) -> dict[str, Any]:
    """Follow what the command says to its end; returns its last word (empty: none)."""
    last: dict[str, Any] = {}
    for raw in process.stdout:
        try:
            event = json.loads(raw.decode("utf-8"))
        except ValueError:
            event = None
        if not isinstance(event, dict) or "type" not in event:
            # Help, and whatever else is meant for a person.
            print(raw.decode("utf-8", "replace").rstrip("\n"))
        elif event["type"] == "progress":
            bar.progress(event)
        elif event["type"] == "log":
            bar.log(str(event.get("message", "")))
        elif event["type"] == "output":
            heard.output(event)
        else:
            last = event
    return last


def cancel(process: Any, bar: Any, heard: Any) -> dict[str, Any]:
    """Ask the command to stop, wait while it cleans up, kill it if it does not."""
    bar.log("cancelling ...")
    late = threading.Timer(CANCEL_SECONDS, send, [process, signal.SIGKILL])
    late.daemon = True
    late.start()
    send(process, signal.SIGINT)
    try:
        last = listen(process, bar, heard)
    except KeyboardInterrupt:
        send(process, signal.SIGKILL)
        last = {}
    finally:
        late.cancel()
    if last.get("type") in ("result", "error"):
        return last
    return {"type": "error", "error": {"code": "cancelled", "message": "Cancelled."}}


def send(process: Any, number: int) -> None:
    """A signal to the command and all it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def feed(pipe: Any, data: bytes) -> None:
    """Write a cell; a command that does not read it is no error."""
    with contextlib.suppress(BrokenPipeError), pipe:
        pipe.write(data)


class Heard:
    """What containers print: shown as it comes, and kept for the result.

    Args:
        named: there may be several tasks: each line gets its task's name.
    """

    def __init__(self, named: bool) -> None:
        self._named = named
        self._kept: dict[tuple[str, str], list[str]] = {}
        self._sizes: dict[tuple[str, str], int] = {}
        self._rest: dict[tuple[str, str], str] = {}

    def output(self, event: dict[str, Any]) -> None:
        """One more piece."""
        key, text = (str(event.get("task")), str(event.get("stream"))), str(event.get("text"))
        left = KEPT_OUTPUT - self._sizes.get(key, 0)
        if left > 0:
            self._kept.setdefault(key, []).append(text[:left])
            self._sizes[key] = self._sizes.get(key, 0) + len(text)
        if not self._named:
            self._show(key, text)
            return
        whole, newline, self._rest[key] = (self._rest.get(key, "") + text).rpartition("\n")
        if newline:
            lines = ["%s | %s\n" % (key[0], line) for line in whole.split("\n")]
            self._show(key, "".join(lines))

    def end(self) -> None:
        """Show lines that had no end."""
        for key, text in self._rest.items():
            if text:
                self._show(key, "%s | %s\n" % (key[0], text))
        self._rest = {}

    def is_result(self, value: Any) -> bool:
        """Is it how commands ended?"""
        return isinstance(value, dict) and "exit_code" in value and "tasks" in value

    def result(self, value: dict[str, Any]) -> ShellResult:
        """How they ended, with what they printed."""
        tasks = []
        for task in value["tasks"]:
            said = ["".join(self._kept.get((task["task"], s), [])) for s in ("stdout", "stderr")]
            tasks.append(TaskResult(task, said[0], said[1]))
        return ShellResult(int(value["exit_code"]), tasks)

    def _show(self, key: tuple[str, str], text: str) -> None:
        (sys.stderr if key[1] == "stderr" else sys.stdout).write(text)


def error_of(value: dict[str, Any]) -> MaError:
    """The error that the command reported."""
    text = {key: str(value.get(key) or "") for key in ("message", "hint", "cause", "code")}
    return MaError(text["message"] or "It failed.", text["hint"], text["cause"], text["code"])


# --- progress -----------------------------------------------------------------------------------


class Quiet:
    """No progress."""

    def progress(self, event: dict[str, Any]) -> None:
        """One more event of the command."""

    def log(self, text: str) -> None:
        """One line of its log."""

    def end(self, text: str) -> None:
        """It has ended; a text says how, where that is not well."""


class Bar(Quiet):
    """A bar that is drawn over and over, by ``draw(text, fraction)``."""

    def __init__(self, draw: Callable[[str, float | None], None]) -> None:
        self._draw = draw
        self._shown = False
        self._began = time.monotonic()

    def progress(self, event: dict[str, Any]) -> None:
        """One more event of the command."""
        self._shown = True
        self._draw(sentence(event), fraction(event))

    def log(self, text: str) -> None:
        """One line of its log."""
        self._shown = True
        self._draw(text, None)

    def end(self, text: str) -> None:
        """It has ended; a text says how, where that is not well."""
        if self._shown:
            self._draw(text or "done in %.1f s" % (time.monotonic() - self._began), 1.0)


def fraction(event: dict[str, Any]) -> float | None:
    """How much of the phase is done, 0 to 1; None: nobody knows."""
    for unit in ("bytes", "files"):
        total = (event.get("total") or {}).get(unit)
        if total:
            return float(min((event.get("done") or {}).get(unit, 0) / total, 1.0))
    return None


def sentence(event: dict[str, Any]) -> str:
    """``copying 62 % · 24,310 of 41,268 files · 118 MB/s · 14 s left``."""
    done, total = event.get("done") or {}, event.get("total") or {}
    share = fraction(event)
    parts = [str(event.get("phase") or "")]
    if share is not None:
        parts[0] += " %d %%" % (share * 100)
    if done.get("files"):
        of = " of {:,}".format(total["files"]) if total.get("files") else ""
        parts.append("{:,}{} files".format(done["files"], of))
    rate = (event.get("rate") or {}).get("bytes")
    if rate:
        parts.append(human_bytes(rate) + "/s")
    left = event.get("seconds_left")
    if left is not None:
        parts.append("%d s left" % left if left < 90 else "%d min left" % round(left / 60))
    return " · ".join(parts)


def notebook_bar() -> Bar:
    """A bar in the cell's output, updated in place; in one line of text where there is no HTML."""
    from IPython import display

    show: Any = display.display

    handle: list[Any] = []

    def draw(text: str, share: float | None) -> None:
        value = "" if share is None else " value='%.3f'" % share
        markup = (
            "<div role='status'><progress max='1'%s aria-label='%s' style='width: 16em'></progress>"
            " <span style='font-variant-numeric: tabular-nums'>%s</span></div>"
        ) % (value, html.escape(text, quote=True), html.escape(text))
        bundle = {"text/html": markup, "text/plain": text}
        if handle:
            handle[0].update(bundle, raw=True)
        else:
            handle.append(show(bundle, raw=True, display_id=True))

    return Bar(draw)


def terminal_bar() -> Bar:
    """A line of text, drawn over."""

    def draw(text: str, share: float | None) -> None:
        sys.stderr.write("\r\x1b[K" + text + ("\n" if share == 1.0 else ""))
        sys.stderr.flush()

    return Bar(draw)


def bar_for(shell: Any) -> Quiet:
    """Progress as this shell can show it."""
    if type(shell).__name__ == "ZMQInteractiveShell":
        return notebook_bar()
    return terminal_bar() if sys.stderr.isatty() else Quiet()


# --- IPython ------------------------------------------------------------------------------------


def complete(event: Any) -> list[str]:
    """What can follow in ``%ma env cl``; nothing when ``ma`` does not answer soon."""
    text = event.text_until_cursor.split("%ma", 1)[-1]
    words = text.split()
    if not words or text[-1:].isspace():
        words.append("")
    try:
        done = subprocess.run(
            [*find_ma(), "--complete", *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=COMPLETION_SECONDS,
            check=False,
        )
    except (OSError, MaError, subprocess.SubprocessError):
        return []
    return [word for word in done.stdout.decode("utf-8", "replace").splitlines() if word]


def load(shell: Any) -> None:
    """Register ``%ma`` and ``%%ma`` with an IPython shell."""

    def ma(line: str, cell: str | None = None) -> Any:
        """Environments that survive a restart: ``%ma --help``.

        ``%%ma`` alone runs each line of the cell as a command; ``%%ma COMMAND`` gives the cell to
        the command as its input.
        """
        if cell is None or line.strip():
            return run(line, cell, bar_for(shell))
        result = None
        for text in cell.splitlines():
            if text.strip() and not text.lstrip().startswith("#"):
                result = run(text, None, bar_for(shell))
        return result

    shell.register_magic_function(ma, "line_cell", "ma")
    shell.set_hook("complete_command", lambda _, event: complete(event), str_key="%ma")
