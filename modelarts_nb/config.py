"""Settings, in one place: defaults, then the settings file, then the environment.

The file is ``modelarts_nb_config.json`` in ``~/.jupyter`` (or ``JUPYTER_CONFIG_DIR``), in the
form Jupyter uses: ``{"PersistentDisk": {"root": "/home/ma-user/work"}}``.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from traitlets import Bool, Enum, Float, Int, List, Unicode
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


class Sealed(Configurable):
    """Where sealed environments run on the local disk (``docs/sealed.md``)."""

    run = Unicode("", help="The run root; empty: ~/.ma/run. At most 40 characters.").tag(
        config=True
    )
    cache = Unicode(
        "/cache", help="A large local folder; where it exists, the run root links into it."
    ).tag(config=True)
    space = Float(
        0.9,
        min=0.01,
        max=1.0,
        help="Share of the local disk that may be in use; at most 20 GB are kept free.",
    ).tag(config=True)


class Hot(Configurable):
    """Local copies of what kernels on a slow disk need first (``docs/hot.md``)."""

    enabled = Enum(
        ("auto", "on", "off"), "auto", help="auto: where the disk is slow; on: always; off: never."
    ).tag(config=True)


class Cloud(Configurable):
    """Where the cloud is, what of it is ours, and with which keys it is asked.

    What is empty here is looked for in ``file``, then in the environment (``docs/cloud.md``).
    """

    file = Unicode("", help="A file with endpoint and keys, as `ma local up` writes one.").tag(
        config=True
    )
    endpoint = Unicode("", help="One base URL for all services instead of the region's.").tag(
        config=True
    )
    region = Unicode("", help="The region, as in cn-north-4.").tag(config=True)
    project = Unicode("", help="The id of the project.").tag(config=True)
    domain = Unicode("", help="The id of the account (IAM's own calls need it).").tag(config=True)
    instance = Unicode("", help="The id of this notebook instance.").tag(config=True)
    access_key = Unicode("", help="The access key (AK).").tag(config=True, secret=True)
    secret_key = Unicode("", help="The secret key (SK).").tag(config=True, secret=True)
    security_token = Unicode("", help="The token of temporary keys.").tag(config=True, secret=True)
    agency_python = Unicode(
        "", help="The Python that has the ModelArts SDK; asked for the agency's keys."
    ).tag(config=True)
    metadata = Bool(
        False, help="Ask the metadata service for keys (a virtual machine with an agency)."
    ).tag(config=True)
    connect_timeout = Float(10.0, min=0.05, help="Seconds to wait for a connection.").tag(
        config=True
    )
    read_timeout = Float(60.0, min=0.05, help="Seconds to wait for an answer to begin.").tag(
        config=True
    )
    attempts = Int(5, min=1, max=20, help="How often a call is made that may be repeated.").tag(
        config=True
    )


class Storage(Configurable):
    """Where this machine has what the cloud mounts."""

    data = Unicode("/data", help="The folder in which mounted storage appears here.").tag(
        config=True
    )


class Shell(Configurable):
    """How shells get into the containers of jobs (``docs/shell.md``)."""

    transport = Enum(("", "ssh", "exec"), "", help="Which way; empty: the best there is.").tag(
        config=True
    )
    kubeconfig = Unicode("", help="Of the cluster of the dedicated pool, for exec.").tag(
        config=True
    )
    context = Unicode("", help="Of the kubeconfig; empty: the current one.").tag(config=True)
    namespace = Unicode("", help="Of the pods; empty: the context's.").tag(config=True)
    pod = Unicode("ma-job-{job}-{task}", help="What the pod of a task is called.").tag(config=True)
    container = Unicode("", help="Of the pod; empty: the training container.").tag(config=True)


# What the environment may say instead of the settings file.
_CLOUD_VARIABLES = {
    "MODELARTS_NB_CLOUD_FILE": "file",
    "MODELARTS_NB_ENDPOINT": "endpoint",
    "MODELARTS_NB_REGION": "region",
    "MODELARTS_NB_PROJECT": "project",
    "MODELARTS_NB_INSTANCE": "instance",
}


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
    if run := os.environ.get("MODELARTS_NB_RUN"):
        config.Sealed.run = run
    if hot := os.environ.get("MODELARTS_NB_HOT"):
        config.Hot.enabled = hot
    if data := os.environ.get("MODELARTS_NB_DATA"):
        config.Storage.data = data
    for variable, trait in _CLOUD_VARIABLES.items():
        if value := os.environ.get(variable):
            config.Cloud[trait] = value
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
