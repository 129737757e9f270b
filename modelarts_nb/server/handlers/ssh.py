"""``ssh``: the way into a notebook, and the private keys that are kept here.

Passphrases come in bodies and go to the tool. They are in no answer, no log and no journal, and no
error quotes what such a body holds.
"""

from __future__ import annotations

import json
import unicodedata
from typing import Any

from jupyter_server.auth.decorator import authorized
from tornado import web

from modelarts_nb.server.handlers.base import ApiHandler
from modelarts_nb.server.problem import Problem


class SshHandler(ApiHandler):
    """The way into a notebook."""

    auth_resource = "modelarts_nb:ssh"

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer with its endpoint and what to paste on the laptop."""
        params = {"notebook": self.text("notebook"), "key_file": self.text("key_file")}
        self.finish(await self.ask_cloud("ssh.show", params))


class SshCheckHandler(ApiHandler):
    """Why does SSH not work?"""

    auth_resource = "modelarts_nb:ssh"

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer with all findings."""
        params = {"notebook": self.text("notebook"), "said": self.text("said")}
        # People paste anything: what they pasted is not for the server's log of requests.
        self.request.uri = self.request.path
        # It connects and logs in, too.
        self.finish(await self.ask_cloud("ssh.check", params, besides="check"))


class KeysHandler(ApiHandler):
    """Key pairs."""

    auth_resource = "modelarts_nb:ssh"

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer with the pairs that the user may use, and where their private halves are."""
        self.finish({"keys": await self.ask_cloud("ssh.keys", {})})


class KeepKeyHandler(ApiHandler):
    """A private key on the persistent disk."""

    auth_resource = "modelarts_nb:ssh"

    @web.authenticated
    @authorized
    async def post(self, name: str) -> None:
        """Keep a key of the home on the disk, behind a passphrase."""
        self._track_activity = True
        given = secret_object(self.request.body, passphrase=str, disk_is_mine=bool)
        params = {"name": name, **given}
        kept = await self.ask("ssh.keep_key", params, patience="check", repeatable=False)
        self.finish(kept)


class UnlockHandler(ApiHandler):
    """Keys that take a passphrase, after a restart."""

    auth_resource = "modelarts_nb:ssh"

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Bring keys back from the disk and open them."""
        self._track_activity = True
        params = secret_object(self.request.body, name=str, passphrase=str)
        self.finish(await self.ask("ssh.unlock", params, patience="check", repeatable=False))


class LockHandler(ApiHandler):
    """Opened keys."""

    auth_resource = "modelarts_nb:ssh"

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Forget all of them."""
        self._track_activity = True
        params = secret_object(self.request.body)
        self.finish(await self.ask("ssh.lock", params, patience="check", repeatable=False))


def secret_object(body: bytes, **takes: type) -> dict[str, Any]:
    """A body that may hold a secret. Its errors name what it takes and nothing that was sent.

    Args:
        body: as it was sent.
        takes: what may be in it, and of which type; null is the same as absent.

    Raises:
        Problem: 400 ``usage``.
    """
    names = ", ".join(takes) or "nothing"
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        raise Problem(400, "usage", "The body is not JSON.") from None
    if not isinstance(value, dict) or not set(value) <= set(takes):
        raise Problem(400, "usage", f"The body must be a JSON object with {names}.")
    given = {name: item for name, item in value.items() if item is not None}
    for name, item in given.items():
        if not isinstance(item, takes[name]):
            raise Problem(400, "usage", f"{name} must be a {_SPOKEN[takes[name]]}.")
        if isinstance(item, str) and any(unicodedata.category(c) in ("Cc", "Cs") for c in item):
            raise Problem(400, "usage", f"{name} must be a text of one line.")
    return given


_SPOKEN = {str: "text", bool: "boolean"}
