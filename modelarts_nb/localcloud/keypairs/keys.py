"""Keys themselves: making one, reading one, its fingerprint."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import (
    RSAPrivateKey,
    RSAPublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_ssh_private_key,
    load_ssh_public_key,
)

# What the cloud makes and takes (facts 1.7).
MADE_BITS = 2048
TAKEN_BITS = (1024, 2048, 4096)


class KeyRefused(Exception):
    """A key that the cloud does not take; the text says why."""


@dataclass(frozen=True)
class MadeKey:
    """A new key: its public half, and the private half that nobody keeps."""

    public: str
    private: str = field(repr=False)


def make_key(comment: str) -> MadeKey:
    """A new RSA key, the private half in PEM as the cloud returns it."""
    key = generate_private_key(public_exponent=65537, key_size=MADE_BITS)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    return MadeKey(f"{_public_text(key.public_key())} {comment}", pem.decode())


def _public_text(key: RSAPublicKey) -> str:
    return key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def read_public(text: str) -> str:
    """A public key in OpenSSH's one-line form, checked.

    Returns:
        It, without what surrounds it.

    Raises:
        KeyRefused: it is none, or not RSA with 1024, 2048 or 4096 bits.
    """
    line = text.strip()
    if "\n" in line or "\r" in line or "\0" in line:
        raise KeyRefused("A public key is one line.")
    try:
        key = load_ssh_public_key(line.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise KeyRefused("The public key cannot be read.") from None
    if not isinstance(key, RSAPublicKey) or key.key_size not in TAKEN_BITS:
        raise KeyRefused("The public key must be RSA with 1024, 2048 or 4096 bits.")
    return line


def is_half_of(private: str, public: str) -> bool:
    """Whether a private key (PEM or OpenSSH, without passphrase) belongs to a public one.

    Raises:
        KeyRefused: the private key cannot be read.
    """
    data = private.encode()
    load = load_ssh_private_key if b"OPENSSH" in data[:64] else load_pem_private_key
    try:
        key = load(data, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise KeyRefused("The private key cannot be read, or has a passphrase.") from None
    if not isinstance(key, RSAPrivateKey):
        raise KeyRefused("The private key must be RSA.")
    return _public_text(key.public_key()).split()[:2] == public.split()[:2]


def fingerprint(public: str) -> str:
    """The MD5 fingerprint of a public key, pairs of digits with colons, as the cloud shows it."""
    digest = hashlib.md5(base64.b64decode(public.split()[1]), usedforsecurity=False).hexdigest()
    return ":".join(digest[i : i + 2] for i in range(0, len(digest), 2))
