"""What can go wrong with keys and OpenSSH, each with a way out."""

from __future__ import annotations

from modelarts_nb.errors import ModelArtsNbError, UsageError


class KeyRefused(ModelArtsNbError):
    """A key that the cloud does not take, or that must not be given away."""

    code, exit_code = "key_refused", 2


class PassphraseWrong(ModelArtsNbError):
    """The passphrase does not open the key, or is none that protects one."""

    code, exit_code, http_status = "passphrase_wrong", 2, 403


class PassphraseNeeded(UsageError):
    """The passphrase of a key is needed, and nobody is there to ask. (``%ma`` asks then.)"""

    code = "passphrase_needed"


class NewPassphraseNeeded(PassphraseNeeded):
    """The same of a passphrase that does not exist yet: it should be asked for twice."""

    code = "new_passphrase_needed"


class OpenSshFailed(ModelArtsNbError):
    """A program of OpenSSH is missing, or did not do what it was asked."""

    code, exit_code, http_status = "openssh_failed", 10, 500


class MustBeStopped(ModelArtsNbError):
    """The change needs a notebook that is stopped."""

    code, exit_code, http_status = "must_be_stopped", 6, 409
