"""From a job's name to the ways into its tasks, by the rules of the platform.

A shell needs a running job. SSH needs its SSH endpoint and the private half of one of its key
pairs; pod exec a dedicated pool, ``modelarts:trainJob:exec`` and access to the cluster (seed 2.3.5,
2.3.7; ``docs/shell.md``).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from modelarts_nb import config, jobs
from modelarts_nb.cloud.actions import policy_hint
from modelarts_nb.cloud.client import Cloud
from modelarts_nb.errors import UsageError, from_os_error
from modelarts_nb.progress import SILENT, Progress
from modelarts_nb.shell.errors import ShellNotInstalled, ShellRefused
from modelarts_nb.shell.session import Transport
from modelarts_nb.shell.target import Target
from modelarts_nb.ssh.address import parse_uri
from modelarts_nb.ssh.places import find_places
from modelarts_nb.ssh.secret import Secret

Kind = Literal["ssh", "exec"]
TOKEN = "MODELARTS_NB_SHELL_TOKEN"  # noqa: S105 - a variable's name
_POD = "pod/"
_CONTAINER = "modelarts-training"
_KEEP = "A command that ends with `sleep 1h` keeps the containers for so long."
_EARLY = frozenset({"Creating", "Pending"})


@dataclass(frozen=True)
class ExecOptions:
    """How the cluster is reached. What is None comes from the settings (``Shell``).

    Attributes:
        kubeconfig, context: a file and one of its contexts.
        endpoint: the API's URL, with a token in ``MODELARTS_NB_SHELL_TOKEN``; instead of the file.
        ca: the file of the authority that signed the endpoint's certificate.
        namespace, pod, container: where they are not the usual ones.
    """

    kubeconfig: str | None = None
    context: str | None = None
    endpoint: str | None = None
    ca: str | None = None
    namespace: str | None = None
    pod: str | None = None
    container: str | None = None


USUAL = ExecOptions()


def find_targets(
    cloud: Callable[[], Cloud],
    job: str,
    *,
    task: str | None = None,
    all_tasks: bool = False,
    transport: Kind | None = None,
    options: ExecOptions = USUAL,
    progress: Progress = SILENT,
) -> list[Target]:
    """The tasks that were asked for, and the best way into each that there is.

    Args:
        cloud: opens it; not called for a pod.
        job: its id or name; or ``pod/NAME``, a pod of the cluster, without asking the cloud.
        task: of the job; None: the first.
        all_tasks: every one.
        transport: None: SSH where the job has an endpoint, else exec where the cluster is known.
        options: for exec.

    Raises:
        ShellRefused: a rule forbids it; names the rule, the state and what to do.
        CloudNotFound: there is no such job or task.
        UsageError: options that exclude each other.
        ShellNotInstalled: the packages are not installed.
        CloudError: the cloud refused or could not be reached.
    """
    if task and all_tasks:
        raise UsageError("--task and --all-tasks exclude each other.")
    settings = config.Shell(config=config.load())
    if job.startswith(_POD):
        if transport == "ssh" or task or all_tasks:
            raise UsageError("A pod is reached by exec, and has no tasks.")
        return [_pod_target(job.removeprefix(_POD), options, settings)]
    if options.pod and all_tasks:
        raise UsageError("--pod names one pod: use --task instead of --all-tasks.")
    opened = cloud()
    found = jobs.show(job, cloud=opened, progress=progress)
    _need_running(found)
    if all_tasks:
        tasks = list(found.tasks)
    else:
        tasks = [jobs.find_task(found, task)] if task else list(found.tasks[:1])
    if not tasks:
        raise ShellRefused(f"{found.name} has no tasks yet.", hint="`ma job show` lists them.")
    kind = transport or settings.transport or _best(found, tasks, options, settings)

    def still() -> None:
        _need_running(jobs.show(found.id, cloud=opened), attached=True)

    if kind == "ssh":
        return [_ssh_target(found, one, still) for one in tasks]
    _need_dedicated(found)
    return [_exec_target(found, one, options, settings, still) for one in tasks]


def _need_running(job: jobs.Job, *, attached: bool = False) -> None:
    if job.phase == jobs.RUNNING:
        return
    if attached:
        raise ShellRefused(
            f"{job.name} is {job.phase} now: its containers are gone, and every shell with them.",
            hint=f"`ma job logs {job.name}` shows how it ended. {_KEEP}",
        )
    if job.phase in _EARLY:
        hint = f"Wait until it runs: `ma job show {job.name}`."
    else:
        hint = f"Submit it again. {_KEEP}"
    raise ShellRefused(f"A shell needs a running job; {job.name} is {job.phase}.", hint=hint)


def _need_dedicated(job: jobs.Job) -> None:
    if job.pool is None:
        raise ShellRefused(
            f"Pod exec needs a dedicated resource pool; {job.name} runs in the public one.",
            hint="Submit it with --pool POOL next time, or for SSH with --key-pair NAME.",
        )


def _best(
    job: jobs.Job, tasks: list[jobs.Task], options: ExecOptions, settings: config.Shell
) -> Kind:
    if job.key_pairs and all(task.ssh for task in tasks):
        return "ssh"
    if job.pool is not None and _cluster_known(options, settings):
        return "exec"
    if job.key_pairs:
        return "ssh"  # which says that the endpoint is not there yet
    pool = f"the dedicated pool {job.pool.name or job.pool.id}" if job.pool else "the public pool"
    raise ShellRefused(
        f"There is no way into {job.name}: it has no SSH endpoint (no key pair was given when it "
        f"was submitted), and it runs in {pool}"
        + (", whose cluster is not known here." if job.pool else ", where pods cannot be entered."),
        hint="Submit it with a key pair of yours next time: `ma job submit ... --key-pair NAME` "
        "(`ma ssh keys list`). "
        + ("Or say which cluster: --kubeconfig FILE." if job.pool else "Or in a dedicated pool."),
    )


def _cluster_known(options: ExecOptions, settings: config.Shell) -> bool:
    named = options.kubeconfig or options.endpoint or settings.kubeconfig
    return bool(named or os.environ.get("KUBECONFIG") or (config.home() / ".kube/config").exists())


def _ssh_target(job: jobs.Job, task: jobs.Task, still: Callable[[], object]) -> Target:
    if not job.key_pairs:
        raise ShellRefused(
            f"SSH needs the job's SSH endpoint; {job.name} was submitted without a key pair.",
            hint="A running job cannot be given one: next time `ma job submit ... --key-pair NAME` "
            "(`ma ssh keys list`). Now only --transport exec may do.",
        )
    if not task.ssh:
        raise ShellRefused(
            f"{task.name} of {job.name} has no SSH address yet.",
            hint="The container's server is still starting: run the same again in a moment.",
        )
    try:
        from modelarts_nb.shell.sshtransport import SshPlace, SshTransport
    except ImportError as error:
        raise ShellNotInstalled(
            "Shells over SSH need a package that is not installed here.",
            hint='pip install "modelarts_nb[shell]"',
        ) from error

    place = SshPlace(job.id, task.name, parse_uri(task.ssh), job.key_pairs)
    places = find_places()
    return Target(job.id, job.name, task.name, "ssh", lambda: SshTransport(place, places), still)


def _exec_target(
    job: jobs.Job,
    task: jobs.Task,
    options: ExecOptions,
    settings: config.Shell,
    still: Callable[[], object],
) -> Target:
    pattern = options.pod or settings.pod
    name = pattern.replace("{job}", job.id).replace("{task}", task.name)
    container = options.container or settings.container or _CONTAINER
    policy = policy_hint("exec_training_job", "")
    connect = _connection(task.name, name, container, options, settings, policy)
    return Target(job.id, job.name, task.name, "exec", connect, still)


def _pod_target(name: str, options: ExecOptions, settings: config.Shell) -> Target:
    connect = _connection(name, name, options.container, options, settings, "")
    return Target(name, name, name, "exec", connect, lambda: None)


def _connection(
    task: str,
    name: str,
    container: str | None,
    options: ExecOptions,
    settings: config.Shell,
    policy: str,
) -> Callable[[], Transport]:
    from modelarts_nb.shell import cluster as clusters

    try:
        from modelarts_nb.shell.exectransport import ExecTransport, Pod
    except ImportError as error:
        raise clusters.not_installed() from error

    pod = Pod(task, name, container)
    namespace = options.namespace or settings.namespace or None
    if options.endpoint:
        if options.kubeconfig or options.context:
            raise UsageError("--endpoint and --kubeconfig exclude each other.")
        cluster = clusters.from_words(
            options.endpoint,
            token=Secret(os.environ.get(TOKEN, "")),
            namespace=namespace or "default",
            ca=options.ca,
        )
    else:
        file = options.kubeconfig or settings.kubeconfig or None
        if file is not None:
            file = _readable(file)
        context = options.context or settings.context or None
        cluster = clusters.from_kubeconfig(file, context=context, namespace=namespace)
    return lambda: ExecTransport(pod, cluster, policy=policy)


def _readable(file: str) -> str:
    path = os.path.expanduser(file)
    try:
        with open(path, "rb"):
            return path
    except OSError as error:
        raise from_os_error(error, "reading the kubeconfig", path) from error
