"""The temporary keys of the ModelArts agency, as the notebook's own SDK hands them out.

A ModelArts notebook has the ModelArts SDK (``modelarts``) in its image, which knows keys without
being told any. It lives in another interpreter than ours, so it is asked there, by a child
process with a time limit. Where the platform keeps the keys on disk is not public.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

# Asked again after so many seconds: the SDK does not say when its keys expire.
FRESH_SECONDS = 600.0
_CHILD_SECONDS = 20.0
# Where the images have their Python and the SDK beside it (facts: container layout).
_IMAGE_PYTHON = "/home/ma-user/anaconda3/bin/python"
_SDK_FOLDER = "/modelarts/tools/sdk"

_PROGRAM = """
import json, sys
from modelarts.session import Session
s = Session()
names = ("access_key", "secret_key", "security_token", "project_id", "region_name")
sys.stdout.write("\\n" + json.dumps({n: getattr(s, n, None) or "" for n in names}))
"""


@dataclass(frozen=True)
class AgencyKeys:
    """Temporary keys and what came with them; ``asked`` is of the monotonic clock."""

    access_key: str
    secret_key: str = field(repr=False)
    security_token: str = field(repr=False)
    project: str
    region: str
    asked: float


_cache: dict[str, AgencyKeys] = {}
_lock = threading.Lock()


def expected(python: str = "") -> bool:
    """Is it worth asking: are we in a ModelArts notebook, or was a Python named?"""
    return bool(python or os.environ.get("INSTANCE_ID") or os.environ.get("PROJECT_ID"))


def agency_keys(python: str = "", *, refused: str = "") -> AgencyKeys | None:
    """The agency's keys; None where there is no ModelArts SDK or it has none.

    Args:
        python: the interpreter to ask; empty: those that an image may have.
        refused: the access key that the cloud did not take: ask, even if it is young.
    """
    with _lock:
        known = _cache.get(python)
        young = known and time.monotonic() - known.asked < FRESH_SECONDS
        if known and young and known.access_key != refused:
            return known
        for interpreter in _interpreters(python):
            found = _ask(interpreter)
            if found is not None:
                _cache[python] = found
                return found
        return None


def _interpreters(python: str) -> list[str]:
    if python:
        return [python]
    found = [_IMAGE_PYTHON, shutil.which("python3") or "", sys.executable]
    return list(dict.fromkeys(path for path in found if path and os.access(path, os.X_OK)))


def _ask(python: str) -> AgencyKeys | None:
    environment = {**os.environ}
    if Path(_SDK_FOLDER).is_dir():
        old = environment.get("PYTHONPATH", "")
        environment["PYTHONPATH"] = f"{old}{os.pathsep if old else ''}{_SDK_FOLDER}"
    try:
        done = subprocess.run(
            [python, "-c", _PROGRAM],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_CHILD_SECONDS,
            env=environment,
            cwd="/",
        )
        # The last line: the SDK may greet on stdout.
        value = json.loads(done.stdout.rpartition(b"\n")[2])
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    if not isinstance(value, dict) or not (value.get("access_key") and value.get("secret_key")):
        return None
    return AgencyKeys(
        str(value["access_key"]),
        str(value["secret_key"]),
        str(value.get("security_token", "")),
        str(value.get("project_id", "")),
        str(value.get("region_name", "")),
        time.monotonic(),
    )
