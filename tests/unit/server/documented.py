"""Requests and answers held against the OpenAPI document."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl

from openapi_core import OpenAPI
from openapi_core.testing import MockRequest, MockResponse
from tornado.httpclient import HTTPResponse

from modelarts_nb.server.handlers.openapi import DOCUMENT

SPEC = OpenAPI.from_dict(json.loads(DOCUMENT.read_text()))
BASE = "/modelarts-nb/api"


def as_documented(
    response: HTTPResponse, method: str, path: str, body: Any = None, *, request: bool = True
) -> Any:
    """Hold request and response against the document; returns the response's JSON."""
    where, _, query = path.partition("?")
    asked = MockRequest(
        "http://localhost",
        method,
        f"{BASE}/{where}",
        args=dict(parse_qsl(query)),
        headers={"Authorization": "token x"},
        data=json.dumps(body).encode() if body is not None else b"",
    )
    told = MockResponse(
        response.body or b"",
        status_code=response.code,
        headers=dict(response.headers),
        content_type=response.headers.get("Content-Type", "").partition(";")[0],
    )
    if request:
        SPEC.validate_request(asked)
    SPEC.validate_response(asked, told)
    return json.loads(response.body) if response.body else None
