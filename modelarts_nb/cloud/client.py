"""``Cloud``: what the domains call. One client per service, endpoint and credential."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from modelarts_nb.cloud import sdk, verdict
from modelarts_nb.cloud.credentials import Keys, find_keys
from modelarts_nb.cloud.errors import CloudSetting
from modelarts_nb.cloud.place import Place, find_place, require_encrypted
from modelarts_nb.cloud.transport import Channel, NoAnswer, Reply
from modelarts_nb.config import config_file
from modelarts_nb.errors import Cancelled
from modelarts_nb.progress import SILENT, Progress

# Calls of these names only read, POST or not; but for one.
_READS = (
    *("list_", "show_", "get_", "validate_", "keystone_list_", "keystone_show_"),
    *("nova_list_", "nova_show_"),
)
_MISNAMED = frozenset({"show_auto_search_trial_early_stop"})
# Seconds: the first pause, and the longest.
_PAUSE, _LONGEST_PAUSE = 0.5, 20.0
_TICK = 0.1
# Seconds that a change under way is waited for after a cancel: better to know how it ended.
_GRACE = 5.0


@dataclass(frozen=True)
class Cloud:
    """The cloud as the settings say, with the keys that were found. Blocking: call it off an
    event loop."""

    place: Place
    keys: Keys

    @property
    def project(self) -> str:
        """The id of the project.

        Raises:
            CloudSetting: it is not known.
        """
        if found := self.place.project or self.keys.project:
            return found
        raise CloudSetting(
            "The project is not known.",
            hint=f"Set PROJECT_ID, or Cloud.project in {config_file()} (console > My Credentials "
            "shows the ids of projects).",
        )

    def call(
        self,
        service: str,
        operation: str,
        *,
        progress: Progress = SILENT,
        repeatable: bool = False,
        headers: Mapping[str, str] | None = None,
        **fields: Any,
    ) -> Any:
        """Make one call of the SDK.

        Args:
            service: of ``sdk.SERVICES``.
            operation: the method of the SDK's client, as in ``show_notebook``.
            progress: asked now and then whether to stop.
            repeatable: doing it twice is the same as doing it once. Calls that read are.
            headers: to send besides.
            fields: of the request: path, query, and ``body`` (JSON values).

        Returns:
            The JSON of the answer, every field of it; None when it is empty.

        Raises:
            CloudError: a subclass that says what was refused, or that nothing answered.
            Cancelled: says so where a change may have been carried out nevertheless.
        """
        if not sdk.SERVICES[service].is_global:
            _ = self.project
        reads = only_reads(operation)
        asked = _Asked(
            service,
            operation,
            sdk.request_class(service, operation)(**fields),
            dict(headers or {}),
            reads,
            reads or repeatable,
        )
        reply = _Attempts(self, asked, progress).run()
        return verdict.judge(reply, operation, self.where(service))

    def endpoints(self, service: str) -> list[str]:
        """The base URLs of a service, to be tried in this order.

        Raises:
            CloudSetting: there is neither endpoint nor region, or no such region, or its endpoint
                is not encrypted.
            CloudNotInstalled: the SDK's package is not installed.
        """
        if self.place.endpoint:
            return [self.place.endpoint]
        region = self.place.region or self.keys.region
        if not region:
            raise CloudSetting(
                "The region is not known.",
                hint=f"Set MODELARTS_NB_REGION, or Cloud.region in {config_file()}, as in "
                "cn-north-4.",
            )
        found = list(sdk.region_of(service, region).endpoints)
        for url in found:
            require_encrypted(url)
        return found

    def where(self, service: str) -> str:
        """The service and its host, for messages."""
        host = urlsplit(self.endpoints(service)[0]).netloc
        return f"{service} ({host})"


def open_cloud() -> Cloud:
    """The cloud as settings and environment say now. Nothing is sent and no SDK is imported.

    Raises:
        CloudSetting, ConfigInvalid: a setting is no good.
        NoCredentials: there are no keys.
    """
    place = find_place()
    return Cloud(place, find_keys(place))


def only_reads(operation: str) -> bool:
    """Does this operation of the SDK change nothing, so that it may be sent again?"""
    return operation.startswith(_READS) and operation not in _MISNAMED


@dataclass(frozen=True)
class _Asked:
    """What is asked. ``reads``: it changes nothing; ``repeatable``: twice does the same."""

    service: str
    operation: str
    # The SDK's models print the secrets that they hold.
    request: Any = field(repr=False)
    headers: dict[str, str]
    reads: bool
    repeatable: bool


class _Attempts:
    """One call with its repetitions."""

    def __init__(self, cloud: Cloud, asked: _Asked, progress: Progress) -> None:
        self._cloud, self._asked, self._progress = cloud, asked, progress
        self._where = cloud.where(asked.service)
        self._channel: Channel | None = None
        # May the server have got it, and nobody heard of it?
        self._maybe = False

    def run(self) -> Reply:
        number, renewed = 0, False
        while True:
            number += 1
            pause, why = 0.0, ""
            try:
                reply = self._once()
            except NoAnswer as problem:
                self._maybe = self._maybe or problem.sent
                if number == self._cloud.place.attempts or not self._again(problem):
                    raise verdict.unanswered(
                        problem, self._asked.operation, self._where, reading=self._asked.reads
                    ) from problem
                why = problem.why
            else:
                if reply.status == 401 and self._cloud.keys.refresh and not renewed:
                    # Temporary keys can end before their time: somebody changed the agency.
                    renewed, number = True, number - 1
                    self._renew()
                    continue
                again = verdict.transient(reply, repeatable=self._asked.repeatable)
                if number == self._cloud.place.attempts or not again:
                    return reply
                pause, why = verdict.retry_after(reply), " ".join(verdict.server_words(reply))
            self._progress.log(f"{self._where}: {why}; once more")
            # Full jitter: many notebooks that were refused together must not come back together.
            grown = min(_LONGEST_PAUSE, _PAUSE * 2 ** (number - 1))
            try:
                sleep(max(pause, random.uniform(0, grown)), self._progress)  # noqa: S311 - no secret
            except (Cancelled, KeyboardInterrupt):
                self._say_maybe()
                raise

    def _again(self, problem: NoAnswer) -> bool:
        # Whoever waited for a whole time-out has waited long enough.
        if problem.timeout:
            return False
        # Nobody listens on this very machine: that will not change by asking.
        if not problem.sent and self._cloud.place.on_loopback:
            return False
        return self._asked.repeatable or not problem.sent

    def _renew(self) -> None:
        if self._cloud.keys.forget:
            self._cloud.keys.forget()
        _drop(self._channel)

    def _once(self) -> Reply:
        """Send it from a thread, so that a server that trickles or hangs can be left."""
        self._progress.check()
        channel = self._channel = _channel(self._cloud, self._asked.service)
        box: list[Reply | BaseException] = []

        def work() -> None:
            try:
                box.append(
                    channel.exchange(
                        self._asked.operation, self._asked.request, self._asked.headers
                    )
                )
            except BaseException as error:
                box.append(error)

        thread = threading.Thread(target=work, name=f"cloud {self._asked.operation}", daemon=True)
        thread.start()
        try:
            self._wait_for(thread)
        except (Cancelled, KeyboardInterrupt):
            self._maybe = True
            self._say_maybe()
            raise
        found = box[0]
        if isinstance(found, BaseException):
            raise found
        return found

    def _wait_for(self, thread: threading.Thread) -> None:
        # The SDK's time-outs are between two bytes; this one is for the whole.
        place = self._cloud.place
        until = time.monotonic() + place.connect_timeout + 2 * place.read_timeout
        stopped: Cancelled | None = None
        while thread.is_alive():
            thread.join(_TICK)
            try:
                self._progress.check()
            except Cancelled as asked:
                if self._asked.reads:
                    raise
                if stopped is None:
                    stopped, until = asked, min(until, time.monotonic() + _GRACE)
            if thread.is_alive() and time.monotonic() > until:
                raise stopped or NoAnswer("the answer did not end", sent=True, timeout=True)

    def _say_maybe(self) -> None:
        """Who does not want to wait should know that a change may have been carried out."""
        if self._maybe and not self._asked.reads:
            raise Cancelled(
                f"No longer waiting for {self._where} ({verdict.spoken(self._asked.operation)}).",
                hint=verdict.MAYBE,
            )


def sleep(seconds: float, progress: Progress) -> None:
    """Pause, and notice soon when the user wants to stop.

    Raises:
        Cancelled: the user wants to stop.
    """
    until = time.monotonic() + seconds
    progress.check()
    while (left := until - time.monotonic()) > 0:
        time.sleep(min(_TICK, left))
        progress.check()


_channels: dict[tuple[str, ...], Channel] = {}
_lock = threading.Lock()


def _key(cloud: Cloud, service: str) -> tuple[str, ...]:
    place, keys = cloud.place, cloud.keys
    times = (str(place.connect_timeout), str(place.read_timeout))
    whose = (place.project or keys.project, place.domain or keys.domain)
    return (service, *cloud.endpoints(service), *whose, *times, keys.mark())


def _channel(cloud: Cloud, service: str) -> Channel:
    """The client for this service, place and credential: each holds eight threads, so one."""
    key = _key(cloud, service)
    with _lock:
        if key not in _channels:
            endpoints = cloud.endpoints(service)
            _channels[key] = Channel(service, endpoints, cloud.place, cloud.keys)
        return _channels[key]


def _drop(channel: Channel | None) -> None:
    """Have the next call make a client of its own. This one is not closed: others may use it."""
    with _lock:
        for key in [key for key, known in _channels.items() if known is channel]:
            del _channels[key]


def forget_clients() -> None:
    """Close every client, as for a local cloud that went down."""
    with _lock:
        while _channels:
            _channels.popitem()[1].close()
