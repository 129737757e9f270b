"""Reading a training job from a request to create one (``Job`` of the SDK)."""

from __future__ import annotations

import re
from typing import Any, Literal

from modelarts_nb.localcloud.modelarts import keypairs
from modelarts_nb.localcloud.modelarts.authority import need_agency
from modelarts_nb.localcloud.modelarts.refusals import refusal
from modelarts_nb.localcloud.modelarts.sfspolicy import need_folder
from modelarts_nb.localcloud.modelarts.training import catalog, storage
from modelarts_nb.localcloud.modelarts.volumes import need_network
from modelarts_nb.localcloud.web.call import Call
from modelarts_nb.localcloud.web.fields import Fields
from modelarts_nb.localcloud.web.message import BadRequest

NAME = r"[\w-]{1,64}"
ACTION: Literal["modelarts:trainJob:create"] = "modelarts:trainJob:create"
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_RESERVED = (
    "/home/ma-user/modelarts",
    "/home/ma-user/modelarts-dev",
    "/home/ma-user/infer",
)
_HOURS = 3_600_000
# Of an algorithm, what the local cloud cannot do; empty values are harmless.
_REFUSED = (
    *("id", "subscription_id", "item_version_id", "policies"),
    *("autosearch_config_path", "autosearch_framework_path"),
)


def algorithm(call: Call, fields: Fields, values: dict[str, Any]) -> dict[str, Any]:
    """What is run: engine or image, code, command, parameters, inputs, outputs, variables.

    Raises:
        CloudError, BadRequest: something is missing, unknown or does not fit.
    """
    for name in _REFUSED:
        if values.get(name):
            raise refusal("2788", f"the local cloud does not offer algorithm.{name}")
    asked = fields.object("engine")
    engine = {
        name: asked.text(name, "", most=512)
        for name in ("engine_id", "engine_name", "engine_version", "image_url")
    }
    engine = {name: value for name, value in engine.items() if value}
    command = fields.text("command", "", most=65536)
    code_dir, boot_file = fields.text("code_dir", "", most=1024), fields.text("boot_file", "")
    if "\0" in command + boot_file:
        raise BadRequest("algorithm.command must be text.")
    if "image_url" in engine:
        if not command:
            raise refusal("2806")
    elif engine:
        found = catalog.engine(engine)
        engine = {
            "engine_id": found.id,
            "engine_name": found.name,
            "engine_version": found.version,
        }
    else:
        raise refusal("2830")
    _code(call, code_dir, boot_file, command)
    return {
        "code_dir": code_dir,
        "boot_file": boot_file,
        "command": command,
        "engine": engine,
        "local_code_dir": _local_code(fields),
        "working_dir": _inside(fields, "working_dir"),
        "parameters": _parameters(fields),
        "inputs": [_input(call, entry) for entry in fields.objects("inputs", most=50)],
        "outputs": [_output(call, entry) for entry in fields.objects("outputs", most=50)],
        "environments": _environments(fields),
    }


def _code(call: Call, code_dir: str, boot_file: str, command: str) -> None:
    if bool(boot_file) and not code_dir:
        raise refusal("2757", "code_dir is missing")
    if not command and not boot_file:
        raise refusal("2758", "neither boot_file nor command is there")
    if not code_dir:
        return
    storage.need_bucket(call, code_dir, there=True)
    if boot_file:
        inside = storage.split(code_dir)[0] == storage.split(boot_file)[0]
        folder = storage.folder_of(call.cloud, code_dir)
        file = storage.folder_of(call.cloud, boot_file)
        if not inside or not file.is_relative_to(folder) or not file.is_file():
            raise refusal("2758", boot_file)


def _local_code(fields: Fields) -> str:
    path = _inside(fields, "local_code_dir")
    bare = path.rstrip("/")
    reserved = any(bare == r or bare.startswith(r + "/") for r in _RESERVED)
    if path and (not bare.startswith("/home/") or reserved or bare == "/home/ma-user"):
        raise refusal("2788", f"local_code_dir {path}")
    return bare


def _inside(fields: Fields, name: str) -> str:
    """An absolute path of the container without ways up; empty where it is not given."""
    path = fields.text(name, "", most=512)
    if path and (not path.startswith("/") or ".." in path.split("/") or "\0" in path):
        raise refusal("2788", f"{name} {path}")
    return path


def _parameters(fields: Fields) -> list[dict[str, str]]:
    return [
        {
            "name": entry.text("name", pattern=r"[^\s\0=]{1,64}", most=64),
            "value": entry.text("value", "", pattern=r"[^\0]*", most=4096),
        }
        for entry in fields.objects("parameters", most=100)
    ]


def _stream(entry: Fields, url: str) -> dict[str, Any]:
    return {
        "name": entry.text("name", pattern=r"[A-Za-z_][\w-]{0,63}", most=64),
        "description": entry.text("description", "", most=256),
        "local_dir": _inside(entry, "local_dir"),
        "access_method": entry.choice("access_method", "parameter", "env", default="parameter"),
        "remote": {"obs": {"obs_url": url}},
    }


def _input(call: Call, entry: Fields) -> dict[str, Any]:
    remote = entry.object("remote")
    if not remote.has("obs"):
        raise refusal("2788", "the local cloud has no datasets: name an OBS folder")
    url = remote.object("obs").text("obs_url", most=1024)
    storage.need_bucket(call, url, there=True)
    return _stream(entry, url)


def _output(call: Call, entry: Fields) -> dict[str, Any]:
    url = entry.object("remote").object("obs").text("obs_url", most=1024)
    storage.need_bucket(call, url, there=False)
    return _stream(entry, url)


def _environments(fields: Fields) -> dict[str, str]:
    if not fields.has("environments"):
        return {}
    found = fields.raw_object("environments")
    if len(found) > 100:
        raise refusal("2788", "environments: more than 100")
    for name, value in found.items():
        if not _VARIABLE.fullmatch(name) or name.startswith("MA_") or len(name) > 8192:
            raise refusal("2788", f"environments: the name {name}")
        if not isinstance(value, str) or len(value) > 4096 or "\0" in value:
            raise refusal("2788", f"environments: the value of {name}")
    return {str(name): str(value) for name, value in found.items()}


def resource(fields: Fields, pool_id: str) -> tuple[str, int]:
    """Flavor (empty in a pool) and number of nodes.

    Raises:
        CloudError: one that does not fit the pool, unknown or sold out.
    """
    nodes = fields.number("node_count", 1, most=2**31)
    if not 1 <= nodes <= catalog.MOST_NODES:
        raise refusal("2793", f"node_count {nodes}")
    flavor_id = fields.text("flavor_id", "", most=64)
    if fields.has("pool_group_id") or fields.has("main_container_customized_flavor"):
        raise refusal("2840", "the local cloud has neither federated pools nor parts of nodes")
    if pool_id:
        if flavor_id:
            # A dedicated CPU pool takes no flavor: a task has a whole node.
            raise refusal("2781", flavor_id)
        return "", nodes
    return catalog.flavor(flavor_id).id, nodes


def volumes(call: Call, fields: Fields, pool_id: str) -> list[dict[str, Any]]:
    """The mounted shares; ``folder`` is on this machine.

    Raises:
        CloudError: no such share, no way or no right to it, or a path that is in use.
    """
    found: list[dict[str, Any]] = []
    for entry in fields.objects("volumes", most=20):
        if not entry.has("nfs"):
            raise refusal("2788", "the local cloud mounts nfs volumes only")
        nfs = entry.object("nfs")
        server = nfs.text("nfs_server_path", most=1024)
        path = _inside(nfs, "local_path").rstrip("/")
        read_only = nfs.flag("read_only", False)
        if path.count("/") < 1 or any(path == other["local_path"] for other in found):
            raise refusal("2788", f"local_path {path}")
        need_agency(call, call.caller.user_id, "SFS Turbo")
        share_id, inner, folder = storage.share_of(call, server)
        if not pool_id:
            raise refusal("2788", "nfs volumes outside of a dedicated pool")
        need_network(call, pool_id, share_id)
        option: Literal["readonly", "readwrite"] = "readonly" if read_only else "readwrite"
        need_folder(call, share_id, inner, pool_id, action=ACTION, option=option)
        found.append(
            {
                "nfs_server_path": server,
                "local_path": path,
                "read_only": read_only,
                "folder": str(folder),
            }
        )
    return found


def stop_after(fields: Fields) -> int:
    """Milliseconds after which the job is stopped; 0: never."""
    if not fields.has("auto_stop"):
        return 0
    asked = fields.object("auto_stop")
    asked.choice("time_unit", "HOURS")
    return asked.number("duration", least=1, most=8760) * _HOURS


def log_export(call: Call, fields: Fields) -> str:
    """The folder of a bucket that the logs are copied to at the end; empty: none.

    Raises:
        CloudError: no such bucket.
    """
    if not fields.has("log_export_path"):
        return ""
    url = fields.object("log_export_path").text("obs_url", "", most=1024)
    if url:
        storage.need_bucket(call, url, there=False)
    return url


def pairs(call: Call, values: dict[str, Any]) -> list[str]:
    """The key pairs of the SSH endpoint; none: it has no endpoint.

    Raises:
        CloudError: one that the caller may not use.
    """
    if not values.get("ssh"):
        return []
    names = Fields(values).object("ssh").texts("key_pair_names", most=10)
    keypairs.need(call, names)
    return list(dict.fromkeys(names))


def annotation_texts(fields: Fields) -> dict[str, str]:
    """Texts by name.

    Raises:
        BadRequest: they are none.
    """
    if not fields.has("annotations"):
        return {}
    found = fields.raw_object("annotations")
    if len(found) > 100 or not all(isinstance(value, str) for value in found.values()):
        raise BadRequest("metadata.annotations must be at most 100 texts.")
    return {str(name): str(value) for name, value in found.items()}
