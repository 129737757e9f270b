"""Key pairs in the cloud. Two services show them: KPS (one's own and the account's) and ECS (one's
own). Policies often allow one of them, so both are tried.

KPS v3 ``keypairs`` and ECS ``os-keypairs``; which of the two ModelArts asks is not public.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

from modelarts_nb.cloud.client import Cloud
from modelarts_nb.cloud.errors import (
    CloudConflict,
    CloudError,
    CloudForbidden,
    CloudNotFound,
    CloudSetting,
)
from modelarts_nb.cloud.shape import items, obj, text
from modelarts_nb.errors import UsageError
from modelarts_nb.progress import Progress
from modelarts_nb.ssh.publickey import PublicKey
from modelarts_nb.ssh.secret import Secret

Scope = Literal["user", "domain"]
Service = Literal["kps", "ecs"]
# The SDK says 255, Terraform 64: what both take.
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_PAGE = "50"
# Not through this service: there is no right to it, or the region has none.
_CLOSED = (CloudForbidden, CloudSetting)


@dataclass(frozen=True)
class KeyPair:
    """A key pair. ``scope`` is ``user`` (one's own) or ``domain`` (everybody's in the account);
    ``seen_in`` names the services that show it; ``hosted``: the cloud keeps the private half;
    ``private`` says where we do: ``home``, ``disk``, both or nowhere."""

    name: str
    scope: str
    seen_in: tuple[str, ...]
    fingerprint: str
    public_key: str
    hosted: bool = False
    private: tuple[str, ...] = ()


def check_name(name: str) -> str:
    """The name, if a new pair may have it.

    Raises:
        UsageError: it may not.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name[:100]!r} cannot be the name of a key pair.",
            hint="Letters, digits, - and _, at most 64.",
        )
    return name


def list_pairs(cloud: Cloud, progress: Progress) -> list[KeyPair]:
    """The pairs that the user may use, by name, from both services.

    Raises:
        CloudForbidden: there is no right to either service.
        CloudError: the cloud could not be reached.
    """
    found: dict[tuple[str, str], KeyPair] = {}
    closed: list[CloudError] = []
    services: tuple[tuple[Service, Callable[[Cloud, Progress], list[KeyPair]]], ...] = (
        ("kps", _in_kps),
        ("ecs", _in_ecs),
    )
    for service, look in services:
        try:
            pairs = look(cloud, progress)
        except _CLOSED as error:
            closed.append(error)
            progress.log(f"{service} was left out: {error.message}")
            continue
        for pair in pairs:
            key = (pair.name, "".join(pair.public_key.split()[1:2]) or pair.fingerprint)
            known = found.get(key)
            seen = (*known.seen_in, service) if known else (service,)
            found[key] = replace(known or pair, seen_in=seen)
    if len(closed) == len(services):
        raise closed[0]
    return sorted(found.values(), key=lambda pair: (pair.name.lower(), pair.scope))


def find_pair(cloud: Cloud, name: str, progress: Progress) -> KeyPair:
    """The pair of a name: one's own before the account's.

    Raises:
        CloudNotFound: the user sees none of this name.
        CloudError: the cloud refused or could not be reached.
    """
    same = [pair for pair in list_pairs(cloud, progress) if pair.name == name]
    if not same:
        raise CloudNotFound(
            f"There is no key pair {name!r} that you may use.",
            hint="`ma ssh keys list` shows them. One of another user's cannot be used, unless it "
            "was made for the whole account (`--scope domain`).",
        )
    return min(same, key=lambda pair: pair.scope == "domain")


def import_pair(
    cloud: Cloud, name: str, key: PublicKey, scope: Scope, progress: Progress
) -> KeyPair:
    """Import a public key. See ``_add``."""
    return _add(cloud, name, scope, key.line, progress)[0]


def create_pair(
    cloud: Cloud, name: str, scope: Scope, progress: Progress
) -> tuple[KeyPair, Secret]:
    """Have the cloud make a pair; its private half, which is given this once.

    Raises:
        CloudError: as ``_add``; or the answer has no private half, and then there is no pair.
    """
    pair, private = _add(cloud, name, scope, "", progress)
    if not private:
        delete_pair(cloud, pair, progress)
        raise CloudError(
            f"The cloud made {name} but did not give its private half; it was deleted again.",
            hint="Make the key on the laptop and import it: `ma ssh keys import`.",
        )
    return pair, private


def delete_pair(cloud: Cloud, pair: KeyPair, progress: Progress) -> None:
    """Delete a pair.

    Raises:
        CloudError: the cloud refused or could not be reached.
    """

    def delete(service: Service) -> None:
        operation = "delete_keypair" if service == "kps" else "nova_delete_keypair"
        cloud.call(service, operation, keypair_name=pair.name, progress=progress)

    # Where it is not shown, "there is none" would not mean that it is gone.
    shown = tuple(s for s in _services(pair.scope) if s in pair.seen_in)
    _through(shown or _services(pair.scope), delete, progress)


def _add(
    cloud: Cloud, name: str, scope: Scope, public: str, progress: Progress
) -> tuple[KeyPair, Secret]:
    """Make or import.

    Raises:
        CloudConflict: the name is in use.
        CloudForbidden: there is no right to either service.
        CloudError: the cloud refused or could not be reached.
    """
    asked = {"name": check_name(name), **({"public_key": public} if public else {})}

    def add(service: Service) -> Any:
        if service == "kps":
            body = {"keypair": {**asked, "type": "ssh", "scope": scope}}
            return cloud.call("kps", "create_keypair", body=body, progress=progress)
        body = {"keypair": asked}
        return cloud.call("ecs", "nova_create_keypair", body=body, progress=progress)

    try:
        service, answer = _through(_services(scope), add, progress)
    except CloudConflict as error:
        error.hint = (
            "Choose another name, or `ma ssh keys delete` the other pair first; `ma ssh keys list` "
            "shows them."
        )
        raise
    made = _read(obj(answer, "keypair"), service, scope)
    private = Secret(text(obj(answer, "keypair"), "private_key"))
    return replace(made, name=made.name or name, public_key=made.public_key or public), private


def _services(scope: str) -> tuple[Service, ...]:
    # The handbook's policies let developers make pairs in ECS and only look in KPS.
    return ("kps",) if scope == "domain" else ("ecs", "kps")


def _through(
    services: tuple[Service, ...], work: Callable[[Service], Any], progress: Progress
) -> tuple[Service, Any]:
    """Do it through the first service that allows it; one that does not has done nothing."""
    refused: CloudError | None = None
    for service in services:
        try:
            return service, work(service)
        except _CLOSED as error:
            refused = refused or error
            progress.log(error.message)
    assert refused is not None
    raise refused


def _in_kps(cloud: Cloud, progress: Progress) -> list[KeyPair]:
    found: list[KeyPair] = []
    seen: set[str] = set()
    marker = ""
    while marker not in seen:
        seen.add(marker)
        query: dict[str, Any] = {"limit": _PAGE, **({"marker": marker} if marker else {})}
        answer = cloud.call("kps", "list_keypairs", progress=progress, **query)
        rows = items(answer, "keypairs")
        found += [_read(obj(row, "keypair"), "kps") for row in rows]
        marker = text(obj(answer, "page_info"), "next_marker")
        if not marker or not rows:
            break
    return found


def _in_ecs(cloud: Cloud, progress: Progress) -> list[KeyPair]:
    answer = cloud.call("ecs", "nova_list_keypairs", progress=progress)
    return [_read(obj(row, "keypair"), "ecs", "user") for row in items(answer, "keypairs")]


def _read(value: Any, service: Service, scope: str = "") -> KeyPair:
    return KeyPair(
        name=text(value, "name"),
        scope=text(value, "scope") or scope or "user",
        seen_in=(service,),
        fingerprint=text(value, "fingerprint"),
        public_key=text(value, "public_key").strip(),
        hosted=obj(value).get("is_key_protection") is True,
    )
