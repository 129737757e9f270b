"""Every verb and every query by its name on the wire, and the function that does it.

Verbs run as operations; queries answer at once. Functions are named, not imported: a worker
that only lists environments should not pay for rattler.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from modelarts_nb.errors import UsageError, from_os_error
from modelarts_nb.operations.signature import check_params
from modelarts_nb.progress import SILENT, Progress
from modelarts_nb.ssh.publickey import holds_private


@dataclass(frozen=True)
class Verb:
    """``target`` is ``"module:function"``; ``fixed`` are parameters that the verb decides.

    ``disk`` is False where it works without a persistent disk; ``cloud`` is True where it waits
    for the cloud.
    """

    target: str
    fixed: Mapping[str, Any] = field(default_factory=dict)
    disk: bool = True
    cloud: bool = False

    def load(self) -> Callable[..., Any]:
        """Import the function."""
        module, _, name = self.target.partition(":")
        function: Callable[..., Any] = getattr(importlib.import_module(module), name)
        return function


def _cloud(target: str) -> Verb:
    return Verb(target, disk=False, cloud=True)


VERBS: dict[str, Verb] = {
    "env.create": Verb("modelarts_nb.envs.creation:create"),
    "env.clone": Verb("modelarts_nb.envs.cloning:clone"),
    "env.pack": Verb("modelarts_nb.envs.archive.pack:pack"),
    "env.unpack": Verb("modelarts_nb.envs.archive.unpack:unpack"),
    "env.remove": Verb("modelarts_nb.envs.removal:remove"),
    "env.rename": Verb("modelarts_nb.envs.renaming:rename"),
    "env.register": Verb("modelarts_nb.envs.kernels:register"),
    "env.unregister": Verb("modelarts_nb.envs.kernels:unregister"),
    "env.install": Verb("modelarts_nb.envs.change:install"),
    "env.uninstall": Verb("modelarts_nb.envs.change:uninstall"),
    "env.fix": Verb("modelarts_nb.envs.health:fix"),
    "env.seal": Verb("modelarts_nb.envs.sealed.sealing:seal"),
    "env.open": Verb("modelarts_nb.envs.sealed.opening:open_tree"),
    "env.save": Verb("modelarts_nb.operations.sealed:save"),
    "env.save_all": Verb("modelarts_nb.operations.sealed:save_all"),
    "env.rollback": Verb("modelarts_nb.operations.sealed:rollback"),
    "env.undo": Verb("modelarts_nb.operations.sealed:undo"),
    "env.fill": Verb("modelarts_nb.operations.sealed:fill"),
    "env.fill_all": Verb("modelarts_nb.envs.sealed.filling:fill_all"),
    "env.warm": Verb("modelarts_nb.envs.hot.warming:warm"),
    "env.gc": Verb("modelarts_nb.envs.sealed.collecting:gc"),
    "env.add_source": Verb("modelarts_nb.envs.sealed.sources:add"),
    "env.remove_source": Verb("modelarts_nb.envs.sealed.sources:remove"),
    "bin.restore": Verb("modelarts_nb.envs.bin:bin_restore"),
    "bin.empty": Verb("modelarts_nb.envs.bin:bin_empty"),
    "archive.remove": Verb("modelarts_nb.envs.archive.shelf:remove_archive"),
    "keep.add": Verb("modelarts_nb.tool.keep:add"),
    "keep.drop": Verb("modelarts_nb.tool.keep:drop"),
    "hook.install": Verb("modelarts_nb.operations.hook:install", cloud=True),
    "hook.remove": Verb("modelarts_nb.operations.hook:remove", cloud=True),
    "restore": Verb("modelarts_nb.tool.restore_now:restore"),
    "notebook.start": _cloud("modelarts_nb.notebook.life:start"),
    "notebook.stop": _cloud("modelarts_nb.notebook.life:stop"),
    "notebook.keep_alive": _cloud("modelarts_nb.notebook.lease:keep_alive"),
    "storage.mount": _cloud("modelarts_nb.storage.attaching:mount"),
    "storage.unmount": _cloud("modelarts_nb.storage.attaching:unmount"),
    "storage.create_folder": _cloud("modelarts_nb.storage.folders:create_folder"),
    "storage.set_quota": _cloud("modelarts_nb.storage.folders:set_quota"),
    "ssh.setup": _cloud("modelarts_nb.operations.ssh:setup"),
    "ssh.use": _cloud("modelarts_nb.operations.ssh:use"),
    "ssh.config": _cloud("modelarts_nb.operations.ssh_hosts:write_config"),
    "ssh.forget_host": _cloud("modelarts_nb.operations.ssh_hosts:forget_host"),
    "ssh.create_key": _cloud("modelarts_nb.ssh.keys:create_key"),
    "ssh.import_key": _cloud("modelarts_nb.ssh.keys:import_key"),
    "ssh.delete_key": _cloud("modelarts_nb.operations.ssh:delete_key"),
    "job.submit": _cloud("modelarts_nb.operations.jobs:submit"),
    "shell.copy": _cloud("modelarts_nb.operations.shell:copy"),
    "job.stop": _cloud("modelarts_nb.jobs.stopping:stop"),
}

QUERIES: dict[str, Verb] = {
    "env.list": Verb("modelarts_nb.envs.inventory:list_environments"),
    "env.show": Verb("modelarts_nb.envs.inventory:show"),
    "env.packages": Verb("modelarts_nb.envs.installed:packages"),
    "env.export": Verb("modelarts_nb.envs.exporting:export"),
    "env.check": Verb("modelarts_nb.envs.health:check"),
    "env.versions": Verb("modelarts_nb.envs.sealed.listing:versions"),
    "env.diff": Verb("modelarts_nb.envs.sealed.difference:diff"),
    "env.sources": Verb("modelarts_nb.envs.sealed.sources:list_sources"),
    "env.suggest_name": Verb("modelarts_nb.operations.status:suggest"),
    "pack.preflight": Verb("modelarts_nb.envs.archive.preflight:preflight"),
    "archive.list": Verb("modelarts_nb.envs.archive.shelf:list_archives"),
    "bin.list": Verb("modelarts_nb.envs.bin:bin_list"),
    "keep.list": Verb("modelarts_nb.tool.keep:list_kept"),
    "hook.status": Verb("modelarts_nb.operations.hook:status", cloud=True),
    "restore.once": Verb("modelarts_nb.tool.restore_now:restore_once"),
    "disk.status": Verb("modelarts_nb.operations.disk_status:disk_status"),
    "status": Verb("modelarts_nb.operations.status:status"),
    "operation.list": Verb("modelarts_nb.operations.history:list_operations"),
    "operation.show": Verb("modelarts_nb.operations.history:show"),
    "operation.log": Verb("modelarts_nb.operations.history:read_log"),
    "operation.cancel": Verb("modelarts_nb.operations.cancel:cancel"),
    "operation.dismiss": Verb("modelarts_nb.operations.history:dismiss"),
    "operation.discard": Verb("modelarts_nb.operations.cancel:discard"),
    "operation.start": Verb("modelarts_nb.operations.run:start"),
    "cloud.check": _cloud("modelarts_nb.cloud.status:check"),
    "notebook.list": _cloud("modelarts_nb.notebook.listing:list_notebooks"),
    "notebook.show": _cloud("modelarts_nb.notebook.listing:show"),
    "notebook.lease": _cloud("modelarts_nb.notebook.lease:lease"),
    "storage.list": _cloud("modelarts_nb.storage.listing:list_storages"),
    "storage.show": _cloud("modelarts_nb.storage.listing:show"),
    "storage.shares": _cloud("modelarts_nb.storage.shares:list_shares"),
    "storage.folders": _cloud("modelarts_nb.storage.folders:list_folders"),
    "job.list": _cloud("modelarts_nb.jobs.listing:list_jobs"),
    "job.show": _cloud("modelarts_nb.jobs.listing:show"),
    "job.logs": _cloud("modelarts_nb.jobs.logs:read_logs"),
    "job.events": _cloud("modelarts_nb.jobs.records:list_events"),
    "job.metrics": _cloud("modelarts_nb.jobs.records:read_metrics"),
    "ssh.show": _cloud("modelarts_nb.operations.ssh:show"),
    "ssh.check": _cloud("modelarts_nb.operations.ssh_hosts:check"),
    "ssh.keys": Verb("modelarts_nb.ssh.keys:list_keys", cloud=True),
    # No verbs: a journal holds its parameters, and these take a passphrase.
    "ssh.keep_key": Verb("modelarts_nb.ssh.keys:keep_key"),
    "ssh.unlock": Verb("modelarts_nb.ssh.keys:unlock"),
    "ssh.lock": Verb("modelarts_nb.ssh.keys:lock", disk=False),
}


@dataclass(frozen=True)
class Call:
    """A function and the parameters it will get, checked."""

    function: Callable[..., Any]
    params: dict[str, Any]

    def __call__(self, **injected: Any) -> Any:
        """Call it. Of ``disk`` and ``progress`` it gets those that it takes."""
        takes = inspect.signature(self.function).parameters
        return self.function(
            **self.params, **{key: item for key, item in injected.items() if key in takes}
        )


def bind(table: Mapping[str, Verb], name: str, params: Mapping[str, Any]) -> Call:
    """Look a verb up and check its parameters.

    Args:
        table: ``VERBS`` or ``QUERIES``.
        name: as on the wire, ``"env.clone"``.
        params: JSON values.

    Raises:
        UsageError: no such verb, or a parameter is unknown, missing, of the wrong type or a private
            key.
    """
    verb = table.get(name)
    if verb is None:
        raise UsageError(f"There is no verb {name!r}.", hint=f"There are: {', '.join(table)}.")
    if holds_private(repr(params)):
        raise UsageError(
            "A private key is not a parameter: it would be written into a journal.",
            hint="Give the public half, which is in the file that ends in .pub.",
        )
    function = verb.load()
    checked = check_params(name, function, params, frozenset(verb.fixed))
    return Call(function, {**checked, **verb.fixed})


def ask(query: str, params: Mapping[str, Any], progress: Progress = SILENT) -> Any:
    """Answer a query.

    Args:
        query: of ``QUERIES``.
        params: JSON values by name.
        progress: asked whether to stop, by queries that take one.

    Raises:
        UsageError: no such query, or a bad parameter.
        ModelArtsNbError: whatever the query's function raises.
    """
    call = bind(QUERIES, query, params)
    try:
        return call(progress=progress)
    except OSError as error:
        raise from_os_error(error, "looking it up") from error
