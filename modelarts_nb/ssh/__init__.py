"""SSH: key pairs, private keys, who may get into a notebook, and why it does not work."""

from modelarts_nb.ssh.diagnosis import SshCheck, check
from modelarts_nb.ssh.endpoint import SshEndpoint
from modelarts_nb.ssh.keypairs import KeyPair
from modelarts_nb.ssh.keys import (
    create_key,
    delete_key,
    import_key,
    keep_key,
    list_keys,
    lock,
    unlock,
)
from modelarts_nb.ssh.laptop import Laptop, laptop_block

__all__ = [
    "KeyPair",
    "Laptop",
    "SshCheck",
    "SshEndpoint",
    "check",
    "create_key",
    "delete_key",
    "import_key",
    "keep_key",
    "laptop_block",
    "list_keys",
    "lock",
    "unlock",
]
