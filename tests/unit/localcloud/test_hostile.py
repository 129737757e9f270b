"""Whatever is sent to whatever call, it is answered or refused: a fault of ours is a 500."""

from __future__ import annotations

import copy
import http.client
import json
import logging
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelarts_nb.localcloud.services import SERVICES
from modelarts_nb.localcloud.testing import LocalCloud, User, signed
from modelarts_nb.localcloud.web.service import OPERATOR, Route

OURS = {"iam", "kps", "ecs", "sfsturbo"}
ROUTES = [
    route
    for service in SERVICES
    for route in service.routes
    if service.name in OURS and route.action != OPERATOR
]
# Names that mean something to some call, so that more than the outermost check is reached.
_WORDS = """keypair name type public_key scope user_id key_protection encryption private_key
    role policy display_name Version Statement Effect Action Condition auth identity methods
    assume_role token duration_seconds agency_name domain_id user group agency credential share
    size path mode uid gid capacity inode rules ip_cidr rw_type user_type metadata"""
NAMES = st.sampled_from(_WORDS.split()) | st.text(max_size=4)
PLAIN = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6)
    | st.sampled_from(["ssh", "domain", "XA", "1.1", "token", "assume_role", "/a", "/", ".."])
    | st.sampled_from(["\0", "\ud800"])
)  # fmt: skip
VALUES = st.recursive(
    PLAIN,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)
_STATEMENT = {
    "Effect": "Allow",
    "Action": ["modelarts:notebook:create"],
    "Condition": {"StringEquals": {"modelarts:poolType": ["public"]}},
}
_POLICY = {"Version": "1.1", "Statement": [_STATEMENT]}
_ASSUME = {"agency_name": "modelarts_agency", "domain_name": "demo", "duration_seconds": 900}
_SHARE = "/v1/{project_id}/sfs-turbo/shares/{share_id}"
_KEYS = "/v3.0/OS-CREDENTIAL/securitytokens"
_PAIR = {"name": "k", "type": "ssh", "scope": "domain", "public_key": "ssh-rsa AAAA x"}
_NEW_SHARE = {
    "name": "more",
    "size": 500,
    "share_proto": "NFS",
    "share_type": "STANDARD",
    "availability_zone": "a",
    "vpc_id": "v",
    "subnet_id": "s",
    "security_group_id": "g",
    "metadata": {"hpc_bw": "40M"},
}
_RULE = {"ip_cidr": "10.0.0.0/8", "rw_type": "rw", "user_type": "all_squash"}
_ROLE = {"display_name": "p", "type": "XA", "description": "", "policy": _POLICY}
GOOD: list[tuple[str, dict[str, Any]]] = [
    ("/v3.0/OS-ROLE/roles", {"role": _ROLE}),
    (_KEYS, {"auth": {"identity": {"methods": ["assume_role"], "assume_role": _ASSUME}}}),
    (_KEYS, {"auth": {"identity": {"methods": ["token"], "policy": _POLICY}}}),
    ("/v3/users", {"user": {"name": "somebody", "enabled": True, "description": "x"}}),
    ("/v3/groups", {"group": {"name": "some", "description": "x"}}),
    ("/v3/{project_id}/keypairs", {"keypair": _PAIR}),
    ("/v2.1/{project_id}/os-keypairs", {"keypair": _PAIR}),
    (_SHARE + "/fs/dir", {"path": "/datasets/inner", "mode": 755, "uid": 1000, "gid": 100}),
    (_SHARE + "/fs/dir-quota", {"path": "/datasets", "capacity": 10, "inode": 10}),
    (_SHARE + "/fs/perm-rules", {"rules": [_RULE]}),
    (_SHARE + "/fs/{feature}/tasks", {"path": "/datasets"}),
    ("/v1/{project_id}/sfs-turbo/shares", {"share": _NEW_SHARE}),
]


@st.composite
def nearly_good(draw: st.DrawFn) -> Any:
    """The path of a call and a body that it takes, but for one thing in it."""
    path, good = draw(st.sampled_from(GOOD))
    body: Any = copy.deepcopy(good)
    place = body
    while True:
        keys = list(place) if isinstance(place, dict) else range(len(place))
        key = draw(st.sampled_from(keys))
        if not isinstance(place[key], dict | list) or not place[key] or draw(st.booleans()):
            place[key] = draw(VALUES)
            return path, body
        place = place[key]


_ASKED = """limit offset marker page per_page path domain_id enabled name scope is_inherited
    include_group subject.user_id access_key_id"""
QUERIES = st.dictionaries(
    st.sampled_from(_ASKED.split()),
    st.integers().map(str) | st.text(st.characters(exclude_categories=["Cs"]), max_size=6),
    max_size=3,
)
PARTS = st.sampled_from(["x", "..", "%00", "known"]) | st.text(
    st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6
)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(route=st.sampled_from(ROUTES), data=st.data())
def test_no_request_is_a_fault_of_the_cloud(
    local: LocalCloud, route: Route, data: Any, caplog: pytest.LogCaptureFixture
) -> None:
    path = fill(route.path, local, data)
    query = tuple(data.draw(QUERIES).items())
    body = json.dumps(data.draw(VALUES)).encode() if route.method != "GET" else b""

    with caplog.at_level(logging.ERROR, "localcloud"):
        status = send(local, route.method, path, query, body)

    assert status < 500, (route.method, path, query, body, caplog.text)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(call=nearly_good(), data=st.data())
def test_no_body_that_is_nearly_right_is_a_fault_of_the_cloud(
    local: LocalCloud, call: tuple[str, Any], data: Any, caplog: pytest.LogCaptureFixture
) -> None:
    path, body = call

    with caplog.at_level(logging.ERROR, "localcloud"):
        status = send(local, "POST", fill(path, local, data), (), json.dumps(body).encode())

    assert status < 500, (path, body, caplog.text)


def fill(path: str, local: LocalCloud, data: Any) -> str:
    """A path with ids for its parameters, some that exist and some that do not."""
    with local.inside.store.read() as db:
        share = db.one("SELECT id FROM sfsturbo_share")
        group = db.one("SELECT id FROM iam_group")
    known = {
        "project_id": local.project_id,
        "scope_id": local.domain_id,
        "share_id": share["id"] if share else "",
        "subject_id": group["id"] if group else "",
        "feature": "dir-usage",
    }
    for name, value in known.items():
        path = path.replace(f"{{{name}}}", value)
    while "{" in path:
        start, end = path.index("{"), path.index("}")
        path = path[:start] + quote(data.draw(PARTS), safe="%") + path[end + 1 :]
    return path


def send(
    local: LocalCloud, method: str, path: str, query: tuple[tuple[str, str], ...], body: bytes
) -> int:
    """The status of a request that somebody signs who may do everything."""
    host = urlsplit(local.endpoint).netloc
    root = local_root(local)
    headers = signed(root, method, host, path, body, query=query)
    connection = http.client.HTTPConnection(host, timeout=30)
    try:
        target = path + ("?" + urlencode(query, quote_via=quote) if query else "")
        connection.request(method, target, body=body, headers=headers)
        reply = connection.getresponse()
        reply.read()
        return reply.status
    finally:
        connection.close()


def local_root(local: LocalCloud) -> User:
    """The account's own user with a key for this test."""
    from modelarts_nb.localcloud.iam.account import add_key

    with local.inside.store.write() as db:
        row = db.one("SELECT id FROM iam_user WHERE is_root")
        assert row is not None
        key = add_key(db, row["id"], 0.0)
    return User("root", row["id"], key.access, key.secret)
