"""Storage of a notebook that is named as people name it."""

from __future__ import annotations

import pytest

from modelarts_nb import storage as doing
from modelarts_nb.cloud.client import Cloud
from modelarts_nb.cloud.errors import CloudConflict, CloudNotFound
from modelarts_nb.errors import UsageError
from tests.unit.cloud.wire import Request, Response, Wire
from tests.unit.notebook.fake import Service as Notebooks
from tests.unit.notebook.fake import instance
from tests.unit.storage.fake import ID, Service, storage

OTHER = "99999999-2222-3333-4444-555555555555"


@pytest.fixture
def service(wire: Wire) -> Service:
    """One notebook ``mine`` with a storage, and two that are both called ``twin``."""
    twins = [instance(OTHER, "twin"), instance(OTHER.replace("9", "8"), "twin")]
    notebooks, found = Notebooks(instance(ID, "mine"), *twins), Service(storage())

    def script(request: Request) -> Response:
        listing = request.path.endswith("/notebooks")
        return notebooks(request) if listing else found(request)

    wire.script = script
    return found


@pytest.mark.parametrize("named", ["mine", ID])
def test_a_notebook_is_named_by_its_name_or_its_id(
    service: Service, cloud: Cloud, named: str
) -> None:
    (found,) = doing.list_storages(notebook=named, cloud=cloud)

    assert found.path == "/data/mine"
    assert doing.show("mine", notebook=named, cloud=cloud).id == found.id


def test_a_storage_is_mounted_and_unmounted_by_the_notebooks_name(
    service: Service, cloud: Cloud
) -> None:
    service.then = [{"status": "MOUNTED"}]

    mounted = doing.mount("obs://bucket/new", "new", notebook="mine", cloud=cloud)
    gone = doing.unmount("new", notebook="mine", cloud=cloud)

    assert (mounted.status, gone.status) == ("MOUNTED", "UNMOUNTED")


def test_a_name_that_nobody_has_and_one_that_two_have_are_errors(
    service: Service, cloud: Cloud
) -> None:
    with pytest.raises(CloudNotFound, match="absent"):
        doing.list_storages(notebook="absent", cloud=cloud)
    with pytest.raises(CloudConflict, match="twin"):
        doing.unmount("mine", notebook="twin", cloud=cloud)


def test_without_a_name_what_is_wrong_is_said_before_anything_is_asked(wire: Wire) -> None:
    with pytest.raises(UsageError):
        doing.mount("obs://bucket/x", "/etc")

    assert wire.seen == []
