"""The cloud's error codes as data: which kind of error, and what to do about it.

Codes and meanings: ``error_codes`` of the ModelArts API reference. A code that is not here is
judged by its HTTP status.
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

_AUTHORISE = (
    "ModelArts itself must be authorised: console > ModelArts > Permission Management > "
    "Add Authorization creates its agency. No policy of yours replaces that."
)
_OBS_KEYS = "Authorise ModelArts with an agency that may use OBS (console > Permission Management)."
_KEYS = "Check AK and SK (`ma cloud check` says which are used and where they come from)."
_EXPIRED = "Temporary keys have run out or belong elsewhere: get new ones, then run the same again."
_PROJECT = "The project id does not belong to these keys or this region: set Cloud.project."
_WAIT = "Wait a moment, then run the same again."
_RETRY = "The service is busy: wait a moment, then run the same again."
_STATE = "`ma notebook show` says what state it is in."
_FLAVOR = "Choose another flavor."
_KEY_PAIR = (
    "The key pair was deleted or is another user's: replace it by one of yours "
    "(`ma ssh use KEY`), then start the notebook."
)
_PUSH = "Ask who runs the account."

# Without their prefix "ModelArts.".
MODELARTS: dict[str, tuple[Kind, str]] = {
    # authentication, authorisation, quota
    "0101": (INVALID, ""),
    "0102": (NOT_FOUND, "The workspace does not exist: `0` is the default one."),
    "0104": (INVALID, ""),
    "0107": (INVALID, ""),
    "0108": (FORBIDDEN, ""),
    "0109": (FORBIDDEN, "The account has no access to ModelArts here. " + _PUSH),
    "0112": (FORBIDDEN, ""),
    "0113": (QUOTA, "Delete a notebook you do not need, or ask for a larger quota."),
    "0116": (QUOTA, "Ask for a larger quota."),
    "0118": (QUOTA, "Ask for a larger quota."),
    "0201": (KEYS, _EXPIRED),
    "0202": (KEYS, _EXPIRED),
    "0203": (KEYS, _EXPIRED),
    "0204": (KEYS, _EXPIRED),
    "0205": (KEYS, _KEYS),
    "0206": (KEYS, _KEYS),
    "0207": (SETTING, _PROJECT),
    "0208": (KEYS, _KEYS),
    "0209": (KEYS, _KEYS),
    "0210": (SETTING, _PROJECT),
    "0212": (KEYS, _EXPIRED),
    **dict.fromkeys(
        ("0420", "0421", "0422", "0423", "0425", "0426", "0427", "0428", "0429", "0430", "0431"),
        (AGENCY, _AUTHORISE),
    ),
    "0424": (CONFLICT, "The authorisation exists already: delete it first."),
    "2784": (KEYS, _EXPIRED),
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
    "6201": (FORBIDDEN, "The account is suspended. " + _PUSH),
    "6203": (FORBIDDEN, "The account is restricted. " + _PUSH),
    "6301": (CONFLICT, "Choose another name."),
    "6302": (QUOTA, "Delete a notebook you do not need."),
    "6303": (INVALID, "It cannot be sorted by that field."),
    "6304": (CONFLICT, "Stop it first: `ma notebook stop`."),
    "6305": (CONFLICT, "It runs already."),
    "6306": (CONFLICT, "It is starting already: `ma notebook start` follows it."),
    "6307": (CONFLICT, "It is stopped already."),
    "6308": (CONFLICT, "It is stopping already: `ma notebook stop` follows it."),
    "6309": (NOT_FOUND, "`ma notebook list` shows which there are; check region and project too."),
    "6316": (INVALID, ""),
    "6323": (INVALID, _FLAVOR),
    "6324": (INVALID, "Choose another category of storage."),
    "6326": (QUOTA, "The notebook is frozen because money is owed. " + _PUSH),
    "6327": (CONFLICT, "Start it first: `ma notebook start`."),
    "6328": (FORBIDDEN, _FLAVOR),
    "6329": (QUOTA, "The flavor is sold out: wait, or choose another one."),
    "6330": (INVALID, _FLAVOR),
    "6332": (INVALID, ""),
    "6333": (CONFLICT, _WAIT),
    "6334": (INVALID, "Leave out & < > \" ' and /."),
    "6335": (INVALID, ""),
    "6336": (INVALID, ""),
    "6345": (CONFLICT, ""),
    "6346": (INVALID, "The time must lie in the future."),
    "6347": (CONFLICT, "It cannot be changed in this state: `ma notebook stop` it first."),
    "6348": (INVALID, ""),
    "6349": (INVALID, "From 1 to 72 hours."),
    "6355": (CONFLICT, _WAIT),
    "6357": (CONFLICT, "Something else is going on. " + _WAIT),
    "6360": (QUOTA, "There is no capacity at the moment: wait, or choose another flavor."),
    "6361": (FAILED, "Report it with the request id."),
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
    "6404": (NOT_FOUND, "`ma storage list` shows what is mounted."),
    "6400": (INVALID, ""),
    "6320": (FORBIDDEN, "The right to this OBS bucket is missing."),
    "6350": (FORBIDDEN, "The right to this OBS bucket is missing, or the keys are wrong."),
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
    "2771": (FORBIDDEN, ""),
    "2775": (NOT_FOUND, "There is no such training job."),
    "2776": (CONFLICT, "The log is not there yet. " + _WAIT),
    "2777": (CONFLICT, "The metrics are not there yet. " + _WAIT),
    **dict.fromkeys(("2796", "2813", "2878"), (CONFLICT, "The job's state forbids it.")),
    "2804": (FORBIDDEN, "The right to authorise ModelArts is missing."),
    "2838": (FORBIDDEN, "The workspace's policy forbids it."),
    **dict.fromkeys(("2815", "2833"), (QUOTA, "Ask for a larger quota.")),
    "2837": (QUOTA, "The account is frozen because money is owed. " + _PUSH),
    "2885": (FORBIDDEN, "The right to the image in SWR is missing."),
}

# Of other services and of the gateway.
OTHERS: dict[str, tuple[Kind, str]] = {
    "APIGW.0301": (KEYS, _KEYS),
    "APIGW.0302": (KEYS, _KEYS),
    "APIGW.0303": (KEYS, _KEYS),
    "APIGW.0307": (KEYS, _EXPIRED),
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

# Worth repeating: the request was not carried out, or asking again harms nothing.
TRANSIENT = frozenset({"ModelArts.6100", "ModelArts.6101", "ModelArts.6102", "ModelArts.2799"})
# Of these, refused before anything was done: repeating is safe whatever was asked.
REFUSED_AT_THE_DOOR = frozenset({"ModelArts.6101", "ModelArts.2799"})


def known(code: str, status: int) -> tuple[Kind, str]:
    """The kind of error and the hint for a code of the cloud and its HTTP status."""
    short = code.removeprefix("ModelArts.")
    if short != code and short in MODELARTS:
        return MODELARTS[short]
    if code in OTHERS:
        return OTHERS[code]
    return STATUS.get(status, FAILED), ""
