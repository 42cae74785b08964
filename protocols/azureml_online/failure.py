"""Why a deployment failed, as the last operation on it tells. Pure.

The codes are those of Microsoft's page on troubleshooting online endpoints.
"""

from typing import Final

from protocols.classic_answers import LONGEST_MESSAGE
from protocols.protocol import Refused

_PASSING: Final = frozenset({"OperationCanceled", "InternalServerError"})
_KNOWN: Final = frozenset({"OutOfQuota", "OutOfCapacity", "ImageBuildFailure", "ResourceNotReady"})


def is_passing(causes: tuple[str, ...]) -> bool:
    """Say whether the same deployment may well be created when it is asked for again."""
    return not _PASSING.isdisjoint(causes)


def failure_of(causes: tuple[str, ...], message: str) -> Refused:
    """Say what a person reads of it.

    Args:
        causes: The service's own codes, the general one first.
        message: Its words.
    """
    known = [cause for cause in causes if cause in _KNOWN]
    cause = next(iter([*known, *causes]), "no reason is told")
    said = f"{cause}: {message}".removesuffix(": ")[:LONGEST_MESSAGE]
    match cause:
        case "OutOfQuota" | "OutOfCapacity":
            return Refused("out_of_quota", said, causes=causes)
        case "ImageBuildFailure":
            return Refused("image_build_failed", said, causes=causes)
        case "ResourceNotReady":
            # Its container runs, and what scores in it does not come up.
            return Refused("model_not_ready", said, about_model=True, causes=causes)
    return Refused("deployment_failed", said, causes=causes)
