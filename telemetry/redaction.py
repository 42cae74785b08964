"""Takes secrets out of text that comes from elsewhere: answers, errors, log lines."""

import re
from collections.abc import Iterable

from settings.secret import Secret

MASK = "<SECRET>"
_SIGNATURE = re.compile(r"(?i)((?:^|[?&;\s\"'])sig(?:=|%3d))[^&\s\"'<>;]+")
_BEARER = re.compile(r"(?i)(bearer\s+)[A-Za-z0-9+/=_.~-]{8,}")
_ACCOUNT_KEY = re.compile(r"(?i)(accountkey=)[^;\s\"']+")


def redact(text: str, secrets: Iterable[Secret] = ()) -> str:
    """Mask *secrets*, and whatever looks like a signature, a bearer key or an account key."""
    for secret in secrets:
        if secret.reveal():
            text = text.replace(secret.reveal(), MASK)
    text = _SIGNATURE.sub(rf"\1{MASK}", text)
    text = _BEARER.sub(rf"\1{MASK}", text)
    return _ACCOUNT_KEY.sub(rf"\1{MASK}", text)
