"""Why does SSH not work? What can be known from here, in the order in which it is needed."""

from __future__ import annotations

import socket
import stat
from collections.abc import Iterator
from dataclasses import dataclass

from modelarts_nb.cloud.client import Cloud, open_cloud
from modelarts_nb.cloud.errors import CloudError
from modelarts_nb.errors import ModelArtsNbError
from modelarts_nb.progress import SILENT, Progress
from modelarts_nb.ssh import agent, openssh
from modelarts_nb.ssh.address import Address
from modelarts_nb.ssh.endpoint import SshEndpoint, find_endpoint
from modelarts_nb.ssh.faults import Finding, understand
from modelarts_nb.ssh.keypairs import KeyPair, list_pairs
from modelarts_nb.ssh.places import Places, find_places
from modelarts_nb.ssh.privatekeys import PrivateKey, every
from modelarts_nb.ssh.publickey import same_key

_CONNECT_SECONDS = 10.0
_BANNER = 256
# Modes of ~/.ssh in a notebook (troubleshooting page modelarts_05_4195).
_SERVER_WANTS = (0o750, 0o755)
# OpenSSH uses no private key that anybody else could read.
_OTHERS = 0o077


@dataclass(frozen=True)
class SshCheck:
    """``healthy``: nothing that was looked at is a problem. ``logged_in``: a login from here was
    tried and worked; None: there is no private key here that could be tried."""

    notebook: str
    healthy: bool
    logged_in: bool | None
    findings: tuple[Finding, ...]


def check(
    *,
    notebook: str | None = None,
    said: str | None = None,
    cloud: Cloud | None = None,
    progress: Progress = SILENT,
) -> SshCheck:
    """Look at everything that has to hold before somebody gets into a notebook.

    Args:
        notebook: the id of the instance; None: this one.
        said: what ``ssh`` or an editor complained of, to be understood too.

    Raises:
        CloudError: the cloud refused to show the notebook, or could not be reached.
    """
    cloud, places = cloud or open_cloud(), find_places()
    endpoint = find_endpoint(cloud, cloud.place.need_instance(notebook), progress)
    findings = [understand(said)] if said else []
    findings += _endpoint(endpoint)
    pairs: list[KeyPair] = []
    if endpoint.exists:
        try:
            pairs = list_pairs(cloud, progress)
            findings += _pairs(endpoint, pairs)
        except CloudError as error:
            findings.append(
                Finding("pairs_unseen", "warning", f"Key pairs: {error.message}", error.hint)
            )
    findings += _here(places, this_one=endpoint.id == cloud.place.instance)
    logged_in: bool | None = None
    if endpoint.address is not None:
        progress.phase("connecting")
        reached = _reach(endpoint.address, endpoint)
        findings.append(reached)
        key = key_of(every(places.keys), endpoint, pairs)
        if reached.level != "problem" and key is not None and not key.mode & _OTHERS:
            login = _login(places, endpoint.address, endpoint.id, key)
            findings.append(login)
            logged_in = login.level == "ok"
    healthy = all(finding.level != "problem" for finding in findings)
    return SshCheck(endpoint.id, healthy, logged_in, tuple(findings))


def _endpoint(endpoint: SshEndpoint) -> Iterator[Finding]:
    name = endpoint.name or endpoint.id
    if not endpoint.exists:
        yield Finding(
            "no_endpoint",
            "problem",
            f"{name} has no SSH endpoint.",
            "`ma ssh setup` gives it one; it counts from the next start on.",
        )
        return
    if endpoint.status != "RUNNING":
        yield Finding(
            "not_running",
            "problem",
            f"{name} is {endpoint.status}: its SSH endpoint is open only while it runs.",
            f"`ma notebook start {endpoint.id}`",
        )
    elif endpoint.address is None:
        yield Finding(
            "no_address",
            "problem",
            f"{name} runs, but its SSH endpoint has no address: it was added after the start.",
            "Stop and start the notebook.",
        )
    else:
        where = f"{endpoint.address.user}@{endpoint.address.host} port {endpoint.address.port}"
        yield Finding("endpoint", "ok", f"{name} is open at {where}.")
    if endpoint.allowed_ips:
        yield Finding(
            "allowed_addresses",
            "warning",
            f"Only these addresses may connect: {', '.join(endpoint.allowed_ips)}.",
            "If yours is not among them: `ma ssh use KEY --allow ADDRESS`.",
        )


def _pairs(endpoint: SshEndpoint, pairs: list[KeyPair]) -> Iterator[Finding]:
    mine = {pair.name: pair for pair in pairs}
    for name in endpoint.key_pairs:
        pair = mine.get(name)
        if pair is not None:
            whose = "everybody's in the account" if pair.scope == "domain" else "yours"
            yield Finding("pair", "ok", f"The key pair {name} exists and is {whose}.")
            continue
        owner = f" (the notebook is {endpoint.user}'s)" if endpoint.user else ""
        yield Finding(
            "pair_unusable",
            "problem",
            f"The key pair {name} was deleted or is another user's{owner}: the next start is "
            "refused (6786, 6789).",
            "`ma ssh use KEY` with one of yours, then start the notebook.",
        )


def _here(places: Places, *, this_one: bool) -> Iterator[Finding]:
    """OpenSSH and its files here; ``this_one``: here is the notebook that is looked at."""
    numbers, words = openssh.version()
    if not words:
        yield Finding(
            "openssh_missing", "problem", "There is no OpenSSH here.", "Install openssh-client."
        )
    elif numbers is not None and numbers < openssh.LEAST:
        yield Finding(
            "openssh_old",
            "problem",
            f"{words} is too old.",
            "Both sides need OpenSSH 8.0 or later.",
        )
    else:
        yield Finding("openssh", "ok", words.partition(",")[0])
    yield from _folder(places, this_one)
    for key in every(places.keys):
        if key.mode & _OTHERS:
            yield Finding(
                "key_mode",
                "problem",
                f"The private key {key.name} has mode {key.mode:03o}: OpenSSH does not use it.",
                f"chmod 600 {key.path}",
            )


def _folder(places: Places, this_one: bool) -> Iterator[Finding]:
    try:
        mode = stat.S_IMODE(places.ssh.stat().st_mode)
    except OSError:
        return
    if mode & 0o022:
        wrong = "others may write to it"
    elif this_one and mode not in _SERVER_WANTS:
        wrong = "the notebook's own SSH server wants 750 or 755"
    else:
        return
    yield Finding(
        "ssh_folder_mode",
        "problem",
        f"{places.ssh} has mode {mode:03o}: {wrong}.",
        f"chmod 750 {places.ssh}",
    )


def _reach(address: Address, endpoint: SshEndpoint) -> Finding:
    """Connect, and read what a server says first."""
    where = f"{address.host} port {address.port}"
    try:
        with socket.create_connection((address.host, address.port), _CONNECT_SECONDS) as line:
            line.settimeout(_CONNECT_SECONDS)
            said = line.recv(_BANNER)
    except ConnectionRefusedError:
        return understand("Connection refused")
    except ConnectionResetError:
        return _closed(endpoint)
    except TimeoutError:
        return understand("timed out")
    except socket.gaierror:
        return understand("Could not resolve hostname")
    except OSError as error:
        return understand(f"No route to host: {error}")
    if not said:
        return _closed(endpoint)
    if not said.startswith(b"SSH-2.0-"):
        return Finding(
            "not_ssh",
            "problem",
            f"What answers at {where} is not SSH.",
            "A proxy may stand in between; or the address is old: `ma ssh show`.",
        )
    words = said.decode("ascii", "replace").strip()
    numbers = openssh.parse_version(words)
    if numbers is not None and numbers < openssh.LEAST:
        return Finding(
            "server_old",
            "warning",
            f"The notebook's own server is old: {words}.",
            "Editors need OpenSSH 8.0 or later there: use a newer image.",
        )
    return Finding("reachable", "ok", f"{where} answers: {words}")


def _closed(endpoint: SshEndpoint) -> Finding:
    found = understand("kex_exchange_identification")
    if not endpoint.allowed_ips:
        fix = "Ten connections are the most: close some (each editor window takes one or more)."
        return Finding(found.code, found.level, found.message, fix)
    return found


def key_of(
    keys: list[PrivateKey], endpoint: SshEndpoint, pairs: list[KeyPair]
) -> PrivateKey | None:
    """The first of the endpoint's pairs of which a private half is here. Names alone do not count
    where the public halves can be compared."""
    by_name = {pair.name: pair for pair in pairs}
    for name in endpoint.key_pairs:
        public = by_name[name].public_key if name in by_name else ""
        for key in keys:
            fits = same_key(key.public, public) if key.public and public else key.name == name
            if fits:
                return key
    return None


def _login(places: Places, address: Address, mark: str, key: PrivateKey) -> Finding:
    if key.locked and not agent.holds(places, key):
        return understand("incorrect passphrase")
    options = {
        "BatchMode": "yes",
        "ConnectTimeout": f"{_CONNECT_SECONDS:.0f}",
        "HostKeyAlias": mark,
        "IdentitiesOnly": "yes",
        "StrictHostKeyChecking": "accept-new",
        "UserKnownHostsFile": f'"{places.known_hosts}"',
        "IdentityAgent": f'"{places.agent}"' if key.locked else "none",
    }
    command = ["ssh", "-F", "/dev/null", "-T", "-i", str(key.path), "-p", str(address.port)]
    command += [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
    try:
        ran = openssh.run([*command, "-l", address.user, address.host, "true"])
    except ModelArtsNbError as error:
        return Finding("unreachable", "problem", error.message, error.hint)
    if ran.code == 0:
        return Finding("login", "ok", f"A login from here with the key {key.name} works.")
    return understand(ran.said)
