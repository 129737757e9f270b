"""The cloud's error codes as data: which kind of error, and what to do about it.

Codes and meanings: ``error_codes`` of the ModelArts API reference. A code that is not here is
judged by its HTTP status. A code whose hint is empty takes the one of its kind; for a missing right
that is the policy that grants it (``actions.py``).
"""

from __future__ import annotations

from modelarts_nb.cloud import errors

FORBIDDEN = errors.CloudForbidden
NOT_FOUND = errors.CloudNotFound
CONFLICT = errors.CloudConflict
INVALID = errors.CloudInvalid
QUOTA = errors.CloudQuota
BUSY = errors.CloudBusy
KEYS = errors.CloudUnauthenticated
AGENCY = errors.AgencyMissing
FAILED = errors.CloudError
SETTING = errors.CloudSetting

Kind = type[errors.CloudError]

# Grants take 15 to 30 minutes (the best practices' chapter on rights).
NOT_YET = "A right granted less than 30 minutes ago may not be in force yet."

_AUTHORISE = (
    "ModelArts itself must be authorised: console > ModelArts > Permission Management > "
    "Add Authorization creates its agency. No policy of yours replaces that."
)
_OBS_KEYS = "Authorise ModelArts with an agency that may use OBS (console > Permission Management)."
_KEYS = "Check AK and SK (`ma cloud check` says which are used and where they come from)."
EXPIRED = "Temporary keys have run out or belong elsewhere: get new ones, then run the same again."
_PROJECT = "The project id does not belong to these keys or this region: set Cloud.project."
_WAIT = "Wait a moment, then run the same again."
_RETRY = "The service is busy: wait a moment, then run the same again."
_FLAVOR = "Choose another flavor."
_KEY_PAIR = (
    "The key pair was deleted or is another user's: replace it by one of yours "
    "(`ma ssh use KEY`), then start the notebook."
)
_ASK = "Ask who runs the account."
_REPORT = "Run the same again later; if it repeats, report it with the request id."
_CODE = "Correct the code folder or the boot file: both lie in OBS and belong together."
_SORT = "It cannot be filtered or sorted like that."
_ENGINE = "Choose another engine, or an image."
_POOL = "Choose another pool: a running one for training."
_LOG = "Has the job begun, and was a folder for its logs named?"

# Without their prefix "ModelArts.".
MODELARTS: dict[str, tuple[Kind, str]] = {
    # authentication, authorisation, quota
    "0101": (INVALID, ""),
    "0102": (NOT_FOUND, "The workspace does not exist: `0` is the default one."),
    "0104": (INVALID, ""),
    "0107": (INVALID, ""),
    "0108": (FORBIDDEN, ""),
    "0109": (FORBIDDEN, "The account has no access to ModelArts here. " + _ASK),
    "0112": (FORBIDDEN, ""),
    "0113": (QUOTA, "Delete a notebook you do not need, or ask for a larger quota."),
    "0116": (QUOTA, "Ask for a larger quota."),
    "0118": (QUOTA, "Ask for a larger quota."),
    "0201": (KEYS, EXPIRED),
    "0202": (KEYS, EXPIRED),
    "0203": (KEYS, EXPIRED),
    "0204": (KEYS, EXPIRED),
    "0205": (KEYS, _KEYS),
    "0206": (KEYS, _KEYS),
    "0207": (SETTING, _PROJECT),
    "0208": (KEYS, _KEYS),
    "0209": (KEYS, _KEYS),
    "0210": (SETTING, _PROJECT),
    "0212": (KEYS, EXPIRED),
    **dict.fromkeys(
        ("0420", "0421", "0422", "0423", "0425", "0426", "0427", "0428", "0429", "0430", "0431"),
        (AGENCY, _AUTHORISE),
    ),
    "0424": (CONFLICT, "The authorisation exists already: delete it first."),
    "2784": (KEYS, EXPIRED),
    "2785": (AGENCY, _AUTHORISE),
    "2786": (SETTING, _PROJECT),
    "3818": (CONFLICT, "An agency of this name exists: use it, or choose another name."),
    # busy
    "2799": (BUSY, _RETRY),
    "6100": (BUSY, _RETRY),
    "6101": (BUSY, _RETRY),
    "6102": (BUSY, _RETRY),
    # the notebook's life
    "6200": (QUOTA, "There is no capacity at the moment: wait, or choose another flavor."),
    "6201": (FORBIDDEN, "The account is suspended. " + _ASK),
    "6203": (FORBIDDEN, "The account is restricted. " + _ASK),
    "6301": (CONFLICT, "Choose another name."),
    "6302": (QUOTA, "Delete a notebook you do not need."),
    "6303": (INVALID, "It cannot be sorted by that field."),
    "6304": (CONFLICT, "Stop it first: `ma notebook stop`."),
    "6305": (CONFLICT, "It runs already."),
    "6306": (CONFLICT, "It is starting already: `ma notebook start` follows it."),
    "6307": (CONFLICT, "It is stopped already."),
    "6308": (CONFLICT, "It is stopping already: `ma notebook stop` follows it."),
    "6309": (NOT_FOUND, "`ma notebook list` shows which there are; check region and project too."),
    "6316": (INVALID, "Say which storage the notebook is to have."),
    "6323": (INVALID, _FLAVOR),
    "6324": (INVALID, "Choose another category of storage."),
    "6326": (QUOTA, "The notebook is frozen because money is owed. " + _ASK),
    "6327": (CONFLICT, "Start it first: `ma notebook start`."),
    "6328": (FORBIDDEN, "You may not use this flavor: choose another one. " + NOT_YET),
    "6329": (QUOTA, "The flavor is sold out: wait, or choose another one."),
    "6330": (INVALID, _FLAVOR),
    "6332": (INVALID, ""),
    "6333": (CONFLICT, _WAIT),
    "6334": (INVALID, "Leave out & < > \" ' and /."),
    "6335": (INVALID, ""),
    "6336": (INVALID, ""),
    "6345": (CONFLICT, "A notebook on OBS has no git: use one on SFS or EVS."),
    "6346": (INVALID, "The time must lie in the future."),
    "6347": (CONFLICT, "It cannot be changed in this state: `ma notebook stop` it first."),
    "6348": (INVALID, "Say for how long: from 1 to 72 hours."),
    "6349": (INVALID, "From 1 to 72 hours."),
    "6355": (CONFLICT, _WAIT),
    "6357": (CONFLICT, "Something else is going on. " + _WAIT),
    "6360": (QUOTA, "There is no capacity at the moment: wait, or choose another flavor."),
    "6361": (FAILED, _REPORT),
    **dict.fromkeys(("6374", "6376", "6377", "6378", "6379"), (AGENCY, _AUTHORISE)),
    "6319": (AGENCY, _OBS_KEYS),
    "6353": (AGENCY, _OBS_KEYS),
    "6354": (AGENCY, _OBS_KEYS),
    "6716": (QUOTA, "The flavor is sold out: wait, or choose another one."),
    "6792": (INVALID, _FLAVOR),
    "6870": (INVALID, _FLAVOR),
    # SSH, storage, image
    "6786": (FORBIDDEN, _KEY_PAIR),
    "6789": (FORBIDDEN, _KEY_PAIR),
    "6768": (INVALID, "The image has SSH only: give the notebook a key pair."),
    "6782": (AGENCY, _OBS_KEYS),
    "6772": (
        INVALID,
        "Only a parallel file system of OBS can be mounted, and the right to it is needed.",
    ),
    "6702": (INVALID, "This site does not mount that category: try another (`--category`)."),
    "6927": (INVALID, "A folder below /data, as in /data/mine."),
    "6967": (INVALID, "OBS as main storage needs the name of a DEW secret."),
    "6404": (
        NOT_FOUND,
        "`ma storage list` shows what is mounted, `ma storage folders` which folders there are.",
    ),
    "6400": (INVALID, ""),
    "6320": (FORBIDDEN, "The right to this OBS bucket is missing. " + NOT_YET),
    "6350": (
        FORBIDDEN,
        "The right to this OBS bucket is missing, or the keys are wrong. " + NOT_YET,
    ),
    "6317": (NOT_FOUND, "There is no such folder in the bucket."),
    "6318": (INVALID, "The path must end with `/`."),
    "6358": (INVALID, "Name a folder of the bucket, not the bucket itself."),
    "6371": (INVALID, "Only buckets of the Standard class."),
    "6528": (QUOTA, "There is no disk left: wait, or choose EFS."),
    "6331": (INVALID, "5 to 4096 GB."),
    "6797": (NOT_FOUND, "There is no such image."),
    "6737": (CONFLICT, "Choose another tag."),
    "6771": (INVALID, "The image is too large to be registered."),
    # training
    "2751": (CONFLICT, "Choose another name for the job."),
    **dict.fromkeys(("2757", "2758"), (INVALID, _CODE)),
    "2759": (INVALID, "The code folder has too many files: take out what the job does not need."),
    "2760": (INVALID, "The code folder is too deep: take out what the job does not need."),
    "2761": (INVALID, "The code folder is too large: take out what the job does not need."),
    "2763": (INVALID, _FLAVOR),
    **dict.fromkeys(("2764", "2787", "2788", "2825"), (INVALID, "")),
    "2771": (FORBIDDEN, ""),
    "2773": (INVALID, "Is the path in OBS right, and may you and the agency read it?"),
    "2775": (NOT_FOUND, "There is no such training job."),
    "2776": (CONFLICT, "The log is not there yet. " + _WAIT),
    "2777": (CONFLICT, "The metrics are not there yet. " + _WAIT),
    **dict.fromkeys(("2780", "2830", "2832"), (INVALID, _ENGINE)),
    # Also where a flavor is named for a dedicated pool of CPUs.
    "2781": (INVALID, "Choose another flavor; none where the pool is a dedicated one of CPUs."),
    **dict.fromkeys(("2789", "2790", "2807", "2808", "2809"), (INVALID, _SORT)),
    "2791": (INVALID, "A path in OBS looks like obs://bucket/folder/."),
    **dict.fromkeys(("2793", "2840"), (INVALID, _FLAVOR)),
    **dict.fromkeys(("2796", "2813", "2878"), (CONFLICT, "The job's state forbids it.")),
    "2803": (FAILED, "This site does not know this call: report it with the request id."),
    "2806": (INVALID, "An image of your own needs a command too."),
    "2810": (FAILED, "The image could not be looked up in SWR: check its path. " + _REPORT),
    "2811": (FAILED, "The image could not be shared with ModelArts. " + _REPORT),
    "2812": (INVALID, "A job can be terminated or restarted."),
    "2804": (FORBIDDEN, "The right to authorise ModelArts is missing. " + NOT_YET),
    "2838": (FORBIDDEN, "The workspace's policy forbids it. " + _ASK),
    **dict.fromkeys(("2815", "2833"), (QUOTA, "Ask for a larger quota.")),
    "2818": (CONFLICT, "The log is not there yet. " + _WAIT),
    "2819": (NOT_FOUND, "The log was cleaned away: logs are kept for 30 days."),
    **dict.fromkeys(("2820", "2822"), (NOT_FOUND, _LOG)),
    "2837": (QUOTA, "The account is frozen because money is owed. " + _ASK),
    "2845": (INVALID, "The image is too large for training."),
    "2879": (CONFLICT, "Only a debug job's container can be saved as an image."),
    "2880": (CONFLICT, "An image of this container is being saved already. " + _WAIT),
    "2881": (NOT_FOUND, "No image of this container was saved."),
    "2883": (CONFLICT, "The job does not run: only what runs can be saved as an image."),
    "2884": (CONFLICT, "Such an image exists: choose another name or tag."),
    "2885": (FORBIDDEN, "The right to the image in SWR is missing. " + NOT_YET),
    **dict.fromkeys(("2886", "2887"), (INVALID, _POOL)),
    "2889": (FAILED, "The pool could not be looked up. " + _REPORT),
    "2890": (NOT_FOUND, "There is no such pool."),
    "3037": (INVALID, "Correct this parameter of the model."),
}

# Of other services and of the gateway.
OTHERS: dict[str, tuple[Kind, str]] = {
    "APIGW.0301": (KEYS, _KEYS),
    "APIGW.0302": (
        FORBIDDEN,
        "This user may not use this API: do project and region belong to these keys "
        "(Cloud.project, Cloud.region), and may the user access APIs at all?",
    ),
    "APIGW.0303": (KEYS, _KEYS),
    "APIGW.0307": (KEYS, EXPIRED),
    "APIGW.0308": (BUSY, _RETRY),
    "Ecs.0314": (FORBIDDEN, _KEY_PAIR),
}

# By HTTP status, where the code says nothing.
STATUS: dict[int, Kind] = {
    400: INVALID,
    401: KEYS,
    403: FORBIDDEN,
    404: NOT_FOUND,
    408: BUSY,
    409: CONFLICT,
    429: BUSY,
    503: BUSY,
}

# What to do where the code says no more than its kind.
HINTS: dict[Kind, str] = {
    INVALID: "Correct the value that the service names; if it is not one of yours, report this "
    "with the request id.",
    NOT_FOUND: "Check the id, the project and the region (`ma cloud check` says which are used).",
    CONFLICT: _WAIT,
    QUOTA: _ASK,
    BUSY: _RETRY,
    KEYS: _KEYS,
    FAILED: _REPORT,
    SETTING: _PROJECT,
    AGENCY: _AUTHORISE,
}

# Worth repeating: the request was not carried out, or asking again harms nothing.
TRANSIENT = frozenset({"ModelArts.6100", "ModelArts.6101", "ModelArts.6102", "ModelArts.2799"})
# Of these, refused before anything was done: repeating is safe whatever was asked.
REFUSED_AT_THE_DOOR = frozenset({"ModelArts.6101", "ModelArts.2799"})


def known(code: str, status: int) -> tuple[Kind, str]:
    """The kind of error and the hint for a code of the cloud and its HTTP status.

    The hint is empty only for a missing right: which one it is, the code does not say.
    """
    short = code.removeprefix("ModelArts.")
    kind, hint = STATUS.get(status, FAILED), ""
    if short != code and short in MODELARTS:
        kind, hint = MODELARTS[short]
    elif code in OTHERS:
        kind, hint = OTHERS[code]
    return kind, hint or HINTS.get(kind, "")
