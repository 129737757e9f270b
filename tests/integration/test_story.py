"""The whole story, without a browser: an environment of the image survives the container."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.container import Container


@pytest.fixture(scope="module")
def replaced(tmp_path_factory: pytest.TempPathFactory, image_env: Path, channel: str) -> Container:
    """A container in which a clone got a package of pip's, replaced by a fresh one."""
    container = Container(tmp_path_factory.mktemp("story"), image_env, channel)
    container.start()
    container.ma("env", "clone", image_env.name, "mine")
    mine = container.disk / "envs/user_conda/mine"
    wheel = container.folder / "wheel"
    write_wheel(wheel)
    container.run(
        mine / "bin/pip",
        "install",
        "--no-index",
        "--quiet",
        wheel / "greeting-1.0-py3-none-any.whl",
    )
    (container.home / ".gitconfig").write_text("[user]\n\tname = Ada\n")
    container.ma("keep", str(container.home / ".gitconfig"))
    container.register_hook()
    container.start()
    return container


def test_the_kernel_is_offered_again(replaced: Container) -> None:
    assert "ma-mine" in replaced.kernels()


def test_what_pip_installed_is_imported_by_the_clone(replaced: Container) -> None:
    said = replaced.in_kernel("ma-mine", "import greeting, sys; print(greeting.TEXT, sys.prefix)")

    assert said == f"hello {replaced.disk}/envs/user_conda/mine"


def test_conda_finds_the_environment_by_its_name(replaced: Container) -> None:
    named = (replaced.home / ".conda/condarc.d/modelarts_nb.yml").read_text()
    known = (replaced.home / ".conda/environments.txt").read_text().splitlines()

    assert str(replaced.disk / "envs/user_conda") in named
    assert str(replaced.disk / "envs/user_conda/mine") in known


def test_the_interpreter_is_called_by_its_path(replaced: Container) -> None:
    python = replaced.disk / "envs/user_conda/mine/bin/python"

    assert replaced.run(python, "-c", "import greeting; print(greeting.TEXT)").stdout == "hello\n"


def test_the_restored_ma_runs_from_the_disk(replaced: Container) -> None:
    listed = replaced.run(replaced.home / ".local/bin/ma", "env", "list").stdout

    assert "mine" in listed


def test_kept_settings_are_back(replaced: Container) -> None:
    assert "Ada" in (replaced.home / ".gitconfig").read_text()


def test_the_magic_is_there_in_the_kernel_of_the_clone(replaced: Container) -> None:
    said = replaced.in_kernel(
        "ma-mine", "print('ma' in get_ipython().magics_manager.magics['line'])"
    )

    assert said == "True"


def test_the_users_own_condarc_is_untouched(replaced: Container) -> None:
    assert (replaced.home / ".condarc").read_text() == f"channels:\n  - {replaced.channel}\n"


def write_wheel(folder: Path) -> None:
    """A small package, as a person would build one: no network is needed to install it."""
    import zipfile

    folder.mkdir()
    info = "greeting-1.0.dist-info"
    with zipfile.ZipFile(folder / "greeting-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("greeting.py", 'TEXT = "hello"\n')
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: greeting\nVersion: 1.0\n")
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        names = ["greeting.py", f"{info}/METADATA", f"{info}/WHEEL", f"{info}/RECORD"]
        wheel.writestr(f"{info}/RECORD", "".join(f"{name},,\n" for name in names))
