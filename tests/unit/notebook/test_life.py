"""Starting, stopping and keeping alive, followed to the end."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelarts_nb import notebook
from modelarts_nb.cloud import waiting
from modelarts_nb.cloud.errors import CloudConflict, CloudQuota, CloudUnreachable, StateFailed
from modelarts_nb.errors import Cancelled, UsageError
from modelarts_nb.notebook import life
from modelarts_nb.notebook.model import read_lease
from modelarts_nb.progress import Silent
from tests.unit.cloud.wire import Request, Response, Wire, error
from tests.unit.notebook.fake import ID, Service, instance

HOUR = 3_600_000


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look often: what is followed here is not far away."""
    monkeypatch.setattr(waiting, "_FIRST", 0.0)
    monkeypatch.setattr(waiting, "_LONGEST", 0.0)


class Told(Silent):
    """Remembers phases and log."""

    def __init__(self) -> None:
        self.phases: list[str] = []

    def phase(self, name: str, *, files: int | None = None, bytes: int | None = None) -> None:
        self.phases.append(name)


def serve(wire: Wire, *path: dict[str, Any], **more: Any) -> Service:
    service = Service(instance(**more))
    service.path = list(path)
    wire.script = service
    return service


def posts(wire: Wire) -> list[str]:
    return [r.path.rsplit("/", 1)[1] for r in wire.seen if r.method == "POST"]


def step(number: int, status: str = "PROCESSING", description: str = "") -> dict[str, Any]:
    return {"action_progress": [{"step": number, "status": status, "description": description}]}


def test_a_start_is_followed_until_it_runs_and_says_how_far_it_is(wire: Wire) -> None:
    serve(wire, step(1), step(2), {"status": "RUNNING"}, status="STOPPED")
    told = Told()

    found = notebook.start(ID, hours=2, lease="idle", progress=told)

    assert found.status == "RUNNING"
    assert told.phases == ["starting", "storage", "compute"]
    (asked,) = [r for r in wire.seen if r.method == "POST"]
    assert asked.query == {"duration": str(2 * HOUR), "type": "IDLE"}


def test_one_that_runs_is_not_started_again(wire: Wire) -> None:
    serve(wire)

    notebook.start(ID)

    assert posts(wire) == []


def test_a_start_under_way_is_followed_and_not_asked_for_again(wire: Wire) -> None:
    serve(wire, {"status": "RUNNING"}, status="STARTING")

    assert notebook.start(ID).status == "RUNNING"
    assert posts(wire) == []


def test_a_start_that_somebody_else_began_meanwhile_is_followed(wire: Wire) -> None:
    service = serve(wire, {}, {"status": "RUNNING"}, status="STOPPED")

    def refuse(request: Any) -> Any:
        if request.method == "POST":
            service.instances[ID]["status"] = "STARTING"
            return error(400, "ModelArts.6306", "starting")
        return None

    service.refuse = refuse

    assert notebook.start(ID).status == "RUNNING"


def test_a_start_that_fails_says_why_and_at_which_step(wire: Wire) -> None:
    failed = {"status": "START_FAILED", **step(2, "FAILED", "no capacity")}
    serve(wire, {}, failed, status="STOPPED")

    with pytest.raises(StateFailed, match="failed at compute: no capacity"):
        notebook.start(ID)


def test_one_that_failed_before_can_be_started_again(wire: Wire) -> None:
    serve(wire, {}, {"status": "RUNNING"}, status="START_FAILED")

    assert notebook.start(ID).status == "RUNNING"


def test_one_that_fails_again_before_anybody_looked_is_not_waited_for(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given one that failed before, and fails again at once
    monkeypatch.setattr(life, "_BEGUN_SECONDS", 0.0)
    failed = {"status": "START_FAILED", "fail_reason": "sold out again"}
    serve(wire, {}, failed, status="START_FAILED")

    with pytest.raises(StateFailed, match="sold out again"):
        notebook.start(ID)


def test_one_that_does_not_even_begin_is_not_waited_for_an_hour(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a service that takes the request and leaves everything as it was
    monkeypatch.setattr(life, "_ASKED_SECONDS", 0.0)
    service = serve(wire, status="STOPPED")
    service.refuse = lambda r: Response(200, service.instances[ID]) if r.method == "POST" else None

    with pytest.raises(StateFailed, match="The start of mine failed"):
        notebook.start(ID)


def test_a_state_of_before_that_is_shown_a_little_longer_is_no_failure(wire: Wire) -> None:
    # given a service whose answers show what was asked for only after a while
    service = serve(wire, status="STOPPED")
    looks: list[Request] = []

    def late(request: Request) -> Response | None:
        if request.method == "POST":
            return Response(200, {})
        looks.append(request)
        if len(looks) == 4:
            service.instances[ID]["status"] = "RUNNING"
        return None

    service.refuse = late

    assert notebook.start(ID).status == "RUNNING"


@pytest.mark.parametrize("verb", ["start", "stop"])
def test_a_request_whose_answer_got_lost_is_looked_for_and_followed(wire: Wire, verb: str) -> None:
    before, after = ("STOPPED", "RUNNING") if verb == "start" else ("RUNNING", "STOPPED")
    service = serve(wire, {}, {"status": after}, status=before)

    def lose(request: Request) -> Response | None:
        if request.method != "POST":
            return None
        service.answer(request)
        return Response(drop=True)

    service.refuse = lose

    assert getattr(notebook, verb)(ID).status == after
    assert posts(wire) == [verb]


def test_a_request_that_did_not_arrive_is_said_to_be_unsure(wire: Wire) -> None:
    service = serve(wire, status="STOPPED")
    service.refuse = lambda r: Response(drop=True) if r.method == "POST" else None

    with pytest.raises(CloudUnreachable) as raised:
        notebook.start(ID)

    assert "may have been carried out" in raised.value.hint


def test_one_that_is_being_saved_is_not_started(wire: Wire) -> None:
    serve(wire, status="SNAPSHOTTING")

    with pytest.raises(CloudConflict, match="SNAPSHOTTING"):
        notebook.start(ID)


def test_a_sold_out_flavor_is_the_servers_word(wire: Wire) -> None:
    service = serve(wire, status="STOPPED")
    sold_out = error(400, "ModelArts.6329", "The flavor is sold out.")
    service.refuse = lambda r: sold_out if r.method == "POST" else None

    with pytest.raises(CloudQuota, match="sold out"):
        notebook.start(ID)


def test_a_start_that_is_cancelled_goes_on_and_can_be_picked_up(wire: Wire) -> None:
    serve(wire, status="STOPPED")

    class Impatient(Silent):
        def check(self) -> None:
            if posts(wire):
                raise Cancelled()

    with pytest.raises(Cancelled) as raised:
        notebook.start(ID, progress=Impatient())

    assert f"`ma notebook start {ID}`" in raised.value.hint


def test_nobody_has_to_wait(wire: Wire) -> None:
    serve(wire, status="STOPPED")

    assert notebook.start(ID, wait=False).status == "STARTING"


def test_a_stop_is_followed_until_it_has_stopped(wire: Wire) -> None:
    serve(wire, {}, {"status": "STOPPED"})

    assert notebook.stop(ID).status == "STOPPED"
    assert posts(wire) == ["stop"]


def test_one_that_is_stopped_is_not_stopped_again(wire: Wire) -> None:
    serve(wire, status="STOPPED")

    notebook.stop(ID)

    assert posts(wire) == []


def test_a_stop_that_fails_says_so(wire: Wire) -> None:
    serve(wire, {"status": "ERROR", "fail_reason": "node lost"})

    with pytest.raises(StateFailed, match="node lost"):
        notebook.stop(ID)


def test_keeping_alive_counts_from_now(wire: Wire) -> None:
    # given one that has run for two hours of its three
    serve(wire)
    lease = wire.script.instances[ID]["lease"]  # type: ignore[union-attr]
    lease.update(create_at=lease["create_at"] - 2 * HOUR, duration=3 * HOUR)
    # when
    found = notebook.keep_alive(ID, hours=5)
    # then
    assert found.remaining is not None
    assert 5 * 3600 - 5 <= found.remaining <= 5 * 3600


def test_keeping_alive_keeps_the_kind_of_the_lease(wire: Wire) -> None:
    service = serve(wire)
    service.instances[ID]["lease"]["type"] = "IDLE"

    assert notebook.keep_alive(ID).kind == "IDLE"


def test_one_that_runs_longer_anyway_is_not_cut_short(wire: Wire) -> None:
    service = serve(wire)
    service.instances[ID]["lease"]["duration"] = 9 * HOUR

    found = notebook.keep_alive(ID, hours=2)

    assert found.remaining is not None
    assert found.remaining > 8 * 3600
    assert [r.method for r in wire.seen] == ["GET"]


def test_one_that_never_stops_by_itself_is_given_no_end(wire: Wire) -> None:
    service = serve(wire)
    service.instances[ID]["lease"]["enable"] = False

    assert notebook.keep_alive(ID).enabled is False


def test_a_longer_lease_of_another_kind_is_replaced_when_that_is_asked_for(wire: Wire) -> None:
    service = serve(wire)
    service.instances[ID]["lease"].update(duration=9 * HOUR, type="IDLE")

    assert notebook.keep_alive(ID, hours=2, kind="timing").kind == "TIMING"


def test_only_one_that_runs_can_be_kept_alive(wire: Wire) -> None:
    serve(wire, status="STOPPED")

    with pytest.raises(CloudConflict) as raised:
        notebook.keep_alive(ID)

    assert "ma notebook start" in raised.value.hint


@pytest.mark.parametrize("hours", [0, 0.5, 73, -1, float("nan"), float("inf")])
def test_hours_that_the_service_does_not_give_are_refused_before_it_is_asked(
    wire: Wire, hours: float
) -> None:
    serve(wire)

    with pytest.raises(UsageError, match="cannot be had"):
        notebook.keep_alive(ID, hours=hours)

    assert wire.seen == []


def test_the_lease_can_be_asked_for_alone(wire: Wire) -> None:
    serve(wire)

    found = notebook.lease(ID)

    assert found.enabled
    assert found.remaining is not None
    assert 3590 <= found.remaining <= 3600


@pytest.mark.parametrize(
    "value",
    [
        {"enable": False, "create_at": 1, "duration": 2},
        {"enable": True, "create_at": 1, "duration": -1},
        {},
        {"create_at": "x", "duration": []},
    ],
)
def test_one_that_does_not_stop_by_itself_has_no_end(value: dict[str, Any]) -> None:
    assert read_lease(value).remaining is None


@given(created=st.integers(0, 2**42), duration=st.integers(0, 10**9), passed=st.integers(0, 10**9))
def test_what_is_left_is_creation_plus_duration_minus_now(
    created: int, duration: int, passed: int
) -> None:
    value = {"create_at": created, "duration": duration, "enable": True, "type": "TIMING"}

    found = read_lease(value, now_ms=created + passed)

    assert found.remaining == max(0, int((duration - passed) / 1000))
