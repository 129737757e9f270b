"""ModelArts' refusals: code, HTTP status and words, as data (``error_codes`` of its reference)."""

from __future__ import annotations

from modelarts_nb.localcloud.web.problem import CloudError

# Code without "ModelArts." to status and message; {} is filled with what it is about.
REFUSALS: dict[str, tuple[int, str]] = {
    "0101": (400, "Invalid argument: {}"),
    "0102": (400, "The workspace {} does not exist."),
    "0104": (400, "Parameter error: {}"),
    "0108": (403, "You are not authorized to perform the operation {}."),
    "0112": (403, "Policy doesn't allow {} to be performed."),
    "0113": (400, "The notebook quota is used up: {}."),
    "0210": (403, "The project ID {} does not match the credential."),
    "0424": (400, "The authorization of {} already exists. Delete it first."),
    "0429": (400, "The authorization of {} does not exist."),
    "2751": (400, "The training job name {} already exists."),
    "2757": (400, "The code directory is invalid: {}."),
    "2758": (400, "The boot file is invalid: {}."),
    "2763": (400, "The flavor is missing."),
    "2764": (400, "Invalid query parameter: {}."),
    "2773": (400, "The OBS path {} cannot be read."),
    "2775": (400, "The training job {} does not exist."),
    "2780": (400, "The engine {} does not exist."),
    "2781": (400, "The flavor {} does not exist, or cannot be chosen in this pool."),
    "2788": (400, "Invalid parameter: {}."),
    "2790": (400, "Sorting by {} is not supported."),
    "2791": (400, "The OBS path {} is invalid."),
    "2793": (400, "The resource is out of range: {}."),
    "2806": (400, "A custom image needs the parameters command and image_url."),
    "2807": (400, "Searching by {} is not supported."),
    "2808": (400, "The operator {} is not supported."),
    "2809": (400, "The value {} is not supported."),
    "2812": (400, "The action {} is not supported."),
    "2813": (409, "The training job cannot be terminated in its current status: {}."),
    "2815": (400, "The quota is used up: {}."),
    "2830": (400, "The engine is required."),
    "2840": (400, "The flavor {} is not supported."),
    "3818": (400, "The agency {} already exists."),
    "6303": (400, "The instance does not support sorting by {}."),
    "6305": (400, "The instance {} is already running."),
    "6306": (400, "The instance {} is starting."),
    "6307": (400, "The instance {} is already stopped."),
    "6308": (400, "The instance {} is stopping."),
    "6309": (400, "The instance {} does not exist."),
    "6323": (400, "The flavor {} is not supported."),
    "6327": (400, "The instance {} is not running."),
    "6328": (400, "You do not have the right to use the flavor {}."),
    "6329": (400, "The flavor {} is sold out."),
    "6330": (400, "The flavor {} does not match."),
    "6331": (400, "The EVS size must be from 5 to 4096 GB: {}."),
    "6333": (400, "The instance {} is recovering. Try again later."),
    "6347": (400, "The parameter {} cannot be changed in the current status."),
    "6349": (400, "The duration must be from 3600000 to 259200000: {}."),
    "6357": (400, "Another operation on the instance is in progress ({}). Try again later."),
    "6360": (400, "The back-end resources are insufficient: {}."),
    "6374": (400, "The authorization type {} is not supported."),
    "6379": (
        400,
        "No agency is configured: the dependent services {} needs are not authorized. Ask the "
        "administrator of the account to add an authorization for ModelArts.",
    ),
    "6400": (400, "Invalid request payload: {}"),
    "6404": (400, "{} does not exist."),
    "6702": (400, "The storage category and ownership {} are not supported."),
    "6768": (400, "The SSH configuration is missing."),
    "6772": (
        400,
        "The OBS bucket {} does not exist, is not a parallel file system, or may not be used.",
    ),
    # The text that the seed shows for 6786 is that of 6789 (2.3.4).
    "6786": (400, "The SSH key pair {} cannot be found in the ECS key pair management of the "
             "current user. Update the key pair and try again."),
    "6789": (400, "The SSH key pair {} cannot be found in ECS key pair management. Update the "
             "key pair and try again."),
    "6797": (400, "The image {} does not exist."),
    "6927": (400, "The mount path {} is invalid."),
    "6967": (400, "The DEW secret name is empty."),
}  # fmt: skip


def refusal(code: str, about: object = "") -> CloudError:
    """The refusal of a code, ready to be raised.

    Args:
        code: four digits, as in ``ModelArts.6309``.
        about: what it is about: an id, a name, a path.
    """
    status, text = REFUSALS[code]
    return CloudError(status, f"ModelArts.{code}", text.format(str(about)[:200]))
