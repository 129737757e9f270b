"""Engines and flavors for training jobs. Example data: a real site has others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from modelarts_nb.localcloud.modelarts.catalog import FLAVORS, Flavor
from modelarts_nb.localcloud.modelarts.pools import pool_row
from modelarts_nb.localcloud.modelarts.refusals import refusal
from modelarts_nb.localcloud.modelarts.service import SERVICE
from modelarts_nb.localcloud.web.call import Call

MOST_NODES = 16


@dataclass(frozen=True)
class Engine:
    """A built-in training image; what runs is this machine's Python."""

    id: str
    name: str
    version: str

    def shown(self) -> dict[str, Any]:
        return {
            "engine_id": self.id,
            "engine_name": self.name,
            "engine_version": self.version,
            "v1_compatible": False,
            "run_user": "1000",
            "image_info": {"cpu_image_url": f"aip/{self.id}:local", "image_version": "local"},
        }


ENGINES = tuple(
    Engine(f"{name.lower()}-{version}", name, version)
    for name, version in (
        ("PyTorch", "pytorch_1.8.0-cuda_10.2-py_3.7-ubuntu_18.04-x86_64"),
        ("MPI", "mindspore_1.3.0-cuda_10.1-py_3.7-ubuntu_1804-x86_64"),
    )
)


def engine(asked: dict[str, str]) -> Engine:
    """The engine of an id, or of a name and version.

    Raises:
        CloudError: there is none.
    """
    for found in ENGINES:
        if asked.get("engine_id") == found.id:
            return found
        if (asked.get("engine_name"), asked.get("engine_version")) == (found.name, found.version):
            return found
    raise refusal("2780", asked.get("engine_id") or asked.get("engine_name") or "")


def flavor(flavor_id: str) -> Flavor:
    """A flavor of the public pool that can be had.

    Raises:
        CloudError: there is none of this id, or none left.
    """
    if not flavor_id:
        raise refusal("2763")
    found = FLAVORS.get(flavor_id)
    if found is None or found.arch != "X86_64":
        raise refusal("2781", flavor_id)
    if found.sold_out:
        raise refusal("2840", flavor_id)
    return found


def detail(found: Flavor) -> dict[str, Any]:
    """A flavor as a job's reply has it."""
    return {
        "flavor_type": found.category,
        "flavor_info": {
            "max_num": MOST_NODES,
            "cpu": {"arch": "x86", "core_num": found.vcpus},
            "memory": {"size": found.memory_gb, "unit": "GB"},
        },
    }


@SERVICE.route("GET", "/v2/{project_id}/training-job-engines", action="modelarts:trainJob:list")
def show_engines(call: Call) -> Any:  # noqa: ARG001
    """The engines."""
    return {"total": len(ENGINES), "items": [found.shown() for found in ENGINES]}


@SERVICE.route("GET", "/v2/{project_id}/training-job-flavors", action="modelarts:trainJob:list")
def show_flavors(call: Call) -> Any:
    """The flavors of the public pool."""
    kind = call.request.get("flavor_type")
    offered = [f for f in FLAVORS.values() if f.arch == "X86_64" and not f.sold_out]
    found = [
        {"flavor_id": f.id, "flavor_name": f.id, "max_num": MOST_NODES, **detail(f)}
        for f in offered
        if kind in {None, "", f.category}
    ]
    return {"total_count": len(found), "flavors": found}


@SERVICE.route("GET", "/v2/{project_id}/training-pool-flavors", action="modelarts:pool:get")
def show_pool_flavors(call: Call) -> Any:
    """Of a CPU pool nothing can be chosen: a task has a whole node."""
    pool_row(call, call.request.get("pool_id") or "")
    raise refusal("2781", call.request.get("flavor_id") or "")
