"""Takes secrets out of text that comes from elsewhere: answers, errors, log lines."""

import re
from collections.abc import Iterable

from settings.secret import Secret
from telemetry.escapes import places

MASK = "<SECRET>"
# However often the text around it was escaped: = as %3D, %253D, \u003d, &#61;, &amp;#61;.
_EQUALS = r"(?:=|%(?:25)*3d|\\+u003d|&(?:amp;)*(?:#61|#x3d|equals);)"
# The signs of base 64 that are escaped at times: a value does not end at the escape.
_ESCAPED = r"\\+(?:/|u002[bf]|u003d)|&(?:amp;)*(?:#(?:43|47|61)|#x(?:2[bf]|3d)|plus|sol|equals);"
_SIGNATURE = re.compile(rf"(?i)((?<![a-z])sig{_EQUALS})(?:{_ESCAPED}|[^&\s\"'<>;\\])+")
_BEARER = re.compile(rf"(?i)(bearer\s+)(?:{_ESCAPED}|[A-Za-z0-9+/=_.~%-]){{8,}}")
_ACCOUNT_KEY = re.compile(rf"(?i)(accountkey{_EQUALS})(?:{_ESCAPED}|[^;\s\"'])+")


def redact(text: str, secrets: Iterable[Secret] = ()) -> str:
    """Mask *secrets*, and whatever looks like a signature, a bearer key or an account key.

    A secret is found however its signs are escaped.
    """
    values = {value for secret in secrets for value in secret.known()} - {""}
    for value in sorted(values, key=len, reverse=True):  # one may be the beginning of another
        text = _without(value, text)
    for pattern in (_SIGNATURE, _BEARER, _ACCOUNT_KEY):
        text = pattern.sub(rf"\1{MASK}", text)
    return text


def _without(value: str, text: str) -> str:
    parts, told = [], 0
    for begin, end in places(text, value):
        parts += [text[told:begin], MASK]
        told = end
    return "".join([*parts, text[told:]])
