"""The SDK's packages without their thousands of models."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from modelarts_nb.cloud.lazily import import_lazily

# Each in a process of its own: what was imported before must not count.
_LOADED = "len([m for m in sys.modules if m.startswith('huaweicloudsdk')])"


def python(program: str, *paths: Path) -> str:
    path = [str(Path(__file__).parents[3]), *map(str, paths)]
    head = f"import sys; sys.path[:0] = {path!r}\n"
    done = subprocess.run([sys.executable, "-c", head + program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_our_modules_import_nothing_of_the_sdk() -> None:
    program = (
        "import modelarts_nb.notebook, modelarts_nb.storage, modelarts_nb.cloud.status\n"
        f"print({_LOADED}, 'requests' in sys.modules)"
    )

    assert python(program) == "0 False"


def test_a_call_imports_what_it_needs_and_not_a_thousand_models() -> None:
    program = (
        "from modelarts_nb.cloud import sdk\n"
        "sdk.client_class('modelarts'); sdk.request_class('modelarts', 'show_notebook')\n"
        f"print({_LOADED} < 80)"
    )

    assert python(program) == "True"


def test_every_name_is_there_as_if_it_had_been_imported() -> None:
    # given the same package imported as Python does it
    eager = python(
        "import huaweicloudsdkkps.v3 as v\nprint(sorted(n for n in vars(v) if n[0].isupper()))"
    )
    # when it is imported lazily and each name is asked for
    lazy = python(
        "from modelarts_nb.cloud.lazily import import_lazily\n"
        "v = import_lazily('huaweicloudsdkkps.v3')\n"
        "found = [n for n in v.__all__ if n[0].isupper()]\n"
        "for n in found: assert getattr(v, n).__name__ == n\n"
        "from huaweicloudsdkkps.v3 import *\n"
        "from huaweicloudsdkkps.v3.model import Keypairs\n"
        "assert Keypairs is v.Keypairs\n"
        "print(sorted(found))"
    )
    # then
    assert lazy == eager


def test_a_name_that_is_not_there_is_no_attribute() -> None:
    package = import_lazily("huaweicloudsdkkps.v3")

    assert not hasattr(package, "NoSuchRequest")


def test_a_package_that_does_more_than_import_names_is_imported_as_usual(tmp_path: Path) -> None:
    for name, text in {"v1": "answer = 41 + 1\n", "v1/model": "kept = []\n"}.items():
        folder = tmp_path / "othersdk" / name
        folder.mkdir(parents=True)
        (folder / "__init__.py").write_text(text)
    program = (
        "from modelarts_nb.cloud.lazily import import_lazily\n"
        "print(import_lazily('othersdk.v1').answer, type(sys.modules['othersdk.v1']).__name__)"
    )

    assert python(program, tmp_path) == "42 module"


def test_a_package_that_is_not_installed_is_an_import_error() -> None:
    with pytest.raises(ImportError):
        import_lazily("huaweicloudsdknothing.v1")
