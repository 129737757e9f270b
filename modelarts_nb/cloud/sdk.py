"""The SDK's packages, imported when the first call is made and not before."""

from __future__ import annotations

import importlib
import logging
import warnings
from dataclasses import dataclass
from typing import Any

from modelarts_nb.cloud.errors import CloudNotInstalled, CloudSetting
from modelarts_nb.cloud.lazily import import_lazily


@dataclass(frozen=True)
class Service:
    """One service of the cloud: its package, its client and its table of regions."""

    package: str
    client: str
    regions: str
    # Its calls are about the account, not about a project.
    is_global: bool = False


SERVICES = {
    "modelarts": Service(
        "huaweicloudsdkmodelarts.v1", "ModelArtsClient", "modelarts_region.ModelArtsRegion"
    ),
    "sfsturbo": Service(
        "huaweicloudsdksfsturbo.v1", "SFSTurboClient", "sfsturbo_region.SFSTurboRegion"
    ),
    "kps": Service("huaweicloudsdkkps.v3", "KpsClient", "kps_region.KpsRegion"),
    "ecs": Service("huaweicloudsdkecs.v2", "EcsClient", "ecs_region.EcsRegion"),
    "iam": Service("huaweicloudsdkiam.v3", "IamClient", "iam_region.IamRegion", is_global=True),
    "iam5": Service("huaweicloudsdkiam.v5", "IamClient", "iam_region.IamRegion", is_global=True),
}


def load(name: str) -> Any:
    """Import a module of the SDK.

    Raises:
        CloudNotInstalled: it is not installed.
    """
    # It warns about its own deprecations and about what a server sent; a user can do nothing
    # about either. Added anew each time because callers reset the filters; a duplicate is none.
    warnings.filterwarnings("ignore", module=r"huaweicloudsdk")
    packages = [s.package for s in SERVICES.values() if name.startswith(s.package)]
    try:
        for package in packages:
            import_lazily(package)
        return importlib.import_module(name)
    except ImportError as error:
        raise CloudNotInstalled(
            "Talking to the cloud needs packages that are not installed.",
            hint='Install them: pip install "modelarts_nb[cloud]". '
            "Environments work without any of this.",
            cause=str(error),
        ) from error


def client_class(service: str) -> Any:
    """The client's class of a service, made quiet.

    Raises:
        CloudNotInstalled: its package is not installed.
    """
    found = SERVICES[service]
    kind = getattr(load(found.package), found.client)
    # Its loggers have no handler and do not propagate: what they say would land on stderr.
    logger = logging.getLogger(f"HuaweiCloud-SDK-{found.client}")
    if not any(isinstance(h, logging.NullHandler) for h in logger.handlers):
        logger.addHandler(logging.NullHandler())
    return kind


def region_of(service: str, region: str) -> Any:
    """The SDK's region object: its endpoint, also where environment or file override it.

    Raises:
        CloudSetting: the SDK knows no such region.
        CloudNotInstalled: its package is not installed.
    """
    found = SERVICES[service]
    module, name = found.regions.split(".")
    table = getattr(load(f"{found.package}.region.{module}"), name)
    try:
        return table.value_of(region)
    except KeyError as error:
        raise CloudSetting(
            f"There is no region {region!r} for {service}.",
            hint=f"There are: {', '.join(sorted(table.static_fields))}. Correct Cloud.region; for "
            f"another site name its endpoint in HUAWEICLOUD_SDK_REGION_{_shouted(service)}_"
            f"{_shouted(region)}.",
        ) from error


def _shouted(name: str) -> str:
    """As the SDK spells services and regions in names of variables."""
    return name.replace("-", "_").upper()


def request_class(service: str, operation: str) -> Any:
    """The class of an operation's request: ``show_notebook`` takes a ``ShowNotebookRequest``."""
    name = "".join(word.capitalize() for word in operation.split("_")) + "Request"
    return getattr(load(SERVICES[service].package), name)
