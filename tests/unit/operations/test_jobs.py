"""Jobs and key pairs together: a job one submits can be entered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from modelarts_nb.errors import UsageError
from modelarts_nb.operations import jobs
from modelarts_nb.operations.verbs import VERBS, bind
from modelarts_nb.progress import Silent
from modelarts_nb.ssh.places import Places
from tests.unit.cloud.wire import Request, Response, Wire
from tests.unit.jobs.fake import Service
from tests.unit.ssh.fake import Pairs
from tests.unit.ssh.made import rsa_line

GOOD: dict[str, Any] = {"name": "mine", "image": "team/torch:2", "command": "train",
                        "flavor": "cpu"}  # fmt: skip


class Told(Silent):
    """Keeps what is said."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def log(self, message: str) -> None:
        self.lines.append(message)


@pytest.fixture
def pairs(wire: Wire) -> Pairs:
    """Key pairs beside a training service; the latter answers first."""
    found, service = Pairs(), Service()

    def answer(request: Request) -> Response:
        keys = "keypairs" in request.path
        return found(request) if keys else service(request)

    wire.script = answer
    return found


def endpoint(**more: Any) -> Any:
    request = jobs.submit(**GOOD, dry_run=True, **more).request
    return request.get("endpoints", {}).get("ssh", {}).get("key_pair_names")


def test_ones_own_pairs_open_the_job_and_that_is_said(pairs: Pairs) -> None:
    pairs.have("laptop")
    pairs.have("team", scope="domain")
    told = Told()

    assert endpoint(progress=told) == ["laptop"]
    assert any("laptop" in line and "--no-ssh" in line for line in told.lines)


def test_one_of_the_account_does_too_when_its_private_half_is_here(
    pairs: Pairs, home: Path
) -> None:
    line = rsa_line(2048)
    pairs.have("team", line, scope="domain")
    keys = Places(home).keys
    keys.mkdir(parents=True)
    (keys / "team").write_text("-----BEGIN OPENSSH PRIVATE KEY-----\n")
    (keys / "team").chmod(0o600)
    (keys / "team.pub").write_text(f"{line}\n")

    assert endpoint() == ["team"]


def test_who_has_none_gets_no_endpoint(pairs: Pairs) -> None:
    assert endpoint() is None


def test_whoever_names_pairs_or_wants_none_is_heeded(pairs: Pairs, tmp_path: Path) -> None:
    pairs.have("laptop")
    file = tmp_path / "job.yaml"
    file.write_text("key_pairs: [other]\n")

    assert endpoint(key_pairs=["named"]) == ["named"]
    assert endpoint(file=file) == ["other"]
    assert endpoint(ssh=False) is None
    assert endpoint(file=file, ssh=False) is None


def test_who_may_not_list_pairs_submits_without(pairs: Pairs) -> None:
    pairs.closed = {"kps", "ecs"}
    told = Told()

    assert endpoint(progress=told) is None
    assert any("No SSH endpoint" in line for line in told.lines)


def test_nothing_is_asked_for_a_job_that_cannot_be(pairs: Pairs, wire: Wire) -> None:
    with pytest.raises(UsageError):
        jobs.submit(**{**GOOD, "command": ""})
    assert wire.seen == []


def test_its_parameters_are_those_of_the_domain(tmp_path: Path) -> None:
    call = bind(VERBS, "job.submit", {"file": str(tmp_path), "nodes": 2, "ssh": False,
                                      "env": {"A": "b"}, "volumes": ["a:/b:/c"]})  # fmt: skip

    assert call.params["file"] == tmp_path
