"""From what the server sent to a value or an error with a hint."""

from __future__ import annotations

import email.utils
import json
import time
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from modelarts_nb.cloud import codes, errors
from modelarts_nb.cloud.actions import policy_hint
from modelarts_nb.cloud.transport import NoAnswer, Reply

# Signatures are refused when the clocks are further apart (the gateway allows 15 minutes).
_CLOCK_SECONDS = 600
_LONGEST = 500
# How the services spell the code and the message of an error: ModelArts and KPS, the gateway, SFS
# Turbo, IAM and ECS (theirs are nested one level down), OBS.
_SHAPES = (
    ("error_code", "error_msg"),
    ("errorCode", "errorMsg"),
    ("errCode", "errMsg"),
    ("code", "message"),
    ("error_code", "error_message"),
)
_WORDS = tuple(dict.fromkeys(message for _, message in _SHAPES))
# Of a request that changes something and got no answer.
MAYBE = "It may have been carried out nevertheless: look before you repeat it."


def judge(reply: Reply, operation: str, where: str) -> Any:
    """The JSON of a good answer; None where it is empty.

    Args:
        reply: what came back.
        operation: of the SDK, for hints.
        where: the service and its host, for messages.

    Raises:
        CloudError: a subclass that says what the server refused.
        CloudAnswerInvalid: a redirect, a web page, or no JSON.
    """
    if 200 <= reply.status < 300:
        try:
            return reply.json()
        except ValueError as error:
            raise _not_the_api(reply, where, "something that is not JSON") from error
    if 300 <= reply.status < 400:
        raise _not_the_api(reply, where, f"a redirect to {_target(reply)}")
    raise refusal(reply, operation, where)


def refusal(reply: Reply, operation: str, where: str) -> errors.CloudError:
    """The error that an answer of 400 and above stands for."""
    code, words = server_words(reply)
    kind, hint = codes.known(code, reply.status)
    if _means_agency(words):
        kind, hint = errors.AgencyMissing, codes.HINTS[errors.AgencyMissing]
    elif kind is errors.CloudForbidden:
        hint = hint or policy_hint(operation, words)
    elif kind is errors.CloudUnauthenticated:
        hint = _about_keys(reply, words) or hint
    name = f"{code}: " if code and not code.isdigit() else ""
    said = _short(words) or f"HTTP {reply.status}"
    request = reply.request_id or _request_in(reply)
    return kind(
        f"{where} refused {spoken(operation)}: {name}{said}",
        hint=hint,
        cause=f"HTTP {reply.status}" + (f", request {request}" if request else ""),
        error_code=code,
        request_id=request,
    )


def server_words(reply: Reply) -> tuple[str, str]:
    """The code and the message of an error, in every shape that the services use."""
    try:
        value = reply.json()
    except ValueError:
        return str(reply.status), _page(reply)
    return _code_in(value) or (str(reply.status), _words_in(value))


def unanswered(
    problem: NoAnswer, operation: str, where: str, *, reading: bool
) -> errors.CloudUnreachable:
    """The error for a request that got no answer."""
    maybe = "" if reading or not problem.sent else f" {MAYBE}"
    if problem.timeout:
        return errors.CloudTimeout(
            f"{where} does not answer ({spoken(operation)}).",
            hint="Wait and run the same again; Cloud.read_timeout says how long is waited." + maybe,
            cause=_short(problem.why),
        )
    if problem.untrusted:
        return errors.CloudUnreachable(
            f"{where} cannot be trusted ({spoken(operation)}): no encrypted connection.",
            hint="Is the endpoint right (Cloud.endpoint)? A proxy of the network with a "
            "certificate of its own has to be named in REQUESTS_CA_BUNDLE." + maybe,
            cause=_short(problem.why),
        )
    return errors.CloudUnreachable(
        f"{where} cannot be reached ({spoken(operation)}).",
        hint="Check the network, the proxy (HTTPS_PROXY) and the region; `ma local up` if it "
        "is the local cloud." + maybe,
        cause=_short(problem.why),
    )


def transient(reply: Reply, *, repeatable: bool) -> bool:
    """Is the same request worth sending again?

    Args:
        reply: what came back.
        repeatable: doing it twice is the same as doing it once.
    """
    if reply.status < 400:
        return False
    code = server_words(reply)[0]
    # Refused before anything was done.
    if reply.status == 429 or code in codes.REFUSED_AT_THE_DOOR:
        return True
    return repeatable and (code in codes.TRANSIENT or reply.status in (408, 502, 503, 504))


def retry_after(reply: Reply) -> float:
    """Seconds that the server asks to wait; 0 where it does not say."""
    try:
        return max(0.0, min(float(reply.headers.get("retry-after", "0")), 60.0))
    except ValueError:
        return 0.0


def _code_in(value: Any) -> tuple[str, str] | None:
    if isinstance(value, dict):
        for code, message in _SHAPES:
            if code in value and message in value:
                return str(value[code]), str(value[message])
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return next((found for item in inner if (found := _code_in(item))), None)


def _words_in(value: Any) -> str:
    """The message of an error that has no code; else all of it."""
    if isinstance(value, dict):
        for name in _WORDS:
            if isinstance(value.get(name), str):
                return str(value[name])
    return "" if value is None else json.dumps(value)


def _request_in(reply: Reply) -> str:
    """The id of the request where only the body tells it."""
    try:
        value = reply.json()
    except ValueError:
        return ""
    return str(value.get("request_id") or "") if isinstance(value, dict) else ""


def _means_agency(words: str) -> bool:
    lowered = words.lower()
    return ("dependent service" in lowered and "authori" in lowered) or (
        "依赖服务" in words and "授权" in words
    )


def _about_keys(reply: Reply, words: str) -> str:
    """Why these keys are not taken, where it can be told: the clock, or they are old."""
    apart, lowered = _clocks_apart(reply), words.lower()
    if apart or "signature expired" in lowered:
        return (
            f"The clock of this machine is {apart or 'too far'} off, so no signature is accepted: "
            "set the clock right, then run the same again."
        )
    return codes.EXPIRED if "expire" in lowered or "过期" in words else ""


def _not_the_api(reply: Reply, where: str, what: str) -> errors.CloudAnswerInvalid:
    return errors.CloudAnswerInvalid(
        f"{where} answered with {what}: that is not the cloud's API.",
        hint="Is the endpoint right (Cloud.endpoint, Cloud.region)? A proxy or a login page of "
        "the network may stand in between.",
        cause=f"HTTP {reply.status} {_page(reply)}".strip(),
        request_id=reply.request_id,
    )


def _page(reply: Reply) -> str:
    """A web page in one line. Anything else that cannot be read may hold what is secret."""
    text = " ".join(reply.body[:2000].decode("utf-8", "replace").split())
    return _short(text) if text.startswith("<") else ""


def _target(reply: Reply) -> str:
    """Where a redirect leads, without its query: that may hold a token."""
    try:
        parts = urlsplit(reply.headers.get("location", ""))
    except ValueError:
        return "somewhere else"
    return _short(urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))) or "somewhere else"


def _clocks_apart(reply: Reply) -> str:
    """How far this clock is from the server's, in words; empty when it is near enough."""
    try:
        stamp = email.utils.parsedate_to_datetime(reply.headers["date"]).timestamp()
    except (KeyError, ValueError, TypeError):
        return ""
    off = time.time() - stamp
    if abs(off) < _CLOCK_SECONDS:
        return ""
    return f"{abs(off) / 60:.0f} minutes {'ahead' if off > 0 else 'behind'}"


def spoken(operation: str) -> str:
    """An operation of the SDK as a person says it."""
    return operation.replace("_", " ")


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."
