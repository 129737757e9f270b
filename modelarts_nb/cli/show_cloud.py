"""How what the cloud says looks to a person at a terminal."""

from __future__ import annotations

from typing import Any

from modelarts_nb.cli.show import table
from modelarts_nb.disk.space import human_bytes

# Where there is nobody to ask, which is no trouble.
_NO_CLOUD = {"no_credentials", "cloud_setting", "cloud_not_installed"}


def notebooks(found: list[Any]) -> Any:
    """A table of instances."""
    rows = [
        (
            n.name,
            n.status,
            _left(n.lease) if n.status == "RUNNING" else "",
            n.flavor,
            n.image.name,
            n.user,
            n.created[:16].replace("T", " "),
            n.id,
        )
        for n in found
    ]
    return table(
        ("NAME", "STATUS", "TIME LEFT", "FLAVOR", "IMAGE", "USER", "MADE", "ID"),
        rows,
        empty="No notebooks fit. `ma notebook list --all` shows everybody's.",
    )


def notebook(n: Any) -> str:
    """One instance, a fact a line."""
    storage = f"{n.volume.category} {n.volume.ownership}".strip()
    facts = {
        "name": n.name,
        "id": n.id,
        "status": f"{n.status}: {n.fail_reason}" if n.fail_reason else n.status,
        "time left": _left(n.lease) if n.status == "RUNNING" else "",
        "description": n.description,
        "flavor": n.flavor,
        "image": n.image.name or n.image.path,
        "pool": (n.pool.name or n.pool.id) if n.pool else "public",
        "storage": f"{storage} at {n.volume.mount_path}" if storage else "",
        "user": n.user,
        "made": n.created,
        "changed": n.updated,
        "url": n.url,
    }
    lines = [f"{key + ':':<14} {value}" for key, value in facts.items() if value]
    for end in n.endpoints:
        if end.service != "SSH":
            continue
        pairs = ", ".join(end.key_pairs) or "no key pair"
        places = ", ".join(end.allowed_ips) or "everywhere"
        lines.append(f"{'ssh:':<14} {end.uri or 'when it runs'} ({pairs}; from {places})")
    for step in n.steps:
        if step.status in ("PROCESSING", "FAILED"):
            lines.append(f"{'step:':<14} {step.number} of 4 {step.status}: {step.description}")
    return "\n".join(lines)


def lease(found: Any) -> str:
    """When it stops by itself."""
    if not found.enabled:
        return "It does not stop by itself."
    counted = " while it is idle" if found.kind == "IDLE" else ""
    return f"It stops in {_left(found)}{counted} ({found.ends})."


def storages(found: list[Any]) -> Any:
    """A table of what is mounted: the cloud's word and the machine's."""
    rows = [(s.path, s.category, s.status, _seen(s.machine), s.uri, s.failure) for s in found]
    return table(
        ("PATH", "KIND", "CLOUD", "HERE", "FROM", ""),
        rows,
        empty="Nothing is mounted. `ma storage mount obs://bucket/folder/ /data/NAME` mounts a "
        "folder.",
    )


def storage(s: Any) -> str:
    """One storage, a fact a line."""
    m = s.machine
    facts = {
        "path": s.path,
        "from": f"{s.uri} ({s.category})",
        "cloud": f"{s.status}: {s.failure}" if s.failure else s.status,
        "here": _seen(m),
        "file system": f"{m.fstype} {m.source}" if m and m.mounted else "",
        "used": f"{human_bytes(m.used)} of {human_bytes(m.total)}" if m and m.total else "",
        "look up": f"{m.stat_ms:.1f} ms" if m and m.stat_ms is not None else "",
        "small write": f"{m.write_ms:.1f} ms" if m and m.write_ms is not None else "",
        "id": s.id,
    }
    return "\n".join(f"{key + ':':<14} {value}" for key, value in facts.items() if value)


def shares(found: list[Any]) -> Any:
    """A table of SFS Turbo file systems."""
    rows = [(s.name, s.status, _gigabytes(s.size), _gigabytes(s.free), s.kind, s.id) for s in found]
    return table(
        ("NAME", "STATUS", "SIZE", "FREE", "KIND", "ID"), rows, empty="No SFS Turbo file systems."
    )


def folders(found: list[Any]) -> Any:
    """A table of a share's folders."""
    may = {True: "yes", False: "no", None: "unknown"}
    rows = [
        (
            f.path,
            may[f.allowed],
            may[f.exists],
            f.mode,
            _part(f.used, f.capacity, human_bytes),
            _part(f.used_inodes, f.inodes, str),
            f.why,
        )
        for f in found
    ]
    return table(
        ("FOLDER", "MAY MOUNT", "EXISTS", "MODE", "USED", "FILES USED", "POLICY"),
        rows,
        empty="No folders.",
    )


def folder(f: Any) -> Any:
    """One folder."""
    return folders([f])


def checked(found: Any) -> str:
    """Which cloud, with which keys, and whether it answers."""
    facts = {
        "endpoint": found.endpoint,
        "region": found.region,
        "project": found.project,
        "instance": found.instance or "unknown (set INSTANCE_ID)",
        "keys": f"{found.access_key} from {found.keys_from}" if found.keys_from else "",
    }
    lines = [f"{key + ':':<14} {value}" for key, value in facts.items() if value]
    if found.error is None:
        cloud = "local cloud (a stand-in on this machine)" if found.kind == "local" else "cloud"
        return "\n".join([*lines, f"The {cloud} answers."])
    return "\n".join([*(lines if found.keys_from else []), *problem_lines(found.error)])


def problem_lines(problem: dict[str, str]) -> list[str]:
    """An error that is part of an answer."""
    return [problem["message"], *([problem["hint"]] if problem["hint"] else [])]


def registration_lines(info: Any) -> list[str]:
    """What the cloud says about the hook, of the results of ``ma hook ...``."""
    found, problem = info.registration, info.problem
    if problem and problem["code"] in _NO_CLOUD:
        return ["Whether it is registered with the notebook only the cloud knows: ma cloud check"]
    if problem:
        return ["With the notebook: not known.", *problem_lines(problem)]
    if found is None:
        return []
    others = [f"Kept beside it: {other}" for other in found.others]
    if found.registered is None:
        return ["It was sent to the service, which does not show what is registered."]
    if not found.registered:
        return ["The next start will NOT run it: `ma hook install` registers it.", *others]
    words = {
        True: "The next start of the notebook runs it.",
        False: "Another one of ours is registered: `ma hook install` registers this one.",
        None: "One of ours is registered all the same: it will find nothing to run.",
    }
    return [words[found.current], *others]


def status_lines(info: Any) -> list[str]:
    """The same of ``ma hook status``, which looks and does nothing."""
    found = info.registration
    if found is not None and found.registered is None:
        whether = "From here one was registered." if info.sent else "From here none was registered."
        return [f"{whether} The service does not show what is."]
    if found is not None and found.current and not info.unaltered:
        return ["The next start of the notebook runs it, and it will refuse."]
    return registration_lines(info)


def unregistered(found: Any) -> str:
    """What is left after ours is gone."""
    lines = ["The next start of the notebook does not run our hook."]
    return "\n".join([*lines, *(f"Still registered: {other}" for other in found.others)])


def _left(found: Any) -> str:
    if found is None or not found.enabled or found.remaining is None:
        return "no limit"
    hours, minutes = divmod(found.remaining // 60, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min"


def _seen(m: Any) -> str:
    if m is None:
        return ""
    if not m.mounted:
        return "not mounted"
    if not m.answers:
        return "mounted, DOES NOT ANSWER"
    if m.failure:
        return f"mounted, FAILS: {m.failure}"
    words = ["mounted", *(["read-only"] if m.read_only else [])]
    if m.free is not None:
        words.append(f"{human_bytes(m.free)} free")
    if m.stat_ms is not None:
        words.append(f"{m.stat_ms:.1f} ms")
    return ", ".join(words)


def _gigabytes(value: float | None) -> str:
    return "" if value is None else f"{value:g} GB"


def _part(used: int | None, of: int | None, words: Any) -> str:
    if used is None and of is None:
        return ""
    return f"{'?' if used is None else words(used)}" + (f" of {words(of)}" if of else "")
