"""How the results of ``ma shell`` look to a person."""

from __future__ import annotations

from typing import Any


def outcome(done: Any) -> str:
    """How a command ended in each task: a line each, or one for all."""
    if all(task.exit_code == 0 for task in done.tasks):
        return f"Exit code 0 in all {len(done.tasks)} tasks."
    width = max(len(task.task) for task in done.tasks)
    return "\n".join(f"{task.task:<{width}}  {_ended(task)}" for task in done.tasks)


def result(value: dict[str, Any]) -> str:
    """The same of a result as programs get it."""
    said = [f"{task['task']}: exit code {task['exit_code']}" for task in value["tasks"]]
    return ", ".join(said)


def environments(found: list[Any]) -> str:
    """``NAME=value`` by name; several tasks each under a heading."""
    blocks = []
    for one in found:
        lines = [f"{name}={one.variables[name]}" for name in sorted(one.variables)]
        heading = [f"# {one.task}, process {one.pid}"] if len(found) > 1 else []
        blocks.append("\n".join([*heading, *lines]))
    return "\n\n".join(blocks)


def copied(done: Any) -> str:
    """Where it is now."""
    from modelarts_nb.disk.space import human_bytes

    return f"{done.target} ({human_bytes(done.bytes)} copied)"


def _ended(task: Any) -> str:
    if task.exit_code is None:
        return str((task.error or {}).get("message", "did not end"))
    return f"exit code {task.exit_code}" + (f" (SIG{task.signal})" if task.signal else "")
