"""Stopping a job, followed to its end."""

from __future__ import annotations

from modelarts_nb.cloud.client import Cloud, open_cloud
from modelarts_nb.cloud.errors import CloudConflict, StateFailed
from modelarts_nb.cloud.waiting import follow
from modelarts_nb.jobs.listing import look, resolve
from modelarts_nb.jobs.model import ENDED, Job
from modelarts_nb.progress import SILENT, Progress

SECONDS = 1200.0
# Somebody was faster, or it has ended by itself.
_OVER = {"ModelArts.2796", "ModelArts.2813", "ModelArts.2878"}


def stop(
    job: str,
    *,
    wait: bool = True,
    timeout: float = SECONDS,
    cloud: Cloud | None = None,
    progress: Progress = SILENT,
) -> Job:
    """Stop a job and follow it until it has stopped. One that has ended stays as it is.

    Args:
        job: its id or name.
        wait: follow it to the end; else return at once.
        timeout: seconds.

    Raises:
        CloudNotFound: there is no such job.
        StateFailed: it did not stop.
        CloudTimeout, Cancelled: not followed any more; the cloud goes on.
        CloudError: the cloud refused or could not be reached.
    """
    cloud = cloud or open_cloud()
    id = resolve(cloud, job, progress)
    state = look(cloud, id, progress)
    if state.phase in ENDED:
        progress.log(f"{state.name} has ended already: {state.phase}")
        return state
    progress.phase("stopping")
    if state.phase != "Terminating":
        try:
            cloud.call(
                "modelarts",
                "stop_training_job",
                training_job_id=id,
                body={"action_type": "terminate"},
                progress=progress,
            )
        except CloudConflict as error:
            if error.error_code not in _OVER:
                raise
            progress.log(error.message)
    if not wait:
        return look(cloud, id, progress)

    def ended(found: Job) -> bool:
        if found.secondary_phase == "TerminatedFailed":
            raise StateFailed(
                f"The job {found.name} could not be stopped.",
                hint=f"`ma job events {found.name}` says more; run the same again.",
            )
        return found.phase in ENDED

    return follow(
        lambda: look(cloud, id, progress),
        ended,
        what=f"Stopping {state.name or id}",
        again=f"ma job stop {id}",
        timeout=timeout,
        progress=progress,
    )
