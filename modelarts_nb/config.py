"""Settings, in one place: defaults, then the settings file, then the environment.

The file is ``modelarts_nb_config.json`` in ``~/.jupyter`` (or ``JUPYTER_CONFIG_DIR``), in the
form Jupyter uses: ``{"PersistentDisk": {"root": "/home/ma-user/work"}}``.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from traitlets import Bool, Int, List, Unicode
from traitlets.config import Config, Configurable

from modelarts_nb.errors import ConfigInvalid

DEFAULT_DISK = "/home/ma-user/work"
CONFIG_NAME = "modelarts_nb_config.json"


class PersistentDisk(Configurable):
    """Where the folder that survives a restart is, and whose notebook this is."""

    root = Unicode(DEFAULT_DISK, help="The folder that survives a restart.").tag(config=True)
    owner = Unicode("", help="Who this notebook is on a disk that several share.").tag(config=True)
    bin_days = Int(7, help="Days that a removed environment stays in the bin.").tag(config=True)


class Transfer(Configurable):
    """How hard the disk is worked."""

    threads = Int(48, min=1, max=256, help="File operations in flight at once.").tag(config=True)


class Environments(Configurable):
    """How environments are made and which are looked for outside the disk."""

    channels = List(Unicode(), help="Channels when neither -c nor .condarc names any.").tag(
        config=True
    )
    kernel = Bool(True, help="Register a kernel for every environment that is made.").tag(
        config=True
    )
    image_envs = List(
        Unicode(), help="More folders with environments of the image, lost at restart."
    ).tag(config=True)


def home() -> Path:
    """The user's home, also where ``HOME`` is not set (a container hook may have none)."""
    value = os.environ.get("HOME")
    if value:
        return Path(value)
    try:
        return Path.home()
    except (RuntimeError, KeyError):
        return Path("/home/ma-user")


def config_file() -> Path:
    """Where the settings file is, whether it exists or not."""
    folder = os.environ.get("JUPYTER_CONFIG_DIR")
    return (Path(folder) if folder else home() / ".jupyter") / CONFIG_NAME


def load() -> Config:
    """The settings of this process.

    Raises:
        ConfigInvalid: the settings file is not JSON, or not an object of objects.
    """
    path = config_file()
    config = Config(_read(path))
    if root := os.environ.get("MODELARTS_NB_DISK"):
        config.PersistentDisk.root = root
    if owner := os.environ.get("MODELARTS_NB_OWNER"):
        config.PersistentDisk.owner = owner
    return config


def save(section: str, key: str, value: Any) -> None:
    """Write one setting to the settings file, keeping all others."""
    path = config_file()
    settings = _read(path)
    settings.setdefault(section, {})[key] = value
    path.parent.mkdir(parents=True, exist_ok=True)
    staged = path.with_name(f".{path.name}.{os.getpid()}")
    staged.write_text(json.dumps(settings, indent=2, ensure_ascii=False) + "\n", "utf-8")
    staged.replace(path)


def _read(path: Path) -> dict[str, dict[str, Any]]:
    try:
        value = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ConfigInvalid(
            f"The settings file {path} cannot be read.",
            hint="Mend it or remove it; its form is a JSON object of objects.",
            cause=str(error),
        ) from error
    if not isinstance(value, dict) or not all(isinstance(v, dict) for v in value.values()):
        raise ConfigInvalid(
            f"The settings file {path} is not a JSON object of objects.",
            hint='It looks like {"PersistentDisk": {"root": "/home/ma-user/work"}}.',
        )
    return value
