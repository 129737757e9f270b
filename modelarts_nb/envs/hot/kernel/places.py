"""Where things are, and what the settings say, as the tool's ``disk/persistent.py`` and
``config.py`` know it: for an interpreter that has neither."""

from __future__ import annotations

import errno
import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

ENVS = "/envs/user_conda/"
SLOW_MS = 0.25
_SAMPLES = 5


class Places:
    """Of one environment on the persistent disk.

    Args:
        prefix: the environment's.
        home: of the user.
    """

    def __init__(self, prefix: str, home: str) -> None:
        root, _, self.name = prefix.rpartition(ENVS)
        self.prefix, self.home = prefix, home
        self.is_ours = bool(root) and bool(self.name) and "/" not in self.name
        self.private = root + "/envs/.modelarts_nb"
        settings = self._settings()
        self.enabled = str(
            os.environ.get("MODELARTS_NB_HOT") or _text(settings, "Hot", "enabled") or "auto"
        )
        share = settings.get("Sealed", {}).get("space")
        self.share = share if isinstance(share, float) else 0.9
        run = os.environ.get("MODELARTS_NB_RUN") or _text(settings, "Sealed", "run")
        self.mirrors = os.path.expanduser(run) + "/hot" if run else home + "/.ma/hot"
        self.mirror = self.mirrors + "/" + self.name
        self._cache = "" if run else _text(settings, "Sealed", "cache") or "/cache"
        self.owner = (
            os.environ.get("MODELARTS_NB_OWNER")
            or _text(settings, "PersistentDisk", "owner")
            or os.environ.get("INSTANCE_ID")
            or os.environ.get("JUPYTERHUB_USER")
        )

    @property
    def record(self) -> str | None:
        """The list of what was used; None where nothing says whose it would be."""
        owner = self.owner
        if not owner:
            try:
                owners = os.listdir(self.private + "/owners")
            except OSError:
                return None
            owner = owners[0] if len(owners) == 1 else ""
        if not owner or "/" in owner:
            return None
        return "%s/owners/%s/hot/%s" % (self.private, owner, self.name)

    def make_mirrors(self) -> None:
        """Make the folder of the mirrors; it leads into the cache folder where there is one.

        Raises:
            OSError: it cannot be made, or somebody else has made it.
        """
        if os.path.lexists(self.mirrors):
            os.makedirs(self.mirrors, exist_ok=True)
            return
        os.makedirs(os.path.dirname(self.mirrors), exist_ok=True)
        if self._cache and os.path.isdir(self._cache) and os.access(self._cache, os.W_OK):
            ours = "%s/modelarts_nb-%d" % (self._cache, os.getuid())
            for folder in (ours, ours + "/hot"):
                try:
                    os.mkdir(folder, 0o700)
                except FileExistsError:
                    pass
                if os.lstat(folder).st_uid != os.getuid() or os.path.islink(folder):
                    raise PermissionError(errno.EPERM, "it is somebody else's", folder)
            try:
                os.symlink(ours + "/hot", self.mirrors)
            except FileExistsError:
                pass
        else:
            os.makedirs(self.mirrors, exist_ok=True)

    def room(self, most: int) -> int:
        """Bytes that may be written on the local disk.

        Raises:
            OSError: it cannot be asked.
        """
        found = os.statvfs(self.mirrors)
        used = (found.f_blocks - found.f_bavail) * found.f_frsize
        return max(0, min(most, int(found.f_blocks * found.f_frsize * self.share) - used))

    def pays(self) -> bool:
        """Is the tree on a slow disk, and the home on a faster one?

        Raises:
            OSError: one of them cannot be asked.
        """
        if not self.is_ours or self.enabled == "off":
            return False
        if self.enabled == "on":
            return True
        slow = _milliseconds(self.prefix)
        return slow >= SLOW_MS and _milliseconds(self.home) < slow / 3

    def _settings(self) -> dict[str, Any]:
        folder = os.environ.get("JUPYTER_CONFIG_DIR") or self.home + "/.jupyter"
        try:
            with open(folder + "/modelarts_nb_config.json", encoding="utf-8") as file:
                text = file.read()
        except (OSError, ValueError):
            return {}
        _, found, rest = text.partition('"owner": "')
        if '"Hot"' not in text and '"Sealed"' not in text and '"owner": "' not in rest:
            return {"PersistentDisk": {"owner": rest.partition('"')[0]}} if found else {}
        # Only now: its files are on the slow disk.
        import json

        try:
            value = json.loads(text)
        except ValueError:
            value = None
        sections = value if isinstance(value, dict) else {}
        return {name: section for name, section in sections.items() if isinstance(section, dict)}


def _text(settings: dict[str, Any], section: str, name: str) -> str:
    value = settings.get(section, {}).get(name)
    return value if isinstance(value, str) else ""


def _milliseconds(folder: str) -> float:
    """Of one request: looking up names that nobody has cached."""
    times = []
    for sample in range(_SAMPLES):
        started = time.perf_counter()
        try:
            name = ".modelarts_nb-%d-%d-%d" % (os.getpid(), time.monotonic_ns(), sample)
            os.lstat(folder + "/" + name)
        except FileNotFoundError:
            pass
        times.append(time.perf_counter() - started)
    return sorted(times)[_SAMPLES // 2] * 1000
