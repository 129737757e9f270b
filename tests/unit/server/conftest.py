"""A Jupyter server in this process, with our extension and its real worker."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

# Not as a plugin: its fixtures are autouse and would make a server app for every other test.
from pytest_jupyter.jupyter_server import *  # noqa: F403
from tornado.httpclient import HTTPResponse

from tests.unit.operations.conftest import make_prefix

Fetch = Callable[..., Any]


@pytest.fixture
def timeouts() -> dict[str, float]:
    return {"read_timeout": 20.0, "check_timeout": 60.0, "cloud_timeout": 30.0}


@pytest.fixture
def jp_server_config(timeouts: dict[str, float]) -> dict[str, Any]:
    return {
        "ServerApp": {
            "jpserver_extensions": {"modelarts_nb.server": True},
            "allow_unauthenticated_access": False,
        },
        "ModelArtsNb": {**timeouts, "restore_at_start": False},
    }


@pytest.fixture
def disk(tmp_path: Path, jp_environ: None, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "disk"
    root.mkdir()
    monkeypatch.setenv("MODELARTS_NB_DISK", str(root))
    monkeypatch.setenv("MODELARTS_NB_OWNER", "tester")
    return root


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return make_prefix(tmp_path / "image")


@pytest.fixture
def call(
    disk: Path,
    http_server_client: Any,
    jp_base_url: str,
    jp_auth_header: dict[str, str],
) -> Fetch:
    """``await call("GET", "status")`` gives the response, an error's too."""

    async def call(
        method: str, path: str, body: Any = None, headers: dict[str, str] = jp_auth_header
    ) -> HTTPResponse:
        if body is not None and not isinstance(body, str):
            body = json.dumps(body)
        url = f"{jp_base_url.rstrip('/')}/modelarts-nb/api/{path}"
        return await http_server_client.fetch(
            url,
            method=method,
            body=body,
            headers=headers,
            raise_error=False,
            request_timeout=60,
        )

    return call


def json_of(response: HTTPResponse) -> Any:
    return json.loads(response.body)
