"""``ma ssh ...``: into a notebook from a laptop, and from a notebook to others."""

from __future__ import annotations

import sys
from typing import Any

import click

from modelarts_nb.cli import show_ssh
from modelarts_nb.cli.command import Command, Group, ask, confirm, do
from modelarts_nb.cli.completion import key_pair_names, notebook_names

NOTEBOOK = click.option(
    "--notebook",
    metavar="NAME",
    help="Another notebook than this one.",
    shell_complete=notebook_names,
)
WHICH = click.argument(
    "notebook", metavar="[NOTEBOOK]", required=False, shell_complete=notebook_names
)
ALLOW = click.option(
    "--allow", multiple=True, metavar="ADDRESS", help="Only from there; may be repeated."
)
RESTART = click.option(
    "--restart/--no-restart",
    default=None,
    help="Stop the notebook and start it again, so that the pair counts at once.",
)
KEY_FILE = click.option("--key-file", metavar="PATH", help="The private key's file on the laptop.")
PAIR = click.argument("name", shell_complete=key_pair_names)
SCOPE = click.option(
    "--scope",
    type=click.Choice(["user", "domain"]),
    help="Yours alone (user, default), or everybody's in the account (domain).",
)
PASSPHRASE_STDIN = click.option(
    "--passphrase-stdin", is_flag=True, help="Read the passphrase from the first line of stdin."
)


class SshGroup(Group):
    """Refuses a private key before anything can repeat it: as an option it would be an unknown one,
    which is shown."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Look at everything that was given, then go on as usual."""
        from modelarts_nb.ssh.publickey import holds_private

        if holds_private(" ".join(args)):
            raise click.UsageError(
                "That is a private key. It was not sent anywhere. Give the public half: the line "
                "in the file that ends in .pub.",
                ctx,
            )
        return super().parse_args(ctx, args)


@click.group(cls=SshGroup)
def ssh() -> None:
    """Connect editors and terminals to notebooks."""


@ssh.command(
    cls=Command,
    show=show_ssh.setup,
    examples=(
        'ma ssh setup "ssh-rsa AAAA... me@laptop" --notebook mine',
        "ma ssh setup id_rsa.pub --notebook mine --restart",
        "ma ssh setup                    what to paste on the laptop, once more",
    ),
)
@click.argument("key", required=False)
@click.option("--name", help="Of the key pair (default: from the key's comment).")
@SCOPE
@NOTEBOOK
@ALLOW
@RESTART
@KEY_FILE
def setup(key: str | None, restart: bool | None, **options: Any) -> Any:
    """Import the laptop's public KEY (its text, its file, or - for stdin), have it open the
    notebook, and show what goes into the laptop's ~/.ssh/config."""
    if key is None:
        return ask("ssh.show", notebook=options["notebook"], key_file=options["key_file"])
    text = sys.stdin.read() if key == "-" else key
    return _change("ssh.setup", restart, public_key=text, **options)


@ssh.command(
    cls=Command,
    show=show_ssh.setup,
    examples=("ma ssh use my-pair --notebook mine", "ma ssh use mine ours --allow 203.0.113.7"),
)
@click.argument(
    "key_pairs", metavar="KEY...", nargs=-1, required=True, shell_complete=key_pair_names
)
@NOTEBOOK
@ALLOW
@RESTART
@KEY_FILE
def use(restart: bool | None, **options: Any) -> Any:
    """Have these key pairs, and no others, open a notebook: the way out of 6786 and 6789."""
    return _change("ssh.use", restart, **options)


@ssh.command(cls=Command, show=show_ssh.setup, examples=("ma ssh show mine",))
@WHICH
@KEY_FILE
def show(**options: Any) -> Any:
    """Which key pairs open a notebook, and what goes into the laptop's ~/.ssh/config."""
    return ask("ssh.show", **options)


@ssh.command(
    cls=Command,
    show=show_ssh.checked,
    examples=("ma ssh check mine", 'ma ssh check mine --said "Permission denied (publickey)."'),
)
@WHICH
@click.option("--said", metavar="TEXT", help="What ssh or the editor complained of.")
def check(**options: Any) -> Any:
    """Find out why SSH to a notebook does not work, and what to do."""
    return ask("ssh.check", **options)


@ssh.group(cls=Group)
def keys() -> None:
    """Key pairs in the cloud, and private keys kept here."""


@keys.command("list", cls=Command, show=show_ssh.pairs, examples=("ma ssh keys list",))
def list_() -> Any:
    """The pairs that you may use, where they live, and where their private keys are."""
    return ask("ssh.keys")


@keys.command(cls=Command, show=show_ssh.created, examples=("ma ssh keys create from-notebook",))
@PAIR
@SCOPE
def create(**options: Any) -> Any:
    """Have the cloud make a pair; its private key is kept in this home, for connections from
    here."""
    return do("ssh.create_key", **options)


@keys.command(
    "import", cls=Command, show=show_ssh.pair, examples=("ma ssh keys import id_rsa.pub",)
)
@click.argument("key")
@click.option("--name", help="Of the key pair (default: from the key's comment).")
@SCOPE
def import_(key: str, **options: Any) -> Any:
    """Import a public KEY: its text, its file, or - for stdin."""
    text = sys.stdin.read() if key == "-" else key
    return do("ssh.import_key", public_key=text, **options)


@keys.command(cls=Command, show=show_ssh.deleted, examples=("ma ssh keys delete old-pair",))
@PAIR
@click.option("--force", is_flag=True, default=None, help="Also where it opens a notebook.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def delete(name: str, force: bool | None, yes: bool) -> Any:
    """Delete a pair in the cloud, and its private key where it is kept here."""
    confirm(yes, f"Delete the key pair {name}, and its private key where it is kept here?")
    return do("ssh.delete_key", name=name, force=force)


@keys.command(
    cls=Command,
    show=show_ssh.kept,
    examples=("ma ssh keys keep from-notebook", "ma ssh keys keep from-notebook --disk-is-mine"),
)
@PAIR
@click.option(
    "--disk-is-mine", is_flag=True, help="Nobody else can mount this disk: no passphrase."
)
@PASSPHRASE_STDIN
def keep(name: str, disk_is_mine: bool, passphrase_stdin: bool) -> Any:
    """Keep a private key on the disk too, so that it survives a restart: with a passphrase, since
    everybody who mounts the disk could read it."""
    passphrase = None if disk_is_mine else _passphrase(passphrase_stdin, twice=True)
    return ask("ssh.keep_key", name=name, passphrase=passphrase, disk_is_mine=disk_is_mine or None)


@ssh.command(cls=Command, show=show_ssh.unlocked, examples=("ma ssh unlock",))
@click.argument("name", required=False)
@click.option("--no-passphrase", is_flag=True, help="Only bring back keys that have none.")
@PASSPHRASE_STDIN
def unlock(name: str | None, no_passphrase: bool, passphrase_stdin: bool) -> Any:
    """After a restart: bring private keys back from the disk, and open them once for as long as
    the container runs."""
    passphrase = None if no_passphrase else _passphrase(passphrase_stdin, twice=False)
    return ask("ssh.unlock", name=name, passphrase=passphrase)


@ssh.command(cls=Command, show=show_ssh.locked, examples=("ma ssh lock",))
def lock() -> Any:
    """Forget opened keys, until the next unlock."""
    return ask("ssh.lock")


@ssh.command(cls=Command, show=show_ssh.config, examples=("ma ssh config",))
def config() -> Any:
    """Write one block into ~/.ssh/config here, for connections to your other notebooks."""
    return do("ssh.config")


@ssh.command(cls=Command, show=show_ssh.forgotten, examples=("ma ssh forget mine",))
@WHICH
def forget(**options: Any) -> Any:
    """Forget a notebook's pinned host key, as after a restart that changed it."""
    return do("ssh.forget_host", **options)


def _change(verb: str, restart: bool | None, **params: Any) -> Any:
    """Do it; where the notebook has to stop for it, say so and offer to do that."""
    from modelarts_nb.ssh.errors import MustBeStopped

    def again() -> Any:
        return do(verb, restart=True, **params)

    try:
        done = do(verb, restart=restart, **params)
    except MustBeStopped as error:
        if restart is None and _agrees(error.message, params["notebook"]):
            return again()
        raise
    waits = done.in_force is False and done.endpoint.status == "RUNNING"
    said = f"{done.endpoint.name} runs, and its new key pairs count from its next start on."
    return again() if waits and restart is None and _agrees(said, params["notebook"]) else done


def _agrees(said: str, notebook: str | None) -> bool:
    # Of this very notebook nobody would be left to start it.
    if notebook is None or not sys.stdin.isatty():
        return False
    return click.confirm(
        f"{said} Stop and start it now? What runs in it ends.", default=False, err=True
    )


def _passphrase(stdin: bool, *, twice: bool) -> str:
    if stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        from modelarts_nb.ssh.errors import NewPassphraseNeeded, PassphraseNeeded

        raise (NewPassphraseNeeded if twice else PassphraseNeeded)(
            "There is nobody to ask for the passphrase.",
            hint="Run it in a terminal, or give it with --passphrase-stdin.",
        )
    words = "Passphrase for the key (not your password)"
    asked: str = click.prompt(words, hide_input=True, confirmation_prompt=twice, err=True)
    return asked
