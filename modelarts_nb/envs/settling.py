"""What package tools did to a twin is made true at the prefix that it will have."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from modelarts_nb.disk.scan import Tree, scan
from modelarts_nb.envs import history
from modelarts_nb.envs.engine.compiled import compile_missing
from modelarts_nb.envs.relocate import Move
from modelarts_nb.envs.state import State, now, read_state, write_state
from modelarts_nb.envs.twin import changed
from modelarts_nb.errors import from_os_error
from modelarts_nb.progress import SILENT, Progress


def settle(twin: Path, final: Path, original: Tree, progress: Progress = SILENT) -> None:
    """Make what is new in the twin true at the final prefix, and compile it.

    Args:
        twin: where the tools worked.
        final: the prefix that it will have.
        original: what it was a twin of.

    Raises:
        DiskFull, DiskFailure, AccessDenied: a file cannot be rewritten.
        EngineFailed: the final prefix is longer than a package left room for.
        Cancelled: the user's wish.
    """
    compile_missing(twin, final, progress=progress)
    tree = scan(twin, progress=progress)
    fresh = changed(original, tree)
    move = Move(twin, [str(twin), os.path.realpath(twin)], final, progress=progress)
    progress.phase("rewriting", files=len(fresh))
    try:
        for entry in fresh:
            progress.check()
            move.rewrite(twin / entry.path, entry)
            progress.advance(files=1)
        move.finish(tree, twin)
    except OSError as error:
        raise from_os_error(error, "rewriting the prefix", twin) from error


def note_requests(
    twin: Path, final: Path, requested: Sequence[str], dropped: Iterable[str] = ()
) -> None:
    """Write into the twin's state what was asked for, and how large it is now.

    Args:
        twin: where the tools worked.
        final: the prefix that it will have.
        requested: specs that take the place of those of the same packages.
        dropped: names of packages that are asked for no more.

    Raises:
        DiskFull, DiskFailure, AccessDenied: the disk refused.
    """
    tree = scan(twin)
    state = read_state(twin) or State(prefix=str(final), created=now())
    names = {history.spec_name(spec) for spec in requested} | set(dropped)
    kept = [spec for spec in state.requested if history.spec_name(spec) not in names]
    write_state(
        twin,
        replace(
            state,
            prefix=str(final),
            size=tree.bytes,
            files=tree.files,
            requested=(*kept, *requested),
        ),
    )
