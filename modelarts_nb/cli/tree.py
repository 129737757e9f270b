"""The tree of commands: ``ma`` and its groups."""

from __future__ import annotations

import click

from modelarts_nb import __version__
from modelarts_nb.cli.archives import archive, bin_
from modelarts_nb.cli.command import Group
from modelarts_nb.cli.env import env
from modelarts_nb.cli.jobs import job
from modelarts_nb.cli.local import local
from modelarts_nb.cli.notebook import cloud, notebook
from modelarts_nb.cli.operations import operation
from modelarts_nb.cli.restart import hook, keep, restore
from modelarts_nb.cli.sealed import COMMANDS as SEALED
from modelarts_nb.cli.settings import completion, config, status
from modelarts_nb.cli.shell import shell
from modelarts_nb.cli.ssh import ssh
from modelarts_nb.cli.storage import storage


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="ma")
def ma() -> None:
    """Conda environments on the persistent disk, back by themselves after a restart.

    \b
    ma status                       what survives a restart?
    ma env clone PyTorch-1.8 mine   keep an environment of the image
    ma hook install                 make restarts invisible
    """


COMMANDS = (
    status,
    env,
    archive,
    bin_,
    keep,
    restore,
    hook,
    notebook,
    storage,
    ssh,
    job,
    shell,
    operation,
    cloud,
    local,
    config,
    completion,
)
for command in COMMANDS:
    ma.add_command(command)
for command in SEALED:
    env.add_command(command)
