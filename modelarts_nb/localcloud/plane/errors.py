"""What the data plane refuses or fails to do. The service turns it into the cloud's words."""

from __future__ import annotations


class PlaneError(Exception):
    """Base: the message is a sentence that may be shown as a notebook's ``fail_reason``."""


class Refused(PlaneError):
    """A folder that is not this notebook's, or not safe to empty: nothing was deleted."""


class StartFailed(PlaneError):
    """The notebook did not start."""


class MountFailed(PlaneError):
    """A storage could not be made visible."""
