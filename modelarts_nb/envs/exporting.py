"""An environment as a text from which it can be made again."""

from __future__ import annotations

import io
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

from ruamel.yaml import YAML

from modelarts_nb.disk.persistent import Disk, open_disk
from modelarts_nb.envs.engine.secrets import without_secrets
from modelarts_nb.envs.pipdists import PipDist, pip_dists
from modelarts_nb.envs.prefixes import find_prefix, name_of
from modelarts_nb.envs.records import read_record, record_names
from modelarts_nb.envs.sealed.model import Version
from modelarts_nb.envs.sealed.names import find_sealed
from modelarts_nb.envs.sealed.versions import read_head
from modelarts_nb.errors import EngineFailed, NotFilled


def export(name: str, *, format: Literal["yaml", "lock"] = "yaml", disk: Disk | None = None) -> str:
    """Describe the environment ``name``; ``create(file=...)`` takes both formats.

    A sealed one is described as it is on the local disk, where it is not there from its newest
    version, as far as that knows: not where pip's packages came from.

    Args:
        name: a name on the disk or in the image, or the path of any prefix.
        format: ``yaml``, an environment.yml with exact versions and a pip section; or ``lock``,
            conda's ``@EXPLICIT`` list of addresses with checksums, which conda reads too. What
            pip brought stands there in comments that conda skips and ``create`` understands.

    Raises:
        NotFound, NotAnEnvironment: there is no such environment.
        NotFilled: a lock of a sealed one that is not on the local disk.
        EngineFailed: a lock of an environment whose records do not say where packages are from.
    """
    disk = disk or open_disk()
    try:
        prefix = find_prefix(name, disk=disk)
    except NotFilled:
        if format == "lock":
            raise
        return _yaml_of(read_head(disk, find_sealed(name, disk) or name))
    called = name_of(prefix, disk)
    records = [read_record(prefix, record) for record in record_names(prefix)]
    known = [record for record in records if isinstance(record.get("name"), str)]
    pip = pip_dists(prefix)
    if format == "lock":
        return _lock(called, known, pip)
    return _yaml(called, known, pip, _variables(prefix))


def _yaml_of(version: Version) -> str:
    conda = [asdict(package) for package in version.packages if package.manager == "conda"]
    pip = [
        PipDist(package.name, package.version, f"{package.name}=={package.version}")
        for package in version.packages
        if package.manager == "pip" and not package.editable
    ]
    return _yaml(version.name, conda, pip, {})


def _yaml(
    name: str, records: list[dict[str, Any]], pip: list[PipDist], variables: dict[str, str]
) -> str:
    dependencies: list[Any] = sorted(_exact(record) for record in records)
    if pip:
        if not any(record["name"] == "pip" for record in records):
            dependencies.append("pip")
        dependencies.append({"pip": [without_secrets(dist.requirement) for dist in pip]})
    value: dict[str, Any] = {"name": name, "channels": _channels(records)}
    value["dependencies"] = dependencies
    if variables:
        value["variables"] = variables
    text = io.StringIO()
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.allow_unicode = True
    yaml.width = 4096
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.representer.sort_base_mapping_type_on_output = False
    yaml.dump(value, text)
    return text.getvalue()


def _lock(name: str, records: list[dict[str, Any]], pip: list[PipDist]) -> str:
    lines = [
        "# This file may be used to create an environment using:",
        "# $ ma env create NAME --file THIS-FILE",
        "# $ conda create --name NAME --file THIS-FILE   (without what pip brought)",
        f"# platform: {_platform(records)}",
    ]
    lines += [f"# pip: {_pinned(dist)}" for dist in pip]
    lines.append("@EXPLICIT")
    # The interpreter first: conda installs in this order.
    ordered = sorted(records, key=lambda record: (record["name"] != "python", record["name"]))
    for record in ordered:
        url = record.get("url")
        if not isinstance(url, str) or "://" not in url:
            raise EngineFailed(
                f"{name!r} has no exact lock: the record of {record['name']} does not say "
                "where it came from.",
                hint="Export it as yaml, which has versions and builds.",
            )
        lines.append(without_secrets(url) + _checksum(record))
    return "\n".join(lines) + "\n"


def _exact(record: dict[str, Any]) -> str:
    build = record.get("build") or record.get("build_string")
    parts = [record["name"], record.get("version"), build]
    return "=".join(str(part) for part in parts if part)


def _channels(records: list[dict[str, Any]]) -> list[str]:
    """The channels of the packages, the one with the most first; then nothing else is searched."""
    counts: dict[str, int] = {}
    for record in records:
        channel = without_secrets(str(record.get("channel") or "")).rstrip("/")
        for subdir in (str(record.get("subdir")), "noarch"):
            channel = channel.removesuffix(f"/{subdir}")
        if channel and channel != "pypi":
            counts[channel] = counts.get(channel, 0) + 1
    return [*sorted(counts, key=lambda channel: (-counts[channel], channel)), "nodefaults"]


def _checksum(record: dict[str, Any]) -> str:
    """As conda writes it: ``#md5`` or ``#sha256:...``; the stronger where it is known."""
    if sha256 := record.get("sha256"):
        return f"#sha256:{sha256}"
    return f"#{record['md5']}" if record.get("md5") else ""


def _pinned(dist: PipDist) -> str:
    hashes = "".join(f" --hash={value}" for value in dist.hashes)
    return without_secrets(dist.requirement) + hashes


def _platform(records: list[dict[str, Any]]) -> str:
    subdirs = {str(record.get("subdir")) for record in records} - {"noarch", "None"}
    return min(subdirs, default="noarch")


def _variables(prefix: Path) -> dict[str, str]:
    try:
        value = json.loads((prefix / "conda-meta" / "state").read_bytes())
    except (OSError, ValueError):
        return {}
    found = value.get("env_vars") if isinstance(value, dict) else None
    return {str(k): str(v) for k, v in found.items()} if isinstance(found, dict) else {}
