"""What is to be submitted: from options, from a YAML file, or from both; the options win."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from modelarts_nb.errors import NotFound, UsageError, from_os_error

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_STREAM = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
_BUCKET = re.compile(r"(?:obs:/)?/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?:/.*)?")
_MOST_VARIABLES = 100


@dataclass(frozen=True)
class JobSpec:
    """A job to be. The names are those of the options and of the keys in a YAML file.

    Attributes:
        name: letters, digits, ``-``, ``_``.
        engine: a built-in one: its id, or ``NAME:VERSION``.
        image: one's own: its path in SWR; needs ``command``.
        code: the folder in OBS that is copied into the containers.
        boot: the Python file to run, in ``code``: ``train.py`` or its whole path.
        command: for a shell, instead of ``boot``.
        inputs, outputs: name to folder in OBS; each becomes ``--name=PATH``.
        parameters: each becomes ``--name=value``.
        env: variables.
        pool: the name or id of a dedicated pool; else ``flavor``.
        nodes: how many.
        volumes: ``SERVER:/FOLDER:/PATH`` of an SFS Turbo, with ``:ro`` to read only.
        key_pairs: those of the SSH endpoint; none: no endpoint.
        log: the folder in OBS that the logs are copied to.
        hours: after so many it is stopped.
        retries: how often it is run again after a fault.
    """

    name: str = ""
    description: str = ""
    workspace: str = ""
    engine: str = ""
    image: str = ""
    code: str = ""
    boot: str = ""
    command: str = ""
    workdir: str = ""
    inputs: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    pool: str = ""
    flavor: str = ""
    nodes: int = 1
    volumes: Sequence[str] = ()
    key_pairs: Sequence[str] = ()
    log: str = ""
    hours: int = 0
    retries: int = 0

    def check(self) -> None:
        """Find what the cloud would refuse, before anything is sent.

        Raises:
            UsageError: something is missing or cannot be; says what.
        """
        _need(_NAME.fullmatch(self.name), f"{self.name[:100]!r} cannot be the name of a job.",
              "Letters, digits, - and _, at most 64.")  # fmt: skip
        _need(bool(self.engine) != bool(self.image), "A job runs in an engine or in an image.",
              "Name one of the two: --engine or --image.")  # fmt: skip
        _need(bool(self.command) != bool(self.boot), "A job runs a command or a boot file.",
              "Name one of the two: --command or --boot.")  # fmt: skip
        _need(not (self.image and self.boot), "An image of your own needs a command.",
              "Say with --command what it runs.")  # fmt: skip
        _need(not self.boot or self.code, "A boot file lies in a code folder.",
              "Name the folder in OBS with --code.")  # fmt: skip
        _need(self.pool or self.flavor, "Where the job is to run is missing.",
              "Name a dedicated pool (--pool), or a flavor (--flavor).")  # fmt: skip
        _need(self.nodes >= 1, f"A job cannot have {self.nodes} nodes.")
        _need(self.hours >= 0 and self.retries >= 0, "Hours and retries cannot be negative.")
        for what, urls in (("code", [self.code] if self.code else []),
                           ("log", [self.log] if self.log else []),
                           ("inputs", self.inputs.values()),
                           ("outputs", self.outputs.values())):  # fmt: skip
            for url in urls:
                _need(_BUCKET.fullmatch(url), f"{what}: {url[:200]!r} is no folder in OBS.",
                      "It looks like obs://bucket/folder/.")  # fmt: skip
        for name in (*self.inputs, *self.outputs):
            _need(_STREAM.fullmatch(name), f"{name[:100]!r} cannot name an input or output.")
        for name in self.env:
            _need(_VARIABLE.fullmatch(name) and not name.startswith("MA_"),
                  f"{name[:100]!r} cannot be a variable of a job.",
                  "Letters, digits and _; those with MA_ are the platform's.")  # fmt: skip
        _need(len(self.env) <= _MOST_VARIABLES, f"At most {_MOST_VARIABLES} variables.")
        for volume in self.volumes:
            split_volume(volume)


def split_volume(text: str) -> tuple[str, str, bool]:
    """Server's folder, path in the container and whether it is only read.

    Raises:
        UsageError: it has another form than ``SERVER:/FOLDER:/PATH`` or with ``:ro``.
    """
    parts = text.split(":")
    read_only = parts[-1] == "ro"
    parts = parts[:-1] if parts[-1] in ("ro", "rw") else parts
    good = len(parts) == 3 and parts[0] and all(part.startswith("/") for part in parts[1:])
    _need(good, f"{text[:200]!r} is no volume.", "It looks like 192.168.0.10:/team:/mnt/team:ro.")
    return f"{parts[0]}:{parts[1]}", parts[2], read_only


def read_file(path: Path) -> dict[str, Any]:
    """The keys of a YAML file (JSON is YAML too).

    Raises:
        NotFound, AccessDenied, DiskFailure: it cannot be read.
        UsageError: it is not YAML, or not a map of known keys with values of their kind.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        with path.open(encoding="utf-8") as file:
            found = YAML(typ="safe", pure=True).load(file)
    except FileNotFoundError:
        raise NotFound(f"There is no file {path}.") from None
    except OSError as error:
        raise from_os_error(error, f"reading {path}", path) from error
    except (YAMLError, ValueError, RecursionError) as error:
        raise UsageError(f"{path} is not YAML.", cause=str(error)[:500]) from error
    if not isinstance(found, dict):
        raise UsageError(f"{path} must hold keys and values, as in `name: mine`.")
    known = {f.name: f for f in fields(JobSpec)}
    read: dict[str, Any] = {}
    for key, value in found.items():
        name = str(key).replace("-", "_")
        if name not in known:
            raise UsageError(
                f"{path} has an unknown key {str(key)[:100]!r}.",
                hint=f"There are: {', '.join(known)}.",
            )
        if value is not None:
            read[name] = _value(f"{path}: {key}", value, known[name].default)
    return read


def _value(where: str, value: Any, default: Any) -> Any:
    """A value as its field has it; numbers and truths stand for their text where one is wanted."""
    if isinstance(default, str):
        return _text(where, value)
    if isinstance(default, int):
        whole = isinstance(value, int) and not isinstance(value, bool)
        _need(whole, f"{where} must be a number.")
        return value
    if isinstance(default, tuple):
        _need(isinstance(value, list), f"{where} must be a list.")
        return tuple(_text(where, item) for item in value)
    _need(isinstance(value, dict), f"{where} must be a map.")
    return {_text(where, key): _text(where, item) for key, item in value.items()}


def _text(where: str, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    _need(isinstance(value, (str, int, float)), f"{where} must be a text.")
    return str(value)


def _need(condition: object, message: str, hint: str = "") -> None:
    if not condition:
        raise UsageError(message, hint=hint)
