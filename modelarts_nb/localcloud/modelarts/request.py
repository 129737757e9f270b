"""Reading a notebook's properties from a request to create or to change it."""

from __future__ import annotations

import ipaddress
from typing import Any

from modelarts_nb.localcloud.modelarts import catalog, keypairs
from modelarts_nb.localcloud.modelarts.refusals import refusal
from modelarts_nb.localcloud.web.call import Call
from modelarts_nb.localcloud.web.fields import Fields
from modelarts_nb.localcloud.web.message import BadRequest

_NAME = r"[\w一-鿿-]{1,128}"
_LEASE = (3_600_000, 259_200_000)
NEVER = -1  # as the Terraform provider sends it; the reference has no such value


def name(fields: Fields, default: str | None = None) -> str:
    """A name: letters, digits, ``-``, ``_``, Chinese; names may repeat."""
    return fields.text("name", default, pattern=_NAME, most=128)


def description(fields: Fields, default: str = "") -> str:
    """A description without what a page would read as markup."""
    if not fields.has("description"):
        return default
    text = fields.text("description", "", most=512)
    if set(text) & set("<>&\"'/"):
        raise BadRequest("description must not contain any of < > & \" ' /")
    return text


def flavor_and_image(
    fields: Fields, pool_id: str, flavor: str = "", image_id: str = ""
) -> tuple[str, str, dict[str, Any] | None]:
    """Flavor, image and custom specification, which must fit each other.

    Raises:
        CloudError: unknown, sold out, or of different architectures.
    """
    image = catalog.image(fields.text("image_id", image_id or None, most=64))
    if fields.has("custom_spec"):
        spec = fields.raw_object("custom_spec")
        if not pool_id:
            raise refusal("6323", "custom_spec: only notebooks in a dedicated pool have one")
        return catalog.CUSTOM_FLAVOR, image.id, _spec(spec, image.arch)
    chosen = catalog.flavor(fields.text("flavor", flavor or None, most=64))
    if chosen.arch != image.arch:
        raise refusal("6330", f"{chosen.id} ({chosen.arch}) and the image ({image.arch})")
    return chosen.id, image.id, None


def _spec(spec: dict[str, Any], arch: str) -> dict[str, Any]:
    cpu, memory = spec.get("cpu"), spec.get("memory")
    if not isinstance(cpu, int | float) or isinstance(cpu, bool) or cpu < 0.4:
        raise BadRequest("custom_spec.cpu must be a number from 0.4.")
    if not isinstance(memory, int | float) or isinstance(memory, bool) or memory < 513:
        raise BadRequest("custom_spec.memory must be a number of MB from 513.")
    if spec.get("arch", arch) != arch:
        raise refusal("6330", f"custom_spec ({spec['arch']}) and the image ({arch})")
    if spec.get("gpu"):
        raise refusal("6360", "the local cloud has no GPU")
    return {"cpu": cpu, "memory": int(memory), "arch": arch, "category": "CPU"}


def endpoints(call: Call, fields: Fields) -> list[dict[str, Any]]:
    """The endpoints besides the notebook's own: at most one for SSH, its pairs the caller's.

    Raises:
        CloudError: an SSH endpoint without a pair, or with one that the caller may not use.
    """
    found: list[dict[str, Any]] = []
    for entry in fields.objects("endpoints", most=4):
        service = entry.choice("service", "NOTEBOOK", "SSH")
        if service == "NOTEBOOK" or found:
            continue
        pairs = entry.texts("key_pair_names", most=10)
        if not pairs:
            raise refusal("6768")
        keypairs.need(call, pairs)
        found.append(
            {
                "service": "SSH",
                "key_pair_names": pairs,
                "allowed_access_ips": _addresses(entry.texts("allowed_access_ips", most=100)),
            }
        )
    return found


def _addresses(texts: list[str]) -> list[str]:
    for text in texts:
        try:
            ipaddress.IPv4Network(text, strict=False)
        except ValueError:
            raise BadRequest(f"allowed_access_ips: {text[:100]!r} is no IPv4 address.") from None
    return texts


def lease(fields: Fields, *, never: bool = False) -> tuple[int, str]:
    """Milliseconds that are asked for, and TIMING or IDLE (any case, as samples have it).

    Raises:
        CloudError: out of range.
    """
    asked = fields.number("duration", _LEASE[0], least=NEVER)
    kind = fields.text("type", "TIMING", most=16).upper()
    if kind not in {"TIMING", "IDLE"}:
        raise BadRequest("type must be TIMING or IDLE.")
    return checked(asked, never=never), kind


def checked(asked: int, *, never: bool = False) -> int:
    """A duration within range.

    Raises:
        CloudError: it is not.
    """
    if not (_LEASE[0] <= asked <= _LEASE[1] or (never and asked == NEVER)):
        raise refusal("6349", asked)
    return asked
