"""A wire that leads nowhere: canned answers, and what was sent."""

from collections.abc import Iterable
from datetime import timedelta
from typing import override

import msgspec

from protocols.headers import Headers, plain
from protocols.wire import HttpAnswer, NoAnswerError, Wire


class Request(msgspec.Struct, frozen=True):
    """One request that was sent."""

    method: str
    url: str
    key: str
    body: bytes | None


class CannedWire(Wire):
    """Answers with what it was given, the last again and again."""

    def __init__(self, answers: Iterable[HttpAnswer | NoAnswerError]) -> None:
        super().__init__()
        self._answers = list(answers)
        self.requests: list[Request] = []

    @override
    def send_as(
        self,
        method: str,
        url: str,
        *,
        headers: Headers,
        body: bytes | None = None,
        limit: timedelta | None = None,
    ) -> HttpAnswer:
        key = plain(headers, {})["Authorization"].removeprefix("Bearer ")
        self.requests.append(Request(method, url, key, body))
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, NoAnswerError):
            raise answer
        return answer
