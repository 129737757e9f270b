"""A job to be, as the cloud takes it (``Job`` of the SDK)."""

from __future__ import annotations

from typing import Any

from modelarts_nb.jobs.spec import JobSpec, split_volume


def request_of(spec: JobSpec, pool_id: str) -> dict[str, Any]:
    """The JSON to send; what was not said is not in it.

    Args:
        spec: checked.
        pool_id: of the dedicated pool; empty: the public one.
    """
    metadata = {
        "name": spec.name,
        "description": spec.description,
        "workspace_id": spec.workspace,
        "annotations": _annotations(spec),
    }
    body = {
        "kind": "job",
        "metadata": metadata,
        "algorithm": _algorithm(spec),
        "spec": _spec(spec, pool_id),
        "endpoints": {"ssh": {"key_pair_names": list(spec.key_pairs)}} if spec.key_pairs else {},
    }
    return {key: _said(value) if isinstance(value, dict) else value for key, value in
            _said(body).items()}  # fmt: skip


def _algorithm(spec: JobSpec) -> dict[str, Any]:
    return {
        "engine": _engine(spec),
        "code_dir": spec.code,
        "boot_file": _boot(spec),
        "command": spec.command,
        "working_dir": spec.workdir,
        "parameters": [{"name": name, "value": value} for name, value in spec.parameters.items()],
        "inputs": [_stream(name, url) for name, url in spec.inputs.items()],
        "outputs": [_stream(name, url) for name, url in spec.outputs.items()],
        "environments": dict(spec.env),
    }


def _engine(spec: JobSpec) -> dict[str, str]:
    if spec.image:
        return {"image_url": spec.image}
    name, colon, version = spec.engine.partition(":")
    if colon:
        return {"engine_name": name, "engine_version": version}
    return {"engine_id": spec.engine}


def _boot(spec: JobSpec) -> str:
    """The whole path of the boot file: one that is not below the code folder is inside it."""
    if not spec.boot or spec.boot.startswith(("obs://", "/")):
        return spec.boot
    return f"{spec.code.rstrip('/')}/{spec.boot}"


def _stream(name: str, url: str) -> dict[str, Any]:
    return {"name": name, "remote": {"obs": {"obs_url": url}}}


def _spec(spec: JobSpec, pool_id: str) -> dict[str, Any]:
    resource = {"pool_id": pool_id, "flavor_id": spec.flavor, "node_count": spec.nodes}
    return {
        "resource": _said(resource),
        "volumes": [_volume(text) for text in spec.volumes],
        "log_export_path": {"obs_url": spec.log} if spec.log else {},
        "auto_stop": {"time_unit": "HOURS", "duration": spec.hours} if spec.hours else {},
    }


def _volume(text: str) -> dict[str, Any]:
    server, path, read_only = split_volume(text)
    return {"nfs": {"nfs_server_path": server, "local_path": path, "read_only": read_only}}


def _annotations(spec: JobSpec) -> dict[str, str]:
    if not spec.retries:
        return {}
    return {
        "fault-tolerance/job-retry-num": str(spec.retries),
        "fault-tolerance/job-unconditional-retry": "true",
    }


def _said(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value not in ("", [], {})}
