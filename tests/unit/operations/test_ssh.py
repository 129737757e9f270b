"""Key pairs and notebooks together."""

from __future__ import annotations

import pytest

from modelarts_nb.cloud import waiting
from modelarts_nb.cloud.errors import CloudConflict, CloudForbidden, CloudNotFound
from modelarts_nb.errors import UsageError
from modelarts_nb.operations import ssh
from modelarts_nb.operations.verbs import QUERIES, VERBS, bind
from modelarts_nb.ssh.errors import KeyRefused, MustBeStopped
from tests.unit.cloud.wire import Wire
from tests.unit.notebook.fake import ID
from tests.unit.ssh.fake import PRIVATE, Pairs
from tests.unit.ssh.made import rsa_line

LINE = rsa_line(2048)


@pytest.fixture
def service(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> Pairs:
    """A notebook that runs, of which the laptop knows."""
    monkeypatch.setattr(waiting, "_FIRST", 0.0)
    monkeypatch.setattr(waiting, "_LONGEST", 0.0)
    found = Pairs()
    wire.script = found
    return found


def posts(wire: Wire) -> list[str]:
    """What was started and stopped, in this order."""
    return [r.path.rsplit("/")[-1] for r in wire.seen if r.method == "POST" and ID in r.path]


def test_a_setup_imports_the_key_and_gives_it_to_the_notebook(service: Pairs) -> None:
    found = ssh.setup(LINE, notebook="mine", key_file="~/.ssh/x")

    assert service.names() == list(found.endpoint.key_pairs)
    assert found.in_force is False
    assert found.laptop is not None
    assert 'IdentityFile "~/.ssh/x"' in found.laptop.block


def test_the_same_again_changes_nothing(service: Pairs) -> None:
    ssh.setup(LINE, notebook="mine")

    assert ssh.setup(LINE, notebook="mine").in_force is None
    assert len(service.changes) == len(service.pairs) == 1


def test_a_restart_puts_it_in_force_with_the_time_that_was_left(service: Pairs, wire: Wire) -> None:
    service.stopped_only = True
    service.notebooks.instances[ID]["lease"].update(duration=5 * 3_600_000, type="IDLE")
    service.notebooks.path = [{"status": "STOPPED"}, {"status": "RUNNING"}]

    found = ssh.setup(LINE, notebook="mine", restart=True)

    assert found.in_force is True
    assert posts(wire) == ["stop", "start"]
    (start,) = [r for r in wire.seen if r.path.endswith("/start")]
    assert start.query == {"duration": str(5 * 3_600_000), "type": "IDLE"}


def test_a_notebook_that_never_stopped_by_itself_does_not_stop_after_an_hour(
    service: Pairs, wire: Wire
) -> None:
    service.notebooks.instances[ID]["lease"].update(duration=-1, enable=False)
    service.notebooks.path = [{"status": "STOPPED"}, {"status": "RUNNING"}]

    ssh.setup(LINE, notebook="mine", restart=True)

    (start,) = [r for r in wire.seen if r.path.endswith("/start")]
    assert start.query["duration"] == str(72 * 3_600_000)


def test_a_change_that_is_refused_after_the_stop_starts_it_again(
    service: Pairs, wire: Wire
) -> None:
    service.have("theirs")
    service.unusable = {"theirs"}
    service.notebooks.path = [{"status": "STOPPED"}, {"status": "RUNNING"}]

    with pytest.raises(CloudForbidden):
        ssh.use(["theirs"], notebook="mine", restart=True)

    assert posts(wire) == ["stop", "start"]
    assert service.notebooks.instances[ID]["status"] == "RUNNING"


def test_where_it_must_be_stopped_it_is_not_done_unasked(service: Pairs, wire: Wire) -> None:
    service.stopped_only = True

    with pytest.raises(MustBeStopped):
        ssh.setup(LINE, notebook="mine")

    assert posts(wire) == []


def test_a_notebook_does_not_stop_itself(
    service: Pairs, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INSTANCE_ID", ID)

    with pytest.raises(UsageError, match="very notebook"):
        ssh.setup(LINE, restart=True)
    assert (posts(wire), service.pairs) == ([], [])

    service.stopped_only = True
    with pytest.raises(MustBeStopped) as raised:
        ssh.setup(LINE)
    assert "another machine" in raised.value.hint


def test_a_key_that_is_refused_changes_nothing(service: Pairs, wire: Wire) -> None:
    with pytest.raises(KeyRefused):
        ssh.setup("ssh-ed25519 AAAAC3 x", notebook="mine")
    with pytest.raises(UsageError):
        ssh.setup(LINE, notebook="mine", key_file='"')

    assert (service.pairs, service.changes) == ([], [])


def test_a_pair_that_one_may_not_use_is_found_before_anything_is_changed(
    service: Pairs, wire: Wire
) -> None:
    with pytest.raises(CloudNotFound):
        ssh.use(["theirs"], notebook="mine", restart=True)

    assert (posts(wire), service.changes) == ([], [])


def test_a_pair_that_opens_a_notebook_is_not_deleted_unasked(service: Pairs) -> None:
    ssh.setup(LINE, name="laptop", notebook="mine")

    with pytest.raises(CloudConflict, match="opens mine"):
        ssh.delete_key("laptop")
    assert service.names() == ["laptop"]

    ssh.delete_key("laptop", force=True)
    assert service.names() == []


@pytest.mark.parametrize("name", ["ssh.setup", "ssh.import_key"])
def test_a_private_key_never_gets_as_far_as_a_journal(name: str) -> None:
    with pytest.raises(UsageError) as raised:
        bind(VERBS, name, {"public_key": PRIVATE})

    assert "TOPSECRET" not in str(raised.value.to_dict())


def test_nothing_that_is_journaled_takes_a_passphrase() -> None:
    takes = {
        name
        for table in (VERBS, QUERIES)
        for name, verb in table.items()
        if "passphrase" in verb.load().__annotations__
    }

    assert takes == {"ssh.keep_key", "ssh.unlock"}
    assert not takes & VERBS.keys()
