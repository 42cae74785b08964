"""Takes secrets out of text that comes from elsewhere: answers, errors, log lines."""

import re
from collections.abc import Iterable
from urllib.parse import quote

from settings.secret import Secret

MASK = "<SECRET>"
# However often the URL around it was escaped: sig=, sig%3D, sig%253D, and after & as \u0026.
_SIGNATURE = re.compile(r"(?i)((?<![a-z])sig(?:=|%(?:25)*3d|\\u003d))[^&\s\"'<>;\\]+")
_BEARER = re.compile(r"(?i)(bearer\s+)[A-Za-z0-9+/=_.~-]{8,}")
_ACCOUNT_KEY = re.compile(r"(?i)(accountkey=)[^;\s\"']+")


def redact(text: str, secrets: Iterable[Secret] = ()) -> str:
    """Mask *secrets*, and whatever looks like a signature, a bearer key or an account key."""
    values = {secret.reveal() for secret in secrets} - {""}
    values |= {quote(value, safe="", errors="replace") for value in values}
    for value in sorted(values, key=len, reverse=True):  # one may be the beginning of another
        text = text.replace(value, MASK)
    text = _SIGNATURE.sub(rf"\1{MASK}", text)
    text = _BEARER.sub(rf"\1{MASK}", text)
    return _ACCOUNT_KEY.sub(rf"\1{MASK}", text)
