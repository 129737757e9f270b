"""conda packages from wheels: noarch where the wheel is pure, one per Python otherwise."""

from __future__ import annotations

import configparser
import email.parser
import re
import stat
import subprocess
import zipfile
from dataclasses import dataclass
from email.message import Message
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.channel.conda_package import PLACEHOLDER, CondaPackage

#: Where conda's name is not PyPI's canonical one.
CONDA_NAMES = {
    "importlib-metadata": "importlib_metadata",
    "ipython-pygments-lexers": "ipython_pygments_lexers",
    "jupyter-client": "jupyter_client",
    "jupyter-core": "jupyter_core",
    "pure-eval": "pure_eval",
    "stack-data": "stack_data",
    "typing-extensions": "typing_extensions",
}


def download(python: Path, requirements: list[str], folder: Path) -> list[Path]:
    """The wheels of ``requirements`` and all they need, as the pip of ``python`` chooses them."""
    folder.mkdir(parents=True)
    command = [str(python), "-m", "pip", "download", "--only-binary", ":all:", "-qq"]
    subprocess.run([*command, "--dest", str(folder), *requirements], check=True)
    return sorted(folder.glob("*.whl"))


@dataclass
class Wheel:
    """One wheel file and what its metadata says."""

    path: Path
    metadata: Message
    pure: bool

    @property
    def name(self) -> str:
        return conda_name(self.metadata["Name"])

    @property
    def version(self) -> str:
        return str(self.metadata["Version"])


def read_wheel(path: Path) -> Wheel:
    parse = email.parser.Parser().parsestr
    with zipfile.ZipFile(path) as archive:
        info = next(n for n in archive.namelist() if re.fullmatch(r"[^/]+\.dist-info/WHEEL", n))
        tags = parse(archive.read(info).decode())
        metadata = parse(archive.read(info.replace("WHEEL", "METADATA")).decode())
    pure = tags["Root-Is-Purelib"].strip().lower() == "true"
    return Wheel(path, metadata, pure and path.name.endswith("-none-any.whl"))


def conda_name(name: str) -> str:
    """What conda-forge calls this distribution."""
    canonical = canonicalize_name(name)
    return CONDA_NAMES.get(canonical, canonical)


def make_from_wheel(wheel: Wheel, root: Path, minors: list[str]) -> CondaPackage:
    """Unpack ``wheel`` to ``root`` in the way of a conda package.

    ``minors`` are the Pythons that it was downloaded for: exactly one unless it is pure.
    """
    site = Path("site-packages" if wheel.pure else f"lib/python{minors[0]}/site-packages")
    scripts = Path("python-scripts" if wheel.pure else "bin")
    entry_points: list[str] = []
    with zipfile.ZipFile(wheel.path) as archive:
        for member in archive.infolist():
            if member.is_dir():
                continue
            data = archive.read(member)
            target = root / _place(member.filename, site, scripts, wheel)
            if target.parent == root / scripts:
                data = re.sub(rb"\A#!python\w*", f"#!{PLACEHOLDER}/bin/python".encode(), data)
            if target.name == "kernel.json":
                # conda's ipykernel names its own interpreter.
                data = data.replace(b'"python"', f'"{PLACEHOLDER}/bin/python"'.encode(), 1)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
            executable = (member.external_attr >> 16) & stat.S_IXUSR
            target.chmod(0o755 if executable or target.parent == root / scripts else 0o644)
            if re.fullmatch(r"[^/]+\.dist-info/entry_points\.txt", member.filename):
                entry_points = _console_scripts(data.decode())
            if re.fullmatch(r"[^/]+\.dist-info/WHEEL", member.filename):
                target.with_name("INSTALLER").write_text("conda\n")
    if not wheel.pure:
        for line in entry_points:
            _write_entry_point(root / "bin", line)
    return CondaPackage(
        wheel.name,
        wheel.version,
        "pyhd8ed1ab_0" if wheel.pure else f"py{minors[0].replace('.', '')}_0",
        root,
        depends=_depends(wheel, minors),
        noarch="python" if wheel.pure else None,
        entry_points=entry_points,
        summary=wheel.metadata.get("Summary", ""),
    )


def _place(name: str, site: Path, scripts: Path, wheel: Wheel) -> Path:
    match = re.fullmatch(r"[^/]+\.data/(purelib|platlib|scripts|data|headers)/(.+)", name)
    if not match:
        return site / name
    where = {"scripts": scripts, "data": Path(), "headers": Path("include", wheel.name)}
    return where.get(match[1], site) / match[2]


def _console_scripts(text: str) -> list[str]:
    parser = configparser.ConfigParser(delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(text)
    if not parser.has_section("console_scripts"):
        return []
    # conda has no extras: "name = module:function [extra]".
    return [
        f"{name} = {target.partition('[')[0].strip()}"
        for name, target in parser.items("console_scripts")
    ]


def _write_entry_point(folder: Path, line: str) -> None:
    name, target = (part.strip() for part in line.split("=", 1))
    module, function = target.split(":")
    folder.mkdir(exist_ok=True)
    script = folder / name
    script.write_text(
        f"#!{PLACEHOLDER}/bin/python\nimport sys\n"
        f"from {module} import {function.split('.')[0]}\nsys.exit({function}())\n"
    )
    script.chmod(0o755)


def _depends(wheel: Wheel, minors: list[str]) -> list[str]:
    """Requires-Dist and Requires-Python as conda writes them.

    A noarch package has one list for every Python, so markers are taken together.
    """
    depends: list[str] = []
    for text in wheel.metadata.get_all("Requires-Dist") or []:
        need = Requirement(text)
        if need.marker and not any(_holds(need, minor) for minor in minors):
            continue
        depends.append(_spec(conda_name(need.name), str(need.specifier)))
    if wheel.pure:
        depends.append(_spec("python", wheel.metadata.get("Requires-Python") or ""))
    else:
        major, minor = minors[0].split(".")
        depends.append(f"python >={minors[0]},<{major}.{int(minor) + 1}.0a0")
    return depends


def _spec(name: str, specifier: str) -> str:
    return f"{name} {specifier.replace(' ', '').rstrip(',')}".strip()


def _holds(need: Requirement, minor: str) -> bool:
    assert need.marker
    environment = {
        "python_version": minor,
        "python_full_version": f"{minor}.9",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "extra": "",
    }
    return need.marker.evaluate(environment)
