"""Files that describe an environment: ``environment.yml`` and conda's ``@EXPLICIT`` lists."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from modelarts_nb.envs.condarc import parse_yaml
from modelarts_nb.errors import ConfigInvalid, NotFound, from_os_error

_LARGEST = 1 << 22
_EXPLICIT = "@EXPLICIT"
_PIP_LINE = re.compile(r"^# pip: *(\S.*)$")
_WITH_PATH = re.compile(r"^(-r|--requirement|-c|--constraint|-e|--editable)(\s+|=)(.+)$")


@dataclass(frozen=True)
class EnvFile:
    """What a file asks for.

    ``pip`` are lines of a requirements file, their paths made absolute; ``explicit``: ``specs``
    are addresses of packages, the whole of the environment.
    """

    path: Path
    name: str = ""
    channels: tuple[str, ...] = ()
    specs: tuple[str, ...] = ()
    pip: tuple[str, ...] = ()
    variables: dict[str, str] = field(default_factory=dict)
    explicit: bool = False


def read_envfile(file: str | Path) -> EnvFile:
    """Read an ``environment.yml`` or an ``@EXPLICIT`` list; which of the two, its text says.

    Raises:
        NotFound: there is no such file.
        ConfigInvalid: it is neither; says what is wrong with it.
        AccessDenied, DiskFailure: it cannot be read.
    """
    path = Path(file).expanduser().absolute()
    try:
        with path.open("rb") as stream:
            data = stream.read(_LARGEST + 1)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotFound(f"There is no file {path}.", hint="Check the path.") from error
    except IsADirectoryError as error:
        raise _invalid(path, "it is a folder") from error
    except OSError as error:
        raise from_os_error(error, f"reading {path.name}", path) from error
    if len(data) > _LARGEST:
        raise _invalid(path, "it is larger than 4 MB")
    if re.search(rb"^@EXPLICIT\s*$", data, re.MULTILINE):
        return _read_explicit(path, data)
    value = parse_yaml(data, path)
    if not isinstance(value, dict) or not any(k in value for k in ("dependencies", "channels")):
        raise _invalid(path, "it has no list `dependencies:`")
    return _read_yaml(path, value)


def _read_yaml(path: Path, value: dict[Any, Any]) -> EnvFile:
    specs: list[str] = []
    pip: list[str] = []
    for item in _items(path, value, "dependencies"):
        if isinstance(item, str):
            specs.append(_one_line(path, item))
        elif isinstance(item, dict) and set(item) == {"pip"}:
            lines = item["pip"] if item["pip"] is not None else []
            if not isinstance(lines, list):
                raise _invalid(path, "its pip section is not a list")
            pip += [absolute(_one_line(path, line), path.parent) for line in lines]
        else:
            raise _invalid(path, f"{str(item)[:80]!r} among its dependencies is not a package")
    return EnvFile(
        path,
        name=str(value.get("name") or ""),
        channels=tuple(_one_line(path, item) for item in _items(path, value, "channels")),
        specs=tuple(spec for spec in specs if spec),
        pip=tuple(line for line in pip if line),
        variables=_variables(path, value.get("variables")),
    )


def _read_explicit(path: Path, data: bytes) -> EnvFile:
    try:
        lines = data.decode("utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise _invalid(path, "it is not UTF-8 text", str(error)) from error
    pip = [match[1] for line in lines if (match := _PIP_LINE.match(line.strip()))]
    plain = (line.strip() for line in lines)
    specs = [line for line in plain if line and not line.startswith("#") and line != _EXPLICIT]
    for spec in specs:
        if "://" not in spec or any(character.isspace() for character in spec):
            raise _invalid(path, f"{spec[:80]!r} is not the address of a package")
    return EnvFile(path, specs=tuple(specs), pip=tuple(pip), explicit=True)


def absolute(line: str, folder: Path) -> str:
    """A line of a requirements file whose relative path means one below ``folder``."""
    if match := _WITH_PATH.match(line):
        target = match[3].strip()
        is_path = match[1] in ("-r", "--requirement", "-c", "--constraint") or target[:1] in "./"
        if is_path and "://" not in target:
            return f"{match[1]} {folder / target}"
    elif line.startswith(("./", "../")):
        return str(folder / line)
    return line


def _items(path: Path, value: dict[Any, Any], key: str) -> list[Any]:
    items = value.get(key)
    if items is None:
        return []
    if not isinstance(items, list):
        raise _invalid(path, f"its {key} are not a list")
    return items


def _variables(path: Path, value: Any) -> dict[str, str]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _invalid(path, "its variables are not a list of `NAME: value`")
    found = {}
    for name, text in value.items():
        if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            raise _invalid(path, f"{str(name)[:40]!r} cannot be the name of a variable")
        if isinstance(text, (dict, list)) or text is None or "\0" in str(text):
            raise _invalid(path, f"the variable {name} has no text as its value")
        found[name] = str(text)
    return found


def _one_line(path: Path, item: Any) -> str:
    if isinstance(item, bool) or not isinstance(item, (str, int, float)):
        raise _invalid(path, f"{str(item)[:80]!r} is not text")
    text = str(item).strip()
    if any(ord(character) < 32 for character in text):
        raise _invalid(path, f"{text[:80]!r} is more than one line")
    return text


def _invalid(path: Path, why: str, cause: str = "") -> ConfigInvalid:
    return ConfigInvalid(
        f"{path} does not describe an environment: {why}.",
        hint="`ma env export NAME` shows what such a file looks like.",
        cause=cause,
    )
