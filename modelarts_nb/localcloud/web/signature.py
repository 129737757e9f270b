"""Verifying ``SDK-HMAC-SHA256`` signatures, as the SDK's signer makes them.

What is signed: method, path, query, the named headers, the SHA-256 of the body (facts 2.1). A body
is always hashed here, also where the SDK would say ``UNSIGNED-PAYLOAD``: no call of this cloud
takes anything but JSON.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from urllib.parse import quote, unquote

from modelarts_nb.localcloud.web.message import Request

ALGORITHM = "SDK-HMAC-SHA256"
DATE_FORMAT = "%Y%m%dT%H%M%SZ"
WINDOW_SECONDS = 15 * 60

_AUTHORIZATION = re.compile(
    ALGORITHM + r" Access=([^\s,]{1,256}), ?SignedHeaders=([^\s,]+), ?Signature=([0-9a-f]{64})"
)
# Headers that say who calls and about what count only when they are signed.
_MUST_BE_SIGNED = ("host", "x-sdk-date", "x-security-token", "x-project-id", "x-domain-id")


class NotSigned(Exception):
    """The request proves nothing; the text says why, as the gateway would."""


@dataclass(frozen=True)
class Signature:
    """What the ``Authorization`` header claims."""

    access: str
    headers: tuple[str, ...]
    hex: str


def claimed(request: Request) -> Signature:
    """The signature of a request, not verified yet.

    Raises:
        NotSigned: there is none, or it leaves out what it must cover.
    """
    if "authorization" not in request.headers:
        raise NotSigned("x-auth-token not found")
    match = _AUTHORIZATION.fullmatch(request.headers["authorization"])
    if match is None:
        raise NotSigned("authorization header is malformed")
    names = tuple(match[2].split(";"))
    if list(names) != sorted(set(names)) or not set(names) <= set(request.headers):
        raise NotSigned("SignedHeaders are not the headers of the request")
    for name in _MUST_BE_SIGNED:
        if name not in names and (name in request.headers or name in {"host", "x-sdk-date"}):
            raise NotSigned(f"header {name} is not signed")
    return Signature(match[1], names, match[3])


def verify(request: Request, signature: Signature, secret: str, now: float) -> None:
    """Compare the signature with the one that the secret makes.

    Args:
        request: as it came.
        signature: from ``claimed``.
        secret: the SK of the key that it names.
        now: seconds since the epoch.

    Raises:
        NotSigned: it is another, or the request was signed too long ago or in the future.
    """
    date = request.headers["x-sdk-date"]
    expected = sign(
        request.method, request.path, request.query, request.headers, signature.headers,
        request.body, secret,
    )  # fmt: skip
    if not hmac.compare_digest(expected, signature.hex):
        raise NotSigned("verify aksk signature fail")
    try:
        at = datetime.strptime(date, DATE_FORMAT).replace(tzinfo=timezone.utc).timestamp()
    except ValueError:
        raise NotSigned("X-Sdk-Date is malformed") from None
    if abs(now - at) > WINDOW_SECONDS:
        server = datetime.fromtimestamp(now, timezone.utc).strftime(DATE_FORMAT)
        raise NotSigned(
            "calc aksk signature fail:signature expired, "
            f"signature time:{date},server time:{server}"
        )


def sign(
    method: str,
    path: str,
    query: Iterable[tuple[str, str]],
    headers: Mapping[str, str],
    names: Iterable[str],
    body: bytes,
    secret: str,
) -> str:
    """The signature, in hexadecimal digits.

    Args:
        method: in capitals.
        path: quoted or not.
        query: pairs, unquoted.
        headers: names in lower case.
        names: the headers to sign, in lower case and order.
        body: the bytes.
        secret: the SK.
    """
    names = tuple(names)
    # The signer unquotes first: an encoded slash becomes a separator in the text that is signed.
    uri = "/".join(quote(part, safe="~") for part in unquote(path).split("/"))
    canonical = "\n".join(
        [
            method,
            uri if uri.endswith("/") else uri + "/",
            "&".join(f"{quote(k, safe='~')}={quote(v, safe='~')}" for k, v in sorted(query)),
            *(f"{name}:{headers[name].strip()}" for name in names),
            "",
            ";".join(names),
            hashlib.sha256(body).hexdigest(),
        ]
    )
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    text = "\n".join([ALGORITHM, headers["x-sdk-date"], digest])
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()
