"""conda's settings (``.condarc`` and its relatives), read as conda reads them.

Which files, and in which order they count:
https://docs.conda.io/projects/conda/en/stable/user-guide/configuration/use-condarc.html
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from modelarts_nb import config
from modelarts_nb.errors import ConfigInvalid

_SUFFIXES = (".yml", ".yaml")
# A settings file is a page; what is larger is something else.
_LARGEST = 1 << 20
_LISTS = ("channels", "default_channels")
_MAPS = ("custom_channels", "custom_multichannels", "proxy_servers")
_ALIASES = {"channel": "channels", "verify_ssl": "ssl_verify"}


@dataclass(frozen=True)
class Condarc:
    """What the settings say about channels and the network; empty where they say nothing.

    ``ssl_verify`` is a switch or the path of a file with certificates; ``priority`` is
    ``strict``, ``flexible`` or ``disabled``; ``files`` are those that were read.
    """

    channels: tuple[str, ...] = ()
    default_channels: tuple[str, ...] = ()
    custom_channels: Mapping[str, str] = field(default_factory=dict)
    custom_multichannels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    channel_alias: str = ""
    proxy_servers: Mapping[str, str] = field(default_factory=dict)
    ssl_verify: bool | str = True
    priority: str = ""
    add_pip: bool = True
    files: tuple[Path, ...] = ()


def read_condarc(*, home: Path | None = None, system: Path = Path("/")) -> Condarc:
    """The settings of this user.

    Args:
        home: instead of the user's home.
        system: what stands for the root of the file system.

    Raises:
        ConfigInvalid: a file is not YAML, or a setting has the wrong type; names file and setting.
    """
    merged: dict[str, Any] = {}
    files = []
    for file in _files(home or config.home(), system):
        settings = read_settings(file)
        if settings is None:
            continue
        files.append(file)
        _merge(merged, settings)
    _merge(merged, _from_environment())
    return Condarc(
        channels=tuple(merged.get("channels", ())),
        default_channels=tuple(merged.get("default_channels", ())),
        custom_channels=merged.get("custom_channels", {}),
        custom_multichannels=merged.get("custom_multichannels", {}),
        channel_alias=merged.get("channel_alias", ""),
        proxy_servers=merged.get("proxy_servers", {}),
        ssl_verify=merged.get("ssl_verify", True),
        priority=merged.get("channel_priority", ""),
        add_pip=merged.get("add_pip_as_python_dependency", True),
        files=tuple(files),
    )


def read_settings(file: Path) -> dict[str, Any] | None:
    """The settings of one file that concern us, checked; None where there is no such file.

    Raises:
        ConfigInvalid: it is not YAML, or a setting has the wrong type.
    """
    try:
        with file.open("rb") as stream:
            data = stream.read(_LARGEST + 1)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
    except OSError as error:
        raise _invalid(file, "it cannot be read", str(error)) from error
    if len(data) > _LARGEST:
        raise _invalid(file, "it is larger than 1 MB")
    value = parse_yaml(data, file)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _invalid(file, "it is not a list of settings (`name: value`)")
    return _checked(value, file)


def parse_yaml(data: bytes, file: Path) -> Any:
    """The value of a YAML text, plain data only.

    Raises:
        ConfigInvalid: it is not YAML.
    """
    try:
        text = data.decode("utf-8")
        return YAML(typ="safe", pure=True).load(text)
    except UnicodeDecodeError as error:
        raise _invalid(file, "it is not UTF-8 text", str(error)) from error
    except (YAMLError, ValueError, RecursionError, TypeError, AttributeError, LookupError) as error:
        # ruamel raises more than its own errors on input that is bad enough.
        raise _invalid(file, "it is not YAML", str(error)) from error


def _files(home: Path, system: Path) -> list[Path]:
    """Candidates, those that count least first."""
    places = [system / "etc/conda", system / "var/lib/conda"]
    if root := _conda_root():
        places.append(root)
    chosen = os.environ.get("XDG_CONFIG_HOME")
    places += [(Path(chosen) if chosen else home / ".config") / "conda", home / ".conda"]
    found = [file for place in places for file in _in(place)]
    found.append(home / ".condarc")
    if active := os.environ.get("CONDA_PREFIX"):
        found += _in(Path(active))
    if named := os.environ.get("CONDARC"):
        found.append(Path(os.path.expandvars(named)).expanduser())
    return list(dict.fromkeys(found))


def _in(place: Path) -> list[Path]:
    folder = place / "condarc.d"
    try:
        names = sorted(name for name in os.listdir(folder) if name.endswith(_SUFFIXES))
    except OSError:
        names = []
    return [place / ".condarc", place / "condarc", *(folder / name for name in names)]


def _conda_root() -> Path | None:
    if root := os.environ.get("CONDA_ROOT"):
        return Path(root)
    program = os.environ.get("CONDA_EXE")
    return Path(program).parent.parent if program else None


def _from_environment() -> dict[str, Any]:
    """conda's own variables, which count most."""
    settings: dict[str, Any] = {}
    if channels := os.environ.get("CONDA_CHANNELS"):
        settings["channels"] = [c.strip() for c in channels.split(",") if c.strip()]
    for name in ("channel_alias", "channel_priority", "ssl_verify"):
        if value := os.environ.get(f"CONDA_{name.upper()}"):
            settings[name] = value
    return _checked(settings, Path("the environment variables"))


def _merge(merged: dict[str, Any], settings: dict[str, Any]) -> None:
    """``settings`` count more: lists go in front, maps win by key, other values replace."""
    for key, value in settings.items():
        if key in _LISTS:
            merged[key] = list(dict.fromkeys([*value, *merged.get(key, [])]))
        elif key in _MAPS:
            merged[key] = {**merged.get(key, {}), **value}
        else:
            merged[key] = value


def _checked(value: dict[Any, Any], file: Path) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    for raw, item in value.items():
        key = _ALIASES.get(raw, raw) if isinstance(raw, str) else ""
        if item is None:
            continue
        if key in _LISTS:
            settings[key] = _texts(item, key, file)
        elif key == "custom_multichannels":
            table = _table(item, key, file)
            settings[key] = {name: tuple(_texts(v, key, file)) for name, v in table.items()}
        elif key in _MAPS:
            table = _table(item, key, file)
            settings[key] = {n: _text(v, key, file) for n, v in table.items() if v is not None}
        elif key == "channel_alias":
            settings[key] = _text(item, key, file)
        elif key == "ssl_verify":
            settings[key] = _switch(item, key, file, or_text=True)
        elif key == "add_pip_as_python_dependency":
            settings[key] = _switch(item, key, file)
        elif key == "channel_priority":
            settings[key] = _priority(item, file)
    return settings


def _texts(value: Any, key: str, file: Path) -> list[str]:
    if isinstance(value, str):
        value = value.split(",")
    if not isinstance(value, list):
        raise _invalid(file, f"{key} is not a list")
    return [text for item in value if (text := _text(item, key, file).strip())]


def _table(value: Any, key: str, file: Path) -> dict[str, Any]:
    if not isinstance(value, dict) or not all(isinstance(name, str) for name in value):
        raise _invalid(file, f"{key} is not a list of `name: value`")
    return value


def _text(value: Any, key: str, file: Path) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise _invalid(file, f"{key} holds something that is not text")
    text = os.path.expandvars(str(value))
    # They end up in addresses, files that people read and a child's environment.
    if any(ord(character) < 32 or 0xD800 <= ord(character) < 0xE000 for character in text):
        raise _invalid(file, f"{key} holds characters that cannot be in an address")
    return text


def _switch(value: Any, key: str, file: Path, *, or_text: bool = False) -> Any:
    if isinstance(value, bool):
        return value
    text = _text(value, key, file)
    known = {"true": True, "yes": True, "on": True, "1": True}
    known |= {"false": False, "no": False, "off": False, "0": False}
    if text.lower() in known:
        return known[text.lower()]
    if not or_text:
        raise _invalid(file, f"{key} is neither true nor false")
    return text


def _priority(value: Any, file: Path) -> str:
    if isinstance(value, bool):
        return "flexible" if value else "disabled"
    text = _text(value, "channel_priority", file).lower()
    if text not in ("strict", "flexible", "disabled", "true", "false"):
        raise _invalid(file, "channel_priority is not strict, flexible or disabled")
    return {"true": "flexible", "false": "disabled"}.get(text, text)


def _invalid(file: Path, why: str, cause: str = "") -> ConfigInvalid:
    return ConfigInvalid(
        f"{file} cannot be used: {why}.", hint=f"Mend or remove {file}.", cause=cause
    )
