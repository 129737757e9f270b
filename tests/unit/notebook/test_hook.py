"""The restart hook among the instance's hooks: put in, seen, taken out, others kept."""

from __future__ import annotations

import base64
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelarts_nb import notebook
from modelarts_nb.cloud.errors import CloudConflict
from modelarts_nb.errors import UsageError
from modelarts_nb.notebook import hook as hooks
from modelarts_nb.notebook.hook import HooksUnseen
from tests.unit.cloud.wire import Wire, error
from tests.unit.notebook.fake import ID, Service, instance

COMMAND = "#!/bin/sh\n# modelarts_nb: brings things back\necho ours\nexit 0\n"
POST = {"script": "/opt/after.sh", "type": "SCRIPT", "mode": "ASYNC"}


def coded(script: str, mode: str = "BLOCK") -> dict[str, str]:
    return {"script": base64.b64encode(script.encode()).decode(), "type": "COMMAND", "mode": mode}


def serve(wire: Wire, **registered: Any) -> Service:
    service = Service(instance(hooks={"container_hooks": registered}))
    wire.script = service
    return service


def registered(service: Service) -> dict[str, Any]:
    found: dict[str, Any] = service.instances[ID]["hooks"]["container_hooks"]
    return found


def run(hook: dict[str, str], *args: str) -> str:
    """What the platform's shell prints for a COMMAND."""
    script = base64.b64decode(hook["script"]).decode()
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, timeout=20)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_hook_is_registered_as_a_blocking_command(wire: Wire) -> None:
    service = serve(wire)

    found = notebook.register(COMMAND, notebook=ID)

    assert found == notebook.HookRegistration(ID, True, True, ())
    assert registered(service) == {"pre_start": coded(COMMAND)}
    assert run(registered(service)["pre_start"]) == "ours\n"


def test_a_hook_of_after_the_start_is_kept(wire: Wire) -> None:
    service = serve(wire, post_start=POST)

    found = notebook.register(COMMAND, notebook=ID)

    assert registered(service)["post_start"] == POST
    assert found.others == ("post_start (SCRIPT, ASYNC): /opt/after.sh",)


def test_a_command_of_somebody_else_still_runs_and_comes_back_as_it_was(wire: Wire) -> None:
    theirs = coded("echo theirs\n")
    service = serve(wire, pre_start=theirs)

    found = notebook.register(COMMAND, notebook=ID)

    # Ours ends with `exit`: theirs runs all the same.
    assert run(registered(service)["pre_start"]) == "ours\ntheirs\n"
    assert found.others == ("pre_start (COMMAND, BLOCK): echo theirs",)
    notebook.unregister(notebook=ID)
    assert registered(service) == {"pre_start": theirs}


def test_a_script_of_somebody_else_still_runs_and_comes_back_as_it_was(
    wire: Wire, tmp_path: Path
) -> None:
    script = tmp_path / "it's theirs.sh"
    script.write_text("echo theirs\n")
    theirs = {"script": str(script), "type": "SCRIPT", "mode": "BLOCK"}
    service = serve(wire, pre_start=theirs)

    notebook.register(COMMAND, notebook=ID)

    assert run(registered(service)["pre_start"]) == "ours\ntheirs\n"
    notebook.unregister(notebook=ID)
    assert registered(service) == {"pre_start": theirs}


def test_what_ran_in_the_background_still_does(wire: Wire) -> None:
    service = serve(wire, pre_start=coded("sleep 0.05; echo theirs\n", mode="ASYNC"))

    notebook.register(COMMAND, notebook=ID)

    script = base64.b64decode(registered(service)["pre_start"]["script"]).decode()
    assert script.endswith(") &\n")


def test_registering_again_changes_nothing(wire: Wire) -> None:
    service = serve(wire, pre_start=coded("echo theirs\n"))
    notebook.register(COMMAND, notebook=ID)
    first = registered(service)

    notebook.register(COMMAND, notebook=ID)

    assert registered(service) == first
    assert len([r for r in wire.seen if r.method == "PUT"]) == 1


def test_a_newer_command_takes_the_place_of_the_older(wire: Wire) -> None:
    service = serve(wire, pre_start=coded("echo theirs\n"))
    notebook.register(COMMAND, notebook=ID)

    found = notebook.register(COMMAND.replace("echo ours", "echo newer"), notebook=ID)

    assert found.current
    assert run(registered(service)["pre_start"]) == "newer\ntheirs\n"


def test_one_that_was_pasted_by_hand_is_ours_too(wire: Wire) -> None:
    service = serve(wire, pre_start=coded(COMMAND, mode="BLOCK"))

    found = notebook.hook_status(COMMAND, notebook=ID)

    assert (found.registered, found.current, found.others) == (True, True, ())
    notebook.unregister(notebook=ID)
    assert registered(service) == {}


def test_their_part_that_was_edited_since_is_kept_as_it_is_now(wire: Wire) -> None:
    service = serve(wire, pre_start=coded("echo theirs\n"))
    notebook.register(COMMAND, notebook=ID)
    script = base64.b64decode(registered(service)["pre_start"]["script"]).decode()
    service.instances[ID]["hooks"]["container_hooks"]["pre_start"] = coded(
        script.replace("echo theirs", "echo edited")
    )

    notebook.unregister(notebook=ID)

    assert registered(service)["pre_start"] == coded("echo edited\n")


def test_unregistering_what_is_not_registered_sends_nothing(wire: Wire) -> None:
    serve(wire, pre_start=coded("echo theirs\n"))

    found = notebook.unregister(notebook=ID)

    assert found.registered is False
    assert [r for r in wire.seen if r.method == "PUT"] == []


def test_a_service_that_keeps_what_is_not_mentioned_gets_a_hook_that_does_nothing(
    wire: Wire,
) -> None:
    service = serve(wire)
    service.keeps_unmentioned_hooks = True
    notebook.register(COMMAND, notebook=ID)

    found = notebook.unregister(notebook=ID)

    assert (found.registered, found.others) == (False, ())
    assert run(registered(service)["pre_start"]) == ""


def test_hooks_that_cannot_be_seen_are_not_overwritten_unasked(wire: Wire) -> None:
    service = Service(instance())
    wire.script = service

    with pytest.raises(HooksUnseen) as raised:
        notebook.register(COMMAND, notebook=ID)

    assert raised.value.code == "hooks_unseen"
    assert [r for r in wire.seen if r.method == "PUT"] == []


def test_hooks_that_cannot_be_seen_are_overwritten_when_asked(wire: Wire) -> None:
    service = Service(instance())
    wire.script = service

    found = notebook.register(COMMAND, notebook=ID, replace_unseen=True)

    assert found.registered is None
    assert service.instances[ID]["unseen"] == {"pre_start": coded(COMMAND)}


def test_a_state_in_which_hooks_cannot_be_changed_is_said_with_a_way_out(wire: Wire) -> None:
    service = serve(wire)
    refusal = error(400, "ModelArts.6347", "not in this status")
    service.refuse = lambda r: refusal if r.method == "PUT" else None

    with pytest.raises(CloudConflict) as raised:
        notebook.register(COMMAND, notebook=ID)

    assert "paste the command" in raised.value.hint


@pytest.mark.parametrize("command", ["", "  \n", "# >>> modelarts_nb restore >>>\n"])
def test_what_is_no_command_is_refused(wire: Wire, command: str) -> None:
    with pytest.raises(UsageError):
        notebook.register(command, notebook=ID)


@given(
    text=st.text(min_size=1).filter(str.strip),
    mode=st.sampled_from(["BLOCK", "ASYNC"]),
    kind=st.sampled_from(["COMMAND", "SCRIPT"]),
)
def test_whatever_somebody_else_had_comes_back_exactly(text: str, mode: str, kind: str) -> None:
    text = text.encode("utf-8", "replace").decode()
    theirs = coded(text, mode) if kind == "COMMAND" else {**coded(text, mode), "type": "SCRIPT"}

    together = hooks._with_ours(COMMAND, theirs)

    assert hooks._is_ours(together)
    assert hooks._without_ours(together) == theirs
