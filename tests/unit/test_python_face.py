"""``from modelarts_nb import notebook, storage, ssh, cloud``: the Python API beside ``envs``."""

from __future__ import annotations

import importlib
import inspect
import subprocess
import sys
from types import ModuleType

import pytest

from modelarts_nb import cloud, notebook, shell, ssh, storage
from modelarts_nb.operations.verbs import QUERIES, VERBS
from tests.unit.cloud.wire import Wire
from tests.unit.server.fake import ID, Everything

FACES = (cloud, notebook, shell, ssh, storage)
NAMES = [(face, name) for face in FACES for name in face.__all__]


def of(face: ModuleType) -> str:
    return face.__name__.rpartition(".")[2]


@pytest.mark.parametrize(("face", "name"), NAMES, ids=lambda v: v if isinstance(v, str) else of(v))
def test_every_name_is_documented(face: ModuleType, name: str) -> None:
    found = getattr(face, name)

    assert inspect.isfunction(found) or inspect.isclass(found)
    assert found.__doc__
    assert found.__name__ == name


@pytest.mark.parametrize("face", FACES, ids=of)
def test_a_name_that_is_not_there_is_an_attribute_error(face: ModuleType) -> None:
    with pytest.raises(AttributeError, match="absent"):
        face.absent  # noqa: B018


@pytest.mark.parametrize(
    "name",
    [n for n in {**VERBS, **QUERIES} if n.startswith(("notebook.", "shell.", "storage.", "ssh."))],
)
def test_what_the_other_faces_can_do_python_can_do_too(name: str) -> None:
    function = {**VERBS, **QUERIES}[name].load()
    face = importlib.import_module(f"modelarts_nb.{name.partition('.')[0]}")

    assert getattr(face, function.__name__) is function


def test_importing_them_loads_neither_the_sdk_nor_what_is_not_used() -> None:
    program = (
        "import sys; from modelarts_nb import cloud, notebook, shell, ssh, storage\n"
        "print([m for m in sys.modules if m.startswith(('huaweicloudsdk', 'rattler',"
        " 'modelarts_nb.operations'))])\n"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    assert done.stdout.strip() == "[]", done.stderr


def test_a_notebook_is_named_as_elsewhere(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    wire.script = Everything()

    assert [s.path for s in storage.list_storages(notebook="mine")] == ["/data/mine"]
    assert ssh.show(notebook="mine").endpoint.id == ID
    assert cloud.check().kind == "local"
