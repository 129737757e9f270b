"""What ``ma keep`` holds, and what it refuses to hold."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.errors import NotFound, UsageError
from modelarts_nb.tool import keep


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    home, root = tmp_path / "home", tmp_path / "home" / "work"
    root.mkdir(parents=True)
    return Disk(root, "me", home)


def states(kept: keep.KeepList) -> dict[str, str]:
    return {file.path: file.state for file in kept.kept}


def test_a_file_is_kept_with_its_mode(disk: Disk) -> None:
    (disk.home / ".condarc").write_text("channels: []\n")
    (disk.home / ".condarc").chmod(0o600)

    kept = keep.add(["~/.condarc"], disk=disk)

    assert states(kept) == {".condarc": "same"}
    held = disk.own / "home/.condarc"
    assert (held.read_text(), held.stat().st_mode & 0o777) == ("channels: []\n", 0o600)


def test_a_folder_is_kept_with_all_that_is_in_it(disk: Disk) -> None:
    settings = disk.home / ".jupyter/lab/user-settings/@jupyterlab/x"
    settings.mkdir(parents=True)
    (settings / "themes.jupyterlab-settings").write_text("{}")

    kept = keep.add([".jupyter/lab/user-settings"], disk=disk)

    assert list(states(kept)) == [
        ".jupyter/lab/user-settings/@jupyterlab/x/themes.jupyterlab-settings"
    ]


def test_an_edit_is_shown_as_changed(disk: Disk) -> None:
    (disk.home / ".vimrc").write_text("a")
    keep.add(["~/.vimrc"], disk=disk)
    (disk.home / ".vimrc").write_text("b")

    assert states(keep.list_kept(disk=disk)) == {".vimrc": "changed"}


def test_a_file_that_is_gone_is_shown_as_missing(disk: Disk) -> None:
    (disk.home / ".vimrc").write_text("a")
    keep.add(["~/.vimrc"], disk=disk)
    (disk.home / ".vimrc").unlink()

    assert states(keep.list_kept(disk=disk)) == {".vimrc": "missing"}


def test_our_own_block_is_no_change(disk: Disk) -> None:
    bashrc = disk.home / ".bashrc"
    bashrc.write_text("a=1\n")
    keep.add(["~/.bashrc"], disk=disk)
    bashrc.write_text("a=1\n# >>> modelarts_nb >>>\nx\n# <<< modelarts_nb <<<\n")

    kept = keep.add(["~/.bashrc"], disk=disk)

    assert states(kept) == {".bashrc": "same"}
    assert (disk.own / "home/.bashrc").read_text() == "a=1\n"


def test_the_block_of_ma_ssh_config_is_no_change_either(disk: Disk) -> None:
    config = disk.home / ".ssh/config"
    config.parent.mkdir()
    config.write_text(
        "# >>> modelarts_nb ssh >>>\nHost ma-x\n# <<< modelarts_nb ssh <<<\nHost git\n"
    )
    keep.add(["~/.ssh/config"], disk=disk)
    config.write_text("Host git\n")

    assert states(keep.list_kept(disk=disk)) == {".ssh/config": "same"}
    assert (disk.own / "home/.ssh/config").read_text() == "Host git\n"


def test_dropped_files_leave_no_folders(disk: Disk) -> None:
    (disk.home / ".config/git").mkdir(parents=True)
    (disk.home / ".config/git/config").write_text("x")
    keep.add(["~/.config/git"], disk=disk)

    kept = keep.drop(["~/.config/git"], disk=disk)

    assert kept.kept == ()
    assert os.listdir(disk.own / "home") == []
    assert (disk.home / ".config/git/config").exists()


def test_what_is_not_kept_cannot_be_dropped(disk: Disk) -> None:
    (disk.home / ".vimrc").write_text("a")
    keep.add(["~/.vimrc"], disk=disk)

    with pytest.raises(NotFound):
        keep.drop(["~/.vimrc", "~/.condarc"], disk=disk)

    assert states(keep.list_kept(disk=disk)) == {".vimrc": "same"}


SECRETS = [
    (".ssh/id_ed25519", "x"),
    (".netrc", "machine a"),
    (".config/gh/hosts.yml", "x"),
    ("server.pem", "x"),
    ("notes", "-----BEGIN OPENSSH PRIVATE KEY-----\nabc"),
    (".pip/pip.conf", "index-url = http://me:hunter22@mirror/simple"),
    (".condarc", "channels:\n  - http://me:hunter22@mirror/main"),
    (".bashrc", "export AWS_SECRET_ACCESS_KEY=abcdefgh"),
    (".bashrc", "export HF_TOKEN='hf_abcdefgh'"),
    (".gitconfig", "[x]\n\tpassword = hunter22"),
]


@pytest.mark.parametrize(("path", "text"), SECRETS)
def test_secrets_are_refused(disk: Disk, path: str, text: str) -> None:
    (disk.home / path).parent.mkdir(parents=True, exist_ok=True)
    (disk.home / path).write_text(text)

    with pytest.raises(UsageError, match="looks like a secret") as caught:
        keep.add([f"~/{path}"], disk=disk)

    assert "--secret" in caught.value.hint
    assert keep.list_kept(disk=disk).kept == ()


@pytest.mark.parametrize(("path", "text"), SECRETS)
def test_secrets_are_kept_when_asked_for_twice(disk: Disk, path: str, text: str) -> None:
    (disk.home / path).parent.mkdir(parents=True, exist_ok=True)
    (disk.home / path).write_text(text)

    assert list(states(keep.add([f"~/{path}"], secret=True, disk=disk))) == [path]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (".ssh/config", "Host a\n  IdentityFile ~/.ssh/id_rsa\n"),
        (".ssh/id_rsa.pub", "ssh-rsa AAAA me@host"),
        (".bashrc", "# token = \nexport PATH=$PATH:/x\nexport TOKEN=$(cat /run/token)\n"),
        (".pip/pip.conf", "index-url = http://mirror:8080/simple\ntrusted-host = mirror\n"),
        (".gitconfig", '[credential]\n\thelper = cache\n[url "git@host:"]\n'),
    ],
)
def test_harmless_settings_are_no_secrets(disk: Disk, path: str, text: str) -> None:
    (disk.home / path).parent.mkdir(parents=True, exist_ok=True)
    (disk.home / path).write_text(text)

    assert list(states(keep.add([f"~/{path}"], disk=disk))) == [path]


def test_one_secret_among_many_keeps_nothing(disk: Disk) -> None:
    (disk.home / ".vimrc").write_text("a")
    (disk.home / ".netrc").write_text("b")

    with pytest.raises(UsageError):
        keep.add(["~/.vimrc", "~/.netrc"], disk=disk)

    assert keep.list_kept(disk=disk).kept == ()


@pytest.mark.parametrize("path", ["/etc/passwd", "~/../x", "~"])
def test_only_the_home_is_kept(disk: Disk, path: str) -> None:
    with pytest.raises(UsageError, match="not a file of the home"):
        keep.add([path.replace("~", str(disk.home))], disk=disk)


def test_what_is_on_the_disk_survives_anyway(disk: Disk) -> None:
    (disk.root / "data").write_text("x")

    with pytest.raises(UsageError, match="survives anyway"):
        keep.add([str(disk.root / "data")], disk=disk)


def test_a_missing_file_is_not_found(disk: Disk) -> None:
    with pytest.raises(NotFound):
        keep.add(["~/.nothing"], disk=disk)


def test_data_is_too_much(disk: Disk) -> None:
    with (disk.home / "big").open("wb") as file:
        file.truncate(keep.MOST_BYTES + 1)

    with pytest.raises(UsageError, match="too much"):
        keep.add(["~/big"], disk=disk)


def test_what_restore_writes_is_not_kept(disk: Disk) -> None:
    startup = disk.home / ".ipython/profile_default/startup"
    startup.mkdir(parents=True)
    (startup / "00-modelarts_nb.py").write_text("ours")
    (startup / "10-mine.py").write_text("theirs")

    kept = keep.add(["~/.ipython/profile_default/startup"], disk=disk)

    assert list(states(kept)) == [".ipython/profile_default/startup/10-mine.py"]


def test_links_and_sockets_in_a_folder_are_left_out(disk: Disk) -> None:
    folder = disk.home / ".config/x"
    folder.mkdir(parents=True)
    (folder / "a").write_text("a")
    (folder / "passwd").symlink_to("/etc/passwd")
    os.mkfifo(folder / "pipe")

    assert list(states(keep.add(["~/.config/x"], disk=disk))) == [".config/x/a"]


def test_usual_settings_are_suggested_until_they_are_kept(disk: Disk) -> None:
    (disk.home / ".condarc").write_text("channels: []\n")
    (disk.home / ".gitconfig").write_text("[x]\n\tpassword = hunter22\n")
    assert keep.list_kept(disk=disk).suggested == (".condarc",)

    assert keep.add(["~/.condarc"], disk=disk).suggested == ()
