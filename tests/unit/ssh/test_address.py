"""The endpoint's URI, which ends up in a file that OpenSSH obeys."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelarts_nb.cloud.errors import CloudAnswerInvalid
from modelarts_nb.ssh.address import Address, parse_uri


@pytest.mark.parametrize(
    ("uri", "address"),
    [
        ("ssh://ma-user@dev-modelarts-cnnorth4.huaweicloud.com:31248",
         Address("ma-user", "dev-modelarts-cnnorth4.huaweicloud.com", 31248)),
        ("ssh://other@h:1", Address("other", "h", 1)),
        ("host.example:30480", Address("ma-user", "host.example", 30480)),
        ("ma-user@10.0.0.7:30480/", Address("ma-user", "10.0.0.7", 30480)),
        ("10.0.0.7", Address("ma-user", "10.0.0.7", 22)),
        ("ssh://ma-user@[fe80::1]:31000", Address("ma-user", "fe80::1", 31000)),
    ],
)  # fmt: skip
def test_forms_that_are_seen(uri: str, address: Address) -> None:
    assert parse_uri(uri) == address


@pytest.mark.parametrize(
    "uri",
    ["", "ssh://", "https://x/lab", "h:0", "h:70000", "-oProxyCommand=x", "ssh://-x@h:1",
     "h:22\nProxyCommand x", "ssh://u@h h:22", "h:２２"],
)  # fmt: skip
def test_what_is_no_address_is_refused(uri: str) -> None:
    with pytest.raises(CloudAnswerInvalid):
        parse_uri(uri)


@given(st.text(), st.text(), st.integers())
def test_nothing_but_single_harmless_words_passes(user: str, host: str, port: int) -> None:
    try:
        found = parse_uri(f"ssh://{user}@{host}:{port}")
    except CloudAnswerInvalid:
        return
    assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", found.user)
    assert re.fullmatch(r"[A-Za-z0-9:.-]+", found.host)
    assert 0 < found.port < 65536
