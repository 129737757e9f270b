"""Which channels packages come from, and what their names stand for."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from modelarts_nb import config
from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.condarc import Condarc, read_condarc
from modelarts_nb.envs.engine.cache import cache_folder
from modelarts_nb.envs.engine.rattler import Source

_SUBDIRS = ("noarch", "linux-64", "linux-aarch64", "linux-ppc64le", "linux-s390x")
_DEFAULTS = "defaults"


def source_of(disk: Disk, channels: Sequence[str] = ()) -> Source:
    """Where packages come from: ``channels``, else those of ``.condarc``, else the settings'.

    Args:
        disk: tells where the home and so the cache is.
        channels: names, addresses or folders, as ``-c`` takes them.

    Raises:
        ConfigInvalid: a ``.condarc`` cannot be read.
    """
    condarc = read_condarc(home=disk.home)
    return Source(
        channels=resolve(_chosen(channels, condarc), condarc),
        cache=cache_folder(disk),
        environment=network_variables(condarc),
        insecure=condarc.ssl_verify is False,
        # conda's "flexible" has no counterpart in the solver; strict is conda's own advice.
        strict=condarc.priority != "disabled",
        add_pip=condarc.add_pip,
    )


def _chosen(channels: Sequence[str], condarc: Condarc) -> Sequence[str]:
    given = [channel for channel in channels if channel != "nodefaults"]
    if given or condarc.channels:
        return given or condarc.channels
    settings = config.Environments(config=config.load())
    if settings.channels:
        return list(settings.channels)
    return [_DEFAULTS] if condarc.default_channels else ["conda-forge"]


def resolve(channels: Iterable[str], condarc: Condarc) -> tuple[str, ...]:
    """Names as addresses, in order, each once; a name that the settings say nothing about stays
    (the engine knows the public places)."""
    found: dict[str, None] = {}
    for channel in channels:
        for address in _expand(channel.strip(), condarc):
            found.setdefault(address)
    return tuple(found)


def network_variables(condarc: Condarc) -> dict[str, str]:
    """Proxies and certificates as the variables that rattler and pip understand."""
    variables: dict[str, str] = {}
    for scheme in ("http", "https"):
        if proxy := condarc.proxy_servers.get(scheme):
            variables[f"{scheme}_proxy"] = variables[f"{scheme.upper()}_PROXY"] = proxy
    if isinstance(condarc.ssl_verify, str) and condarc.ssl_verify != "truststore":
        variables["SSL_CERT_FILE"] = str(Path(condarc.ssl_verify).expanduser())
    return variables


def _expand(channel: str, condarc: Condarc) -> list[str]:
    if channel == _DEFAULTS:
        # conda's own two, where the settings do not say otherwise.
        members: Sequence[str] = condarc.default_channels or ("main", "r")
        return [a for member in members for a in _expand_one(member, condarc)]
    if channel in condarc.custom_multichannels:
        members = condarc.custom_multichannels[channel]
        return [a for member in members for a in _expand_one(member, condarc)]
    return _expand_one(channel, condarc)


def _expand_one(channel: str, condarc: Condarc) -> list[str]:
    channel = _without_subdir(channel)
    if not channel:
        return []
    if "://" in channel:
        return [channel]
    if channel.startswith(("/", "./", "../", "~")) or channel in (".", ".."):
        return [Path(os.path.abspath(Path(channel).expanduser())).as_uri()]
    # The longest custom channel that the name begins with: "pkgs" for "pkgs/main".
    parts = channel.split("/")
    for length in range(len(parts), 0, -1):
        if base := condarc.custom_channels.get("/".join(parts[:length])):
            return [f"{_address(base)}/{channel}"]
    if condarc.channel_alias:
        return [f"{_address(condarc.channel_alias)}/{channel}"]
    return [channel]


def _address(base: str) -> str:
    base = base.rstrip("/")
    if base.startswith(("/", "~")):
        return Path(base).expanduser().as_uri()
    return base if "://" in base else f"https://{base}"


def _without_subdir(channel: str) -> str:
    channel = channel.rstrip("/")
    head, _, last = channel.rpartition("/")
    return head if last in _SUBDIRS else channel
