"""Keys for tests."""

from __future__ import annotations

import base64
from dataclasses import dataclass

import asyncssh

from modelarts_nb.ssh.secret import Secret


@dataclass(frozen=True)
class MadeKey:
    """A key's halves; ``public`` in OpenSSH's form, ``private`` in PEM."""

    public: str
    private: Secret

    def protected(self, passphrase: str) -> Secret:
        """The private half in PEM with a passphrase, as OpenSSL and older OpenSSH make it."""
        key = asyncssh.import_private_key(self.private.reveal())
        return Secret(key.export_private_key("pkcs1-pem", passphrase).decode())


def rsa_line(bits: int, comment: str = "ada@laptop") -> str:
    """A line of the form of an RSA public key, without the trouble of finding primes."""
    modulus = (1 << (bits - 1)) | 1
    fields = (b"ssh-rsa", b"\x01\x00\x01", b"\0" + modulus.to_bytes((bits + 7) // 8, "big"))
    blob = b"".join(len(field).to_bytes(4, "big") + field for field in fields)
    return f"ssh-rsa {base64.b64encode(blob).decode()} {comment}".strip()
