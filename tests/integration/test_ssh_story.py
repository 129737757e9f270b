"""OpenSSH's own client logs in to the local cloud's notebooks with what ``ma ssh`` wrote."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncssh
import pytest

from modelarts_nb import notebook, ssh
from modelarts_nb.cloud import waiting
from modelarts_nb.cloud.errors import CloudForbidden, CloudNotFound
from modelarts_nb.disk.persistent import Disk
from modelarts_nb.disk.remove import remove_tree
from modelarts_nb.localcloud.testing import LocalCloud, local_cloud
from modelarts_nb.operations import ssh as doing
from modelarts_nb.operations.housekeeping import tidy
from modelarts_nb.ssh.places import Places, find_places

RESTORE = Path(__file__).parents[2] / "modelarts_nb/hook/restore.py"
WORDS = "correct horse battery"


@pytest.fixture
def home(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home with a short path: that of an agent's socket may have 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="ma") as folder:
        monkeypatch.setenv("HOME", folder)
        yield Path(folder)


@pytest.fixture
def local(no_cloud: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalCloud]:
    """A local cloud in which nothing takes time; the keys are the developer's."""
    monkeypatch.setattr(waiting, "_FIRST", 0.01)
    monkeypatch.setattr(waiting, "_LONGEST", 0.05)
    with local_cloud(tmp_path / "local") as cloud:
        cloud.operate("PUT", "/_local/modelarts/pace", {"percent": 0})
        become("developer", tmp_path, monkeypatch)
        notebook.start("demo")
        yield cloud
        ssh.lock()


def become(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Use the keys of somebody of the demo account."""
    keys = tmp_path / "local" / "keys" / f"{name}.json"
    monkeypatch.setenv("MODELARTS_NB_CLOUD_FILE", str(keys))


def login(config: Path, host: str, *options: str) -> str:
    """What a command prints there; what ssh complains of where it does not come in."""
    done = subprocess.run(
        ["ssh", "-F", config, "-o", "BatchMode=yes", "-o", "LogLevel=ERROR", *options, host,
         "echo $INSTANCE_ID"],
        capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    return (done.stdout or done.stderr).strip()


def test_a_laptop_gets_in_with_the_block_it_was_given(local: LocalCloud, tmp_path: Path) -> None:
    # given a laptop with a key
    laptop = tmp_path / "laptop"
    laptop.mkdir()
    key = asyncssh.generate_private_key("ssh-rsa", key_size=2048, comment="ada@laptop")
    key.write_private_key(str(laptop / "id_rsa"))
    (laptop / "id_rsa").chmod(0o600)
    # when
    done = doing.setup(
        key.export_public_key().decode(),
        notebook="demo",
        restart=True,
        key_file=str(laptop / "id_rsa"),
    )
    assert done.laptop is not None
    (laptop / "config").write_text(done.laptop.block)
    # then
    pinned = f"UserKnownHostsFile={laptop / 'known_hosts'}"
    assert login(laptop / "config", done.laptop.host, "-o", pinned) == done.endpoint.id
    assert done.endpoint.id in (laptop / "known_hosts").read_text()
    assert ssh.check(notebook="demo").healthy


def test_from_the_notebook_to_others_also_after_a_restart(
    local: LocalCloud, disk: Disk, home: Path
) -> None:
    # given a pair that the cloud made, which opens the other notebook
    pair = ssh.create_key("from-notebook")
    endpoint = doing.use([pair.name], notebook="demo", restart=True).endpoint
    # when
    ssh.write_config()
    # then its host key is pinned in our file
    config = Places(home).config
    assert login(config, "ma-demo") == endpoint.id
    assert find_places().known_hosts.read_text().startswith(endpoint.id)
    # and when the home is lost, the key comes back from the disk with its passphrase
    ssh.keep_key(pair.name, passphrase=WORDS)
    remove_tree(home / ".ssh")
    ssh.unlock(passphrase=WORDS)
    ssh.write_config()
    assert login(config, "ma-demo") == endpoint.id
    # and with the agent gone nobody gets in
    ssh.lock()
    assert "Permission denied" in login(config, "ma-demo")
    found = ssh.check(notebook="demo")
    assert [f.code for f in found.findings if f.level == "problem"] == ["key_locked"]


def test_the_hook_alone_brings_ssh_back(local: LocalCloud, disk: Disk, home: Path) -> None:
    # given a pair of which the private half is on a disk that nobody else mounts
    pair = ssh.create_key("from-notebook")
    endpoint = doing.use([pair.name], notebook="demo", restart=True).endpoint
    ssh.write_config()
    ssh.keep_key(pair.name, disk_is_mine=True)
    config = Places(home).config
    assert login(config, "ma-demo") == endpoint.id
    # when housekeeping has passed, the home is lost, and nothing but the hook has run
    tidy(disk)
    pins = Places(home).known_hosts.read_bytes()
    for left in home.iterdir():
        remove_tree(left)
    words = ["--disk", str(disk.root), "--owner", disk.owner, "--home", str(home)]
    subprocess.run([sys.executable, "-I", "-S", RESTORE, *words, "--strict"], env={}, check=True)
    # then OpenSSH gets in, knows whom it meets, and asks nothing
    assert login(config, "ma-demo", "-o", "StrictHostKeyChecking=yes") == endpoint.id
    assert Places(home).known_hosts.read_bytes() == pins


def test_a_host_key_that_changed_is_refused_and_can_be_forgotten(
    local: LocalCloud, home: Path, tmp_path: Path
) -> None:
    # given a notebook that was met, and then another key in its place
    pair = ssh.create_key("mine")
    endpoint = doing.use([pair.name], notebook="demo", restart=True).endpoint
    ssh.write_config()
    config = Places(home).config
    assert login(config, "ma-demo") == endpoint.id
    (tmp_path / f"local/modelarts/notebooks/{endpoint.id}/ssh_host_ed25519_key").unlink()
    notebook.stop(endpoint.id)
    notebook.start(endpoint.id)
    # then
    assert "REMOTE HOST IDENTIFICATION HAS CHANGED" in login(config, "ma-demo")
    problems = [f.code for f in ssh.check(notebook="demo").findings if f.level == "problem"]
    assert problems == ["host_key_changed"]
    # and
    assert ssh.forget_host(notebook="demo")
    assert login(config, "ma-demo") == endpoint.id


def test_anothers_pair_a_deleted_one_and_an_address_that_is_not_allowed(
    local: LocalCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a pair of a teammate's
    become("teammate", tmp_path, monkeypatch)
    ssh.create_key("theirs")
    become("developer", tmp_path, monkeypatch)
    with pytest.raises(CloudNotFound):
        doing.use(["theirs"], notebook="demo")

    # when mine is allowed only from elsewhere
    ssh.create_key("mine")
    endpoint = doing.use(["mine"], notebook="demo", allow=["10.9.8.7"], restart=True).endpoint
    # then
    found = ssh.check(notebook="demo")
    assert [f.code for f in found.findings if f.level != "ok"] == [
        "allowed_addresses",
        "closed_at_once",
    ]

    # and when it is deleted, it is said before the next start is refused
    doing.delete_key("mine", force=True)
    problems = {f.code for f in ssh.check(notebook="demo").findings if f.level == "problem"}
    assert "pair_unusable" in problems
    notebook.stop(endpoint.id)
    with pytest.raises(CloudForbidden) as raised:
        notebook.start(endpoint.id)
    assert raised.value.error_code == "ModelArts.6789"
    assert "ma ssh use KEY" in raised.value.hint


def test_pairs_for_everybody_open_what_a_teammate_starts(
    local: LocalCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    become("teammate", tmp_path, monkeypatch)
    ssh.create_key("ours", scope="domain")
    become("developer", tmp_path, monkeypatch)

    doing.use(["ours"], notebook="demo", restart=True)

    assert ssh.check(notebook="demo").logged_in
