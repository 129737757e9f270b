"""The restart hook among the instance's hooks: put in, seen, taken out, others kept."""

from __future__ import annotations

import base64
import subprocess
import textwrap
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelarts_nb import notebook
from modelarts_nb.cloud.errors import CloudConflict
from modelarts_nb.errors import UsageError
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

    assert run(registered(service)["pre_start"]) == "ours\ntheirs\n"


def test_a_script_in_the_background_that_does_not_parse_keeps_nothing_from_running(
    wire: Wire,
) -> None:
    service = serve(wire, pre_start=coded("echo 'no end", mode="ASYNC"))

    notebook.register(COMMAND, notebook=ID)

    assert run(registered(service)["pre_start"]) == "ours\n"


@pytest.mark.parametrize(
    "theirs",
    [
        {"script": "echo not base64", "type": "COMMAND", "mode": "BLOCK"},
        {"script": "https://x/y.sh", "type": "URL", "mode": "BLOCK"},
    ],
)
def test_a_hook_that_cannot_be_run_beside_ours_is_not_replaced(
    wire: Wire, theirs: dict[str, str]
) -> None:
    service = serve(wire, pre_start=theirs)

    with pytest.raises(CloudConflict, match="cannot be kept beside ours") as raised:
        notebook.register(COMMAND, notebook=ID)

    assert "ma hook status --command" in raised.value.hint
    assert registered(service) == {"pre_start": theirs}


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


def test_one_that_was_wrapped_into_lines_when_it_was_pasted_is_the_same(wire: Wire) -> None:
    hook = coded(COMMAND)
    hook["script"] = "\n".join(textwrap.wrap(hook["script"], 20))
    serve(wire, pre_start=hook)

    assert notebook.hook_status(COMMAND, notebook=ID).current


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


def test_hooks_that_cannot_be_seen_are_not_taken_out_unasked(wire: Wire) -> None:
    service = Service(instance())
    wire.script = service

    with pytest.raises(HooksUnseen) as raised:
        notebook.unregister(notebook=ID)

    assert "ma hook remove --replace" in raised.value.hint
    assert [r for r in wire.seen if r.method == "PUT"] == []
    # when asked
    notebook.unregister(notebook=ID, replace_unseen=True)
    assert run(service.instances[ID]["unseen"]["pre_start"]) == ""


def test_something_else_that_is_going_on_is_no_reason_to_stop_the_notebook(wire: Wire) -> None:
    service = serve(wire)
    refusal = error(400, "ModelArts.6357", "another operation is in progress")
    service.refuse = lambda r: refusal if r.method == "PUT" else None

    with pytest.raises(CloudConflict) as raised:
        notebook.register(COMMAND, notebook=ID)

    assert "stopped" not in raised.value.hint


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


# Not only text: a script may be in whatever encoding its author had.
commands = st.binary(min_size=1).filter(bytes.strip).map(lambda b: base64.b64encode(b).decode())
paths = st.text(min_size=1).filter(str.strip).map(lambda t: t.encode("utf-8", "replace").decode())
one_hook = st.fixed_dictionaries(
    {"mode": st.sampled_from(["BLOCK", "ASYNC"])}, optional={"timeout": st.integers(1, 9)}
)
anybodys = st.builds(
    lambda script, kind, more: {"script": script, "type": kind, **more},
    *(commands, st.just("COMMAND"), one_hook),
) | st.builds(
    lambda script, kind, more: {"script": script, "type": kind, **more},
    *(paths, st.just("SCRIPT"), one_hook),
)


class Instance:
    """A cloud that has one notebook, whose hooks are what was last sent."""

    def __init__(self, registered: dict[str, Any], keeps_unmentioned: bool) -> None:
        self.place = SimpleNamespace(instance=ID, need_instance=lambda notebook: notebook or ID)
        self.hooks, self._keeps = registered, keeps_unmentioned

    def call(self, _service: str, operation: str, **fields: Any) -> Any:
        if operation == "update_notebook":
            sent = fields["body"]["hooks"]["container_hooks"]
            self.hooks = {**self.hooks, **sent} if self._keeps else sent
        return {"id": ID, "hooks": {"container_hooks": self.hooks}}


@given(
    before=st.dictionaries(
        st.sampled_from(["pre_start", "post_start", "pre_stop"]), anybodys, max_size=3
    ),
    times=st.integers(1, 3),
    keeps=st.booleans(),
)
def test_whatever_hooks_others_had_they_are_there_beside_ours_and_exactly_so_after_it(
    before: dict[str, Any], times: int, keeps: bool
) -> None:
    instance = Instance(before, keeps)
    cloud: Any = instance

    for number in range(times):
        found = notebook.register(COMMAND.replace("ours", f"ours {number}"), cloud=cloud)
        assert found.current
        assert len(found.others) == len(before)
    assert {k: v for k, v in instance.hooks.items() if k != "pre_start"} == {
        k: v for k, v in before.items() if k != "pre_start"
    }
    found = notebook.unregister(cloud=cloud)

    assert not found.registered
    left = dict(instance.hooks)
    if keeps and "pre_start" not in before:
        assert run(left.pop("pre_start")) == ""
    assert left == before
