"""What is sent again, and what never is: a change that may have been carried out."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelarts_nb.cloud import client, codes, sdk
from modelarts_nb.cloud.client import Cloud
from modelarts_nb.cloud.credentials import Keys
from modelarts_nb.cloud.errors import CloudError
from modelarts_nb.cloud.place import Place
from modelarts_nb.cloud.transport import NoAnswer, Reply
from modelarts_nb.cloud.verdict import transient

# Reads that are POSTs: what is looked for is in the body.
SEARCHES = {
    "list_hyperinstance_clusters_capacity",
    "list_hyperinstance_groups_capacity",
    "list_infer_services_by_tags",
    "list_shares_by_tag",
    "list_training_jobs",
    "list_training_jobs_by_tags",
    "show_client_ip_info",
    "validate_authorization",
}
METHOD = re.compile(r'def _(\w+)_http_info\(.*?"method": "(\w+)"', re.S)

answers = st.builds(
    lambda status, code: Reply(status, {}, f'{{"error_code":"{code}","error_msg":"m"}}'.encode()),
    st.sampled_from([200, 400, 401, 403, 404, 408, 409, 429, 500, 502, 503, 504]),
    st.sampled_from([*sorted(codes.TRANSIENT), "ModelArts.6309", "ModelArts.0112", "X.1"]),
)
silence = st.builds(
    lambda sent, timeout: NoAnswer("why", sent=sent, timeout=timeout), st.booleans(), st.booleans()
)


class Script:
    """A channel on which this happens, one after the other."""

    def __init__(self, outcomes: list[Reply | NoAnswer]) -> None:
        self.outcomes, self.sent = outcomes, 0

    def exchange(self, operation: str, request: Any, headers: Mapping[str, str]) -> Reply:
        outcome = self.outcomes[min(self.sent, len(self.outcomes) - 1)]
        self.sent += 1
        if isinstance(outcome, NoAnswer):
            raise outcome
        return outcome


def cloud() -> Cloud:
    """A cloud elsewhere; nothing is really sent."""
    place = Place(
        *("https://cloud.example", "", "p", "", "", "", "", "", ""),
        connect_timeout=5,
        read_timeout=5,
        attempts=4,
        agency_python="",
        metadata=False,
    )
    return Cloud(place, Keys("test", "a", "s"))


def may_have_been_carried_out(outcome: Reply | NoAnswer) -> bool:
    if isinstance(outcome, NoAnswer):
        return outcome.sent
    return not (
        outcome.status == 429
        or any(code.encode() in outcome.body for code in codes.REFUSED_AT_THE_DOOR)
    )


@given(outcomes=st.lists(answers | silence, min_size=1, max_size=6))
def test_a_change_is_sent_once_more_only_when_it_was_surely_not_carried_out(
    outcomes: list[Reply | NoAnswer],
) -> None:
    script = Script(outcomes)
    with pytest.MonkeyPatch.context() as patch, suppress(CloudError):
        patch.setattr(client, "_channel", lambda _cloud, _service: script)
        patch.setattr(client, "_PAUSE", 0.0)
        cloud().call("modelarts", "stop_notebook", id="n")

    before_the_last = (outcomes + outcomes[-1:] * 6)[: script.sent - 1]
    assert not any(may_have_been_carried_out(outcome) for outcome in before_the_last)
    assert script.sent <= 4


@given(outcome=answers, repeatable=st.booleans())
def test_what_is_worth_repeating_is_what_may_go_away(outcome: Reply, repeatable: bool) -> None:
    passing = any(code.encode() in outcome.body for code in codes.TRANSIENT) and (
        outcome.status >= 400
    )
    if transient(outcome, repeatable=repeatable):
        assert passing or outcome.status in (408, 429, 502, 503, 504)
        assert repeatable or not may_have_been_carried_out(outcome)


def operations(service: str) -> Iterator[tuple[str, str]]:
    """Every operation of a service and its HTTP method, as the SDK's own source has them."""
    spec = importlib.util.find_spec(sdk.SERVICES[service].package)
    assert spec is not None
    assert spec.origin is not None
    source = Path(spec.origin).with_name(f"{service.rstrip('5')}_client.py")
    yield from METHOD.findall(source.read_text())


@pytest.mark.parametrize("service", ["modelarts", "sfsturbo", "kps", "iam"])
def test_no_call_that_is_repeated_as_a_read_changes_anything(service: str) -> None:
    found = dict(operations(service))

    assert len(found) > 10
    reads = {name for name in found if client.only_reads(name)}
    assert reads
    changing = {name for name in reads if found[name] not in ("GET", "HEAD")}
    assert changing <= SEARCHES
