"""Are the images of a sealed environment there, and what they were?"""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.model import Finding
from modelarts_nb.envs.sealed import slots
from modelarts_nb.envs.sealed.images import find_image
from modelarts_nb.envs.sealed.model import Layer, Version
from modelarts_nb.envs.sealed.versions import numbers, read_head
from modelarts_nb.errors import ModelArtsNbError, NotFound, from_os_error
from modelarts_nb.progress import SILENT, Progress

_THREADS = 4


def examine_versions(
    name: str, disk: Disk, *, deep: bool, progress: Progress = SILENT
) -> list[Finding]:
    """Examine the versions of the sealed environment ``name``.

    Args:
        name: as it is spelled.
        disk: the persistent disk.
        deep: read every image and compare its sha256; else its size.
        progress: told of images.

    Raises:
        Cancelled: the user's wish.
    """
    known = numbers(disk, name)
    versions, found = list[Version](), list[Finding]()
    for number in known:
        try:
            versions.append(read_head(disk, name, number))
        except ModelArtsNbError as error:
            found.append(Finding("versions", "error", error.message, error.hint))
    layers = {layer.image: layer for version in versions for layer in version.layers}
    progress.phase("checking", bytes=sum(layer.size for layer in layers.values()) if deep else None)
    with ThreadPoolExecutor(_THREADS) as pool:
        answers = pool.map(lambda layer: _fault(layer, disk, deep, progress), layers.values())
        faults = {image: fault for image, fault in zip(layers, answers, strict=True) if fault}
    for image, fault in faults.items():
        hit = [v.number for v in versions if any(layer.image == image for layer in v.layers)]
        found.append(_finding(name, fault, hit, _whole(versions, faults)))
    if not found:
        how = "are what their names say" if deep else "are there"
        found = [
            Finding("versions", "ok", f"{len(known)} versions; all {len(layers)} images {how}.")
        ]
    if slots.current(disk, name) is None:
        found.append(
            Finding(
                "copy",
                "ok",
                f"It is not on the local disk; `ma env fill {name}` or its kernel brings it.",
            )
        )
    return found


def _fault(layer: Layer, disk: Disk, deep: bool, progress: Progress) -> str:
    """What is wrong with an image; empty: nothing."""
    try:
        path = find_image(disk, layer.image)
        if path.stat().st_size != layer.size:
            return f"The image {layer.image[:12]} is damaged: it has another size."
        if deep and _sha256(path, progress) != layer.image:
            return f"The image {layer.image[:12]} is damaged: its checksum differs."
    except NotFound as error:
        return error.message
    except OSError as error:
        return from_os_error(error, f"reading the image {layer.image[:12]}").message
    return ""


def _sha256(path: Path, progress: Progress) -> str:
    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as stream:
        while block := stream.read(1 << 22):
            progress.check()
            digest.update(block)
            progress.advance(bytes=len(block))
    return digest.hexdigest()


def _whole(versions: list[Version], faults: dict[str, str]) -> int | None:
    whole = [v.number for v in versions if not any(layer.image in faults for layer in v.layers)]
    return whole[-1] if whole else None


def _finding(name: str, fault: str, hit: list[int], whole: int | None) -> Finding:
    needed = f"{'version' if len(hit) == 1 else 'versions'} {', '.join(map(str, hit))}"
    way = (
        f"`ma env rollback {name} {whole}` goes back to one that does not need it."
        if whole
        else "No version is without it: bring the file back from a copy."
    )
    return Finding("versions", "error", f"{fault} It is needed by {needed}. {way}")
