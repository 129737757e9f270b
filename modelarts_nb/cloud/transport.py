"""One exchange through the SDK's client, with everything the SDK hides put back.

The SDK signs and sends; what came back is taken from the wire by the SDK's own response hook, not
from its models, because these lose what a caller needs (facts 2.4 and 2.5):

- fields that a model does not know (``create_at``, ``allowed_access_ips``) are dropped;
- a redirect and a web page become an object whose fields are all None;
- the body of a 429 is thrown away;
- ``_call_api`` sends a request again when reading its answer fails: a POST goes out twice. The
  invokers do not;
- the models print tokens and private keys in their ``repr``;
- proxies are used for loopback too, and a ``~/.netrc`` replaces the signature;
- a request for temporary keys goes through the same hooks as the one that is asked for.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from modelarts_nb.cloud import sdk
from modelarts_nb.cloud.credentials import Keys
from modelarts_nb.cloud.errors import CloudInvalid
from modelarts_nb.cloud.place import Place, is_loopback
from modelarts_nb.errors import ModelArtsNbError


@dataclass(frozen=True)
class Reply:
    """What the server sent. The body may hold secrets and is not shown by ``repr``."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def request_id(self) -> str:
        """The server's id of the request; empty where it gave none."""
        return self.headers.get("x-request-id", "") or self.headers.get("x-iam-trace-id", "")

    def json(self) -> Any:
        """The body; None when it is empty.

        Raises:
            ValueError: it is no JSON.
        """
        try:
            return json.loads(self.body) if self.body.strip() else None
        except RecursionError:
            raise ValueError("nested too deeply") from None


class NoAnswer(Exception):
    """The request got no answer. ``sent``: it may have reached the server. ``untrusted``: there
    is no encrypted connection to it."""

    def __init__(self, why: str, *, sent: bool, timeout: bool, untrusted: bool = False) -> None:
        super().__init__(why)
        self.why, self.sent, self.timeout, self.untrusted = why, sent, timeout, untrusted


class Channel:
    """A client of one service at one endpoint with one credential. Thread-safe."""

    def __init__(self, service: str, endpoints: list[str], place: Place, keys: Keys) -> None:
        self._caught = threading.local()
        kind = sdk.client_class(service)
        http = sdk.load("huaweicloudsdkcore.http.http_config")
        handler = sdk.load("huaweicloudsdkcore.http.http_handler").HttpHandler()
        handler.add_request_handler(self._begin).add_response_handler(self._catch)
        is_global = sdk.SERVICES[service].is_global
        credentials = keys.to_sdk(
            project=place.project or keys.project,
            domain=place.domain or keys.domain,
            is_global=is_global,
        )
        if place.endpoint:
            credentials.with_iam_endpoint(place.endpoint).with_sts_endpoint(place.endpoint)
        config = http.HttpConfig(timeout=(place.connect_timeout, place.read_timeout))
        self._client = (
            kind.new_builder()
            .with_http_config(config)
            .with_http_handler(handler)
            .with_credentials(credentials)
            .with_endpoints(list(endpoints))
            .build()
        )
        _tame(self._client, loopback=any(is_loopback(url) for url in endpoints))

    def exchange(self, operation: str, request: Any, headers: Mapping[str, str]) -> Reply:
        """Send one request, once.

        Args:
            operation: the name of the client's method.
            request: the SDK's request object.
            headers: to add, as in ``X-Language``.

        Returns:
            Whatever the server sent, errors and redirects too.

        Raises:
            NoAnswer: it sent nothing.
            CloudInvalid: the request cannot even be written, as with text that is no Unicode.
            NoCredentials: there are no keys to sign it with.
        """
        self._caught.reply, self._caught.begun = None, False
        try:
            # Also warns: the nova_* methods say that they are deprecated. Filtered by sdk.load.
            invoker = getattr(self._client, f"{operation}_invoker")(request)
            for name, value in headers.items():
                invoker.add_header(name, value)
            invoker.invoke()
        except ModelArtsNbError:
            # Of an accessor: no keys, so nothing was asked.
            raise
        except Exception as error:
            if not self._caught.begun:
                raise CloudInvalid(
                    f"The request {operation.replace('_', ' ')} cannot be written.",
                    hint="Correct the values that it was given.",
                    cause=f"{type(error).__name__}: {error}",
                ) from error
            # Whatever the SDK makes of an answer, there was one: that is judged, not its opinion.
            if self._caught.reply is None:
                raise _no_answer(error) from error
        reply: Reply | None = self._caught.reply
        self._caught.reply = None
        if reply is None:
            raise NoAnswer("the SDK returned without an answer", sent=True, timeout=False)
        return reply

    def close(self) -> None:
        """Close its connections and let its threads end."""
        self._client.close()
        self._client.get_http_client().executor.shutdown(wait=False)

    def _begin(self, **_more: Any) -> None:
        # The answer to another request, for keys, is not the answer to this one.
        self._caught.reply, self._caught.begun = None, True

    def _catch(self, *, response: Any, **_more: Any) -> None:
        headers = {str(k).lower(): str(v) for k, v in response.headers.items()}
        self._caught.reply = Reply(int(response.status_code), headers, bytes(response.content))


def _tame(client: Any, *, loopback: bool) -> None:
    """Undo what the SDK's session does behind one's back. It offers no other way than this."""
    session = client.get_http_client()._session
    adapters = sdk.load("requests.adapters")
    # Its own adapter gives up on a 429 before the body is read.
    for scheme in ("http://", "https://"):
        session.mount(scheme, adapters.HTTPAdapter(pool_maxsize=10, max_retries=0))
    # With any auth set, ~/.netrc is not looked up, which would replace the signature.
    session.auth = _as_it_is
    if loopback:
        session.trust_env = False


def _as_it_is(request: Any) -> Any:
    return request


def _no_answer(error: Exception) -> NoAnswer:
    """Judge an exception by the chain that led to it: the SDK's own kinds are not enough."""
    requests = sdk.load("requests.exceptions")
    urllib3 = sdk.load("urllib3.exceptions")
    chain = _chain(error)
    timed_out = (requests.Timeout, urllib3.TimeoutError, TimeoutError)
    # None of these has sent a byte of the request. Another fault of TLS may come with the answer.
    unsent = (
        urllib3.NewConnectionError,
        urllib3.ConnectTimeoutError,
        sdk.load("ssl").SSLCertVerificationError,
    )
    never = any(isinstance(e, unsent) for e in chain)
    # Older urllib3 calls a refused connection a time-out too.
    timeout = any(
        isinstance(e, timed_out) and not isinstance(e, urllib3.NewConnectionError) for e in chain
    )
    why = str(getattr(error, "error_msg", "")) or str(error) or type(error).__name__
    untrusted = any(isinstance(e, (urllib3.SSLError, requests.SSLError)) for e in chain)
    return NoAnswer(why, sent=not never, timeout=timeout, untrusted=untrusted)


def _chain(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    queue: list[Any] = [error]
    while queue and len(found) < 50:
        item = queue.pop()
        if isinstance(item, BaseException) and item not in found:
            found.append(item)
            queue += [item.__cause__, item.__context__, getattr(item, "reason", None), *item.args]
    return found
