"""From what the server sent to a value or an error with a hint."""

from __future__ import annotations

import email.utils
import json
import time
from typing import Any

from modelarts_nb.cloud import codes, errors
from modelarts_nb.cloud.actions import policy_hint
from modelarts_nb.cloud.transport import NoAnswer, Reply

# Signatures are refused when the clocks are further apart (the gateway allows 15 minutes).
_CLOCK_SECONDS = 600
_LONGEST = 500


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
        target = reply.headers.get("location", "somewhere else")
        raise _not_the_api(reply, where, f"a redirect to {_short(target)}")
    raise refusal(reply, operation, where)


def refusal(reply: Reply, operation: str, where: str) -> errors.CloudError:
    """The error that an answer of 400 and above stands for."""
    code, words = server_words(reply)
    kind, hint = codes.known(code, reply.status)
    if kind is errors.CloudForbidden and not hint:
        hint = policy_hint(operation, words)
        if _means_agency(words):
            kind, hint = codes.known("ModelArts.6377", reply.status)
    if kind is errors.CloudUnauthenticated and (apart := _clocks_apart(reply)):
        hint = (
            f"The clock of this machine is {apart} off, so no signature is accepted: set the "
            "clock right, then run the same again."
        )
    if kind is errors.CloudError and not hint:
        hint = "The service has a fault: run the same again later, or report the request id."
    name = f"{code}: " if code and not code.isdigit() else ""
    said = _short(words) or f"HTTP {reply.status}"
    return kind(
        f"{where} refused {_spoken(operation)}: {name}{said}",
        hint=hint,
        cause=f"HTTP {reply.status}"
        + (f", request {reply.request_id}" if reply.request_id else ""),
        error_code=code,
        request_id=reply.request_id,
    )


def server_words(reply: Reply) -> tuple[str, str]:
    """The code and the message of an error, in every shape that the services use."""
    try:
        value = reply.json()
    except ValueError:
        return str(reply.status), _page(reply)
    found = _code_in(value)
    return found or (str(reply.status), "" if value is None else json.dumps(value)[:_LONGEST])


def unanswered(
    problem: NoAnswer, operation: str, where: str, *, reading: bool
) -> errors.CloudUnreachable:
    """The error for a request that got no answer."""
    maybe = (
        ""
        if reading or not problem.sent
        else " It may have been carried out nevertheless: look before you repeat it."
    )
    if problem.timeout:
        return errors.CloudTimeout(
            f"{where} does not answer ({_spoken(operation)}).",
            hint="Wait and run the same again; Cloud.read_timeout says how long is waited." + maybe,
            cause=_short(problem.why),
        )
    return errors.CloudUnreachable(
        f"{where} cannot be reached ({_spoken(operation)}).",
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
    if not isinstance(value, dict):
        return None
    for code, message in (
        ("error_code", "error_msg"),
        ("errorCode", "errorMsg"),
        ("code", "message"),
        ("error_code", "error_message"),
    ):
        if code in value and message in value:
            return str(value[code]), str(value[message])
    for item in value.values():
        if found := _code_in(item):
            return found
    return None


def _means_agency(words: str) -> bool:
    lowered = words.lower()
    return ("dependent service" in lowered and "authori" in lowered) or "依赖服务" in words


def _not_the_api(reply: Reply, where: str, what: str) -> errors.CloudAnswerInvalid:
    return errors.CloudAnswerInvalid(
        f"{where} answered with {what}: that is not the cloud's API.",
        hint="Is the endpoint right (Cloud.endpoint, Cloud.region)? A proxy or a login page of "
        "the network may stand in between.",
        cause=f"HTTP {reply.status} {_page(reply)}".strip(),
        request_id=reply.request_id,
    )


def _page(reply: Reply) -> str:
    return _short(" ".join(reply.body[:2000].decode("utf-8", "replace").split()))


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


def _spoken(operation: str) -> str:
    return operation.replace("_", " ")


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."
