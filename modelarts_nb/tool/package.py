"""Our own package, put into the tool: from a wheel, or from the installation that runs."""

from __future__ import annotations

import hashlib
import zipfile
from dataclasses import dataclass, field
from email.parser import HeaderParser
from importlib import metadata
from pathlib import Path, PurePosixPath

import modelarts_nb
from modelarts_nb.disk.scan import Entry, scan
from modelarts_nb.disk.transfer import copy_tree
from modelarts_nb.errors import NotFound, UsageError, from_os_error
from modelarts_nb.progress import Progress
from modelarts_nb.tool.manifest import running
from modelarts_nb.tool.parts import OURS, installed_extra, own_requirements

# What the tool gets too where it is installed here. Not ``kubernetes``: thousands of files, on a
# disk where each costs a round trip, for what few need.
_EXTRAS = ("cloud", "shell")


@dataclass(frozen=True)
class Package:
    """One modelarts_nb: ``requires`` as its metadata says, ``wheel`` None for the running one.

    ``optional`` is what it can use and what is installed here: the SDK of the cloud, SSH.
    """

    version: str
    requires: list[str]
    wheel: Path | None
    optional: list[str] = field(default_factory=list)

    @property
    def wanted(self) -> list[str]:
        """All that the tool gets."""
        return [*self.requires, *self.optional]


def find_package(wheel: str | None) -> Package:
    """The modelarts_nb that the tool will be.

    Args:
        wheel: the file to install from; None: the installation that runs.

    Raises:
        NotFound: there is no such file.
        UsageError: it is not a wheel of modelarts_nb.
        EngineFailed: the running one has no metadata.
    """
    if wheel is None:
        requires = own_requirements()
        return Package(modelarts_nb.__version__, requires, None, _optional(requires))
    path = Path(wheel).expanduser()
    if not path.is_file():
        raise NotFound(f"There is no wheel {path}.", hint="`make wheel` builds one.")
    try:
        with zipfile.ZipFile(path) as archive:
            (name,) = [n for n in archive.namelist() if n.endswith(".dist-info/METADATA")]
            about = HeaderParser().parsestr(archive.read(name).decode())
    except (zipfile.BadZipFile, ValueError, OSError) as error:
        raise _no_wheel(path, str(error)) from error
    if about["Name"] not in (OURS, "modelarts-nb"):
        raise _no_wheel(path, f"it is {about['Name']}")
    requires = about.get_all("Requires-Dist", [])
    return Package(about["Version"], requires, path, _optional(requires))


def _optional(requires: list[str]) -> list[str]:
    return [text for extra in _EXTRAS for text in installed_extra(requires, extra)]


def put_package(package: Package, prefix: Path, site: Path, progress: Progress) -> None:
    """Copy the package's files into the environment at ``prefix``.

    Args:
        package: from ``find_package``.
        prefix: the environment, staged.
        site: its site-packages.

    Raises:
        UsageError: a file of the wheel would lie outside.
        DiskFull, DiskFailure, AccessDenied: the disk refused.
    """
    try:
        if package.wheel is None:
            _put_running(site, progress)
        else:
            _put_wheel(package.wheel, prefix, site)
    except OSError as error:
        raise from_os_error(error, "copying modelarts_nb", site) from error


def digest_of(package: Package) -> str:
    """Tells two builds of one version apart, also one with and one without the cloud.

    Raises:
        DiskFailure, AccessDenied: a file cannot be read.
    """
    total = hashlib.sha256()
    try:
        if package.wheel is not None:
            content = package.wheel.read_bytes()
            return hashlib.sha256(content + "\0".join(package.optional).encode()).hexdigest()
        total.update("\0".join(package.optional).encode())
        for entry in sorted(scan(running().package).entries, key=lambda entry: entry.path):
            if _is_source(entry) and entry.kind == "file":
                total.update(entry.path.encode() + b"\0")
                total.update((running().package / entry.path).read_bytes())
    except OSError as error:
        raise from_os_error(error, "reading modelarts_nb", running().package) from error
    return total.hexdigest()


def _put_running(site: Path, progress: Progress) -> None:
    here = running()
    copy_tree(scan(here.package), site / OURS, select=_is_source, progress=progress)
    if here.labextension and here.package not in here.labextension.parents:
        copy_tree(scan(here.labextension), site / OURS / "labextension", progress=progress)
    distribution = metadata.distribution(OURS)
    about = site / f"{OURS}-{distribution.version}.dist-info"
    about.mkdir()
    for name in ("METADATA", "entry_points.txt"):
        if text := distribution.read_text(name):
            (about / name).write_text(text, "utf-8")


def _put_wheel(wheel: Path, prefix: Path, site: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        for info in archive.infolist():
            path = PurePosixPath(info.filename)
            if path.is_absolute() or ".." in path.parts:
                raise _no_wheel(wheel, f"it holds {info.filename!r}")
            base = site
            if path.parts[0].endswith(".data"):
                if path.parts[1] != "data":
                    continue  # programs: `ma` is started as a module
                base, path = prefix, PurePosixPath(*path.parts[2:])
            if not info.is_dir():
                target = base / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(archive.read(info))


def _is_source(entry: Entry) -> bool:
    return "__pycache__" not in entry.path.split("/")


def _no_wheel(path: Path, cause: str) -> UsageError:
    return UsageError(
        f"{path} is not a wheel of modelarts_nb.", hint="`make wheel` builds one.", cause=cause
    )
