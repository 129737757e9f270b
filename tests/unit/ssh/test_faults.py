"""What OpenSSH complains of, understood."""

from __future__ import annotations

import pytest

from modelarts_nb.ssh.faults import understand


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("ma-user@h: Permission denied (publickey).", "refused"),
        ("Received disconnect from h port 22:2: Too many authentication failures", "refused"),
        ("Permissions 0644 for 'k' are too open.\nma-user@h: Permission denied (publickey).",
         "key_mode"),
        ("Bad owner or permissions on C:\\Users\\me/.ssh/config", "key_mode"),
        ("Load key \"/x/k\": bad permissions\nPermission denied (publickey)", "key_mode"),
        ("ssh_exchange_identification: Connection closed by remote host", "closed_at_once"),
        ("kex_exchange_identification: read: Connection reset by peer", "closed_at_once"),
        ("Connection closed by 10.0.0.1 port 31248", "closed_at_once"),
        ("ssh_dispatch_run_fatal: Connection to h port 31248: Broken pipe", "closed_at_once"),
        ("Not allowed at this time", "not_allowed_now"),
        ("The OS version does not match", "image_openssh"),
        ("@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @", "host_key_changed"),
        ("Load key \"k\": incorrect passphrase supplied to decrypt private key\n"
         "Permission denied (publickey).", "key_locked"),
        ("Unable to negotiate with h: no matching host key type found. Their offer: ssh-rsa",
         "openssh_old"),
        ("command-line: line 0: Bad configuration option: stricthostkeychecking", "openssh_old"),
        ("ssh: Could not resolve hostname h: Name or service not known", "no_name"),
        ("ssh: connect to host h port 31248: Connection timed out", "unreachable"),
        ("ssh: connect to host h port 31248: No route to host", "unreachable"),
        ("ssh: connect to host h port 31248: Connection refused", "connection_refused"),
        ("ModelArts.6789: the ssh key pair xxx is not found", "pair_unusable"),
        ("ModelArts.6786", "pair_unusable"),
        ("something new", "unknown"),
        ("", "unknown"),
    ],
)  # fmt: skip
def test_each_known_complaint_is_the_fault_it_means(said: str, code: str) -> None:
    found = understand(said)

    assert (found.code, found.level) == (code, "problem")
    assert found.fix


def test_what_is_not_known_is_shown_as_it_was_said_but_not_endlessly() -> None:
    assert understand("x" * 9999).message.count("x") == 300
