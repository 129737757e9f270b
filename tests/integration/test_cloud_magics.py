"""``%ma notebook``, ``%ma storage`` and ``%ma ssh`` in an IPython shell: the real ``ma`` in a
process of its own, against services that are scripted at the far edge."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from traitlets.config import Config

from modelarts_nb import magics
from modelarts_nb.disk.persistent import Disk
from tests.unit.cloud.wire import Wire, error
from tests.unit.server.fake import ID, Everything


@pytest.fixture
def service(wire: Wire, disk: Disk, monkeypatch: pytest.MonkeyPatch) -> Everything:
    """One notebook, which is this one, with a storage and a key pair."""
    monkeypatch.setenv("INSTANCE_ID", ID)
    command = [sys.executable, "-m", "modelarts_nb.cli"]
    monkeypatch.setattr(magics, "find_ma", lambda: command)
    found = Everything()
    wire.script = found
    return found


@pytest.fixture
def shell(service: Everything) -> Any:
    from IPython.core.interactiveshell import InteractiveShell

    found = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))
    magics.load(found)
    return found


def test_lists_are_tables_and_values(shell: Any) -> None:
    notebooks = shell.run_line_magic("ma", "notebook list --status running")
    storages = shell.run_line_magic("ma", "storage list --notebook mine")
    pairs = shell.run_line_magic("ma", "ssh keys list")

    assert (notebooks[0]["id"], notebooks[0]["image"]["name"]) == (ID, "pytorch:2.1")
    assert [s["path"] for s in storages] == ["/data/mine"]
    for found, told in ((notebooks, "Time left"), (storages, "/data/mine"), (pairs, "KPS, ECS")):
        markup = found._repr_html_()
        assert f">{told}<" in markup
        assert "{" not in markup
    assert "tok-secret" not in repr(notebooks) + notebooks._repr_html_()


def test_one_thing_is_shown_as_at_the_terminal(shell: Any) -> None:
    setup = shell.run_line_magic("ma", "ssh show mine")
    check = shell.run_line_magic("ma", "ssh check mine")

    assert "Host ma-mine" in setup.text
    assert setup["laptop"]["host"] == "ma-mine"
    assert "mine is open at" in check.text


def test_what_takes_long_is_done_and_what_came_of_it_is_returned(
    shell: Any, service: Everything
) -> None:
    service.storage.then = [{"status": "MOUNTED"}]

    lease = shell.run_line_magic("ma", "notebook keep-alive --hours 5")
    mounted = shell.run_line_magic("ma", "storage mount obs://bucket/new new --notebook mine")

    assert lease["remaining"] > 4 * 3600
    assert mounted["status"] == "MOUNTED"


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("notebook show absent", "cloud_not_found"),
        ("storage mount nowhere /data/x", "usage"),
        ("ssh setup 'ssh-ed25519 AAAA me'", "key_refused"),
    ],
)
def test_an_error_has_no_traceback(
    shell: Any, capsys: pytest.CaptureFixture[str], line: str, code: str
) -> None:
    result = shell.run_cell(f"%ma {line}")

    assert isinstance(result.error_in_exec, magics.MaError)
    assert result.error_in_exec.code == code
    printed = "".join(capsys.readouterr())
    assert result.error_in_exec.message in printed
    assert "Traceback" not in printed


def test_a_refusal_has_the_clouds_words_and_the_id_of_its_request(
    service: Everything, shell: Any
) -> None:
    service.pairs.notebooks.refuse = lambda _: error(403, "ModelArts.0112", "no right")

    with pytest.raises(magics.MaError, match="no right") as raised:
        magics.run("notebook list")

    assert "req-1" in raised.value.cause


def test_names_are_completed(service: Everything) -> None:
    def complete(text: str) -> list[str]:
        # On a busy machine Tab may come too early, and says nothing.
        tries = (magics.complete(SimpleNamespace(text_until_cursor=text)) for _ in range(10))
        return next(filter(None, tries), [])

    assert complete("%ma notebook show m") == ["mine"]
    assert complete("%ma storage list --notebook m") == ["mine"]
    assert complete("%ma storage unmount /da") == ["/data/mine"]
    assert complete("%ma ssh use m") == ["mine"]
    assert "keep-alive" in complete("%ma notebook ")


def test_a_passphrase_on_its_way_to_the_command_is_written_nowhere(
    service: Everything, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(magics.MaError) as raised:
        magics.run("ssh unlock --passphrase-stdin", "correct horse battery\n")

    assert raised.value.code == "not_found"
    assert "correct horse" not in "".join(capsys.readouterr()) + str(vars(raised.value))
    written = [p for p in home.rglob("*") if p.is_file() and b"correct horse" in p.read_bytes()]
    assert written == []
