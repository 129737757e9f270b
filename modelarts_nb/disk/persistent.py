"""The persistent disk: where everything on it lies, and whether it survives a restart."""

from __future__ import annotations

import getpass
import os
import re
import stat
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from modelarts_nb import config
from modelarts_nb.disk.mounts import Kind, Mount, mount_of, read_mounts
from modelarts_nb.errors import DiskMissing, OwnerUnknown, UsageError, from_os_error


@dataclass(frozen=True)
class Disk:
    """One persistent disk as one owner in one container sees it.

    The properties are the contract of DESIGN.md section 4: nobody else spells these paths.
    """

    root: Path
    owner: str
    home: Path

    @property
    def envs(self) -> Path:
        """The envs dir: one conda prefix a folder, named like the environment."""
        return self.root / "envs" / "user_conda"

    @property
    def archives(self) -> Path:
        """Packed environments and their manifests."""
        return self.root / "envs" / "archives"

    @property
    def images(self) -> Path:
        """Images of sealed environments, each named by its sha256."""
        return self.root / "envs" / "images"

    @property
    def sealed(self) -> Path:
        """Versions of sealed environments: one folder each, one small file a version."""
        return self.root / "envs" / "sealed"

    @property
    def private(self) -> Path:
        """What is ours and nobody need look at."""
        return self.root / "envs" / ".modelarts_nb"

    @property
    def staging(self) -> Path:
        """Unfinished work, one folder an operation."""
        return self.private / "staging"

    @property
    def locks(self) -> Path:
        """Who is working on what."""
        return self.private / "locks"

    @property
    def bin(self) -> Path:
        """Removed environments."""
        return self.private / "bin"

    @property
    def tool(self) -> Path:
        """The tool's own environments, one a version."""
        return self.private / "tool"

    @property
    def hook(self) -> Path:
        """The installed ``restore.py``."""
        return self.private / "hook"

    @property
    def own(self) -> Path:
        """What is personal: kernels to restore, kept home files, finished journals."""
        return self.private / "owners" / self.owner

    @property
    def kernels(self) -> Path:
        """The owner's kernel specs: one folder each, copied into the home by restore."""
        return self.own / "kernels"

    @property
    def local_kernels(self) -> Path:
        """Where Jupyter looks for the user's kernel specs (``jupyter_core.paths``)."""
        data = os.environ.get("JUPYTER_DATA_DIR")
        if data:
            return Path(data) / "kernels"
        shared = os.environ.get("XDG_DATA_HOME") or self.home / ".local/share"
        return Path(shared) / "jupyter" / "kernels"

    @cached_property
    def run(self) -> Path:
        """The run root: where sealed environments are filled in and run, on the local disk."""
        folder = config.Sealed(config=config.load()).run
        return Path(folder).expanduser() if folder else self.home / ".ma" / "run"

    @property
    def local_data(self) -> Path:
        """Our files on the container's own disk (lost at restart, rebuilt by restore)."""
        return self.home / ".local/share/modelarts_nb"

    @property
    def local_state(self) -> Path:
        """Live journals and the restore report, on the container's own disk."""
        return self.home / ".local/state/modelarts_nb"


def open_disk(root: Path | None = None, *, owner: str | None = None) -> Disk:
    """The persistent disk of the settings, checked to be there.

    Args:
        root: instead of the settings' folder.
        owner: instead of the settings' owner.

    Raises:
        DiskMissing: the folder does not exist; the message says where to set it.
        AccessDenied, DiskFailure: it cannot even be looked at.
        OwnerUnknown: several people use the disk and nothing says who this is.
    """
    settings = config.PersistentDisk(config=config.load())
    folder = (root or Path(settings.root)).expanduser().absolute()
    try:
        there = stat.S_ISDIR(os.stat(folder).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        there = False
    except OSError as error:
        raise from_os_error(error, "looking at the persistent disk", folder) from error
    if not there:
        raise DiskMissing(
            f"The persistent disk {folder} is not there.",
            hint="Attach storage at this path, or name another folder in MODELARTS_NB_DISK.",
        )
    return Disk(folder, owner or find_owner(folder, settings.owner), config.home())


def find_owner(root: Path, setting: str = "") -> str:
    """Who this notebook is on a shared disk: the setting, ``INSTANCE_ID``, the hub's user name,
    the only owner there is, else (on a disk nobody uses yet) the login name.

    Raises:
        OwnerUnknown: several owners and no way to tell.
        UsageError: the name that was given cannot be a folder.
    """
    for name in (setting, os.environ.get("INSTANCE_ID"), os.environ.get("JUPYTERHUB_USER")):
        if name:
            if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,127}", name):
                raise UsageError(
                    f"{name!r} cannot be an owner's name.", hint="Use letters, digits and '-'."
                )
            return name
    owners = root / "envs" / ".modelarts_nb" / "owners"
    known = sorted(os.listdir(owners)) if owners.is_dir() else []
    if len(known) == 1:
        return known[0]
    if known:
        raise OwnerUnknown(
            f"Several people use this disk ({', '.join(known[:5])}), and nothing says who you are.",
            hint="Say it once: `ma config owner NAME`, or set MODELARTS_NB_OWNER.",
        )
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid-{os.getuid()}"


@dataclass(frozen=True)
class Survival:
    """Does a folder survive a restart of the container, and why."""

    survives: bool
    kind: Kind | Literal["missing"]
    fstype: str
    mount_point: Path
    reason: str


_WHY: dict[Kind, str] = {
    "network": "a network disk, mounted on its own",
    "block": "a block device, mounted on its own",
    "object": "object storage, mounted on its own (environments are slow here)",
    "memory": "memory, lost at restart",
    "container": "the container's own layer, lost at restart",
}


def survival(path: Path, mounts: list[Mount] | None = None) -> Survival:
    """Check the claim "survives a restart" instead of assuming it.

    A folder survives when it lies on a mount of its own: not the root file system's, not memory,
    not a folder that belongs to the container's layer.

    Raises:
        AccessDenied, DiskFailure: it cannot even be looked at.
    """
    try:
        there = path.is_dir()
    except OSError as error:
        raise from_os_error(error, "looking at the persistent disk", path) from error
    if not there:
        return Survival(False, "missing", "", path, "it is not there")
    table = read_mounts() if mounts is None else mounts
    mount = mount_of(path, table)
    if mount.point == Path("/"):
        return Survival(False, "container", mount.fstype, mount.point, _WHY["container"])
    survives = mount.kind in ("network", "block", "object")
    return Survival(survives, mount.kind, mount.fstype, mount.point, _WHY[mount.kind])
