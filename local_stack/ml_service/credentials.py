"""Who may call what: bearer tokens compared without telling how far they agree."""

import hmac
from collections.abc import Iterable

from local_stack.http_service.call import Call
from local_stack.ml_service.errors import ServiceError


def require_management(call: Call, *keys: str) -> None:
    """Refuse a management request that carries none of these keys.

    Raises:
        ServiceError: 401 ``ManagementRequestUnauthorized``.
    """
    if not _carries(call, keys):
        raise ServiceError("Unauthorized", "ManagementRequestUnauthorized")


def require_score(call: Call, *keys: str) -> None:
    """Refuse a scoring or batch request that carries none of these keys.

    Raises:
        ServiceError: 401 ``ScoreRequestUnauthorized``, as captured from the real service.
    """
    if not _carries(call, keys):
        raise ServiceError("Unauthorized", "ScoreRequestUnauthorized")


def _carries(call: Call, keys: Iterable[str]) -> bool:
    # Microsoft's Python client sends "bearer", the others "Bearer".
    scheme, _, token = call.authorization.partition(" ")
    if scheme.casefold() != "bearer":
        return False
    return any(hmac.compare_digest(token.strip().encode(), key.encode()) for key in keys if key)
