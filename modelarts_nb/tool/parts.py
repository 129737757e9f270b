"""What of a Python installation the tool needs: Python, our package, what that requires.

The conda environment that holds ``ma`` may hold gigabytes besides; the tool on the disk needs none
of them, and on a slow disk every file costs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from importlib import metadata
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

from modelarts_nb.envs.records import read_record, record_names, split_record_name
from modelarts_nb.errors import EngineFailed

OURS = "modelarts_nb"


def own_requirements() -> list[str]:
    """What the running modelarts_nb requires, as its metadata says.

    Raises:
        EngineFailed: it runs from a source tree and has no metadata.
    """
    try:
        return metadata.requires(OURS) or []
    except metadata.PackageNotFoundError as error:
        raise EngineFailed(
            "This modelarts_nb was not installed, so what it requires is not known.",
            hint="Install it (`pip install .`), or name a wheel: `ma hook install --wheel FILE`.",
        ) from error


def requirements(texts: Iterable[str]) -> list[metadata.Distribution]:
    """The installed distributions that satisfy ``texts``, and what they require in turn.

    Args:
        texts: as in a wheel's metadata, ``"click>=8"``; those of extras are left out.

    Raises:
        EngineFailed: one is not installed.
    """
    found: dict[str, metadata.Distribution] = {}
    wanted = _names(texts)
    while wanted:
        name = wanted.pop()
        if normal(name) in found:
            continue
        try:
            distribution = metadata.distribution(name)
        except metadata.PackageNotFoundError as error:
            raise EngineFailed(
                f"{name}, which modelarts_nb requires, is not installed here.",
                hint=f"`python -m pip install {name}`, then run the same again.",
            ) from error
        found[normal(name)] = distribution
        wanted += _names(distribution.requires or ())
    return list(found.values())


def installed_extra(texts: Iterable[str], extra: str) -> list[str]:
    """What an extra requires, if all of it is installed here; else nothing.

    Args:
        texts: as in a wheel's metadata, ``'requests>=2; extra == "cloud"'``.
        extra: its name.
    """
    found = []
    for text in texts:
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            continue
        marker = requirement.marker
        if (
            marker is None
            or marker.evaluate({"extra": ""})
            or not marker.evaluate({"extra": extra})
        ):
            continue
        try:
            metadata.distribution(requirement.name)
        except metadata.PackageNotFoundError:
            return []
        requirement.marker = None
        found.append(str(requirement))
    return found


def conda_files(prefix: Path, packages: Sequence[str]) -> tuple[set[str], set[str]]:
    """Files of conda packages and of all they depend on, as the records of ``prefix`` say.

    Returns:
        The names of the packages that conda has, and their files relative to ``prefix``.
    """
    records = {split_record_name(name)[0]: name for name in record_names(prefix)}
    files = {"conda-meta/history"}
    wanted, seen = [name for name in packages if name in records], set(packages)
    found = set()
    while wanted:
        name = wanted.pop()
        found.add(name)
        record = read_record(prefix, records[name])
        files.add(f"conda-meta/{records[name]}")
        files.update(_texts(record.get("files")))
        depends = {text.split(" ")[0] for text in _texts(record.get("depends"))}
        # Not in records: a virtual package, such as __glibc.
        wanted += [package for package in depends - seen if package in records]
        seen |= depends
    return found, files


def library_files(distribution: metadata.Distribution) -> set[str]:
    """The files of a distribution in its site-packages; its programs and data are not needed."""
    files = [Path(str(file)) for file in distribution.files or ()]
    return {str(f) for f in files if not f.is_absolute() and ".." not in f.parts}


def site_of(distribution: metadata.Distribution) -> Path:
    """The site-packages that holds a distribution."""
    return Path(str(distribution.locate_file("")))


def normal(name: str) -> str:
    """A distribution's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _names(texts: Iterable[str]) -> list[str]:
    found = []
    for text in texts:
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            continue  # of an old package; its name may be anything
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            found.append(requirement.name)
    return found


def _texts(value: object) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
