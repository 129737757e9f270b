"""Every command that a message tells people to type is one that can be typed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click

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


def test_there_are_commands_to_check_and_one_that_is_not_there_is_noticed() -> None:
    assert len(set(commands())) > 50
    assert not can_be_typed("notebook fly")
    assert not can_be_typed("notebook list --fly")


def test_every_command_that_is_named_exists() -> None:
    unknown = [f"{where}: ma {words}" for where, words in commands() if not can_be_typed(words)]

    assert unknown == []


def can_be_typed(words: str) -> bool:
    """Is there such a command, with such options?"""
    # `ma hook install|status|remove` and `ma ssh ...` name several.
    first = [word.split("|")[0] for word in words.split() if word not in ("...", "…")]
    found: click.Command = ma
    options: set[str] = set()
    for word in first:
        if isinstance(found, click.Group) and not word.startswith(("-", "{")):
            if word not in found.commands:
                return False
            found = found.commands[word]
        elif word.startswith("--") and word != "--":
            options.add(word.partition("=")[0])
    known = {name for parameter in found.params for name in parameter.opts}
    known |= {name for parameter in found.params for name in parameter.secondary_opts}
    return options <= known | {"--help"}
