"""Private keys for connections from the notebook.

In the home, which no other notebook sees: mode 0600. On the disk, where every notebook is uid 1000
and modes protect nothing: only with a passphrase, in OpenSSH's own format, unless its user says
that the disk is theirs alone. Unprotected text never touches the disk.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import os
import shutil
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.disk.replace import replace_file
from modelarts_nb.errors import NameTaken, NotFound, UsageError, from_os_error
from modelarts_nb.ssh.errors import OpenSshFailed, PassphraseWrong
from modelarts_nb.ssh.openssh import run
from modelarts_nb.ssh.places import Places
from modelarts_nb.ssh.secret import Secret

LEAST_PASSPHRASE = 8
_OPENSSH = b"BEGIN OPENSSH PRIVATE KEY"
_MAGIC = b"openssh-key-v1\0"
# Of bcrypt: about a second to try one passphrase.
_ROUNDS = "64"


@dataclass(frozen=True)
class PrivateKey:
    """One key file. ``locked``: it takes a passphrase. ``mode``: its permission bits. ``public``:
    its public half in OpenSSH's form, empty where that is not beside it."""

    name: str
    path: Path
    locked: bool
    mode: int
    public: str


def vault(disk: Disk) -> Path:
    """The owner's keys on the disk."""
    return disk.own / "keys"


def every(folder: Path) -> list[PrivateKey]:
    """The keys of a folder, by name; none where it is not there.

    Raises:
        AccessDenied, DiskFailure: it cannot be read.
    """
    try:
        names = sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise from_os_error(error, f"reading {folder}", folder) from error
    wanted = [n for n in names if not n.endswith(".pub") and not n.startswith(".")]
    return [key for name in wanted if (key := _read(folder / name)) is not None]


def find(folder: Path, name: str) -> PrivateKey | None:
    """The key of a name."""
    return next((key for key in every(folder) if key.name == name), None)


def reserve(places: Places, name: str) -> None:
    """Be sure that a key can be kept, before the cloud makes one that it gives only once.

    Raises:
        NameTaken: a key of this name is kept already.
        AccessDenied, DiskFull, DiskFailure: the home cannot be written to.
    """
    places.make()
    if os.path.lexists(places.keys / name):
        raise NameTaken(
            f"A private key {name} is kept here already.",
            hint="Choose another name, or `ma ssh keys delete` the old one first.",
        )
    probe = places.keys / f".probe-{os.getpid()}"
    try:
        replace_file(probe, b"\0" * 8192, 0o600)
    finally:
        probe.unlink(missing_ok=True)


def put(places: Places, name: str, private: Secret, public: str) -> PrivateKey:
    """Keep a key in the home, mode 0600.

    Raises:
        AccessDenied, DiskFull, DiskFailure: the home refused; nothing is kept.
    """
    places.make()
    data = private.reveal().replace("\r\n", "\n").strip().encode() + b"\n"
    _write(places.keys, name, data, public)
    return PrivateKey(name, places.keys / name, _takes_passphrase(data), 0o600, public)


def remove(folder: Path, name: str) -> bool:
    """Remove a key from a folder; False where it was not there.

    Raises:
        AccessDenied, DiskFailure: it cannot be removed.
    """
    there = os.path.lexists(folder / name)
    try:
        for path in (folder / name, folder / f"{name}.pub"):
            path.unlink(missing_ok=True)
    except OSError as error:
        raise from_os_error(error, f"removing the key {name}", folder / name) from error
    return there


def keep(
    places: Places, disk: Disk, name: str, passphrase: Secret | None, *, alone: bool
) -> PrivateKey:
    """Copy a key of the home to the disk, so that it survives a restart.

    Args:
        passphrase: to protect it with; None only if ``alone``.
        alone: nobody else can read this disk; the user says so.

    Raises:
        NotFound: there is no such key in the home.
        PassphraseWrong: it is too short, or the key has another one already.
        UsageError: neither passphrase nor ``alone``.
        OpenSshFailed: ``ssh-keygen`` is missing or refused.
        AccessDenied, DiskFull, DiskFailure: the disk refused.
    """
    key = find(places.keys, name)
    if key is None:
        raise NotFound(
            f"There is no private key {name!r} in the home.",
            hint="`ma ssh keys list` shows which there are.",
        )
    if not passphrase and not alone:
        raise UsageError(
            "On a shared disk a private key needs a passphrase.",
            hint="Give one; or, if nobody else can mount this disk, say --disk-is-mine.",
        )
    if passphrase and len(passphrase.reveal()) < LEAST_PASSPHRASE:
        raise PassphraseWrong(
            f"The passphrase is too short: at least {LEAST_PASSPHRASE} characters.",
            hint="Whoever can read the disk can try as many as they like.",
        )
    data = _read_bytes(key.path)
    if passphrase and key.locked:
        need_opens(key, passphrase)
    # Older formats protect a key by one round of MD5.
    if passphrase and not (key.locked and _OPENSSH in data):
        data = _protected(places, data, passphrase)
    folder = vault(disk)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
    except OSError as error:
        raise from_os_error(error, f"making {folder}", folder) from error
    _write(folder, name, data, key.public)
    return PrivateKey(name, folder / name, _takes_passphrase(data), 0o600, key.public)


def bring_back(places: Places, key: PrivateKey) -> PrivateKey:
    """A key of the disk, copied to the home as it is; one that is there already stays.

    Raises:
        AccessDenied, DiskFull, DiskFailure: disk or home refused.
    """
    here = find(places.keys, key.name)
    if here is not None:
        return here
    places.make()
    _write(places.keys, key.name, _read_bytes(key.path), key.public)
    return PrivateKey(key.name, places.keys / key.name, key.locked, 0o600, key.public)


def need_opens(key: PrivateKey, passphrase: Secret) -> None:
    """Go on only if the passphrase opens the key.

    Raises:
        PassphraseWrong: it does not.
        OpenSshFailed: the file is no key.
    """
    ran = run(["ssh-keygen", "-y", "-f", str(key.path)], answer=passphrase)
    if ran.code == 0:
        return
    if "incorrect passphrase" in ran.said or "bad decrypt" in ran.said:
        raise PassphraseWrong(
            f"The passphrase does not open the key {key.name}.",
            hint="It is the one that was given with `ma ssh keys keep`. If it is lost, make a new "
            "pair: `ma ssh keys create`.",
        )
    raise OpenSshFailed(
        f"The key {key.name} cannot be read.",
        hint=f"Is {key.path} damaged, or not yours alone (chmod 600)?",
        cause=ran.said,
    )


def _protected(places: Places, data: bytes, passphrase: Secret) -> bytes:
    """The key encrypted, in OpenSSH's format; worked on in the home. One that has a passphrase
    keeps it."""
    places.make()
    try:
        folder = Path(tempfile.mkdtemp(prefix=".protect-", dir=places.own))
    except OSError as error:
        raise from_os_error(error, "protecting the key", places.own) from error
    try:
        replace_file(folder / "key", data, 0o600)
        # -o: OpenSSH's own format also before 7.8.
        command = ["ssh-keygen", "-p", "-o", "-a", _ROUNDS, "-f", str(folder / "key")]
        ran = run(command, answer=passphrase)
        made = (folder / "key").read_bytes()
        if ran.code != 0 or not _takes_passphrase(made):
            raise OpenSshFailed(
                "ssh-keygen did not protect the key; it was not put on the disk.",
                hint="Update OpenSSH, or make the key again: `ma ssh keys create`.",
                cause=ran.said,
            )
        return made
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _write(folder: Path, name: str, data: bytes, public: str) -> None:
    # The public half first: alone it is no key, and the private one alone would be one.
    if public:
        replace_file(folder / f"{name}.pub", public.strip().encode() + b"\n", 0o644)
    replace_file(folder / name, data, 0o600)


def _read(path: Path) -> PrivateKey | None:
    try:
        info = path.stat()
        if not stat.S_ISREG(info.st_mode):
            return None
        data = path.read_bytes()
    except OSError:
        return None
    public = ""
    with contextlib.suppress(OSError, ValueError):
        public = path.with_name(path.name + ".pub").read_text("utf-8").strip()
    locked = _takes_passphrase(data)
    return PrivateKey(path.name, path, locked, stat.S_IMODE(info.st_mode), public)


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise from_os_error(error, f"reading {path.name}", path) from error


def _takes_passphrase(data: bytes) -> bool:
    """From the file alone: PEM (RFC 1421), PKCS 8 (RFC 7468), OpenSSH (PROTOCOL.key)."""
    if _OPENSSH not in data:
        return b"ENCRYPTED" in data
    body = b"".join(line for line in data.splitlines() if b"-----" not in line)
    try:
        blob = base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        return False
    cipher = blob[len(_MAGIC) :]
    size = int.from_bytes(cipher[:4], "big")
    return blob.startswith(_MAGIC) and cipher[4 : 4 + size] != b"none"
