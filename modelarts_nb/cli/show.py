"""How results look to a person at a terminal. ``rich`` is imported only when a table is due."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from modelarts_nb.disk.space import human_bytes

_KERNEL = {"ready": "ready", "missing": "missing", "none": "-"}
_WHERE = {"disk": "disk", "image": "image", "elsewhere": "elsewhere"}
# What an operation is about, of its parameters, in the order of the command line.
_SUBJECT = ("source", "file", "entry", "name", "new", "output", "prefix")


def table(headings: Sequence[str], rows: Sequence[Sequence[str]], *, empty: str) -> Any:
    if not rows:
        return empty
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, header_style="bold", pad_edge=False)
    numeric = {"SIZE", "FILES"}
    for heading in headings:
        justify: Any = "right" if heading in numeric else "left"
        table.add_column(heading, justify=justify, overflow="fold")
    from rich.text import Text

    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    return table


def _size(value: int | None) -> str:
    return "" if value is None else human_bytes(value)


def environments(found: list[Any]) -> Any:
    """A table: what is on the disk first, then what a restart loses."""
    from modelarts_nb.cli.show_sealed import state

    ordered = sorted(found, key=lambda e: (not e.survives, e.where != "disk", e.name.lower()))
    rows = [
        (
            e.name,
            e.python or "",
            _size(e.size),
            state(e) if e.where == "disk" else "",
            _KERNEL[e.kernel],
            _WHERE[e.where] if e.survives else f"{_WHERE[e.where]}, lost at restart",
            e.working or "; ".join(f.message for f in e.trouble) or ", ".join(e.highlights),
        )
        for e in ordered
    ]
    return table(
        ("NAME", "PYTHON", "SIZE", "STATE", "KERNEL", "WHERE", ""),
        rows,
        empty="No environments yet. `ma env create NAME` makes one, "
        "`ma env clone SOURCE NAME` keeps one of the image.",
    )


def environment(e: Any) -> str:
    """One environment, a fact a line."""
    from modelarts_nb.cli.show_sealed import facts as sealed_facts

    facts = {
        "name": e.name,
        "prefix": str(e.prefix),
        "survives a restart": "yes" if e.survives else "no",
        **(sealed_facts(e) if e.where == "disk" else {}),
        "python": e.python or "none",
        "size": f"{_size(e.size)} in {e.files:,} files" if e.size and e.files else "not counted",
        "kernel": f"{e.kernel} ({e.kernel_name})" if e.kernel_name else e.kernel,
        "made": e.created or "unknown",
        "origin": e.origin or "",
        "highlights": ", ".join(e.highlights),
    }
    lines = [f"{key + ':':<20} {value}" for key, value in facts.items() if value]
    return "\n".join([*lines, *_finding_lines(e.trouble)])


_WARMED = {
    "ready": "{files:,} files at hand on the local disk",
    "partly": "{files:,} files at hand; the local disk has no room for the others",
    "unknown": "nothing is known yet: start its kernel and import what you use",
    "not needed": "not needed, its disk is fast enough (or hot files are switched off)",
    "removed": "no hot files on the local disk",
}


def warmed(done: list[Any]) -> str:
    """What ``env warm`` did, an environment a line."""
    lines = [f"{one.name}: {_WARMED[one.state].format(files=one.files)}" for one in done]
    return "\n".join(lines) or "No kernel has noted yet what it uses."


def made(e: Any) -> str:
    """What a verb that makes or changes an environment says at its end."""
    if isinstance(e, dict) or not hasattr(e, "prefix"):
        return plan(e)
    lines = [f"{e.name} is at {e.prefix}"]
    if e.state == "sealed":
        here = f"on the local disk: {e.prefix}" if e.filled else "not on the local disk yet"
        lines = [f"{e.name} is sealed, version {e.version}, {here}"]
        if e.unsaved:
            lines.append(f"Unsaved: `ma env save {e.name}` makes it a version.")
    if e.kernel == "ready":
        lines.append(f"Jupyter offers it as the kernel '{e.name}'.")
    elif e.where == "disk":
        lines.append(f"No kernel. `ma env register {e.name}` makes one (ipykernel is needed).")
    if not e.survives:
        lines.append("It will NOT survive a restart: this folder is not on a mount of its own.")
    lines.append(f"Activate it with: conda activate {e.name if e.where == 'disk' else e.prefix}")
    return "\n".join(lines)


def plan(value: Any) -> str:
    """What ``--dry-run`` found."""
    lines = [f"+ {p.name} {p.version} {p.build}".rstrip() for p in value.add]
    lines += [f"- {p.name} {p.version} {p.build}".rstrip() for p in value.remove]
    lines += [f"{line} (pip)" for line in value.pip]
    if size := value.download:
        lines.append(f"Up to {_size(size)} to download.")
    return "\n".join(lines) or "Nothing would change."


def registered(e: Any) -> str:
    """The state of the kernel after register or unregister."""
    if e.kernel == "ready":
        return f"Jupyter offers {e.name} as the kernel '{e.kernel_name}', also after restarts."
    return f"Jupyter does not offer {e.name} as a kernel any more."


def removed(r: Any) -> str:
    """Where it went and how to get it back."""
    return f"{r.name} is in the bin until {r.purged_after[:10]}. Undo: ma bin restore {r.name}"


def packed(value: Any) -> str:
    """The archive and how to use it; what a pack would meet, for ``--dry-run``."""
    if hasattr(value, "ready"):
        return preflight(value)
    return (
        f"{value.path}\n{_size(value.size)}, {value.format}, sha256 {value.sha256}\n"
        f"Unpack it with: ma env unpack {value.path} NAME"
    )


def preflight(value: Any) -> str:
    """What is editable, overwritten, missing or outside, and the space it takes."""
    state = "can be packed" if value.ready else "cannot be packed as it is"
    lines = [
        f"{value.name} {state}: {_size(value.size)} in {value.files:,} files.",
        f"The archive takes {_size(value.needed)} at most; {_size(value.free)} are free.",
    ]
    return "\n".join([*lines, *_finding_lines(value.findings)])


def packages(found: list[Any]) -> Any:
    """A table of packages."""
    rows = [
        (p.name, p.version, p.build or ("editable" if p.editable else ""), p.channel or p.manager)
        for p in found
    ]
    return table(("NAME", "VERSION", "BUILD", "FROM"), rows, empty="No packages.")


def _finding_lines(found: Sequence[Any]) -> list[str]:
    mark = {"ok": "ok     ", "warning": "warning", "error": "ERROR  "}
    lines = []
    for f in found:
        lines.append(f"{mark[f.level]} {f.check}: {f.message}")
        if f.level != "ok" and f.fix:
            lines.append(f"        fix: {f.fix}")
        lines += [f"        {path}" for path in f.files[:10]]
        if len(f.files) > 10:
            lines.append(f"        and {len(f.files) - 10:,} more")
    return lines


def findings(found: list[Any]) -> str:
    """Every finding with its fix."""
    return "\n".join(_finding_lines(found)) or "Nothing to report."


def archives(found: list[Any]) -> Any:
    """A table of archives."""
    rows = [(a.path.name, a.name, _size(a.size), a.python or "", a.created[:16]) for a in found]
    return table(
        ("FILE", "ENVIRONMENT", "SIZE", "PYTHON", "MADE"),
        rows,
        empty="No archives. `ma env pack NAME` makes one.",
    )


def bin_(found: list[Any]) -> Any:
    """A table of removed environments."""
    rows = [(r.entry, r.name, _size(r.size), r.removed[:16], r.purged_after[:10]) for r in found]
    return table(
        ("ENTRY", "ENVIRONMENT", "SIZE", "REMOVED", "KEPT UNTIL"), rows, empty="The bin is empty."
    )


def emptied(value: Any) -> str:
    """What is gone for good."""
    return f"Deleted: {', '.join(r.entry for r in value)}" if value else "Nothing to delete."


def operations(found: list[Any]) -> Any:
    """A table of operations."""
    rows = [
        (
            o.id,
            o.verb,
            " ".join(str(o.params[key]) for key in _SUBJECT if o.params.get(key)),
            o.phase if o.state == "running" else o.state,
            o.started[:16],
        )
        for o in found
    ]
    return table(("ID", "VERB", "ON", "STATE", "STARTED"), rows, empty="Nothing ran lately.")


def restored(report: Any) -> str:
    """The restore report, a part a line."""
    return "\n".join(_report_lines(_as_dict(report)))


def _report_lines(value: dict[str, Any]) -> list[str]:
    lines = [f"{line['state']:<9} {line['what']}: {line['detail']}" for line in value["lines"]]
    return [*lines, f"{'done' if value['ok'] else 'with trouble'} in {value['seconds']:.2f} s"]


def hook_installed(info: Any) -> str:
    """Where the tool is, and that the hook is registered, or how to do that by hand."""
    from modelarts_nb.cli.show_cloud import problem_lines, registration_lines

    lines = [f"The tool is on the disk at {info.tool}."]
    if info.registration:
        return "\n".join([*lines, *registration_lines(info)])
    if info.problem:
        lines += ["", "It could not be registered:", *problem_lines(info.problem), ""]
    return "\n".join(
        [
            *lines,
            "Register this as the notebook's pre-start hook (type COMMAND, mode BLOCK):",
            "",
            info.command,
            "`ma hook status --command` prints it again.",
        ]
    )


def hook_status(info: Any) -> str:
    """Installed, unaltered, registered, and what its last run did."""
    if isinstance(info, str):
        return info
    from modelarts_nb.cli.show_cloud import status_lines

    if not info.installed:
        lines = ["The restart hook is not installed: ma hook install"]
    elif info.unaltered:
        lines = [f"The hook of version {info.version} is installed and unaltered: {info.tool}"]
    else:
        lines = [
            "The hook is NOT as it was installed; look who changed:",
            *(f"  {path}" for path in info.altered[:10]),
            "`ma hook install` installs it anew and registers it.",
        ]
    lines += status_lines(info)
    if info.report is None:
        return "\n".join([*lines, "It has not run in this container."])
    return "\n".join([*lines, f"Last run {info.report['ran']}:", *_report_lines(info.report)])


def kept(value: Any) -> str:
    """What is kept and what could be."""
    if not isinstance(value, dict) and not hasattr(value, "kept"):
        return done(value)
    v = _as_dict(value)
    state = {"same": "", "changed": "changed since: `ma keep` it again", "missing": "not here"}
    lines = [f"~/{f['path']:<32} {state.get(f['state'], f['state'])}" for f in v["kept"]]
    if not lines:
        lines = ["Nothing of the home is kept yet."]
    if v["suggested"]:
        paths = " ".join(f"~/{path}" for path in v["suggested"])
        lines.append(f"You may want: ma keep {paths}")
    return "\n".join(lines)


def status(value: Any) -> str:
    """The one question at a glance: what survives a restart?"""
    v = _as_dict(value)
    disk = v["disk"]
    if disk.get("error"):
        return f"{disk['error']['message']}\n{disk['error']['hint']}"
    safe = "survives a restart: it is" if disk["survives"] else "does NOT survive: it is"
    lines = [
        f"{disk['root']} {safe} {disk['reason']}.",
        f"{human_bytes(disk['free'])} of {human_bytes(disk['total'])} free"
        + (f", {disk['latency_ms']:.1f} ms a request" if disk["latency_ms"] is not None else ""),
        f"Owner: {v['owner']}",
    ]
    if v["lost"] and disk["survives"]:
        lines.append(
            f"Lost at restart: {', '.join(v['lost'])}. Keep one: ma env clone NAME NEW-NAME"
        )
    if v["unsaved"]:
        lines.append(
            f"Unsaved, lost at restart: {', '.join(v['unsaved'])}. Save all: ma env save --all"
        )
    if not (v["hook"] and v["hook"]["installed"]):
        lines.append("The restart hook is not installed: ma hook install")
    return "\n".join(lines)


def done(value: Any) -> str:
    """Any small result, a fact a line."""
    from modelarts_nb.wire import to_wire

    plain = to_wire(value)
    if isinstance(plain, dict):
        return "\n".join(f"{key + ':':<20} {_brief(item)}" for key, item in plain.items())
    return _brief(plain)


def _brief(item: Any) -> str:
    if isinstance(item, list):
        return ", ".join(_brief(i) for i in item) or "-"
    if isinstance(item, dict):
        return ", ".join(f"{k} {_brief(v)}" for k, v in item.items())
    return "-" if item is None else str(item)


def _as_dict(value: Any) -> dict[str, Any]:
    from modelarts_nb.wire import to_wire

    plain: dict[str, Any] = to_wire(value)
    return plain


def local_cloud(found: dict[str, Any]) -> str:
    """Where the local cloud is, and what to say to use it."""
    if not found["running"]:
        how = "has ended" if found.get("stopped") else "is not running"
        return f"The local cloud {how}. What was made in it is in {found['state']}."
    lines = [f"The local cloud runs at {found['endpoint']} (state: {found['state']}).", ""]
    lines.append("To be one of its users, name the file with their keys; then `ma notebook list`:")
    lines += [f"  export MODELARTS_NB_CLOUD_FILE={file}" for file in found["users"].values()]
    return "\n".join(lines)
