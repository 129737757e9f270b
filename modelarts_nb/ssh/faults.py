"""What OpenSSH says when it does not get in, and what that means here. Data.

Texts: the service's troubleshooting pages (modelarts_05_4195, develop-modelarts_0299) and OpenSSH's
own sources; the first that fits counts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "warning", "problem"]


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. ``fix``: what to do, empty where all is well."""

    code: str
    level: Level
    message: str
    fix: str = ""


_KNOWN: tuple[tuple[str, str, str, str], ...] = (
    (
        r"REMOTE HOST IDENTIFICATION HAS CHANGED|Host key verification failed",
        "host_key_changed",
        "The host key is not the one that was pinned when this notebook was first met.",
        "Some images make a new one at every start. If the notebook was restarted since, "
        "`ma ssh forget NOTEBOOK` (on a laptop: `ssh-keygen -R ID`, with the id that "
        "HostKeyAlias names); if not, ask who runs the network.",
    ),
    (
        r"UNPROTECTED PRIVATE KEY|[Bb]ad permissions|are too open|[Bb]ad owner or permissions",
        "key_mode",
        "The private key or a settings file may be read by others, so OpenSSH does not use it.",
        "chmod 600 the file; on Windows remove everybody but yourself from its permissions. The "
        "key belongs below the home folder.",
    ),
    (
        r"Not allowed at this time",
        "not_allowed_now",
        "The notebook's server lets nobody in at the moment.",
        "Its ma-user may be locked, or the connections are used up: close editors that are "
        "connected, else restart the notebook.",
    ),
    (
        r"[Tt]he OS version does not match",
        "image_openssh",
        "The OpenSSH of the notebook's own image is too old or not what the service expects.",
        "Use an image with OpenSSH 8.0 or later.",
    ),
    (
        r"(ssh|kex)_exchange_identification|Connection (closed|reset)|Broken pipe",
        "closed_at_once",
        "The connection was closed before a word was said.",
        "Either ten connections are open already (each editor window takes one or more: close "
        "some), or this address is not among those that the notebook allows.",
    ),
    (
        r"incorrect passphrase|agent refused operation|error in libcrypto",
        "key_locked",
        "The private key is protected by a passphrase that was not given, or is damaged.",
        "In the notebook: `ma ssh unlock`. On a laptop: `ssh-add FILE`.",
    ),
    (
        r"Permission denied|Too many authentication failures|No supported authentication",
        "refused",
        "The notebook does not take this key.",
        "Is it the private half of the notebook's key pair (`ma ssh show`)? A changed pair "
        "counts from the next start on. Else ~/.ssh in the notebook may have been changed (it must "
        "be 750 or 755) or ma-user is locked: restart the notebook.",
    ),
    (
        r"no matching (host key|key exchange|cipher|MAC)|no mutual signature|"
        r"Bad configuration option|keyword .* extra arguments|[Uu]nsupported option",
        "openssh_old",
        "OpenSSH here or there is too old to agree with the other.",
        "Both sides need OpenSSH 8.0 or later: `ssh -V`.",
    ),
    (
        r"Could not resolve hostname|Name or service not known|No such host",
        "no_name",
        "The host's name is not known to this network.",
        "Copy the address again (`ma ssh show`); a laptop may need the company's DNS or VPN.",
    ),
    (
        r"timed out|[Tt]imeout|No route to host|Network is unreachable",
        "unreachable",
        "Nothing answers at the notebook's address.",
        "Does it run? A firewall or proxy may close the port (30000 to 32767), or this address is "
        "not among those that the notebook allows.",
    ),
    (
        r"Connection refused",
        "connection_refused",
        "Nobody listens at the notebook's address.",
        "The port changes with the instance: copy the block again (`ma ssh show`), or "
        "`ma ssh config`. Does the notebook run?",
    ),
    (
        r"6786|6789|Ecs\.0314",
        "pair_unusable",
        "The key pair was deleted or is another user's.",
        "Replace it by one of yours: `ma ssh use KEY`, then start the notebook.",
    ),
)


def understand(said: str) -> Finding:
    """What a complaint of ``ssh`` (or of an editor that shows it) means."""
    for pattern, code, message, fix in _KNOWN:
        if re.search(pattern, said):
            return Finding(code, "problem", message, fix)
    return Finding(
        "unknown",
        "problem",
        f"SSH did not get in: {' '.join(said.split())[-300:] or 'without a word'}",
        "`ssh -v HOST` says more.",
    )
