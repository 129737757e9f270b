"""The actions of ModelArts that a policy may name: the seed's tables 2-6 to 2-19 and its examples.

Kept as the seed writes them, its misprints too (``umountStorage``, ``getQuota``): somebody will
paste them. A policy that names none of these would silently grant nothing, so it is refused.
"""

from __future__ import annotations

from modelarts_nb.localcloud.iam.wildcard import matches

_NOTEBOOK = (
    "access action create delete get getMountedStorage list listAllNotebooks listMountedStorages"
    " mountStorage start stop umountStorage unmountStorage update updateStopPolicy"
)
_VERBS = {
    "aiAlgorithm": "create delete get list update",
    "authorization": "create delete list",
    "dataset": "createDataset createDatasetVersion createImportTask getDataset listDatasets"
    " updateDataset",
    "image": "create delete get list listGroup register",
    "model": "create delete get list update",
    "network": "create delete get list update",
    "notebook": _NOTEBOOK,
    "pool": "create delete get list update",
    "processTask": "createProcessTask getProcessTask",
    "service": "create delete get getLogs list update",
    "tag": "list",
    "trainJob": "create delete exec get list logExport previewLog update",
    "trainJobInnerModel": "list",
    "trainJobLog": "get list",
    "trainJobVersion": "create delete list stop",
    "workspace": "create delete get getQuota getQuotas list update updateQuotas",
}
# Table 2-5 has these resource types; no table says what can be done to them.
_TYPES = (
    "exemlProject exemlProjectInf exemlProjectTrain exemlProjectVersion workflow nodeservice"
    " dataAnnotation devserver"
)

MODELARTS_ACTIONS = frozenset(
    f"modelarts:{kind}:{verb}" for kind, verbs in _VERBS.items() for verb in verbs.split()
)
_ANY_VERB = tuple(f"modelarts:{kind}:" for kind in _TYPES.split())


def names_something(pattern: str) -> bool:
    """Whether an action of a policy is about anything. Other services' are taken on trust."""
    service, kind, _ = pattern.split(":", 2)
    if not matches(service, "modelarts", ignore_case=True):
        return True
    if any(matches(f"modelarts:{kind}:", known, ignore_case=True) for known in _ANY_VERB):
        return True
    return any(matches(pattern, known, ignore_case=True) for known in MODELARTS_ACTIONS)
