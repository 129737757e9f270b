"""What can go wrong between here and a container. Each says what to do now."""

from __future__ import annotations

from modelarts_nb.errors import ModelArtsNbError, NetworkUnavailable


class ShellNotInstalled(ModelArtsNbError):
    """The packages that shells need are not installed."""

    code, http_status = "shell_not_installed", 501


class ShellRefused(ModelArtsNbError):
    """A rule of the platform or of the container's server forbids the shell."""

    code, exit_code, http_status = "shell_refused", 6, 409


class LoginRefused(ModelArtsNbError):
    """The container's server takes none of our keys, or the cluster does not take our token."""

    code, exit_code, http_status = "login_refused", 12, 403


class HostKeyChanged(ModelArtsNbError):
    """The host key is not the one that was pinned when the container was first met."""

    code, exit_code, http_status = "host_key_changed", 11, 409


class Unreachable(NetworkUnavailable):
    """Nobody answers at the container's address."""

    code, http_status = "shell_unreachable", 502


class ConnectionLost(ModelArtsNbError):
    """The connection ended before the command did. 255, as ssh(1) has it."""

    code, exit_code, http_status = "connection_lost", 255, 502


class TimedOut(ModelArtsNbError):
    """The command did not end in its time. 124, as timeout(1) has it."""

    code, exit_code, http_status = "timed_out", 124, 504


class TransferFailed(ModelArtsNbError):
    """A copy did not come through; the target is as it was."""

    code, exit_code, http_status = "transfer_failed", 1, 502


class TransferHostile(TransferFailed):
    """A container sent what would be written outside the target."""

    code, exit_code = "transfer_hostile", 7
