"""Submitting jobs that one can get into: what takes the room of jobs and that of SSH."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from modelarts_nb import jobs
from modelarts_nb.cloud.client import Cloud, open_cloud
from modelarts_nb.cloud.errors import CloudError
from modelarts_nb.jobs.spec import JobSpec
from modelarts_nb.jobs.submitting import plan
from modelarts_nb.progress import SILENT, Progress
from modelarts_nb.ssh.keypairs import list_pairs
from modelarts_nb.ssh.places import find_places
from modelarts_nb.ssh.privatekeys import every
from modelarts_nb.ssh.publickey import same_key

# No reference says how many an endpoint may have.
_MOST = 10


@functools.wraps(jobs.submit)
def submit(
    file: Path | None = None,
    *,
    key_pairs: Sequence[str] | None = None,
    ssh: bool = True,
    cloud: Cloud | None = None,
    progress: Progress = SILENT,
    **options: Any,
) -> jobs.Submitted:
    """``jobs.submit``, with an SSH endpoint for the user's key pairs where none are named."""
    keys = {field.name for field in fields(JobSpec)}
    spec = plan(file, {key: value for key, value in options.items() if key in keys})
    spec.check()  # before anything is asked
    cloud = cloud or open_cloud()
    if ssh and key_pairs is None and not spec.key_pairs:
        key_pairs = default_pairs(cloud, progress) or None
    return jobs.submit(
        file, key_pairs=key_pairs, ssh=ssh, cloud=cloud, progress=progress, **options
    )


def default_pairs(cloud: Cloud, progress: Progress) -> list[str]:
    """The user's own pairs, and those of the account whose private half is here; may be none."""
    try:
        pairs = list_pairs(cloud, progress)
    except CloudError as error:
        progress.log(f"No SSH endpoint, since the key pairs cannot be listed: {error.message}")
        return []
    here = [key.public for key in every(find_places().keys) if key.public]
    names = [
        pair.name
        for pair in pairs
        if pair.scope != "domain" or any(same_key(public, pair.public_key) for public in here)
    ]
    chosen = list(dict.fromkeys(names))[:_MOST]
    if chosen:
        progress.log(f"SSH endpoint with: {', '.join(chosen)} (--no-ssh leaves it out)")
    return chosen
