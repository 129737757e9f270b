"""A task's SSH endpoint: exactly the job's key pairs, a terminal, commands, files."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import asyncssh
import pytest
from huaweicloudsdkkps.v3 import (
    CreateKeypairAction,
    CreateKeypairRequest,
    CreateKeypairRequestBody,
    DeleteKeypairRequest,
    KpsClient,
)

from tests.unit.localcloud.modelarts.training.conftest import Jobs

_Result = TypeVar("_Result")


@pytest.fixture(scope="module")
def keys(jobs: Jobs) -> dict[str, asyncssh.SSHKey]:
    """Two keys, whose public halves are the developer's pairs of the same names."""
    made = {name: asyncssh.generate_private_key("ssh-rsa", key_size=2048) for name in "ab"}
    for name, key in made.items():
        public = key.export_public_key().decode().strip()
        pair = CreateKeypairAction(name=name, public_key=public)
        body = CreateKeypairRequestBody(keypair=pair)
        jobs.world.clients.of(KpsClient).create_keypair(CreateKeypairRequest(body))
    return made


@pytest.fixture(scope="module")
def job(jobs: Jobs, keys: dict[str, asyncssh.SSHKey]) -> Any:
    """A job of two tasks in the public pool that the pair ``a`` opens."""
    found = jobs.running("echo here; sleep 600", pairs=["a"], nodes=2)
    jobs.said(found.metadata.id, "here")
    return found


def login(url: str, key: asyncssh.SSHKey) -> Any:
    where = urlsplit(url)
    assert (where.scheme, where.username) == ("ssh", "ma-user")
    return asyncssh.connect(
        where.hostname or "", where.port or 0, username="ma-user", client_keys=[key],
        known_hosts=None, config=None, agent_path=None,
    )  # fmt: skip


def run(work: Coroutine[Any, Any, _Result]) -> _Result:
    return asyncio.run(asyncio.wait_for(work, 30))


def urls(job: Any) -> dict[str, str]:
    return {entry.task: entry.url for entry in job.endpoints.ssh.task_urls}


def test_every_task_has_an_address_of_its_own(job: Any) -> None:
    assert sorted(urls(job)) == ["worker-0", "worker-1"]
    assert len(set(urls(job).values())) == 2
    assert job.endpoints.ssh.key_pair_names == ["a"]


def test_the_jobs_pairs_open_it_and_no_others(job: Any, keys: dict[str, asyncssh.SSHKey]) -> None:
    async def hostname(task: str) -> str:
        async with login(urls(job)[task], keys["a"]) as connection:
            return str((await connection.run("echo $HOSTNAME")).stdout).strip()

    async def other() -> None:
        async with login(urls(job)["worker-0"], keys["b"]):
            pass

    for task in urls(job):
        assert run(hostname(task)) == f"ma-job-{job.metadata.id}-{task}"
    with pytest.raises(asyncssh.PermissionDenied):
        run(other())


def test_a_session_has_not_the_training_processs_environment(
    jobs: Jobs, job: Any, keys: dict[str, asyncssh.SSHKey]
) -> None:
    async def environment() -> dict[str, str]:
        async with login(urls(job)["worker-1"], keys["a"]) as connection:
            said = str((await connection.run("env")).stdout)
        return dict(line.split("=", 1) for line in said.splitlines() if "=" in line)

    found = run(environment())

    home = jobs.identity(job.metadata.id, "worker-1").folders.home
    assert found["HOME"] == str(home)
    assert not [name for name in found if name.startswith(("MA_", "VC_"))]


def test_a_terminal_of_the_right_size_and_an_exit_code(
    job: Any, keys: dict[str, asyncssh.SSHKey]
) -> None:
    async def session() -> tuple[str, int | None]:
        async with login(urls(job)["worker-0"], keys["a"]) as connection:
            size = (101, 41)
            done = await connection.run("stty size; exit 9", term_type="xterm", term_size=size)
            return str(done.stdout).strip(), done.exit_status

    assert run(session()) == ("41 101", 9)


def test_files_are_found_by_the_containers_paths(
    jobs: Jobs, job: Any, keys: dict[str, asyncssh.SSHKey], tmp_path: Path
) -> None:
    home = jobs.identity(job.metadata.id).folders.home
    (home / "note").write_text("from inside")

    async def fetch() -> str:
        async with login(urls(job)["worker-0"], keys["a"]) as connection:
            async with connection.start_sftp_client() as files:
                await files.get("/home/ma-user/note", tmp_path / "note")
        return (tmp_path / "note").read_text()

    assert run(fetch()) == "from inside"


def test_sessions_and_addresses_end_with_the_job(
    jobs: Jobs, keys: dict[str, asyncssh.SSHKey]
) -> None:
    found = jobs.running(pairs=["a"])
    url = urls(found)["worker-0"]

    async def attached() -> int | None:
        async with login(url, keys["a"]) as connection:
            process = await connection.create_process("echo ready; sleep 600")
            await process.stdout.readline()
            await asyncio.to_thread(jobs.stop, found.metadata.id)
            await connection.wait_closed()
            return process.exit_status

    assert run(attached()) != 0

    stopped = jobs.wait(found.metadata.id, "Terminated")
    assert not stopped.endpoints.ssh.task_urls
    with pytest.raises(ConnectionRefusedError):
        run(probe(url, keys["a"]))


async def probe(url: str, key: asyncssh.SSHKey) -> None:
    async with login(url, key):
        pass


def test_a_deleted_pair_opens_no_more(jobs: Jobs, keys: dict[str, asyncssh.SSHKey]) -> None:
    found = jobs.running(pairs=["b"])
    url = urls(found)["worker-0"]
    run(probe(url, keys["b"]))

    jobs.world.clients.of(KpsClient).delete_keypair(DeleteKeypairRequest(keypair_name="b"))

    with pytest.raises(asyncssh.PermissionDenied):
        run(probe(url, keys["b"]))


def test_without_pairs_there_is_no_endpoint(jobs: Jobs) -> None:
    assert jobs.running().endpoints.ssh is None
