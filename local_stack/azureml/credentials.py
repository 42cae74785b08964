"""Who may call what: tokens of Microsoft Entra are read, not verified; keys are compared.

The stack's identities (`local_stack.identity`) give unsigned tokens, so whom one is for and until
when is all that can be checked.
"""

import base64
import hmac
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final

import msgspec
from msgspec import Struct

from local_stack.azureml.errors import ArmError

MANAGEMENT: Final = "https://management.azure.com"
SCORING: Final = "https://ml.azure.com"


class _Claims(Struct):
    aud: str
    exp: int
    oid: str = "unknown"


def bearer(authorization: str) -> str:
    """The token of a header; empty where there is none."""
    scheme, _, token = authorization.partition(" ")
    return token.strip() if scheme.casefold() == "bearer" else ""


def require_management(authorization: str, now: datetime) -> str:
    """Refuse a request without a token for the control plane; gives whose it is.

    Raises:
        ArmError: 401.
    """
    token = bearer(authorization)
    if not token:
        raise _unauthorized(
            "AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing."
        )
    claims = _claims(token)
    if claims is None or claims.aud.rstrip("/") != MANAGEMENT:
        raise _unauthorized(
            "InvalidAuthenticationToken", "The access token is invalid, or for another audience."
        )
    if claims.exp <= now.timestamp():
        until = datetime.fromtimestamp(claims.exp, UTC).isoformat()
        raise _unauthorized(
            "ExpiredAuthenticationToken",
            f"The access token expiry UTC time '{until}' is earlier than current UTC time.",
        )
    return claims.oid


def is_for_scoring(token: str, now: datetime) -> bool:
    """Whether a token of Microsoft Entra is for scoring, and still good."""
    claims = _claims(token)
    return claims is not None and claims.aud.rstrip("/") == SCORING and claims.exp > now.timestamp()


def is_one_of(given: str, *keys: str) -> bool:
    """Whether a key is one of these, without telling how far they agree."""
    return any(hmac.compare_digest(given.encode(), key.encode()) for key in keys)


def _claims(token: str) -> _Claims | None:
    parts = token.split(".")
    if len(parts) != 3:  # noqa: PLR2004 - header, claims and signature
        return None
    try:
        text = base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
        return msgspec.json.decode(text, type=_Claims)
    except (ValueError, msgspec.DecodeError):
        return None


def _unauthorized(code: str, message: str) -> ArmError:
    challenge = {"WWW-Authenticate": f'Bearer error="invalid_token", resource="{MANAGEMENT}/"'}
    return ArmError(HTTPStatus.UNAUTHORIZED, code, message, headers=challenge)
