"""`from modelarts_nb import envs`: the Python API."""

from __future__ import annotations

import subprocess
import sys
from types import FunctionType

import pytest

from modelarts_nb import envs


@pytest.mark.parametrize("name", envs.__all__)
def test_every_name_is_a_documented_function(name: str) -> None:
    function = getattr(envs, name)

    assert isinstance(function, FunctionType)
    assert function.__doc__


def test_importing_the_package_loads_no_engine() -> None:
    script = "import sys; from modelarts_nb import envs; sys.exit('rattler' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", script]).returncode == 0


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'absent'"):
        envs.absent  # noqa: B018


def test_a_function_stays_one_when_its_module_was_imported_first() -> None:
    import modelarts_nb.envs.cloning

    assert envs.clone is modelarts_nb.envs.cloning.clone
