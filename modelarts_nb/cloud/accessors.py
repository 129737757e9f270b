"""Where temporary keys come from: accessors that the SDK asks again before they run out.

(``credentials.sts_accessor``; its threshold is 40 minutes.) Whatever goes wrong there is said to be
about keys: to the SDK it looks as if the service itself had not answered.
"""

from __future__ import annotations

import time
from datetime import datetime, timezone
from typing import Any

from modelarts_nb.cloud import agency, sdk
from modelarts_nb.cloud.errors import NoCredentials
from modelarts_nb.errors import ModelArtsNbError

# The SDK asks again when less than this is left (its own constant).
_SDK_THRESHOLD = 40 * 60
_LONGEST = 500


def federated() -> Any:
    """The SDK's own: keys for the token of an identity provider."""
    return _internal().FederalAccessor()


def of_pod(uri: str, file: str) -> Any:
    """The SDK's own: keys of a pod, from the address and the token's file it was given."""
    return _internal().PodIdentityAccessor(uri, file)


def of_machine() -> Any:
    """The SDK's own: keys of a virtual machine, from the metadata service."""
    return _internal().MetadataAccessor()


def of_agency(python: str) -> Any:
    """Keys of the ModelArts agency, from the notebook's own SDK.

    Args:
        python: see ``agency.agency_keys``.
    """
    internal = _internal()

    class AgencyAccessor(internal.StsAccessor):  # type: ignore[misc, name-defined]
        """Asks the notebook's own SDK."""

        def get_credential(self, *_args: Any, **_kwargs: Any) -> Any:
            found = agency.agency_keys(python)
            if found is None:
                raise NoCredentials(
                    "The ModelArts agency gives no keys any more.",
                    hint="Was its authorization removed? Console > ModelArts > Permission "
                    "Management; a restart of the notebook renews it.",
                )
            credential = internal.Credential()
            credential.access = found.access_key
            credential.secret = found.secret_key
            credential.security_token = found.security_token or None
            credential.expire_at = _in_sdk_time(_SDK_THRESHOLD + agency.FRESH_SECONDS)
            return credential

    return AgencyAccessor()


def about_keys(accessor: Any, source: str) -> Any:
    """The same accessor, whose faults are errors about keys.

    Args:
        accessor: any of these.
        source: where the keys come from, in words.
    """

    class Accessor(_internal().StsAccessor):  # type: ignore[misc]
        """Says what went wrong in our words."""

        def get_credential(self, *args: Any, **more: Any) -> Any:
            try:
                return accessor.get_credential(*args, **more)
            except ModelArtsNbError:
                raise
            except Exception as error:
                raise NoCredentials(
                    f"No keys could be had from {source}.",
                    hint="`ma cloud check` says which source is used; docs/cloud.md which others "
                    "there are.",
                    cause=(str(error) or type(error).__name__)[:_LONGEST],
                ) from error

    return Accessor()


def _internal() -> Any:
    return sdk.load("huaweicloudsdkcore.auth.internal")


def _in_sdk_time(seconds: float) -> float:
    """So many seconds from now on the SDK's clock: UTC's fields read as if they were local."""
    utc = datetime.fromtimestamp(time.time() + seconds, timezone.utc).replace(tzinfo=None)
    return time.mktime(utc.timetuple())
