"""Keys, in a fixed order: settings, environment, profile file, the ModelArts agency.

The metadata service of a virtual machine is asked only when a setting says so: where there is none
it costs seconds and an error that hides the real one.
"""

from __future__ import annotations

import configparser
import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from modelarts_nb import config
from modelarts_nb.cloud import accessors, agency, sdk
from modelarts_nb.cloud.errors import NoCredentials
from modelarts_nb.cloud.place import Place

# Both are in use: the SDK's default chain reads the first, its provider by hand the second.
_SECTIONS = ("basiccredentials", "basic", "globalcredentials", "global")


@dataclass(frozen=True)
class Keys:
    """Keys and where they come from.

    ``refresh`` makes the accessor that renews them; ``forget`` drops what is remembered of them,
    so that the next accessor gets others.
    """

    source: str
    access_key: str = ""
    secret_key: str = field(default="", repr=False)
    security_token: str = field(default="", repr=False)
    project: str = ""
    domain: str = ""
    region: str = ""
    refresh: Callable[[], Any] | None = field(default=None, repr=False)
    forget: Callable[[], object] | None = field(default=None, repr=False)
    # An identity provider instead of keys: its id and the file of its token.
    identity: tuple[str, str] | None = None

    def mark(self) -> str:
        """Tells credentials apart, and says nothing about them."""
        # Keys that are renewed are the same credential, whatever they are at the moment.
        held = () if self.refresh else (self.access_key, self.secret_key, self.security_token)
        text = "\0".join((self.source, *held, *(self.identity or ())))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def to_sdk(self, *, project: str, domain: str, is_global: bool) -> Any:
        """The SDK's credentials object."""
        kinds = sdk.load("huaweicloudsdkcore.auth.credentials")
        made = (
            kinds.GlobalCredentials(domain_id=domain)
            if is_global and domain
            else kinds.BasicCredentials(project_id=project)
        )
        if self.identity:
            made.with_idp_id(self.identity[0]).with_id_token_file(self.identity[1])
        if self.access_key:
            made.with_ak(self.access_key).with_sk(self.secret_key)
        if self.security_token:
            made.with_security_token(self.security_token)
        if self.refresh:
            made.sts_accessor = accessors.about_keys(self.refresh(), self.source)
        return made


def find_keys(place: Place) -> Keys:
    """The first keys there are.

    Raises:
        NoCredentials: there are none, or one of a pair is missing.
    """
    found = (
        _explicit(place)
        or _environment()
        or _profile()
        or _pod()
        or _metadata(place)
        or _agency(place)
    )
    if found:
        return found
    raise NoCredentials(
        "No keys for the cloud were found.",
        hint="In a ModelArts notebook ask for an agency (console > ModelArts > Permission "
        "Management). Elsewhere set HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK, or write "
        f"{_profile_file()}. To try everything without an account: `ma local up`.",
    )


def _pair(
    source: str, access: str, secret: str, *, token: str = "", project: str = "", domain: str = ""
) -> Keys | None:
    if bool(access) != bool(secret):
        missing, there = ("secret", "access") if access else ("access", "secret")
        raise NoCredentials(
            f"{source}: the {there} key is set, the {missing} key is not.",
            hint="Set both or neither.",
        )
    if not access:
        return None
    return Keys(source, access, secret, security_token=token, project=project, domain=domain)


def _identity(source: str, provider: str, file: str) -> Keys | None:
    if bool(provider) != bool(file):
        raise NoCredentials(
            f"{source}: an identity provider and the file of its token belong together.",
            hint="Set both or neither.",
        )
    if not provider:
        return None
    return Keys(source, identity=(provider, file), refresh=accessors.federated)


def _explicit(place: Place) -> Keys | None:
    return _pair(
        place.keys_from,
        place.access_key,
        place.secret_key,
        token=place.security_token,
    )


def _environment() -> Keys | None:
    def value(name: str) -> str:
        return os.environ.get(f"HUAWEICLOUD_SDK_{name}", "").strip()

    if keys := _identity(
        "environment (HUAWEICLOUD_SDK_IDP_ID, HUAWEICLOUD_SDK_ID_TOKEN_FILE)",
        value("IDP_ID"),
        value("ID_TOKEN_FILE"),
    ):
        return keys
    return _pair(
        "environment (HUAWEICLOUD_SDK_AK, HUAWEICLOUD_SDK_SK)",
        value("AK"),
        value("SK"),
        token=value("SECURITY_TOKEN"),
        project=value("PROJECT_ID"),
        domain=value("DOMAIN_ID"),
    )


def _profile_file() -> Path:
    named = os.environ.get("HUAWEICLOUD_SDK_CREDENTIALS_FILE")
    return Path(named) if named else config.home() / ".huaweicloud" / "credentials"


def _profile() -> Keys | None:
    path = _profile_file()
    parser = configparser.ConfigParser(interpolation=None)
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise _unreadable(path, str(error)) from error
    damage = ""
    try:
        parser.read_string(text)
    except configparser.Error as error:
        damage = type(error).__name__
    if damage:
        # Raised here and not from the error: that quotes the line, which may be the secret.
        raise _unreadable(path, damage)
    sections = {name.lower(): dict(parser.items(name)) for name in parser.sections()}
    for name in _SECTIONS:
        values = sections.get(name, {})
        source = f"{path} [{name}]"
        if keys := _identity(source, values.get("idp_id", ""), values.get("id_token_file", "")):
            return keys
        more = {
            "token": values.get("security_token", ""),
            "project": values.get("project_id", ""),
            "domain": values.get("domain_id", ""),
        }
        if keys := _pair(source, values.get("ak", ""), values.get("sk", ""), **more):
            return keys
    return None


def _unreadable(path: Path, cause: str) -> NoCredentials:
    return NoCredentials(
        f"The profile file {path} cannot be read.",
        hint="It has a section [basic] with ak = ... and sk = ...; mend it or remove it.",
        cause=cause,
    )


def _pod() -> Keys | None:
    uri = os.environ.get("HC_CONTAINER_CREDENTIALS_FULL_URI", "")
    file = os.environ.get("HC_CONTAINER_AUTHORIZATION_TOKEN_FILE", "")
    if not (uri and file):
        return None
    return Keys("the pod's identity", refresh=partial(accessors.of_pod, uri, file))


def _metadata(place: Place) -> Keys | None:
    if not place.metadata:
        return None
    return Keys("the metadata service", refresh=accessors.of_machine)


def _agency(place: Place) -> Keys | None:
    python = place.agency_python
    if not agency.expected(python):
        return None
    found = agency.agency_keys(python)
    if found is None:
        return None
    return Keys(
        "the ModelArts agency",
        found.access_key,
        found.secret_key,
        security_token=found.security_token,
        project=found.project,
        region=found.region,
        refresh=partial(accessors.of_agency, python),
        forget=partial(agency.agency_keys, python, refused=found.access_key),
    )
