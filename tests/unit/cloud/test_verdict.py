"""What the cloud refuses, as errors that say what to do."""

from __future__ import annotations

import contextlib
import email.utils
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelarts_nb.cloud.errors import (
    AgencyMissing,
    CloudAnswerInvalid,
    CloudConflict,
    CloudError,
    CloudForbidden,
    CloudQuota,
    CloudSetting,
    CloudUnauthenticated,
)
from modelarts_nb.cloud.transport import Reply
from modelarts_nb.cloud.verdict import judge, refusal, retry_after, server_words
from modelarts_nb.errors import ModelArtsNbError


def refused(
    status: int, body: bytes, operation: str = "start_notebook", **headers: str
) -> CloudError:
    named = {"x-request-id": "r-1", **{k.replace("_", "-"): v for k, v in headers.items()}}
    return refusal(Reply(status, named, body), operation, "modelarts (host)")


def of_code(code: str, status: int = 400, message: str = "no") -> CloudError:
    return refused(status, f'{{"error_code":"{code}","error_msg":"{message}"}}'.encode())


@pytest.mark.parametrize(
    "body",
    [
        b'{"error_code":"X.1","error_msg":"no"}',
        b'{"errorCode":"X.1","errorMsg":"no"}',
        b'{"errCode":"X.1","errMsg":"no"}',
        b'{"code":"X.1","message":"no"}',
        b'{"error":{"code":"X.1","message":"no"}}',
        b'{"error":{"inner":{"error_code":"X.1","error_msg":"no"}}}',
        b'{"errors":[{"error_code":"X.1","error_msg":"no"}]}',
    ],
)
def test_code_and_words_are_found_in_every_shape_that_services_use(body: bytes) -> None:
    assert server_words(Reply(400, {}, body)) == ("X.1", "no")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"message":"no"}', "no"),
        (b'{"error_msg":"no","x":1}', "no"),
        (b'{"x":1}', '{"x": 1}'),
        (b"[]", "[]"),
        (b"", ""),
        (b"<html><p>no\n</p></html>", "<html><p>no </p></html>"),
    ],
)
def test_an_error_without_a_code_keeps_its_words(body: bytes, words: str) -> None:
    assert server_words(Reply(418, {}, body)) == ("418", words)


def test_an_error_says_what_was_refused_with_code_words_and_request() -> None:
    found = of_code("ModelArts.6305", message="The instance is running.")

    assert found.message == (
        "modelarts (host) refused start notebook: ModelArts.6305: The instance is running."
    )
    assert isinstance(found, CloudConflict)
    assert found.to_dict()["error_code"] == "ModelArts.6305"
    assert found.to_dict()["cloud_request_id"] == "r-1"


def test_a_missing_right_names_the_action_and_the_policy_that_grants_it() -> None:
    found = of_code("ModelArts.0112", 403)

    assert isinstance(found, CloudForbidden)
    assert '"Action": ["modelarts:notebook:start"]' in found.hint
    assert '"Version": "1.1"' in found.hint
    assert "30 minutes" in found.hint


def test_rights_of_a_global_service_are_a_policy_of_their_own() -> None:
    found = refused(403, b'{"error_code":"ModelArts.0108","error_msg":"no"}', "list_all_notebooks")

    assert 'for global services: {"Version": "1.1"' in found.hint
    assert "One of these actions is missing" in found.hint
    assert found.hint.count('"Statement"') == 2


def test_the_action_that_the_server_names_is_the_better_word() -> None:
    found = of_code("ModelArts.0112", 403, "Policy does not allow modelarts:notebook:access.")

    assert "modelarts:notebook:access" in found.hint
    assert "modelarts:notebook:start" not in found.hint


@pytest.mark.parametrize("code", ["2785", "6377", "0429", "6319"])
def test_a_missing_agency_is_another_remedy_than_a_missing_right(code: str) -> None:
    found = of_code(f"ModelArts.{code}", 403)

    assert isinstance(found, AgencyMissing)
    assert "Permission Management" in found.hint


@pytest.mark.parametrize(
    "words", ["The dependent service is not authorized.", "需获取依赖服务的授权"]
)
@pytest.mark.parametrize(("status", "code"), [(403, "0112"), (400, "0101"), (500, "9999")])
def test_dependent_service_not_authorized_means_the_agency_whatever_the_code(
    words: str, status: int, code: str
) -> None:
    found = of_code(f"ModelArts.{code}", status, words)

    assert isinstance(found, AgencyMissing)
    assert "Permission Management" in found.hint


@pytest.mark.parametrize("code", ["ModelArts.6786", "ModelArts.6789"])
def test_a_key_pair_of_somebody_else_is_to_be_replaced(code: str) -> None:
    assert "ma ssh use KEY" in of_code(code).hint


def test_a_project_of_another_region_is_a_setting() -> None:
    assert isinstance(of_code("ModelArts.0210", 401), CloudSetting)


def test_a_sold_out_flavor_is_no_fault_of_the_request() -> None:
    assert isinstance(of_code("ModelArts.6329"), CloudQuota)


def test_a_clock_that_is_off_is_found_by_the_servers_date() -> None:
    date = email.utils.formatdate(time.time() + 3600, usegmt=True)

    found = refused(401, b'{"error_code":"APIGW.0301","error_msg":"bad"}', date=date)

    assert isinstance(found, CloudUnauthenticated)
    assert "60 minutes behind" in found.hint


def test_a_signature_that_is_too_old_is_the_clocks_fault_and_not_the_keys() -> None:
    found = of_code("APIGW.0301", 401, "calc aksk signature fail:signature expired")

    assert "clock" in found.hint
    assert "new ones" not in found.hint


def test_a_clock_that_is_right_is_not_blamed() -> None:
    date = email.utils.formatdate(usegmt=True)

    found = refused(401, b'{"error_code":"APIGW.0301","error_msg":"bad"}', date=date)

    assert "clock" not in found.hint


@pytest.mark.parametrize("words", ["The security token has expired", "Token Expired", "令牌已过期"])
def test_keys_that_ran_out_are_told_from_wrong_ones(words: str) -> None:
    found = of_code("APIGW.0301", 401, words)

    assert "new ones" in found.hint
    assert "new ones" not in of_code("APIGW.0301", 401, "signature does not match").hint


def test_a_key_for_another_project_is_sent_to_look_at_project_and_region() -> None:
    found = of_code("APIGW.0302", 403)

    assert isinstance(found, CloudForbidden)
    assert "Cloud.project" in found.hint


def test_the_id_of_the_request_is_taken_from_the_body_where_no_header_has_it() -> None:
    body = b'{"error_code":"X.1","error_msg":"no","request_id":"r-body"}'

    found = refusal(Reply(400, {}, body), "show_notebook", "modelarts (host)")

    assert found.request_id == "r-body"


@pytest.mark.parametrize("body", [b'{"keypair":{"private_key":"TOP-SECRET', b"TOP-SECRET"])
@pytest.mark.parametrize("status", [200, 500])
def test_an_answer_that_broke_off_is_not_shown(status: int, body: bytes) -> None:
    with pytest.raises(CloudError) as raised:
        judge(Reply(status, {}, body), "create_keypair", "kps (host)")

    assert "TOP-SECRET" not in str(raised.value.to_dict())


def test_a_redirect_is_shown_without_what_is_secret_in_it() -> None:
    reply = Reply(302, {"location": "https://login.example/x?ticket=TOP-SECRET#y"}, b"")

    with pytest.raises(CloudAnswerInvalid, match=r"https://login\.example/x") as raised:
        judge(reply, "show_notebook", "modelarts (host)")

    assert "TOP-SECRET" not in str(raised.value.to_dict())


def test_json_that_is_nested_too_deeply_is_no_answer() -> None:
    with pytest.raises(CloudAnswerInvalid):
        judge(Reply(200, {}, b"[" * 200_000), "show_notebook", "modelarts (host)")


def test_an_empty_refusal_still_says_something() -> None:
    assert "HTTP 503" in refused(503, b"").message


@pytest.mark.parametrize(("said", "seconds"), [("3", 3), ("9999", 60), ("soon", 0), ("-1", 0)])
def test_the_server_may_ask_for_patience_but_not_for_hours(said: str, seconds: float) -> None:
    assert retry_after(Reply(429, {"retry-after": said}, b"")) == seconds


@given(
    status=st.integers(100, 599),
    body=st.one_of(
        st.binary(max_size=300),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(),
            lambda inner: (
                st.lists(inner)
                | st.dictionaries(
                    st.sampled_from(["error_code", "error_msg", "code", "message", "x"]), inner
                )
            ),
            max_leaves=8,
        ).map(lambda v: json.dumps(v).encode()),
    ),
)
def test_whatever_a_server_sends_is_json_or_an_error_of_ours(status: int, body: bytes) -> None:
    with contextlib.suppress(ModelArtsNbError):
        judge(Reply(status, {}, body), "show_notebook", "modelarts (host)")
