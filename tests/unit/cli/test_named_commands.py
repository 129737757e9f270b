"""Every command that a message tells people to type is one that can be typed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from modelarts_nb.cli.tree import ma

PACKAGE = Path(__file__).parents[3] / "modelarts_nb"
DOCS = Path(__file__).parents[3] / "docs"
# As in "`ma notebook start {id}` follows it": a text may be broken into several literals.
NAMED = re.compile(r"`ma ([a-z][^`\n]*)`")
BROKEN = re.compile(r'"\s*\n\s*f?"')


def commands() -> Iterator[tuple[str, str]]:
    """Where a command is named, and its words."""
    for path in sorted(PACKAGE.rglob("*.py")):
        text = BROKEN.sub("", path.read_text("utf-8"))
        for named in sorted(set(NAMED.findall(text))):
            yield str(path.relative_to(PACKAGE)), named
    for path in sorted(DOCS.glob("*.md")):
        for named in sorted(set(NAMED.findall(path.read_text("utf-8")))):
            yield path.name, named


def test_there_are_commands_to_check() -> None:
    assert len(set(commands())) > 50


@pytest.mark.parametrize(("where", "words"), sorted(set(commands())))
def test_a_command_that_is_named_exists(where: str, words: str) -> None:
    # `ma hook install|status|remove` and `ma ssh ...` name several.
    first = [word.split("|")[0] for word in words.split() if word not in ("...", "…")]
    found: click.Command = ma
    options: list[str] = []
    for word in first:
        if isinstance(found, click.Group) and not word.startswith(("-", "{")):
            assert word in found.commands, f"{where}: ma {words}"
            found = found.commands[word]
        elif word.startswith("--"):
            options.append(word.partition("=")[0])
    known = {name for parameter in found.params for name in parameter.opts}
    known |= {name for parameter in found.params for name in parameter.secondary_opts}
    assert {option for option in options if option != "--"} <= known | {"--help"}, words
