"""Each known trap of the SDK, against a real server that the unmodified SDK talks to."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from modelarts_nb.cloud import client
from modelarts_nb.cloud.client import Cloud, forget_clients, open_cloud
from modelarts_nb.cloud.errors import (
    CloudAnswerInvalid,
    CloudBusy,
    CloudError,
    CloudInvalid,
    CloudNotFound,
    CloudTimeout,
    CloudUnreachable,
)
from modelarts_nb.cloud.transport import Reply
from modelarts_nb.config import save
from modelarts_nb.errors import Cancelled
from modelarts_nb.progress import Silent
from tests.unit.cloud.wire import Response, Wire, error

NOTEBOOK = {"id": "n-1", "name": "mine", "create_at": 1700000000000, "status": "RUNNING"}


def show(cloud: Cloud) -> object:
    return cloud.call("modelarts", "show_notebook", id="n-1")


def start(cloud: Cloud) -> object:
    return cloud.call("modelarts", "start_notebook", id="n-1")


def test_a_call_is_signed_and_answers_with_every_field_of_the_wire(
    cloud: Cloud, wire: Wire
) -> None:
    wire.reply(Response(200, NOTEBOOK))

    assert show(cloud) == NOTEBOOK
    (request,) = wire.seen
    assert request.path == "/v1/project-1/notebooks/n-1"
    assert request.headers["authorization"].startswith("SDK-HMAC-SHA256 Access=AK-OF-TEST")


def test_fields_that_the_sdk_cannot_send_are_sent(cloud: Cloud, wire: Wire) -> None:
    endpoint = {"service": "SSH", "key_pair_names": ["k"], "allowed_access_ips": ["10.0.0.1"]}

    cloud.call("modelarts", "update_notebook", id="n-1", body={"endpoints": [endpoint]})

    assert wire.seen[0].json == {"endpoints": [endpoint]}


def test_a_refused_post_of_too_many_requests_keeps_the_servers_words(
    cloud: Cloud, wire: Wire
) -> None:
    wire.reply(error(429, "ModelArts.2799", "Slow down, please"))

    with pytest.raises(CloudBusy, match="Slow down, please") as raised:
        show(cloud)

    assert raised.value.error_code == "ModelArts.2799"
    assert raised.value.request_id == "req-1"


def test_a_redirect_is_no_answer(cloud: Cloud, wire: Wire) -> None:
    wire.reply(Response(302, None, {"Location": "https://login.example/"}))

    with pytest.raises(CloudAnswerInvalid, match=r"login\.example"):
        show(cloud)


def test_a_web_page_is_no_answer(cloud: Cloud, wire: Wire) -> None:
    wire.reply(Response(200, b"<html>Please log in</html>", {"Content-Type": "text/html"}))

    with pytest.raises(CloudAnswerInvalid) as raised:
        show(cloud)

    assert "Please log in" in raised.value.cause


def test_an_error_page_of_a_gateway_is_shown_in_one_line(cloud: Cloud, wire: Wire) -> None:
    wire.reply(Response(500, b"<html>\n<h1>Oops</h1>\n</html>", {"Content-Type": "text/html"}))

    with pytest.raises(CloudError, match="<html> <h1>Oops</h1> </html>"):
        show(cloud)


def test_an_answer_that_the_sdk_cannot_read_is_read_by_us(cloud: Cloud, wire: Wire) -> None:
    odd = {"id": "n-1", "lease": 5, "endpoints": 7, "image": "x", "create_at": "soon"}
    wire.reply(Response(200, odd))

    assert start(cloud) == odd


def test_a_fault_while_an_answer_is_read_does_not_send_a_post_again(
    cloud: Cloud, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: object) -> None:
        raise TypeError("on this the SDK's own methods send everything once more")

    monkeypatch.setattr("modelarts_nb.cloud.transport.Reply", fail)

    with pytest.raises(CloudUnreachable):
        start(cloud)

    assert len(wire.seen) == 1


def test_a_wrong_scalar_is_read_as_it_is(cloud: Cloud, wire: Wire) -> None:
    wire.reply(Response(200, {"total": "abc", "data": []}))

    assert cloud.call("modelarts", "list_notebooks") == {"total": "abc", "data": []}


def test_an_empty_answer_is_none(cloud: Cloud, wire: Wire) -> None:
    wire.reply(Response(204))

    body = {"path": "/a", "mode": 755}
    assert cloud.call("sfsturbo", "create_fs_dir", share_id="s", body=body) is None


def test_a_bare_list_is_a_list(cloud: Cloud, wire: Wire) -> None:
    wire.reply(Response(200, [{"task": "worker-0"}]))

    found = cloud.call("modelarts", "list_training_job_tasks", training_job_id="j")

    assert found == [{"task": "worker-0"}]


def test_nothing_secret_is_in_a_repr(cloud: Cloud, wire: Wire) -> None:
    reply = Reply(200, {"x-subject-token": "tok-secret"}, b'{"token": "tok-secret"}')

    asked = client._Asked("kps", "create_keypair", {"key": "tok-secret"}, {}, False, False)
    shown = repr(reply) + repr(cloud) + repr(asked)

    assert "tok-secret" not in shown
    assert "SK-OF-TEST" not in shown


def test_proxies_are_not_used_for_this_machine(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    wire.reply(Response(200, NOTEBOOK))

    assert show(open_cloud()) == NOTEBOOK


def test_a_netrc_does_not_replace_the_signature(
    wire: Wire, no_cloud: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a home whose .netrc has a password for every host, and a client that reads it
    (no_cloud / ".netrc").write_text("default login me password mine\n")
    (no_cloud / ".netrc").chmod(0o600)
    monkeypatch.setattr("modelarts_nb.cloud.transport.is_loopback", lambda _url: False)

    show(open_cloud())

    assert wire.seen[0].headers["authorization"].startswith("SDK-HMAC-SHA256")


def test_errors_do_not_appear_on_stderr(wire: Wire) -> None:
    # In a process of its own: pytest handles what loggers say, and nobody does here.
    wire.reply(Response(drop=True))
    program = (
        "from modelarts_nb.cloud.client import open_cloud\n"
        "from modelarts_nb.cloud.errors import CloudUnreachable\n"
        "try:\n    open_cloud().call('modelarts', 'start_notebook', id='n-1')\n"
        "except CloudUnreachable as error:\n    print('unreachable')"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    assert (done.stdout, done.stderr) == ("unreachable\n", "")


def test_the_deprecated_calls_of_ecs_warn_nobody(
    cloud: Cloud, wire: Wire, recwarn: pytest.WarningsRecorder
) -> None:
    wire.reply(Response(200, {"keypairs": []}))

    assert cloud.call("ecs", "nova_list_keypairs") == {"keypairs": []}
    assert [str(w.message) for w in recwarn] == []


def test_a_read_is_repeated_after_a_dropped_connection(cloud: Cloud, wire: Wire) -> None:
    wire.reply(Response(drop=True), Response(200, NOTEBOOK))

    assert show(cloud) == NOTEBOOK


def test_a_change_is_not_repeated_after_a_dropped_connection(cloud: Cloud, wire: Wire) -> None:
    wire.reply(Response(drop=True), Response(200, NOTEBOOK))

    with pytest.raises(CloudUnreachable, match="cannot be reached") as raised:
        start(cloud)

    assert len(wire.seen) == 1
    assert "may have been carried out" in raised.value.hint


@pytest.mark.parametrize("code", ["ModelArts.6101", "ModelArts.2799"])
def test_what_was_refused_at_the_door_is_repeated_also_when_it_changes_something(
    cloud: Cloud, wire: Wire, code: str
) -> None:
    wire.reply(error(429, code, "busy"), Response(200, NOTEBOOK))

    assert start(cloud) == NOTEBOOK


@pytest.mark.parametrize(("status", "code"), [(408, "ModelArts.6100"), (500, "ModelArts.6102")])
def test_what_may_have_been_begun_is_repeated_only_where_that_harms_nothing(
    cloud: Cloud, wire: Wire, status: int, code: str
) -> None:
    wire.reply(error(status, code, "hm"), Response(200, NOTEBOOK))
    assert show(cloud) == NOTEBOOK

    wire.reply(error(status, code, "hm"), Response(200, NOTEBOOK))
    with pytest.raises(CloudBusy):
        start(cloud)


def test_repeating_ends(wire: Wire) -> None:
    save("Cloud", "attempts", 3)
    wire.reply(error(429, "ModelArts.6101", "busy"))

    with pytest.raises(CloudBusy):
        show(open_cloud())

    assert len(wire.seen) == 3


def test_an_error_that_will_not_go_away_is_not_repeated(cloud: Cloud, wire: Wire) -> None:
    wire.reply(error(400, "ModelArts.6309", "no such instance"))

    with pytest.raises(CloudNotFound):
        show(cloud)

    assert len(wire.seen) == 1


def test_a_server_that_does_not_answer_is_given_up(wire: Wire) -> None:
    save("Cloud", "read_timeout", 0.2)
    never = threading.Event()
    wire.reply(Response(200, {}, hold=never))

    with pytest.raises(CloudTimeout, match="does not answer"):
        show(open_cloud())
    never.set()

    assert len(wire.seen) == 1


def test_a_read_that_hangs_can_be_cancelled(cloud: Cloud, wire: Wire) -> None:
    never = threading.Event()
    wire.reply(Response(200, {}, hold=never))

    class Impatient(Silent):
        def check(self) -> None:
            if wire.seen:
                raise Cancelled()

    with pytest.raises(Cancelled):
        cloud.call("modelarts", "show_notebook", id="n", progress=Impatient())
    never.set()


def test_a_host_that_is_not_there_is_unreachable_and_not_a_time_out(
    no_cloud: Path, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODELARTS_NB_ENDPOINT", "http://127.0.0.1:9")

    with pytest.raises(CloudUnreachable) as raised:
        show(open_cloud())

    assert raised.value.code == "cloud_unreachable"


def test_chinese_in_a_query_arrives(cloud: Cloud, wire: Wire) -> None:
    cloud.call("modelarts", "list_notebooks", name="我的 & 你的/=")

    assert wire.seen[0].query == {"name": "我的 & 你的/="}


def test_what_cannot_be_written_is_not_said_to_be_unreachable(cloud: Cloud, wire: Wire) -> None:
    # An argument of the command line that is no UTF-8 arrives as this.
    with pytest.raises(CloudInvalid, match="list notebooks cannot be written"):
        cloud.call("modelarts", "list_notebooks", name="\udcff")

    assert wire.seen == []


def test_an_unknown_code_is_judged_by_its_status(cloud: Cloud, wire: Wire) -> None:
    wire.reply(error(400, "ModelArts.9999", "what?"))

    with pytest.raises(CloudInvalid, match=r"ModelArts\.9999: what\?"):
        show(cloud)


def test_one_client_serves_all_calls(cloud: Cloud, wire: Wire) -> None:
    wire.reply(Response(200, NOTEBOOK))
    show(cloud)
    before = threading.active_count()

    for _ in range(5):
        show(open_cloud())

    assert threading.active_count() <= before + 8


def test_a_client_that_is_not_needed_any_more_holds_no_threads(cloud: Cloud, wire: Wire) -> None:
    wire.reply(Response(200, NOTEBOOK))
    before = {t for t in threading.enumerate() if t.name.startswith("ThreadPoolExecutor")}
    show(cloud)
    mine = {t for t in threading.enumerate() if t.name.startswith("ThreadPoolExecutor")} - before

    forget_clients()

    assert mine
    for thread in mine:
        thread.join(10)
        assert not thread.is_alive()
