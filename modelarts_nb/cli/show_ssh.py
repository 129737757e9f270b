"""How SSH looks to a person at a terminal."""

from __future__ import annotations

from typing import Any

from modelarts_nb.cli.show import table

_SYSTEMS = {"macos": "macOS", "linux": "Linux", "windows": "Windows"}
_LEVELS = {"ok": "ok", "warning": "note", "problem": "FAULT"}


def setup(found: Any) -> str:
    """Who gets in, since when, and what to paste on the laptop."""
    endpoint = found.endpoint
    name = endpoint.name or endpoint.id
    if not endpoint.exists:
        return (
            f"{name} has no SSH endpoint.\n"
            "`ma ssh setup KEY` imports your laptop's public key and gives it one."
        )
    lines = [f"{name} is opened by: {', '.join(endpoint.key_pairs) or 'no key pair'}"]
    if endpoint.allowed_ips:
        lines.append(f"only from:  {', '.join(endpoint.allowed_ips)}")
    if found.in_force is True:
        lines.append("That counts now.")
    elif found.in_force is False:
        lines.append(f"That counts from its next start on: ma notebook start {endpoint.id}")
        if endpoint.status == "RUNNING":
            lines[-1] = "That counts from its next start on: stop and start it (--restart)."
    laptop = found.laptop
    if laptop is None:
        where = "it runs" if endpoint.status != "RUNNING" else "it was started again"
        return "\n".join([*lines, f"It has an address when {where}: then `ma ssh show {name}`."])
    lines += ["", "Paste this on the laptop, at the end of", ""]
    lines += [
        f"  {_SYSTEMS[p.system]:<8} {p.file:<30} {p.open}".rstrip() for p in laptop.paste_into
    ]
    lines += ["", laptop.block]
    lines.append(
        f"Then `ssh {laptop.host}`; in VS Code Remote-SSH > Connect to Host > {laptop.host}; in "
        f"PyCharm the SSH configuration {laptop.host}."
    )
    lines.append("If OpenSSH says that the key file is too open:")
    lines += [f"  {_SYSTEMS[p.system]:<8} {p.protect}" for p in laptop.paste_into]
    return "\n".join(lines)


def pairs(found: list[Any]) -> Any:
    """A table of key pairs."""
    rows = [
        (
            p.name,
            "everybody's" if p.scope == "domain" else "yours",
            ", ".join(p.seen_in).upper(),
            ", ".join([*p.private, *(["cloud"] if p.hosted else [])]) or "not here",
            p.fingerprint,
        )
        for p in found
    ]
    return table(
        ("NAME", "WHOSE", "LIVES IN", "PRIVATE KEY", "FINGERPRINT"),
        rows,
        empty="No key pairs. `ma ssh setup KEY` imports your laptop's.",
    )


def pair(found: Any) -> Any:
    """One key pair."""
    return pairs([found])


def created(found: Any) -> str:
    """A new pair, and what becomes of its private half."""
    return (
        f"{found.name} was made ({found.fingerprint}). Its private key is in this home, mode 0600, "
        "and nowhere else: a restart takes it away.\n"
        f"`ma ssh keys keep {found.name}` keeps it on the disk too; `ma ssh use {found.name} "
        "--notebook NAME` has it open a notebook."
    )


def deleted(found: Any) -> str:
    """What is gone."""
    where = f", and its private key ({', '.join(found.private)})" if found.private else ""
    return f"{found.name} was deleted{where}."


def kept(found: Any) -> str:
    """A key on the disk."""
    if found.locked:
        return f"{found.name} is on the disk, protected. After a restart: ma ssh unlock"
    return (
        f"{found.name} is on the disk WITHOUT a passphrase: whoever mounts it can use it. "
        "The hook brings it back after a restart, or `ma restore` does."
    )


def unlocked(found: Any) -> str:
    """What can be used now."""
    lines = [f"Open until the container ends: {', '.join(found.opened)}"] if found.opened else []
    if found.refused:
        lines.append(f"Not opened by this passphrase: {', '.join(found.refused)}")
    return "\n".join([*lines, "`ma ssh config` writes where they lead to."])


def locked(found: Any) -> str:
    """What takes a passphrase again."""
    return f"Locked: {', '.join(found.refused)}" if found.refused else "No key was open."


def config(found: Any) -> str:
    """What can be typed now."""
    lines = [f"ssh {host}" for host in found.hosts] or ["No notebook can be reached from here."]
    lines += [f"left out: {why}" for why in found.left_out]
    return "\n".join([*lines, f"{found.file} " + ("was written." if found.changed else "was so.")])


def forgotten(found: Any) -> str:
    """Was there one?"""
    return "Forgotten: the next connection pins the key it meets." if found else "None was pinned."


def checked(found: Any) -> str:
    """Findings, with what to do."""
    lines = []
    for finding in found.findings:
        lines.append(f"{_LEVELS[finding.level]:<6} {finding.message}")
        if finding.fix:
            lines.append(f"{'':<6} {finding.fix}")
    if found.healthy and found.logged_in is None:
        lines.append(
            "Nothing is wrong as far as it can be seen from here, without the private key."
        )
        lines.append("What your laptop complains of: ma ssh check --said 'TEXT'")
    return "\n".join(lines)
