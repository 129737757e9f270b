"""What can run on this machine, and what is refused or told."""

from __future__ import annotations

import platform

import pytest

from modelarts_nb.envs.sealed import fitness
from modelarts_nb.envs.sealed.fitness import require_fit
from modelarts_nb.envs.sealed.model import Version
from modelarts_nb.errors import PlatformMismatch
from modelarts_nb.progress import Silent


class Log(Silent):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def log(self, message: str) -> None:
        self.lines.append(message)


def version(arch: str = "", glibc: str = "", accelerator: str = "cpu") -> Version:
    return Version("mine", 2, "", (), arch=arch, glibc=glibc, accelerator=accelerator)


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """An x86 with glibc 2.31 and no accelerator."""
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(platform, "libc_ver", lambda: ("glibc", "2.31"))
    monkeypatch.setattr(fitness, "_has", lambda accelerator: False)


@pytest.mark.parametrize("glibc", ["", "2.5", "2.17", "2.31", "nonsense"])
@pytest.mark.parametrize("arch", ["", "x86_64"])
def test_what_fits_is_no_word_about(arch: str, glibc: str) -> None:
    log = Log()
    require_fit(version(arch, glibc), log)
    assert log.lines == []


@pytest.mark.parametrize(
    ("unfit", "said"),
    [(version("aarch64"), "aarch64"), (version("x86_64", "2.34"), "2.34"), (version("", "3"), "3")],
)
def test_another_processor_or_a_newer_c_library_is_refused(unfit: Version, said: str) -> None:
    with pytest.raises(PlatformMismatch, match=said) as refused:
        require_fit(unfit)
    assert "notebook" in refused.value.hint


def test_versions_of_the_c_library_are_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "libc_ver", lambda: ("glibc", "2.9"))
    require_fit(version(glibc="2.5"))
    with pytest.raises(PlatformMismatch):
        require_fit(version(glibc="2.10"))


def test_where_the_c_library_is_another_nobody_can_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "libc_ver", lambda: ("", ""))
    require_fit(version(glibc="2.34"))


@pytest.mark.parametrize("accelerator", ["cuda", "ascend"])
def test_a_missing_accelerator_is_told(accelerator: str, monkeypatch: pytest.MonkeyPatch) -> None:
    log = Log()
    require_fit(version(accelerator=accelerator), log)
    assert len(log.lines) == 1
    monkeypatch.setattr(fitness, "_has", lambda accelerator: True)
    require_fit(version(accelerator=accelerator), log)
    assert len(log.lines) == 1
