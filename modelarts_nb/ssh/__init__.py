"""SSH: key pairs, private keys, who may get into a notebook, and why it does not work.

The Python API is this package's functions: the verbs of ``ma ssh``.

>>> from modelarts_nb import ssh
>>> ssh.setup("ssh-rsa AAAA... me@laptop", notebook="demo").laptop.block  # doctest: +SKIP
>>> [f.message for f in ssh.check(notebook="demo").findings]  # doctest: +SKIP

This room knows notebooks by their ids only and starts and stops none. The functions that take a
name, or do so, are those of ``operations.ssh`` and ``operations.ssh_hosts``, which know both rooms;
they are shown here and imported when they are used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelarts_nb.lazy import shown

if TYPE_CHECKING:
    from modelarts_nb.operations.ssh import SshSetup, delete_key, setup, show, use
    from modelarts_nb.operations.ssh_hosts import ConfigWritten, check, forget_host, write_config
    from modelarts_nb.ssh.diagnosis import SshCheck
    from modelarts_nb.ssh.endpoint import SshEndpoint
    from modelarts_nb.ssh.keypairs import KeyPair
    from modelarts_nb.ssh.keys import create_key, import_key, keep_key, list_keys, lock, unlock
    from modelarts_nb.ssh.laptop import Laptop

_HOMES = {
    "ConfigWritten": "..operations.ssh_hosts",
    "KeyPair": ".keypairs",
    "Laptop": ".laptop",
    "SshCheck": ".diagnosis",
    "SshEndpoint": ".endpoint",
    "SshSetup": "..operations.ssh",
    "check": "..operations.ssh_hosts",
    "create_key": ".keys",
    "delete_key": "..operations.ssh",
    "forget_host": "..operations.ssh_hosts",
    "import_key": ".keys",
    "keep_key": ".keys",
    "list_keys": ".keys",
    "lock": ".keys",
    "setup": "..operations.ssh",
    "show": "..operations.ssh",
    "unlock": ".keys",
    "use": "..operations.ssh",
    "write_config": "..operations.ssh_hosts",
}

__all__ = [
    "ConfigWritten",
    "KeyPair",
    "Laptop",
    "SshCheck",
    "SshEndpoint",
    "SshSetup",
    "check",
    "create_key",
    "delete_key",
    "forget_host",
    "import_key",
    "keep_key",
    "list_keys",
    "lock",
    "setup",
    "show",
    "unlock",
    "use",
    "write_config",
]

__getattr__, __dir__ = shown(__name__, _HOMES)
