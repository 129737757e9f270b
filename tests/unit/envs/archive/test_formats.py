"""Formats: suffix, name, first bytes, level."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelarts_nb.envs.archive import formats
from modelarts_nb.errors import ArchiveInvalid, UsageError


@pytest.mark.parametrize(
    ("output", "wanted", "expected"),
    [
        (None, None, "tar.zst"),
        ("x.tar.zst", None, "tar.zst"),
        ("x.tzst", None, "tar.zst"),
        ("X.TAR.GZ", None, "tar.gz"),
        ("x.tgz", None, "tar.gz"),
        ("x.tar", None, "tar"),
        ("x.squashfs", None, "squashfs"),
        ("x", "tar.gz", "tar.gz"),
        (None, "tgz", "tar.gz"),
        (None, ".zst", "tar.zst"),
    ],
)
def test_the_suffix_or_the_word_says_the_format(
    output: str | None, wanted: str | None, expected: str
) -> None:
    assert formats.choose(output, wanted) == expected


@pytest.mark.parametrize(
    ("output", "wanted"), [("x.zip", None), ("x", None), (None, "rar"), ("x.tar.gz", "tar.zst")]
)
def test_no_format_is_guessed(output: str | None, wanted: str | None) -> None:
    with pytest.raises(UsageError) as caught:
        formats.choose(output, wanted)
    assert caught.value.hint


@pytest.mark.parametrize(("kind", "level"), [("tar.zst", 0), ("tar.zst", 23), ("tar.gz", 10)])
def test_a_level_the_format_does_not_have_is_refused(kind: str, level: int) -> None:
    with pytest.raises(UsageError, match=str(level)):
        formats.check_level(kind, level)


def test_without_a_level_it_is_the_formats_own() -> None:
    assert [formats.check_level(k, None) for k in ("tar.zst", "tar.gz")] == [2, 4]


@pytest.mark.parametrize("head", [b"", b"PK\x03\x04", b"hello world", b"\0" * 512])
def test_what_is_no_archive_is_refused_by_its_first_bytes(head: bytes) -> None:
    with pytest.raises(ArchiveInvalid):
        formats.sniff(head, Path("x.tar.zst"))


def test_a_missing_program_is_named_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(UsageError, match="mksquashfs") as caught:
        formats.require_program("mksquashfs")
    assert "tar.zst" in caught.value.hint
