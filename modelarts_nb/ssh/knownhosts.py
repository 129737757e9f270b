"""Host keys that were pinned when a notebook was first met: in a file of ours."""

from __future__ import annotations

from modelarts_nb.errors import UsageError
from modelarts_nb.ssh.errors import OpenSshFailed
from modelarts_nb.ssh.openssh import run
from modelarts_nb.ssh.places import Places


def pinned(places: Places, mark: str) -> bool:
    """Is a host key pinned under this mark?"""
    if not places.known_hosts.exists():
        return False
    return run(["ssh-keygen", "-F", _checked(mark), "-f", str(places.known_hosts)]).code == 0


def forget(places: Places, mark: str) -> bool:
    """Forget a host key, so that the next connection pins the one it meets.

    Returns:
        False where none was pinned.

    Raises:
        OpenSshFailed: ``ssh-keygen`` is missing or refused.
    """
    if not pinned(places, mark):
        return False
    ran = run(["ssh-keygen", "-R", _checked(mark), "-f", str(places.known_hosts)])
    places.known_hosts.with_name("known_hosts.old").unlink(missing_ok=True)
    if ran.code != 0:
        raise OpenSshFailed(
            "ssh-keygen did not forget the host key.",
            hint=f"Remove {places.known_hosts}: every host is then met anew.",
            cause=ran.said,
        )
    return True


def _checked(mark: str) -> str:
    if not mark or mark.startswith("-"):
        raise UsageError(f"{mark!r} is no host.")
    return mark
