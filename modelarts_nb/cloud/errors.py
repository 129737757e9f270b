"""What the cloud refuses, as errors that say what to do.

Every error keeps the cloud's own code, its words and the id of the request: that is what a support
ticket needs.
"""

from __future__ import annotations

from modelarts_nb.errors import ModelArtsNbError


class CloudError(ModelArtsNbError):
    """The cloud answered with an error.

    Args:
        message: what happened, in our words and the server's.
        hint: what the user can do now.
        cause: the technical part.
        error_code: the cloud's own code, as in ``ModelArts.6309``; empty: it gave none.
        request_id: the cloud's id of the request; empty: it gave none.
    """

    code, exit_code, http_status = "cloud_failed", 12, 502

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        cause: str = "",
        error_code: str = "",
        request_id: str = "",
    ) -> None:
        super().__init__(message, hint=hint, cause=cause)
        self.error_code = error_code
        self.request_id = request_id

    def to_dict(self) -> dict[str, str]:
        """See the base; with ``error_code`` and ``cloud_request_id`` where the cloud gave them (the
        REST API has a ``request_id`` of its own)."""
        theirs = {"error_code": self.error_code, "cloud_request_id": self.request_id}
        return {**super().to_dict(), **{key: value for key, value in theirs.items() if value}}


class CloudNotInstalled(CloudError):
    """The SDK's packages are not installed."""

    code, http_status = "cloud_not_installed", 501


class CloudSetting(CloudError):
    """The region, the project, the instance or the endpoint is not known or no good."""

    code, exit_code, http_status = "cloud_setting", 2, 409


class NoCredentials(CloudError):
    """No keys were found, or half a pair."""

    code, http_status = "no_credentials", 401


class CloudUnauthenticated(CloudError):
    """The cloud does not know these keys: wrong, expired, or the clock is off."""

    code, http_status = "cloud_unauthenticated", 401


class CloudForbidden(CloudError):
    """The keys are good, the right is missing."""

    code, http_status = "cloud_forbidden", 403


class AgencyMissing(CloudError):
    """ModelArts itself is not authorised to use another service in the user's name."""

    code, http_status = "agency_missing", 403


class CloudNotFound(CloudError):
    """The cloud knows no such thing."""

    code, exit_code, http_status = "cloud_not_found", 4, 404


class CloudConflict(CloudError):
    """Not in this state: already done, something else is going on, a name or path in use."""

    code, exit_code, http_status = "cloud_conflict", 6, 409


class CloudInvalid(CloudError):
    """The cloud does not accept a value."""

    code, exit_code, http_status = "cloud_invalid", 2, 400


class CloudQuota(CloudError):
    """A quota is used up, money is owed, or there is no capacity."""

    code, http_status = "cloud_quota", 409


class CloudBusy(CloudError):
    """Too many requests, also after repeating."""

    code, exit_code, http_status = "cloud_busy", 6, 429


class CloudUnreachable(CloudError):
    """No connection to the cloud."""

    code, exit_code, http_status = "cloud_unreachable", 9, 502


class CloudTimeout(CloudUnreachable):
    """The cloud does not answer in time."""

    code, http_status = "cloud_timeout", 504


class CloudAnswerInvalid(CloudError):
    """What answered is not the cloud's API: a redirect, a web page, something unreadable."""

    code, exit_code = "cloud_answer_invalid", 9


class StateFailed(CloudError):
    """The cloud began, and then it failed: a start, a stop or a mount that did not come true."""

    code, http_status = "state_failed", 409
