"""Public keys as people have them: one line of OpenSSH, pasted or in a file.

What the cloud imports is RSA of 1024, 2048 or 4096 bits (KPS). Wire form: RFC 4253, 6.6.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import stat
from dataclasses import dataclass
from pathlib import Path

from modelarts_nb.errors import NotFound, from_os_error
from modelarts_nb.ssh.errors import KeyRefused

TAKEN_BITS = (1024, 2048, 4096)
_MOST_BYTES = 65536
_KINDS = re.compile(r"(ssh|ecdsa-sha2|sk-ssh|sk-ecdsa-sha2)-[A-Za-z0-9@.-]+")
MAKE_ONE = (
    "On the laptop: `ssh-keygen -t rsa -b 4096 -f ~/.ssh/id_rsa_modelarts`, then give "
    "~/.ssh/id_rsa_modelarts.pub. Your other keys stay as they are."
)


@dataclass(frozen=True)
class PublicKey:
    """An RSA key's public half. ``line`` is OpenSSH's form, ``md5`` the fingerprint that the cloud
    shows, ``sha256`` the one that OpenSSH shows."""

    line: str
    comment: str
    bits: int
    md5: str
    sha256: str


def read_key(key: str) -> PublicKey:
    """A public key from its text, or from the path of the file that holds it.

    Args:
        key: ``ssh-rsa AAAA...``, or a path; of a private key's path the ``.pub`` beside it counts.

    Raises:
        KeyRefused: it is private, of a kind or size that the cloud does not take, or unreadable.
        NotFound: it is neither a key nor a file.
        AccessDenied, DiskFailure: the file cannot be read.
    """
    text = key.strip()
    if _KINDS.fullmatch(text.split(" ", 1)[0]) or "\n" in text or "-----" in text:
        return parse(text)
    return parse(_read_file(text))


def holds_private(text: str) -> bool:
    """Is there the beginning of a private key (RFC 7468, PuTTY) in a text? Such a text must not be
    shown, sent or written anywhere."""
    return "PRIVATE KEY-----" in text or "PuTTY-User-Key-File" in text


def parse(text: str) -> PublicKey:
    """A public key from its text. See ``read_key``."""
    text = text.strip().removeprefix("\ufeff").strip()
    if holds_private(text) or "PRIVATE KEY" in text:  # or the pasted head of one
        raise KeyRefused(
            "That is a private key. It was not sent anywhere.",
            hint="Give the public half: the file that ends in .pub (PuTTYgen shows it as one line "
            "to copy).",
        )
    if "BEGIN SSH2 PUBLIC KEY" in text:
        raise KeyRefused(
            "That is a public key in the form of RFC 4716, which the cloud does not take.",
            hint="`ssh-keygen -i -f FILE` prints it in OpenSSH's form.",
        )
    words = text.split(None, 2)
    if "\n" in text or "\r" in text or "\0" in text or len(words) < 2:
        raise KeyRefused(
            "That is not one public key in OpenSSH's form.",
            hint="It is one line: ssh-rsa AAAAB3... comment.",
        )
    kind, body = words[0], words[1]
    if kind != "ssh-rsa" and _KINDS.fullmatch(kind):
        raise KeyRefused(f"The cloud imports RSA keys only, and this one is {kind}.", hint=MAKE_ONE)
    bits, blob = _rsa(kind, body)
    if bits not in TAKEN_BITS:
        raise KeyRefused(
            f"The cloud imports RSA keys of 1024, 2048 or 4096 bits, and this one has {bits}.",
            hint=MAKE_ONE,
        )
    comment = "".join(c for c in (words[2] if len(words) > 2 else "") if c.isprintable())[:200]
    digest = hashlib.md5(blob, usedforsecurity=False).hexdigest()
    sha = base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
    return PublicKey(
        line=f"ssh-rsa {body} {comment}".rstrip(),
        comment=comment,
        bits=bits,
        md5=":".join(digest[i : i + 2] for i in range(0, len(digest), 2)),
        sha256=f"SHA256:{sha}",
    )


def same_key(one: str, other: str) -> bool:
    """Are two public keys (OpenSSH lines) the same, whatever their comments?"""
    return bool(one.split()[1:2]) and one.split()[:2] == other.split()[:2]


def name_for(key: PublicKey) -> str:
    """A name for its pair that is the same every time, and says whose it is."""
    who = re.sub(r"[^A-Za-z0-9_]+", "-", key.comment).strip("-")[:40] or "laptop"
    return f"{who}-{key.md5.replace(':', '')[:8]}"


def _rsa(kind: str, body: str) -> tuple[int, bytes]:
    damaged = KeyRefused(
        "The public key is damaged or not whole.", hint="Copy the whole line of the .pub file."
    )
    try:
        blob = base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        raise damaged from None
    fields, rest = [], blob
    while rest:
        size = int.from_bytes(rest[:4], "big")
        if len(rest) < 4 + size:
            raise damaged
        fields.append(rest[4 : 4 + size])
        rest = rest[4 + size :]
    if len(fields) != 3 or kind != "ssh-rsa" or fields[0] != b"ssh-rsa":
        raise damaged
    return int.from_bytes(fields[2], "big").bit_length(), blob


def _read_file(text: str) -> str:
    neither = NotFound(
        f"{text!r} is neither a public key nor a file."
        if len(text) < 200
        else "That is neither a public key nor a file.",
        hint="Paste the line of the laptop's .pub file in quotes, or upload the file and name it.",
    )
    if not text or "\0" in text:
        raise neither
    try:
        path = Path(text).expanduser()
        beside = path.with_name(path.name + ".pub")
        if path.suffix != ".pub" and beside.is_file():
            path = beside
        if not stat.S_ISREG(path.stat().st_mode):
            raise neither
        with path.open("rb") as file:
            return file.read(_MOST_BYTES).decode("utf-8", "replace")
    except (FileNotFoundError, NotADirectoryError, RuntimeError, ValueError):
        raise neither from None
    except OSError as error:
        if len(text) >= 200:  # a name too long is no file's
            raise neither from None
        raise from_os_error(error, f"reading {text}", text) from error
