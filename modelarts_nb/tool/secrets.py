"""Does a file of the home look like a secret? On a shared disk modes protect nothing."""

from __future__ import annotations

import re
from fnmatch import fnmatch

_NAMES = (
    ".ssh/*",
    ".gnupg/*",
    ".aws/*",
    ".kube/*",
    ".docker/config.json",
    ".netrc",
    ".pgpass",
    ".my.cnf",
    ".pypirc",
    ".git-credentials",
    ".obsutilconfig",
    ".huggingface/token",
    ".jupyter/jupyter_server_config.json",  # holds the hashed password
    ".config/gh/hosts.yml",
    ".config/huggingface/*",
    "*.pem",
    "*.key",
    "*.p12",
    "*.pfx",
    "*/id_rsa",
    "*/id_ed25519",
    "*.env",
    "*credential*",
    "*secret*",
    "*token*",
)
# What says nothing about anybody's secret although it matches.
_HARMLESS = (".ssh/config", ".ssh/known_hosts", "*.pub")

_WORDS = rb"pass(word|wd|phrase)?|secret(_?(access)?_?key)?"
_WORDS += rb"|(auth|access|api|hf)?_?token|(api|access)_?key"
_CONTENT = (
    (re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----"), "it holds a private key"),
    (re.compile(rb"://[^/\s:@]+:[^/\s@]+@"), "it holds a password in an address"),
    (
        re.compile(rb"(?im)^[^#\n]*(" + _WORDS + rb")[\"']?\s*[:=]\s*[\"']?[^\s\"'$<{]{6,}"),
        "it sets a password, key or token",
    ),
)


def why_secret(path: str, content: bytes) -> str | None:
    """Why a file looks like a secret; None: it does not.

    Args:
        path: relative to the home.
        content: what it holds.
    """
    lowered = path.lower()
    for pattern, why in _CONTENT:
        if pattern.search(content):
            return why
    if any(fnmatch(lowered, harmless) for harmless in _HARMLESS):
        return None
    if any(fnmatch(lowered, name) for name in _NAMES):
        return "files of this name hold secrets"
    return None
