"""What engines say, as the errors that a user understands."""

from __future__ import annotations

import pytest

from modelarts_nb.envs.engine import conda, pip, rattler
from modelarts_nb.envs.engine.program import Ended
from modelarts_nb.envs.engine.secrets import without_secrets
from modelarts_nb.errors import (
    AccessDenied,
    DiskFull,
    EngineFailed,
    ModelArtsNbError,
    NetworkUnavailable,
    Unsolvable,
    UsageError,
)


@pytest.mark.parametrize(
    ("kind", "message", "error", "says"),
    [
        ("spec", "'x==' (bad)", UsageError, "x=="),
        ("unsolvable", "No candidates were found for a >=2.\n", Unsolvable, "No channel has a >=2"),
        ("unsolvable", "a 1 cannot be installed", Unsolvable, "a=1"),
        ("network", "could not find subdir 'noarch' in channel 'c'", NetworkUnavailable, "subdir"),
        ("other", "error sending request for url (http://h/t/TOK/x)", NetworkUnavailable, "//h/x"),
        ("other", "failed: No space left on device (os error 28)", DiskFull, "full"),
        ("other", "failed: Permission denied (os error 13)", AccessDenied, "permission"),
        ("other", "hash mismatch when extracting http://h/a-1.conda to b", EngineFailed, "a-1"),
        ("other", "a panic", EngineFailed, "a panic"),
    ],
)
def test_rattler(kind: str, message: str, error: type[ModelArtsNbError], says: str) -> None:
    found = rattler.understand(kind, message, ["a=1", "b"])
    assert type(found) is error
    assert says in found.message
    assert "TOK" not in found.cause


@pytest.mark.parametrize(
    ("line", "error", "says"),
    [
        ("ERROR: No matching distribution found for nope==9", Unsolvable, "nope==9"),
        ("ERROR: ResolutionImpossible: for help visit", Unsolvable, "contradict"),
        ("OSError: [Errno 28] No space left on device", DiskFull, "full"),
        ("WARNING: Retrying ... NewConnectionError(...)", NetworkUnavailable, "index"),
        ("/x/bin/python: No module named pip", EngineFailed, "no pip"),
        ("ERROR: Failed building wheel for x", EngineFailed, "Failed building wheel for x"),
        ("killed", EngineFailed, "killed"),
    ],
)
def test_pip(line: str, error: type[ModelArtsNbError], says: str) -> None:
    found = pip.understand(Ended(1, ("Collecting x", line)), "install")
    assert type(found) is error
    assert says in found.message
    assert line in found.cause


def test_given_pip_without_network_then_the_network_is_blamed_not_the_package() -> None:
    said = ("Retrying after NewConnectionError", "ERROR: No matching distribution found for x")
    assert type(pip.understand(Ended(1, said), "install")) is NetworkUnavailable


@pytest.mark.parametrize(
    ("said", "error", "says"),
    [
        (("PackagesNotFoundError: ...", "  - nope=9", ""), Unsolvable, "nope=9"),
        (
            ("CondaHTTPError: HTTP 000 CONNECTION FAILED for url <u>",),
            NetworkUnavailable,
            "channel",
        ),
        (("NoSpaceLeftError: No space left on devices.",), DiskFull, "full"),
        (("Something else.",), EngineFailed, "Something else."),
        ((), EngineFailed, "exit code 1"),
    ],
)
def test_conda(said: tuple[str, ...], error: type[ModelArtsNbError], says: str) -> None:
    found = conda.understand(Ended(1, said))
    assert type(found) is error
    assert says in found.message


def test_secrets_are_taken_out_of_addresses() -> None:
    text = "see https://me:pw@host/t/tk-123/chan and http://host/plain"
    assert without_secrets(text) == "see https://host/chan and http://host/plain"
