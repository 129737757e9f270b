"""How sealed environments look to a person at a terminal."""

from __future__ import annotations

from typing import Any

from modelarts_nb.cli.show import made, table
from modelarts_nb.disk.space import human_bytes

_FILES_SHOWN = 20


def state(e: Any) -> str:
    """``open``, or what a sealed environment is here: ``sealed 3, unsaved``."""
    if e.state == "open":
        return "open"
    told = [f"sealed {e.version}"]
    if e.newest is not None and e.newest != e.version:
        told.append(f"{e.newest} is newer")
    if e.unsaved:
        told.append("unsaved")
    return ", ".join(told)


def facts(e: Any) -> dict[str, str]:
    """What there is to say of a sealed environment, or of the versions of an open one."""
    if e.state == "open":
        count = f"{e.versions}, the newest is {e.newest}" if e.versions else ""
        return {"state": "open", "versions": count}
    here = f"version {e.version}, {human_bytes(e.local_size or 0)}" if e.filled else "no"
    return {
        "state": "sealed",
        "version": f"{e.version} of {e.versions}"
        + (f" (newer, made elsewhere: {e.newest})" if e.newest != e.version else ""),
        "on the disk": human_bytes(e.stored) if e.stored else "",
        "on the local disk": here,
        "unsaved": f"yes: ma env save {e.name}" if e.unsaved else "no",
    }


def sealed(e: Any) -> str:
    """What it takes now, and what is next."""
    lines = [f"{e.name} is sealed as version {e.version}: {human_bytes(e.stored or 0)}."]
    if e.kernel == "ready":
        lines.append("Its kernel starts from the local disk; the first start brings it there.")
    lines.append(f"Bring it there now: ma env fill {e.name}. A folder again: ma env open {e.name}")
    return "\n".join(lines)


def versions(found: list[Any]) -> Any:
    """A table: the newest first, what is here marked."""
    rows = [
        (
            str(v.number),
            v.created[:16].replace("T", " "),
            human_bytes(v.stored) if v.stored else "",
            str(v.packages) if not v.problem else "",
            _here(v),
            v.problem or v.why or ", ".join(v.highlights),
        )
        for v in found
    ]
    return table(("VERSION", "MADE", "NEW", "PACKAGES", "HERE", "WHY"), rows, empty="No versions.")


def _here(v: Any) -> str:
    if v.chosen:
        return "kernels start from it"
    return "filled" if v.filled else ""


def version(v: Any) -> str:
    """The version that came of it."""
    why = f": {v.why}" if v.why else ""
    return f"{v.name} is at version {v.number}{why}.\nUndo: ma env undo {v.name}"


def saved(value: Any) -> str:
    """The version that was written, or all of them."""
    if isinstance(value, list):
        return "\n".join(saved(v) for v in value) or "Nothing was unsaved."
    why = f": {value.why}" if value.why else ""
    return f"{value.name} is saved as version {value.number}{why} ({human_bytes(value.stored)})."


def filled(value: Any) -> str:
    """The environment that is on the local disk now, or the names of all that are."""
    if isinstance(value, list):
        return "\n".join(f"{n} is on the local disk." for n in value) or "Nothing was to be filled."
    return made(value)


def difference(d: Any) -> str:
    """Packages first, then files by what happened to them."""
    lines = [f"{d.name}: from {d.before} to {d.after}"]
    for p in d.packages:
        mark = "+" if p.before is None else "-" if p.after is None else "~"
        versions = " -> ".join(v for v in (p.before, p.after) if v)
        lines.append(f"{mark} {p.name} {versions}{' (pip)' if p.manager == 'pip' else ''}")
    for mark, word in (("+", "added"), ("-", "removed"), ("~", "changed")):
        files = getattr(d, word)
        if not files.count:
            continue
        lines.append(f"{files.count:,} files {word}, {human_bytes(files.bytes)}")
        lines += [f"  {mark} {path}" for path in files.paths[:_FILES_SHOWN]]
        if (rest := files.count - min(len(files.paths), _FILES_SHOWN)) > 0:
            lines.append(f"    and {rest:,} more")
    return "\n".join(lines) if len(lines) > 1 else f"{lines[0]}: nothing differs."


def garbage(g: Any) -> str:
    """What nobody needs, or what is gone; what stays and why is in ``--json``."""
    doomed = [image for image in g.images if not image.kept]
    if not doomed:
        return f"Nothing to delete: all {len(g.images)} images are needed."
    lines = [f"{image.sha256[:12]}  {human_bytes(image.size)}" for image in doomed]
    if g.deleted:
        return "\n".join([*lines, f"Deleted {len(doomed)} images, {human_bytes(g.bytes)}."])
    return "\n".join(
        [
            *lines,
            f"Nobody needs {len(doomed)} of {len(g.images)} images, {human_bytes(g.bytes)}.",
            "Delete them: ma env gc --yes",
        ]
    )


def sources(found: list[Any]) -> Any:
    """A table of what can be cloned."""
    rows = []
    for s in found:
        if s.problem or not s.environments:
            rows.append((s.name, "", "", str(s.path), s.problem or "Nothing in it."))
        rows += [
            (
                e.name,
                e.python or "",
                human_bytes(e.size),
                str(s.path),
                e.unfit or ", ".join(e.highlights),
            )
            for e in s.environments
        ]
    return table(
        ("ENVIRONMENT", "PYTHON", "SIZE", "SOURCE", ""),
        rows,
        empty="No sources. `ma env sources add FOLDER` adds a team mate's.",
    )


def source(s: Any) -> str:
    """What a source is called, and what it offers."""
    lines = [f"{s.path} is the source {s.name}."]
    lines += [f"  ma env clone {e.name} NAME" for e in s.environments if not e.unfit]
    return "\n".join(lines)


def source_removed(s: Any) -> str:
    """What stays."""
    return (
        f"{s.path} is no source any more. Environments that were cloned from it need its images: "
        "add it again to fill them."
    )
