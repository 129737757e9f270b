"""A Kubernetes API server and how to prove who one is: from a kubeconfig, or word for word."""

from __future__ import annotations

import importlib
import os
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from modelarts_nb.errors import UsageError
from modelarts_nb.shell.errors import ShellNotInstalled, ShellRefused
from modelarts_nb.ssh.secret import Secret


@dataclass(frozen=True)
class Cluster:
    """Where the API is and what it is shown.

    Attributes:
        server: the base URL, as ``https://10.0.0.1:5443``.
        namespace: of the pods.
        authorization: the value of the header; empty: a client certificate has to do.
        tls: None with ``http://``, which is taken on loopback only.
        server_name: what the certificate names, where that is not the URL's host.
        proxy: its URL; None: as the environment says.
    """

    server: str
    namespace: str
    authorization: Secret = field(default_factory=lambda: Secret(""))
    tls: ssl.SSLContext | None = None
    server_name: str | None = None
    proxy: str | None = None


def from_kubeconfig(
    file: str | None = None, *, context: str | None = None, namespace: str | None = None
) -> Cluster:
    """What a kubeconfig says, with everything that it may (certificates, tokens, plug-ins).

    Args:
        file: None: ``KUBECONFIG`` or ``~/.kube/config``; in a pod without one its service account.
        context: None: the current one.
        namespace: instead of the context's.

    Raises:
        ShellNotInstalled: the client library is not installed.
        ShellRefused: no kubeconfig is known; there is no such file or context, or it cannot be
            used.
    """
    config = _library("kubernetes.config")
    settings = _library("kubernetes.client").Configuration()
    no_yaml = _library("yaml").YAMLError
    inside = file is None and not _has_kubeconfig(config)
    if inside and not Path(_SERVICE_ACCOUNT).exists():
        raise ShellRefused(
            "Pod exec needs the cluster's kubeconfig, and none is known here.",
            hint="--kubeconfig FILE, KUBECONFIG, ~/.kube/config or Shell.kubeconfig say where it "
            "is. The administrator of a dedicated pool may have one for its users.",
        )
    try:
        if inside:
            config.load_incluster_config(client_configuration=settings)
            found = Path(_SERVICE_ACCOUNT).read_text("utf-8").strip()
        else:
            config.load_kube_config(
                config_file=file,
                context=context,
                client_configuration=settings,
                persist_config=False,
            )
            found = _namespace_in(config, file, context)
    except (config.ConfigException, no_yaml, OSError, *_DAMAGED) as error:
        raise ShellRefused(
            f"The kubeconfig {file or ''} cannot be used.".replace("  ", " "),
            hint="`kubectl --kubeconfig FILE config get-contexts` shows what it holds.",
            cause=str(error),
        ) from error
    return Cluster(
        server=_checked(settings.host),
        namespace=namespace or found or "default",
        authorization=Secret(_authorization(settings)),
        tls=_tls(
            settings.host,
            ca=settings.ssl_ca_cert,
            certificate=settings.cert_file,
            key=settings.key_file,
            verify=settings.verify_ssl,
        ),
        server_name=settings.tls_server_name or None,
        proxy=settings.proxy or None,
    )


def from_words(
    server: str, *, token: Secret, namespace: str = "default", ca: str | None = None
) -> Cluster:
    """An endpoint, a namespace and a token that some API has handed out.

    Args:
        ca: the file of the authority that signed the server's certificate.

    Raises:
        UsageError: it is no URL, or there is no token.
        ShellRefused: the authority's file cannot be read.
    """
    if not token:
        raise UsageError(
            "The cluster takes a token.", hint="Put it into MODELARTS_NB_SHELL_TOKEN, or a file."
        )
    url = _checked(server)
    authorization = Secret(f"Bearer {token.reveal().strip()}")
    return Cluster(url, namespace, authorization, _tls(url, ca=ca))


# What the library raises where the file is YAML, but not a kubeconfig.
_DAMAGED = (ValueError, KeyError, TypeError, AttributeError)
_SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"


def _has_kubeconfig(config: Any) -> bool:
    paths = str(config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION).split(os.pathsep)
    return any(Path(path).expanduser().exists() for path in paths)


def _namespace_in(config: Any, file: str | None, context: str | None) -> str:
    every, active = config.list_kube_config_contexts(config_file=file)
    chosen = next((c for c in every if c.get("name") == context), active)
    return str((chosen.get("context") or {}).get("namespace") or "")


def _authorization(settings: Any) -> str:
    """The header's value; what the library calls it has changed over its versions."""
    found = settings.auth_settings().get("BearerToken", {}).get("value")
    return str(found or "")


def _checked(url: str) -> str:
    parts = urlsplit(url)
    local = parts.hostname in ("127.0.0.1", "localhost", "::1")
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise UsageError(
            f"{url!r} is no address of a cluster.", hint="As in https://10.0.0.1:5443."
        )
    if parts.scheme == "http" and not local:
        raise UsageError(f"{url} is not encrypted: the token would be read on the way.")
    return url.rstrip("/")


def _tls(
    url: str,
    *,
    ca: str | None = None,
    certificate: str | None = None,
    key: str | None = None,
    verify: bool = True,
) -> ssl.SSLContext | None:
    if urlsplit(url).scheme != "https":
        return None
    try:
        context = ssl.create_default_context(cafile=ca or None)
        if certificate:
            context.load_cert_chain(certificate, key or None)
    except (OSError, ssl.SSLError) as error:
        raise ShellRefused(
            "The cluster's certificates cannot be read.", cause=str(error)
        ) from error
    if not verify:
        # The kubeconfig says insecure-skip-tls-verify: its owner has decided that.
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _library(name: str) -> Any:
    """A module of the official client, which reads kubeconfigs as kubectl does. It has no types."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise not_installed() from error


def not_installed() -> ShellNotInstalled:
    """The packages of exec are missing."""
    return ShellNotInstalled(
        "Shells through Kubernetes need packages that are not installed here.",
        hint='pip install "modelarts_nb[kubernetes]"',
    )
