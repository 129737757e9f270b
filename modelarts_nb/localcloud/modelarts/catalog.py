"""Flavors and images that are on offer. Example data: a real site has others."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from modelarts_nb.localcloud.modelarts.paging import paged
from modelarts_nb.localcloud.modelarts.refusals import refusal
from modelarts_nb.localcloud.modelarts.service import SERVICE
from modelarts_nb.localcloud.web.call import Call

CUSTOM_FLAVOR = "custom.flavor.spec.code"
_SPACE = uuid.UUID("6f1a3c52-6c1e-4f5e-9d0a-5d2f2f9d7b11")


@dataclass(frozen=True)
class Flavor:
    """A size of machine; ``memory`` in bytes as the API says it."""

    id: str
    vcpus: int
    memory_gb: int
    arch: str = "X86_64"
    category: str = "CPU"
    sold_out: bool = False

    def shown(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "name": self.id,
            "arch": self.arch,
            "category": self.category,
            "description": f"{self.category}: {self.vcpus} vCPUs {self.memory_gb} GB",
            "feature": "NOTEBOOK",
            "free": False,
            "memory": self.memory_gb * 1024**3,
            "vcpus": self.vcpus,
            "sold_out": self.sold_out,
            "storages": ["EFS", "EVS"],
        }


@dataclass(frozen=True)
class Image:
    """A built-in image."""

    name: str
    tag: str
    description: str
    arch: str = "X86_64"
    category: str = "CPU"

    @property
    def id(self) -> str:
        """The same in every local cloud."""
        return str(uuid.uuid5(_SPACE, self.name))

    def shown(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "name": self.name,
            "show_name": self.name,
            "tag": self.tag,
            "show_tag": self.tag,
            "arch": self.arch,
            "description": self.description,
            "dev_services": ["NOTEBOOK", "SSH"],
            "namespace": "atelier",
            "origin": "CUSTOMIZE",
            "resource_categories": [self.category],
            "service_type": "DEV",
            "size": 0,
            "status": "ACTIVE",
            "swr_path": f"swr.local-1.example.com/atelier/{self.name}:{self.tag}",
            "type": "BUILD_IN",
            "visibility": "PUBLIC",
            "workspace_id": "0",
            "create_at": 1_640_995_200_000,
            "update_at": 1_640_995_200_000,
        }


FLAVORS = {
    flavor.id: flavor
    for flavor in (
        Flavor("modelarts.vm.cpu.2u", 2, 8),
        Flavor("modelarts.vm.cpu.8u", 8, 32),
        Flavor("modelarts.vm.cpu.arm.2u", 2, 8, arch="AARCH64"),
        Flavor("modelarts.vm.cpu.64u", 64, 256, sold_out=True),
    )
}
IMAGES = {
    image.id: image
    for image in (
        Image("pytorch1.8-cuda10.2", "1.0.0", "The container's own conda, as this machine has it"),
        Image("conda-python3.10", "1.0.0", "The container's own conda, as this machine has it"),
        Image("mindspore2.2-arm", "1.0.0", "For flavors of architecture AARCH64", arch="AARCH64"),
    )
}
DEFAULT_IMAGE = next(iter(IMAGES))


def flavor(flavor_id: str) -> Flavor:
    """A flavor that can be had.

    Raises:
        CloudError: there is none of this id, or none left.
    """
    found = FLAVORS.get(flavor_id)
    if found is None:
        raise refusal("6323", flavor_id)
    if found.sold_out:
        raise refusal("6329", flavor_id)
    return found


def image(image_id: str) -> Image:
    """An image.

    Raises:
        CloudError: there is none of this id.
    """
    found = IMAGES.get(image_id)
    if found is None:
        raise refusal("6797", image_id)
    return found


def _both(page: dict[str, Any]) -> dict[str, Any]:
    return {**page, "flavors": page["data"]}  # the service answers both names


@SERVICE.route("GET", "/v1/{project_id}/notebooks/flavors", action="modelarts:notebook:list")
def list_flavors(call: Call) -> Any:
    """The flavors of the public pool."""
    category = call.request.get("category")
    found = [f for f in FLAVORS.values() if category in {None, "", f.category}]
    return _both(paged(call, [f.shown() for f in found], sizes=None))


@SERVICE.route("GET", "/v1/{project_id}/images", action="modelarts:image:list")
def list_images(call: Call) -> Any:
    """The images of which there are only built-in ones."""
    name, kind = call.request.get("name"), call.request.get("type")
    fuzzy = call.request.flag("name_fuzzy_match")
    found = [
        image
        for image in IMAGES.values()
        if kind in {None, "", "ALL", "BUILD_IN"}
        and (not name or (name in image.name if fuzzy else name == image.name))
    ]
    return paged(call, [image.shown() for image in found], sizes=None)


@SERVICE.route("GET", "/v1/{project_id}/images/{id}", action="modelarts:image:get")
def show_image(call: Call) -> Any:
    """One image."""
    return image(call.params["id"]).shown()
