"""The process in which py-rattler works: ``python -m modelarts_nb.envs.engine.child``.

Reads one job (JSON) from standard input and writes events, one JSON object a line, to standard
output; the last is ``{"result": ...}`` or ``{"error": {"kind", "message"}}``. That line is the
result, not the exit code: py-rattler may abort when Python exits.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import rattler
from rattler import exceptions

_NETWORK = (exceptions.GatewayError, exceptions.FetchRepoDataError)
_SPEC = (
    exceptions.InvalidMatchSpecError,
    exceptions.InvalidVersionSpecError,
    exceptions.InvalidChannelError,
    exceptions.InvalidUrlError,
)


def say(**event: Any) -> None:
    """Write one event; lines come whole although callbacks come from several threads."""
    os.write(1, (json.dumps(event) + "\n").encode())


class _Reporter(rattler.InstallerReporter):
    """What py-rattler tells while it installs, as events."""

    def __init__(self) -> None:
        self._names: list[str] = []
        self._seen: dict[int, int] = {}

    def _number(self, name: str) -> int:
        self._names.append(name)
        return len(self._names) - 1

    def on_transaction_start(self, total_operations: int) -> None:
        say(event="start", total=total_operations)

    def on_populate_cache_start(self, operation: int, package_name: str) -> int:
        return self._number(package_name)

    def on_download_start(self, cache_entry: int) -> int:
        say(event="download", name=self._names[cache_entry])
        return cache_entry

    def on_download_progress(self, download_idx: int, progress: int, total: int | None) -> None:
        before = self._seen.get(download_idx, 0)
        # A download that is tried again starts over; what is done stays done.
        if progress > before:
            self._seen[download_idx] = progress
            say(event="bytes", bytes=progress - before)

    def on_unlink_start(self, operation: int, package_name: str) -> int:
        say(event="unlink", name=package_name)
        return 0

    def on_link_start(self, operation: int, package_name: str) -> int:
        return self._number(package_name)

    def on_link_complete(self, index: int) -> None:
        say(event="linked", name=self._names[index])


def _config(job: dict[str, Any]) -> rattler.Config:
    lines = ['tls-root-certs = "system"']
    if job.get("insecure"):
        lines = ["tls-no-verify = true"]
    return rattler.Config.from_toml("\n".join(lines))


class _BadSpec(Exception):
    """Says which text is no spec: py-rattler only says what is wrong with it."""


def _spec(text: str) -> rattler.MatchSpec:
    try:
        if "://" in text and "::" not in text and "[" not in text:
            return rattler.MatchSpec.from_url(text)
        return rattler.MatchSpec(text)
    except _SPEC as error:
        raise _BadSpec(f"{text!r} ({error})") from error


def _installed(prefix: str | None) -> list[rattler.PrefixRecord]:
    folder = Path(prefix or "") / "conda-meta"
    files = sorted(folder.glob("*.json")) if prefix else []
    return [rattler.PrefixRecord.from_path(file) for file in files]


async def solve(job: dict[str, Any]) -> list[dict[str, Any]]:
    """Records (as JSON objects) that satisfy ``specs`` from ``channels``."""
    config = _config(job)
    # Packages that are named by address are fetched to be looked at, into the same "pkgs".
    gateway = rattler.Gateway.from_config(config, cache_dir=Path(job["cache"]))
    priority = rattler.ChannelPriority
    records = await rattler.solve(
        job["channels"],
        [_spec(text) for text in job["specs"]],
        gateway=gateway,
        locked_packages=_installed(job.get("prefix")),
        virtual_packages=rattler.VirtualPackage.detect(),
        channel_priority=priority.Strict if job.get("strict", True) else priority.Disabled,
        add_pip_as_python_dependency=job.get("pip", True),
    )
    found = [json.loads(record.to_json()) for record in records]
    for value in found:
        # That Python brings pip is for solving; recorded, it would take Python away with pip.
        if value["name"] == "python":
            value["depends"] = [need for need in value.get("depends", []) if need != "pip"]
    return found


async def install(job: dict[str, Any]) -> None:
    """Make ``prefix`` hold exactly ``records``, with ``final`` as the prefix in its files.

    Without ``records``: what it holds now, except the packages named in ``without``. Packages named
    in ``again`` are installed anew although they are there.
    """
    present = _installed(job["prefix"]) if job["again"] or job.get("records") is None else []
    if job.get("records") is None:
        records: list[Any] = [r for r in present if r.name.normalized not in job["without"]]
    else:
        with tempfile.TemporaryDirectory() as folder:
            records = [_record(value, Path(folder)) for value in job["records"]]
    # What has no record is not there, as far as rattler is concerned.
    for record in present:
        if record.name.normalized in job["again"]:
            name = f"{record.name.normalized}-{record.version}-{record.build}.json"
            (Path(job["prefix"]) / "conda-meta" / name).unlink(missing_ok=True)
    layer = rattler.PackageCacheLayer(Path(job["cache"]) / "pkgs")
    trusting = layer.with_validation_mode(rattler.ValidationMode.skip())
    # py-rattler 0.28 hands these on without unwrapping them and fails on its own class.
    requested: Any = [getattr(_spec(text), "_match_spec") for text in job["requested"]]  # noqa: B009
    await rattler.install(
        records,
        job["prefix"],
        package_cache=rattler.PackageCache.from_layers([trusting]),
        config=_config(job),
        requested_specs=requested,
        reporter=_Reporter(),  # type: ignore[abstract]
        alternative_target_prefix=job["final"],
    )
    _let_read(Path(job["prefix"]) / "conda-meta")


def _let_read(folder: Path) -> None:
    """Give records the mode that any new file gets. rattler lets nobody but their owner read them,
    and then a colleague on the same disk could not clone or pack the environment."""
    umask = os.umask(0)
    os.umask(umask)
    for record in folder.glob("*.json"):
        os.chmod(record, 0o666 & ~umask)


def _record(value: dict[str, Any], folder: Path) -> rattler.RepoDataRecord:
    """The record that ``to_json`` wrote; py-rattler only reads one from an index.json."""
    file = folder / "index.json"
    file.write_text(json.dumps(value), "utf-8")
    package = rattler.PackageRecord.from_index_json(
        file, size=value.get("size"), sha256=value.get("sha256"), md5=value.get("md5")
    )
    # What was asked for by its address has no channel of its own.
    channel = value.get("channel") or value["url"].rsplit("/", 2)[0]
    return rattler.RepoDataRecord(package, value["fn"], value["url"], channel)


async def check(job: dict[str, Any]) -> list[str]:
    """The names that ``specs`` ask for; fails on the first that is not a spec."""
    return [str(_spec(text).name.normalized) for text in job["specs"]]


_CALLS = {"solve": solve, "install": install, "check": check}


def _kind(error: BaseException) -> str:
    if isinstance(error, (_BadSpec, *_SPEC)):
        return "spec"
    if isinstance(error, exceptions.SolverError):
        return "unsolvable"
    if isinstance(error, _NETWORK):
        return "network"
    return "other"


def main() -> None:
    """Do the job on standard input."""
    job = json.loads(sys.stdin.read())
    try:
        say(result=asyncio.run(_CALLS[job["call"]](job)))
    except BaseException as error:  # a panic of Rust is no Exception
        say(error={"kind": _kind(error), "message": str(error) or type(error).__name__})
    os._exit(0)


if __name__ == "__main__":
    main()
