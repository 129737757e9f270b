"""Completion: for shells through click, for the magic through ``ma --complete WORDS``."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem, ShellComplete

SHELLS = ("bash", "zsh", "fish")
_TAB_SECONDS = 3.0


def candidates(words: list[str]) -> list[str]:
    """What can follow: the last word is the one being typed (may be empty)."""
    from modelarts_nb.cli.tree import ma

    *args, incomplete = words or [""]
    complete = ShellComplete(ma, {}, "ma", "_MA_COMPLETE")
    return [item.value for item in complete.get_completions(args, incomplete)]


def script(shell: str) -> str:
    """The text to put into a shell's start-up file."""
    from click.shell_completion import get_completion_class

    from modelarts_nb.cli.tree import ma

    kind = get_completion_class(shell)
    assert kind is not None
    return kind(ma, {}, "ma", "_MA_COMPLETE").source()


def _names_in(folder: Callable[[], Path]) -> list[str]:
    try:
        return sorted(os.listdir(folder()))
    except OSError:
        return []


def environment_names(
    _ctx: click.Context, _param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Environments on the disk; a listing of two folders, so that Tab stays quick."""
    from modelarts_nb.disk.persistent import open_disk
    from modelarts_nb.errors import ModelArtsNbError

    try:
        disk = open_disk()
    except ModelArtsNbError:
        return []
    names = dict.fromkeys([*_names_in(lambda: disk.envs), *_names_in(lambda: disk.sealed)])
    return _beginning(sorted(names, key=str.lower), incomplete)


def sealed_names(
    _ctx: click.Context, _param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Environments that have versions."""
    from modelarts_nb.disk.persistent import open_disk
    from modelarts_nb.errors import ModelArtsNbError

    try:
        return _beginning(_names_in(lambda: open_disk().sealed), incomplete)
    except ModelArtsNbError:
        return []


def version_numbers(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """The versions of the environment that was named before, the newest first."""
    from modelarts_nb.disk.persistent import open_disk
    from modelarts_nb.envs.sealed.versions import numbers
    from modelarts_nb.errors import ModelArtsNbError

    # While an option has no value yet, click leaves arguments where they are.
    name = ctx.params.get("name") or next(iter(ctx.args), None)
    if not isinstance(name, str) or "/" in name:
        return []
    try:
        found = [str(number) for number in reversed(numbers(open_disk(), name))]
    except ModelArtsNbError:
        return []
    copies = ["unsaved"] if param.name in ("a", "b") else []
    return _beginning([*found, *copies], incomplete)


def source_labels(
    _ctx: click.Context, _param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """What sources are called."""
    return _answers("env.sources", lambda s: str(s.name), incomplete)


def _beginning(names: list[str], incomplete: str) -> list[CompletionItem]:
    plain = [name for name in names if not name.startswith(".")]
    return [CompletionItem(n) for n in plain if n.lower().startswith(incomplete.lower())]


def source_names(
    _ctx: click.Context, _param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Every environment that can be cloned, else a folder."""
    from modelarts_nb.errors import ModelArtsNbError
    from modelarts_nb.operations.verbs import ask

    if "/" in incomplete:
        return [CompletionItem(incomplete, type="dir")]
    try:
        found: list[Any] = ask("env.list", {})
    except ModelArtsNbError:
        return []
    return [CompletionItem(e.name) for e in found if e.name.lower().startswith(incomplete.lower())]


def _answers(query: str, value: Callable[[Any], str], incomplete: str) -> list[CompletionItem]:
    """What a query says, as completions; whatever is wrong, Tab says nothing."""
    from modelarts_nb.errors import ModelArtsNbError
    from modelarts_nb.operations.verbs import ask

    try:
        found = [value(item) for item in ask(query, {})]
    except (ModelArtsNbError, OSError):
        return []
    names = dict.fromkeys(name for name in found if name.lower().startswith(incomplete.lower()))
    return [CompletionItem(name) for name in names if name]


def bin_entries(
    _ctx: click.Context, _param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """What the bin holds: names, and its entries once a stamp is begun."""
    begun = incomplete[:1].isdigit()
    return _answers("bin.list", lambda r: str(r.entry if begun else r.name), incomplete)


def archive_files(
    _ctx: click.Context, _param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Archives on the disk."""
    return _answers("archive.list", lambda a: str(a.path.name), incomplete)


def operation_ids(
    _ctx: click.Context, _param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Operations, running and ended."""
    return _answers("operation.list", lambda o: str(o.id), incomplete)


def running_ids(
    _ctx: click.Context, _param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Operations that can be cancelled."""
    return _answers(
        "operation.list", lambda o: str(o.id) if o.state == "running" else "", incomplete
    )


def notebook_names(
    _ctx: click.Context, _param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Notebooks of the cloud."""
    return _soon(lambda: _answers("notebook.list", lambda n: str(n.name), incomplete))


def notebook_statuses(
    _ctx: click.Context, _param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """The states a notebook can be in."""
    from modelarts_nb.notebook.model import STATUSES

    names = [s.lower() if incomplete.islower() or not incomplete else s for s in STATUSES]
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


def storage_sources(
    _ctx: click.Context, _param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """How what can be mounted begins: OBS, or one of the project's shares."""
    found = [CompletionItem("obs://")] if "obs://".startswith(incomplete) else []
    return [*found, *_soon(lambda: _answers("storage.shares", lambda s: f"{s.name}:/", incomplete))]


def storage_paths(
    _ctx: click.Context, _param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """What is mounted in this notebook."""
    return _soon(lambda: _answers("storage.list", lambda s: str(s.path.rstrip("/")), incomplete))


def key_pair_names(
    _ctx: click.Context, _param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Key pairs that the user may use."""
    return _soon(lambda: _answers("ssh.keys", lambda p: str(p.name), incomplete))


def job_names(
    _ctx: click.Context, _param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Training jobs, the newest first."""
    return _soon(lambda: _answers("job.list", lambda j: str(j.name), incomplete))


def job_phases(
    _ctx: click.Context, _param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """The phases of a job."""
    from modelarts_nb.jobs.model import PHASES

    return [CompletionItem(p) for p in PHASES if p.lower().startswith(incomplete.lower())]


def job_tasks(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The tasks of the job that was named before."""
    # While the option has no value yet, click leaves arguments where they are.
    job = ctx.params.get("job") or next(iter(ctx.args), None)
    if not job:
        return [CompletionItem("worker-0")]
    return _soon(lambda: _tasks(str(job), incomplete))


def _tasks(job: str, incomplete: str) -> list[CompletionItem]:
    from modelarts_nb.errors import ModelArtsNbError
    from modelarts_nb.operations.verbs import ask

    try:
        tasks = ask("job.show", {"job": job}).tasks
    except (ModelArtsNbError, OSError):
        return []
    return [CompletionItem(t.name) for t in tasks if t.name.startswith(incomplete)]


def pool_names(
    _ctx: click.Context, _param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Dedicated pools in which there are jobs: the pools themselves are not asked for."""
    return _soon(lambda: _answers("job.list", lambda j: j.pool.name if j.pool else "", incomplete))


def share_names(
    _ctx: click.Context, _param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """SFS Turbo file systems of the project."""
    return _soon(lambda: _answers("storage.shares", lambda s: str(s.name), incomplete))


def _soon(answer: Callable[[], list[CompletionItem]]) -> list[CompletionItem]:
    """A cloud that does not answer must not hold a Tab for long."""
    import threading

    box: list[list[CompletionItem]] = []
    thread = threading.Thread(target=lambda: box.append(answer()), daemon=True)
    thread.start()
    thread.join(_TAB_SECONDS)
    return box[0] if box else []
