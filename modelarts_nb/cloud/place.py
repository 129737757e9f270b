"""Where the cloud is and what of it is ours: endpoint, region, project, instance.

Settings first, then the file that ``Cloud.file`` names, then the environment. Keys are found apart
(``credentials.py``); what they say about project and region counts last.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from traitlets import TraitError

from modelarts_nb import config
from modelarts_nb.cloud.errors import CloudSetting
from modelarts_nb.errors import ConfigInvalid

# PROJECT_ID and INSTANCE_ID are set in every ModelArts notebook; REGION_NAME in some images.
_ENVIRONMENT = {
    "region": ("REGION_NAME",),
    "project": ("PROJECT_ID", "HUAWEICLOUD_SDK_PROJECT_ID"),
    "domain": ("HUAWEICLOUD_SDK_DOMAIN_ID",),
    "instance": ("INSTANCE_ID",),
}
# How the file spells what the settings call otherwise.
_IN_FILE = {
    "endpoint": ("endpoint",),
    "region": ("region", "region_id"),
    "project": ("project", "project_id"),
    "domain": ("domain", "domain_id"),
    "instance": ("instance", "instance_id"),
    "access_key": ("access_key", "ak", "access"),
    "secret_key": ("secret_key", "sk", "secret"),
    "security_token": ("security_token", "securitytoken"),
}


@dataclass(frozen=True)
class Place:
    """What is known before any key is looked for; empty: not known. Holds secrets: no ``repr``."""

    endpoint: str
    region: str
    project: str
    domain: str
    instance: str
    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    security_token: str = field(repr=False)
    keys_from: str
    connect_timeout: float
    read_timeout: float
    attempts: int
    agency_python: str
    metadata: bool

    @property
    def on_loopback(self) -> bool:
        """Is the endpoint on this machine (the local cloud)?"""
        return is_loopback(self.endpoint)

    def need_instance(self, instance: str | None = None) -> str:
        """The instance that was named, else this notebook's.

        Raises:
            CloudSetting: neither is known.
        """
        if found := instance or self.instance:
            return found
        raise CloudSetting(
            "Which notebook instance this is, is not known.",
            hint="Name it (`ma notebook list` shows ids), or set INSTANCE_ID or Cloud.instance "
            f"in {config.config_file()}.",
        )


def find_place() -> Place:
    """Read settings, file and environment.

    Raises:
        ConfigInvalid: the settings file cannot be read, or a value is of the wrong type.
        CloudSetting: the file that ``Cloud.file`` names is missing or no JSON object, or the
            endpoint is no URL.
    """
    try:
        settings = config.Cloud(config=config.load())
    except TraitError as error:
        raise ConfigInvalid(
            f"A setting of Cloud in {config.config_file()} is no good.",
            hint="Correct it there or remove it.",
            cause=str(error),
        ) from error
    written = _read(Path(settings.file).expanduser()) if settings.file else {}

    def find(name: str) -> str:
        value = str(getattr(settings, name)).strip() or _first(written, _IN_FILE[name])
        names = _ENVIRONMENT.get(name, ())
        return value or next((v for n in names if (v := os.environ.get(n, "").strip())), "")

    # A pair of keys is taken from one place, never half from each.
    explicit = bool(settings.access_key or settings.secret_key)
    held = (
        {name: str(getattr(settings, name)) for name in ("access_key", "secret_key")}
        | {"security_token": str(settings.security_token)}
        if explicit
        else {n: _first(written, _IN_FILE[n]) for n in ("access_key", "secret_key")}
        | {"security_token": _first(written, _IN_FILE["security_token"])}
    )
    return Place(
        endpoint=_checked(find("endpoint")),
        region=find("region"),
        project=find("project"),
        domain=find("domain"),
        instance=find("instance"),
        **held,
        keys_from=f"settings ({config.config_file()})" if explicit else str(settings.file),
        connect_timeout=settings.connect_timeout,
        read_timeout=settings.read_timeout,
        attempts=settings.attempts,
        agency_python=settings.agency_python,
        metadata=settings.metadata,
    )


def is_loopback(url: str) -> bool:
    """Does this URL lead to this very machine?"""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def require_encrypted(endpoint: str) -> None:
    """Raise ``CloudSetting`` for a URL to which tokens would go for everybody to read."""
    if urlsplit(endpoint).scheme == "http" and not is_loopback(endpoint):
        raise CloudSetting(
            f"{endpoint} is not encrypted: keys and tokens are not sent there.",
            hint="Use https. Only this machine (127.0.0.1) may be asked with http.",
        )


def _checked(endpoint: str) -> str:
    if not endpoint:
        return ""
    try:
        parts = urlsplit(endpoint)
        good = parts.scheme in ("http", "https") and bool(parts.hostname)
        good = good and (parts.port is None or parts.port > 0)
    except ValueError:
        good = False
    if not good:
        raise CloudSetting(
            f"{endpoint!r} is not the URL of an endpoint.",
            hint="Correct MODELARTS_NB_ENDPOINT or Cloud.endpoint: it begins with https:// and is "
            "for all services. Most need none, but a region (Cloud.region).",
        )
    require_encrypted(endpoint)
    # The SDK drops the path of an endpoint without a word.
    return endpoint.rstrip("/")


def _first(values: dict[str, Any], names: tuple[str, ...]) -> str:
    return next((str(values[n]).strip() for n in names if values.get(n)), "")


def _read(path: Path) -> dict[str, Any]:
    again = (
        "`ma local up` writes it again; without a local cloud unset Cloud.file and "
        "MODELARTS_NB_CLOUD_FILE."
    )
    try:
        value = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise CloudSetting(
            f"The cloud's file {path} cannot be read.", hint=again, cause=str(error)
        ) from error
    if not isinstance(value, dict):
        raise CloudSetting(f"The cloud's file {path} is not a JSON object.", hint=again)
    return value
