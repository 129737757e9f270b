"""Signatures: what the SDK's signer makes is accepted, anything else is not."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.sdk_request import SdkRequest
from huaweicloudsdkcore.signer.signer import Signer
from hypothesis import given
from hypothesis import strategies as st

from modelarts_nb.localcloud.web.message import Request, parse_query
from modelarts_nb.localcloud.web.signature import NotSigned, claimed, verify

SECRET = "the-secret"
TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
VALUE = st.text(st.characters(min_codepoint=0x21, exclude_categories=("Cs", "Zs", "Cc")))


def signed(
    method: str = "POST",
    path: str = "/v1/project/notebooks",
    query: list[tuple[str, str]] | None = None,
    body: str = '{"name": "mine"}',
    **headers: str,
) -> Request:
    """A request as the SDK's own signer makes it and the server reads it."""
    request = SdkRequest(
        method=method,
        schema="http",
        host="127.0.0.1:80",
        resource_path=path,
        query_params=list(query or []),
        header_params={"Content-Type": "application/json", **headers},
        body=body,
    )
    done = Signer(BasicCredentials("AK", SECRET, "project")).sign(request)
    sent = {
        name.lower(): (value if isinstance(value, str) else str(value))
        for name, value in done.header_params.items()
    }
    # What http.server reads as latin-1 is UTF-8 on the wire, and so it is decoded.
    sent = {name: value.encode("latin-1").decode() for name, value in sent.items()}
    target, _, pairs = done.uri.partition("?")
    return Request(method, target, parse_query(pairs), sent, body.encode(), "id")


def check(request: Request, secret: str = SECRET, now: float | None = None) -> None:
    verify(request, claimed(request), secret, time.time() if now is None else now)


@given(
    st.lists(TEXT, max_size=4).map(lambda parts: "/" + "/".join(quote(p, "") for p in parts)),
    st.lists(st.tuples(TEXT.filter(bool), TEXT), max_size=4),
    TEXT,
    VALUE,
)
def test_what_the_sdk_signs_is_believed(
    path: str, query: list[tuple[str, str]], body: str, header: str
) -> None:
    check(signed("PUT", path, query, body, **{"X-Thing": header}))


CHANGES = {
    "the body": lambda r: replace(r, body=r.body + b" "),
    "the method": lambda r: replace(r, method="DELETE"),
    "the path": lambda r: replace(r, path=r.path + "/other"),
    "the query": lambda r: replace(r, query=(("limit", "2"),)),
    "one more in the query": lambda r: replace(r, query=(*r.query, ("offset", "1"))),
    "nothing left of the query": lambda r: replace(r, query=()),
    "a header": lambda r: replace(r, headers={**r.headers, "user-agent": "other"}),
    "the host": lambda r: replace(r, headers={**r.headers, "host": "example.com"}),
    "the date": lambda r: replace(r, headers={**r.headers, "x-sdk-date": "20200101T000000Z"}),
    "the project": lambda r: replace(r, headers={**r.headers, "x-project-id": "other"}),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_request_that_was_changed_on_the_way_is_refused(what: str) -> None:
    request = signed(query=[("limit", "1")], **{"User-Agent": "sdk", "X-Project-Id": "project"})
    check(request)

    with pytest.raises(NotSigned):
        check(CHANGES[what](request))


@pytest.mark.parametrize("name", ["x-project-id", "x-domain-id", "x-security-token"])
def test_a_header_that_says_who_calls_counts_only_when_it_is_signed(name: str) -> None:
    request = signed()

    with pytest.raises(NotSigned, match=f"{name} is not signed"):
        check(replace(request, headers={**request.headers, name: "added"}))


@pytest.mark.parametrize("minutes", [-16, 16])
def test_a_date_more_than_a_quarter_of_an_hour_away_is_refused(minutes: int) -> None:
    with pytest.raises(NotSigned, match="signature expired"):
        check(signed(), now=time.time() + minutes * 60)


@pytest.mark.parametrize("minutes", [-14, 14])
def test_clocks_may_differ_a_little(minutes: int) -> None:
    check(signed(), now=time.time() + minutes * 60)


def test_another_secret_is_refused() -> None:
    with pytest.raises(NotSigned, match="verify aksk signature fail"):
        check(signed(), secret="another")


def test_an_unsigned_payload_is_refused() -> None:
    # given a content type for which the SDK does not hash the body
    request = signed(**{"Content-Type": "text/plain"})

    with pytest.raises(NotSigned):
        check(request)


HEADER = st.one_of(
    st.text(),
    st.builds(
        "SDK-HMAC-SHA256 Access={}, SignedHeaders={}, Signature={}".format,
        st.text(max_size=5),
        st.text("host;x-sdk-date", max_size=30),
        st.text("0123456789abcdef", min_size=64, max_size=64),
    ),
)


@given(HEADER)
def test_whatever_stands_in_the_header_is_refused_and_breaks_nothing(header: str) -> None:
    headers: dict[str, Any] = {"host": "h", "x-sdk-date": "d", "authorization": header}

    with pytest.raises(NotSigned):
        check(Request("GET", "/", (), headers, b"", "id"))
