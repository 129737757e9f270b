"""Completion: for shells through click, for the magic through ``ma --complete WORDS``."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem, ShellComplete

SHELLS = ("bash", "zsh", "fish")


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
    """Environments on the disk; a listing of one folder, so that Tab stays quick."""
    from modelarts_nb.disk.persistent import open_disk
    from modelarts_nb.errors import ModelArtsNbError

    try:
        names = _names_in(lambda: open_disk().envs)
    except ModelArtsNbError:
        return []
    return [CompletionItem(n) for n in names if n.lower().startswith(incomplete.lower())]


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
