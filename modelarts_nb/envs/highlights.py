"""The packages a person would name first, to tell one environment from another."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from modelarts_nb.envs.records import split_record_name

# The most telling first; at most _SHOWN are shown.
_KNOWN = (
    "pytorch",
    "torch",
    "tensorflow",
    "mindspore",
    "jax",
    "paddlepaddle",
    "mxnet",
    "torch-npu",
    "transformers",
    "vllm",
    "deepspeed",
    "torchvision",
    "lightning",
    "keras",
    "xgboost",
    "lightgbm",
    "scikit-learn",
    "opencv-python",
    "spacy",
    "pandas",
    "polars",
    "pyspark",
    "scipy",
    "numpy",
    "matplotlib",
)
_SHOWN = 5


def highlights_at(prefix: Path, records: Iterable[str], python: str | None) -> tuple[str, ...]:
    """Those of the environment at ``prefix``, as ``("torch 2.1", "numpy 1.26")``.

    Args:
        prefix: one of its folders is listed, for what pip brought.
        records: the names in its ``conda-meta``.
        python: its version.
    """
    versions = {}
    for name in records:
        package, version, _ = split_record_name(name)
        versions[package.lower()] = version
    with contextlib.suppress(OSError):
        minor = ".".join(python.split(".")[:2]) if python else ""
        for name in os.listdir(prefix / "lib" / f"python{minor}" / "site-packages"):
            if name.endswith(".dist-info"):
                package, _, version = name.removesuffix(".dist-info").partition("-")
                versions.setdefault(package.lower().replace("_", "-"), version)
    return highlights(versions)


def highlights(versions: Mapping[str, str]) -> tuple[str, ...]:
    """Those of an environment with these packages (lower case) in these versions."""
    known = [name for name in _KNOWN if name in versions]
    if "pytorch" in known and "torch" in known:
        known.remove("torch")
    return tuple(
        f"{'torch' if name == 'pytorch' else name} {_short(versions[name])}".strip()
        for name in known[:_SHOWN]
    )


def _short(version: str) -> str:
    """``2.1.0+cu118`` as ``2.1``."""
    return ".".join(version.partition("+")[0].split(".")[:2])
