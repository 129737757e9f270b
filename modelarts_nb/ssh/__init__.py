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

if TYPE_CHECKING:
    from modelarts_nb.operations.ssh import SshSetup, delete_key, setup, show, use
    from modelarts_nb.operations.ssh_hosts import ConfigWritten, check, forget_host, write_config
    from modelarts_nb.ssh.diagnosis import SshCheck
    from modelarts_nb.ssh.endpoint import SshEndpoint
    from modelarts_nb.ssh.keypairs import KeyPair
    from modelarts_nb.ssh.keys import create_key, import_key, keep_key, list_keys, lock, unlock
    from modelarts_nb.ssh.laptop import Laptop

_HOMES = {
    "ConfigWritten": "operations.ssh_hosts",
    "KeyPair": "ssh.keypairs",
    "Laptop": "ssh.laptop",
    "SshCheck": "ssh.diagnosis",
    "SshEndpoint": "ssh.endpoint",
    "SshSetup": "operations.ssh",
    "check": "operations.ssh_hosts",
    "create_key": "ssh.keys",
    "delete_key": "operations.ssh",
    "forget_host": "operations.ssh_hosts",
    "import_key": "ssh.keys",
    "keep_key": "ssh.keys",
    "list_keys": "ssh.keys",
    "lock": "ssh.keys",
    "setup": "operations.ssh",
    "show": "operations.ssh",
    "unlock": "ssh.keys",
    "use": "operations.ssh",
    "write_config": "operations.ssh_hosts",
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


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"modelarts_nb.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
