"""Key pairs through both of the SDK's clients: whose they are, and that they are real keys."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdkecs.v2 import (
    EcsClient,
    NovaCreateKeypairOption,
    NovaCreateKeypairRequest,
    NovaCreateKeypairRequestBody,
    NovaDeleteKeypairRequest,
    NovaListKeypairsRequest,
    NovaShowKeypairRequest,
)
from huaweicloudsdkkps.v3 import (
    ClearPrivateKeyRequest,
    CreateKeypairAction,
    CreateKeypairRequest,
    CreateKeypairRequestBody,
    DeleteKeypairRequest,
    Encryption,
    ExportPrivateKeyKeypairBean,
    ExportPrivateKeyRequest,
    ExportPrivateKeyRequestBody,
    ImportPrivateKeyKeypairBean,
    ImportPrivateKeyProtection,
    ImportPrivateKeyRequest,
    ImportPrivateKeyRequestBody,
    KeyProtection,
    KpsClient,
    ListKeypairDetailRequest,
    ListKeypairsRequest,
    UpdateKeypairDescriptionReq,
    UpdateKeypairDescriptionRequest,
    UpdateKeypairDescriptionRequestBody,
)

from modelarts_nb.localcloud.keypairs.keys import make_key
from modelarts_nb.localcloud.testing import LocalCloud
from tests.unit.localcloud.clients import Clients

# The SDK warns of every call of ECS's OpenStack door (facts 1.1).
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:huaweicloudsdkecs")

# Made once for this file: a key takes a third of a second.
LAPTOP = make_key("somebody@laptop")


def create(client: Any, name: str, **how: Any) -> Any:
    action = CreateKeypairAction(name=name, **how)
    return client.create_keypair(CreateKeypairRequest(CreateKeypairRequestBody(action))).keypair


def imported(client: Any, name: str, **how: Any) -> Any:
    return create(client, name, public_key=LAPTOP.public, **how)


def names(client: Any) -> list[str]:
    return [pair.keypair.name for pair in client.list_keypairs(ListKeypairsRequest()).keypairs]


def nova_create(client: Any, **option: Any) -> Any:
    body = NovaCreateKeypairRequestBody(NovaCreateKeypairOption(**option))
    return client.nova_create_keypair(NovaCreateKeypairRequest(body=body)).keypair


def test_a_pair_that_the_cloud_makes_is_a_key_that_openssh_reads(
    clients: Clients, tmp_path: Path
) -> None:
    made = create(clients.of(KpsClient), "mine")

    # then OpenSSH finds the public half in the private one, and the same fingerprint
    file = tmp_path / "key"
    file.write_text(made.private_key)
    file.chmod(0o600)
    public = ssh_keygen("-y", "-f", str(file))
    assert public.split()[:2] == made.public_key.split()[:2]
    printed = ssh_keygen("-l", "-E", "md5", "-f", str(file))
    assert f"MD5:{made.fingerprint}" in printed
    assert printed.startswith("2048 ")


def ssh_keygen(*arguments: str) -> str:
    command = ["ssh-keygen", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_the_private_half_is_given_once_and_kept_nowhere(
    clients: Clients, local: LocalCloud, tmp_path: Path
) -> None:
    client = clients.of(KpsClient)
    made = create(client, "mine")

    detail = client.list_keypair_detail(ListKeypairDetailRequest("mine"))

    secret = made.private_key.splitlines()[1]
    assert secret.encode() not in detail.raw_content
    state = [file for file in (tmp_path / "local").rglob("*") if file.is_file()]
    assert not [file for file in state if secret.encode() in file.read_bytes()]
    export = ExportPrivateKeyRequest(
        ExportPrivateKeyRequestBody(ExportPrivateKeyKeypairBean("mine"))
    )
    with pytest.raises(ClientRequestException):
        client.export_private_key(export)


def test_an_imported_pair_has_no_private_half(clients: Clients) -> None:
    pair = imported(clients.of(KpsClient), "laptop")

    assert pair.private_key is None
    assert pair.public_key == LAPTOP.public


def test_a_private_half_that_the_cloud_shall_keep_can_be_had_again(clients: Clients) -> None:
    client = clients.of(KpsClient)
    keep = KeyProtection(private_key=LAPTOP.private, encryption=Encryption(type="default"))
    imported(client, "kept", key_protection=keep)
    export = ExportPrivateKeyRequest(
        ExportPrivateKeyRequestBody(ExportPrivateKeyKeypairBean("kept"))
    )

    assert client.export_private_key(export).keypair.private_key == LAPTOP.private
    client.clear_private_key(ClearPrivateKeyRequest("kept"))
    with pytest.raises(ClientRequestException):
        client.export_private_key(export)


def test_a_private_half_is_given_to_the_cloud_later_and_only_by_who_made_the_pair(
    clients: Clients,
) -> None:
    client, teammate = clients.of(KpsClient), clients.of(KpsClient, "teammate")
    imported(client, "ours", scope="domain")

    def give(somebody: Any, private: str) -> Any:
        protection = ImportPrivateKeyProtection(private, Encryption(type="default"))
        pair = ImportPrivateKeyKeypairBean(name="ours", key_protection=protection)
        body = ImportPrivateKeyRequestBody(pair)
        return somebody.import_private_key(ImportPrivateKeyRequest(body))

    with pytest.raises(ClientRequestException, match="another user's"):
        give(teammate, LAPTOP.private)
    with pytest.raises(ClientRequestException, match="not that of the key pair") as refused:
        give(client, make_key("other").private)
    assert "PRIVATE KEY" not in str(refused.value)

    give(client, LAPTOP.private)
    (shown,) = client.list_keypairs(ListKeypairsRequest()).keypairs
    assert shown.keypair.is_key_protection
    assert LAPTOP.private.splitlines()[3] not in shown.to_str()


def test_a_pair_is_described(clients: Clients) -> None:
    client = clients.of(KpsClient)
    imported(client, "laptop")

    body = UpdateKeypairDescriptionRequestBody(UpdateKeypairDescriptionReq("of the laptop"))
    client.update_keypair_description(UpdateKeypairDescriptionRequest("laptop", body))

    shown = client.list_keypair_detail(ListKeypairDetailRequest("laptop")).keypair
    assert shown.description == "of the laptop"


def test_a_pair_is_its_makers_alone_unless_it_is_the_accounts(clients: Clients) -> None:
    mine, theirs = clients.of(KpsClient), clients.of(KpsClient, "teammate")
    imported(mine, "private")
    imported(mine, "shared", scope="domain")

    assert names(mine) == ["private", "shared"]
    assert names(theirs) == ["shared"]
    with pytest.raises(ClientRequestException) as refused:
        theirs.list_keypair_detail(ListKeypairDetailRequest("private"))
    assert refused.value.status_code == 404


def test_two_people_may_use_one_name(clients: Clients) -> None:
    imported(clients.of(KpsClient), "laptop")

    assert imported(clients.of(KpsClient, "teammate"), "laptop")


@pytest.mark.parametrize("scope", ["user", "domain"])
def test_a_name_that_one_sees_is_taken(clients: Clients, scope: str) -> None:
    imported(clients.of(KpsClient), "laptop", scope="domain")

    with pytest.raises(ClientRequestException) as refused:
        imported(clients.of(KpsClient, "teammate"), "laptop", scope=scope)

    assert refused.value.status_code == 409


def test_both_doors_lead_to_the_same_pairs(clients: Clients, local: LocalCloud) -> None:
    nova, kps = clients.of(EcsClient), clients.of(KpsClient)

    made = nova_create(nova, name="laptop", public_key=LAPTOP.public)

    assert made.user_id == local.users["developer"].user_id
    assert names(kps) == ["laptop"]
    shown = nova.nova_show_keypair(NovaShowKeypairRequest("laptop")).keypair
    assert shown.fingerprint == made.fingerprint
    kps.delete_keypair(DeleteKeypairRequest("laptop"))
    assert nova.nova_list_keypairs(NovaListKeypairsRequest()).keypairs == []


def test_a_pair_that_is_deleted_through_ecs_is_gone_from_kps_too(clients: Clients) -> None:
    imported(clients.of(KpsClient), "doomed")

    clients.of(EcsClient).nova_delete_keypair(NovaDeleteKeypairRequest("doomed"))

    assert names(clients.of(KpsClient)) == []


def test_the_account_s_pairs_are_not_seen_through_ecs(clients: Clients) -> None:
    imported(clients.of(KpsClient), "shared", scope="domain")

    assert clients.of(EcsClient).nova_list_keypairs(NovaListKeypairsRequest()).keypairs == []


def test_a_pair_for_somebody_else_is_refused_in_ecs_words(
    clients: Clients, local: LocalCloud
) -> None:
    other = local.users["teammate"].user_id

    with pytest.raises(ClientRequestException) as refused:
        nova_create(clients.of(EcsClient), name="k", public_key=LAPTOP.public, user_id=other)

    assert refused.value.error_code == "Ecs.0314"


def test_ecs_refuses_in_its_own_shape(clients: Clients) -> None:
    with pytest.raises(ClientRequestException) as refused:
        clients.of(EcsClient).nova_delete_keypair(NovaDeleteKeypairRequest("absent"))

    assert refused.value.status_code == 404
    assert refused.value.error_msg.startswith("Keypair absent not found")


def test_the_right_to_look_at_pairs_is_not_the_right_to_make_them(clients: Clients) -> None:
    # given the seed's rights for SSH (table 2-8): all of ECS's, but only get and list of KPS'
    client = clients.of(KpsClient, "norights")
    clients.grant(
        "norights",
        clients.add_policy(
            "seed",
            "XA",
            clients.allow(
                "ecs:serverKeypairs:*", "kps:domainKeypairs:get", "kps:domainKeypairs:list"
            ),
        ),
    )

    with pytest.raises(ClientRequestException, match="kps:domainKeypairs:create"):
        imported(client, "laptop")
    assert nova_create(clients.of(EcsClient, "norights"), name="k", public_key=LAPTOP.public)
    assert names(client) == ["k"]


def elliptic() -> str:
    key = generate_private_key(SECP256R1()).public_key()
    return key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


@pytest.mark.parametrize(
    "public",
    [
        "ssh-rsa nonsense",
        "not a key",
        elliptic(),
        LAPTOP.public + "\nssh-rsa AAAA",
        f'command="id" {LAPTOP.public}',
    ],
)
def test_a_public_key_that_is_none_is_refused(clients: Clients, public: str) -> None:
    with pytest.raises(ClientRequestException) as refused:
        create(clients.of(KpsClient), "wrong", public_key=public)

    assert (refused.value.status_code, refused.value.error_code) == (400, "KPS.0002")


@pytest.mark.parametrize("name", ["", "a b", "../../etc", "x" * 256, "ä"])
def test_a_name_that_is_none_is_refused(clients: Clients, name: str) -> None:
    with pytest.raises(ClientRequestException) as refused:
        imported(clients.of(KpsClient), name)

    assert refused.value.status_code == 400


def test_pages_follow_each_other(clients: Clients) -> None:
    client = clients.of(KpsClient)
    for name in "abc":
        imported(client, name)

    first = client.list_keypairs(ListKeypairsRequest(limit="2"))
    rest = client.list_keypairs(ListKeypairsRequest(limit="2", marker=first.page_info.next_marker))

    assert [pair.keypair.name for pair in first.keypairs + rest.keypairs] == ["a", "b", "c"]
    assert rest.page_info.next_marker is None
