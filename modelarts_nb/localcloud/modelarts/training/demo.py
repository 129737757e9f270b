"""A training job of the demo account: it runs as long as the local cloud does."""

from __future__ import annotations

import uuid

from modelarts_nb.localcloud.cloud import Cloud
from modelarts_nb.localcloud.demo import DEVELOPER, DOMAIN
from modelarts_nb.localcloud.modelarts.training import jobs
from modelarts_nb.localcloud.modelarts.training.jobs import Job
from modelarts_nb.localcloud.modelarts.training.running import now_of

NAME = "demo-training"
# Its counter goes on when all events are deleted: a job that was deleted does not come back.
_EVENTS = "modelarts_job_event"
_COMMAND = """\
# What a training script looks like from outside: a line now and then, until it is stopped.
echo "worker $VC_TASK_INDEX of $VC_WORKER_NUM on $HOSTNAME, code in $MA_JOB_DIR"
epoch=0
while :; do
  epoch=$((epoch + 1))
  echo "epoch $epoch: loss 0.$((9000 / (epoch + 9)))"
  sleep 5
done
"""


def make(cloud: Cloud) -> None:
    """Make it where the account has had no job yet."""
    with cloud.store.write() as db:
        pool = db.one(
            "SELECT p.id, p.project_id, u.id AS user_id, d.id AS domain_id FROM modelarts_pool p"
            " JOIN iam_domain d ON d.name = ?"
            " JOIN iam_user u ON u.domain_id = d.id AND u.name = ?",
            DOMAIN,
            DEVELOPER,
        )
        if pool is None or db.one("SELECT 1 FROM sqlite_sequence WHERE name = ?", _EVENTS):
            return
        job = Job(
            id=str(uuid.uuid4()),
            project_id=pool["project_id"],
            domain_id=pool["domain_id"],
            user_id=pool["user_id"],
            user_name=DEVELOPER,
            name=NAME,
            created=now_of(cloud),
            description="Runs until it is stopped, again after every start of the local cloud",
            annotations={
                "fault-tolerance/job-unconditional-retry": "true",
                "fault-tolerance/job-retry-num": "128",
            },
            algorithm={
                "code_dir": "",
                "boot_file": "",
                "command": _COMMAND,
                "engine": {"image_url": "demo/training:local"},
                "local_code_dir": "",
                "working_dir": "",
                "parameters": [],
                "inputs": [],
                "outputs": [],
                "environments": {"DEMO": "yes"},
            },
            nodes=2,
            pool_id=pool["id"],
        )
        jobs.add(db, job)
        jobs.tell(db, job.id, job.created, "The training job was created.")
