"""Whatever is sent to whatever call of ModelArts is answered or refused, never a fault of ours."""

from __future__ import annotations

import copy
import http.client
import json
import logging
import re
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelarts_nb.localcloud.modelarts.api import SERVICE
from modelarts_nb.localcloud.modelarts.catalog import DEFAULT_IMAGE
from modelarts_nb.localcloud.testing import signed
from modelarts_nb.localcloud.web.service import OPERATOR
from tests.unit.localcloud.modelarts.conftest import World

_ONE = "/v1/{project_id}/notebooks/{id}"
CALLS = [(route.method, route.path) for route in SERVICE.routes if route.action != OPERATOR]
# Once it is deleted, all that follows would only be told so.
CALLS.remove(("DELETE", _ONE))
CALLS.remove(("DELETE", "/v2/{project_id}/training-jobs/{training_job_id}"))
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
_WORDS = "EFS OBS SSH BLOCK COMMAND INTERNAL strict agency /data/x obs://demo-bucket/x/ 0 -1 ../.."
PLAIN = (
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT
    | st.sampled_from([*_WORDS.split(), "\0", "9" * 40])
)  # fmt: skip
VALUES = st.recursive(
    PLAIN,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
_HOOK = {"script": "ZWNobw==", "type": "COMMAND", "mode": "BLOCK"}
_NOTEBOOK = {
    "name": "hostile",
    "description": "x",
    "flavor": "modelarts.vm.cpu.2u",
    "image_id": DEFAULT_IMAGE,
    "volume": {"category": "EVS", "ownership": "MANAGED", "capacity": 5},
    "endpoints": [{"service": "SSH", "key_pair_names": ["k"], "allowed_access_ips": ["10.0.0.1"]}],
    "hooks": {"container_hooks": {"pre_start": _HOOK, "post_start": _HOOK}},
    "lease": {"duration": 3_600_000, "type": "TIMING"},
    "custom_spec": {"cpu": 1.0, "memory": 1024, "arch": "X86_64"},
    "pool_id": "x",
    "workspace_id": "0",
}
_CHANGE = {"name": "x", "storage_new_size": 9, "hooks": _NOTEBOOK["hooks"]}
_MOUNT = {"category": "OBSFS", "uri": "obs://demo-bucket/x/", "mount_path": "/data/x"}
_GRANT = {"user_id": "x", "user_name": "teammate"}
_WORKSPACE = {"name": "work", "auth_type": "INTERNAL", "grants": [_GRANT]}
_AGENCY = {"type": "agency", "content": "modelarts_agency", "user_id": "x", "user_type": "iam"}
_STREAM = {"name": "data", "remote": {"obs": {"obs_url": "obs://demo-bucket/datasets/"}}}
# No command of these ever runs: there is no key pair `k`.
_JOB = {
    "kind": "job",
    "metadata": {"name": "hostile", "workspace_id": "0", "annotations": {"a": "b"}},
    "algorithm": {
        "engine": {"image_url": "a/b:c"},
        "command": "true",
        "code_dir": "obs://demo-bucket/datasets/",
        "working_dir": "/home/ma-user",
        "parameters": [{"name": "a", "value": "b"}],
        "inputs": [_STREAM],
        "outputs": [_STREAM],
        "environments": {"A": "b"},
    },
    "spec": {
        "resource": {"flavor_id": "modelarts.vm.cpu.2u", "node_count": 1},
        "volumes": [{"nfs": {"nfs_server_path": "a:/b", "local_path": "/c", "read_only": True}}],
        "log_export_path": {"obs_url": "obs://demo-bucket/logs/"},
        "auto_stop": {"time_unit": "HOURS", "duration": 1},
    },
    "endpoints": {"ssh": {"key_pair_names": ["k"]}},
}
_SEARCH = {
    "offset": 0,
    "limit": 10,
    "sort_by": "create_time",
    "order": "desc",
    "filters": [{"key": "create_time", "operator": "between", "value": ["0", "9"]}],
}
_QUESTION = {
    "action_id": "1",
    "action": "modelarts:notebook:create",
    "resource": "*",
    "service_attributes": {"modelarts:poolType": "public"},
}
# Method and path of calls, and a body that each takes.
GOOD: dict[tuple[str, str], Any] = {
    ("POST", "/v1/{project_id}/notebooks"): _NOTEBOOK,
    ("PUT", _ONE): _CHANGE,
    ("PATCH", _ONE + "/lease"): {"duration": 3_600_000, "type": "IDLE"},
    ("POST", "/v1/{project_id}/notebooks/{instance_id}/storage"): _MOUNT,
    ("POST", "/v1/{project_id}/workspaces"): _WORKSPACE,
    ("PUT", "/v1/{project_id}/workspaces/{workspace_id}"): _WORKSPACE,
    ("POST", "/v2/{project_id}/authorizations"): _AGENCY,
    ("POST", "/v2/{project_id}/training-jobs"): _JOB,
    ("POST", "/v2/{project_id}/training-job-searches"): _SEARCH,
    ("POST", "/v2/{project_id}/training-jobs/{training_job_id}/actions"): {
        "action_type": "terminate"
    },
    ("POST", "/v2/{project_id}/agency"): {"agency_name_suffix": "x"},
    ("PUT", "/v1/auth-mode"): {"mode": "strict"},
    ("POST", "/v1/{project_id}/workspaces/{workspace_id}/auth"): {"requests": [_QUESTION]},
}
_ASKED = """limit offset name status sort_key sort_dir duration type workspace_id owner tags
    category filter_accessible sort_by order user_id name_fuzzy_match id base_line lines level
    start_time end_time pattern"""
QUERIES = st.dictionaries(
    st.sampled_from(_ASKED.split()), st.integers().map(str) | TEXT, max_size=3
)


@st.composite
def nearly_good(draw: st.DrawFn) -> tuple[tuple[str, str], Any]:
    """A call and a body that it takes, but for one thing in it."""
    call = draw(st.sampled_from(list(GOOD)))
    body: Any = copy.deepcopy(GOOD[call])
    place = body
    while True:
        key = draw(st.sampled_from(list(place) if isinstance(place, dict) else range(len(place))))
        if not isinstance(place[key], dict | list) or not place[key] or draw(st.booleans()):
            place[key] = draw(VALUES)
            return call, body
        place = place[key]


ANY = st.tuples(st.sampled_from(CALLS), VALUES)


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data(), sent=nearly_good() | ANY, query=QUERIES)
def test_no_request_is_a_fault_of_the_cloud(
    world: World, data: Any, sent: Any, query: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    (method, pattern), body = sent
    id = world.demo_id
    known = {"project_id": world.cloud.project_id, "workspace_id": "0", "id": id, "instance_id": id,
             "training_job_id": _demo_job(world), "task_id": "worker-0"}  # fmt: skip
    path = pattern
    for name in re.findall(r"\{(\w+)\}", pattern):
        value = known.get(name) or data.draw(TEXT.filter(bool))
        path = path.replace(f"{{{name}}}", quote(value, safe=""))

    with caplog.at_level(logging.ERROR, "localcloud"):
        status = send(world, method, path, query, body)

    assert status < 500, (method, path, query, body, caplog.text)


def _demo_job(world: World) -> str:
    with world.cloud.inside.store.read() as db:
        row = db.one("SELECT id FROM modelarts_job ORDER BY created LIMIT 1")
    assert row is not None
    return str(row["id"])


def send(world: World, method: str, path: str, query: dict[str, str], body: Any) -> int:
    """The status of a request that the administrator signs."""
    data = b"" if method == "GET" else json.dumps(body).encode()
    where = urlsplit(world.cloud.endpoint)
    headers = signed(
        world.cloud.users["administrator"],
        method,
        where.netloc,
        path,
        data,
        query=tuple(query.items()),
    )
    connection = http.client.HTTPConnection(where.netloc, timeout=30)
    try:
        target = f"{path}?{urlencode(query, quote_via=quote)}" if query else path
        connection.request(method, target, body=data, headers=headers)
        return connection.getresponse().status
    finally:
        connection.close()
