"""Archives: one environment as one file, and back."""

from modelarts_nb.envs.archive.pack import pack
from modelarts_nb.envs.archive.preflight import Preflight, preflight
from modelarts_nb.envs.archive.shelf import list_archives, remove_archive
from modelarts_nb.envs.archive.unpack import unpack

__all__ = ["Preflight", "list_archives", "pack", "preflight", "remove_archive", "unpack"]
