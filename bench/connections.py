"""Counts the connections that this process opens, as urllib3 tells of each in its log.

It says `Starting new HTTP connection` of one that it has made, and `Resetting dropped connection`
of one that the other side closed and that it opens anew. The latter names no port: the request that
the connection was opened for does, which the same thread logs next.
"""

import logging
from collections import Counter
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

_LOGGER = logging.getLogger("urllib3.connectionpool")
_STARTED = "Starting new HTTP"
_RESET = "Resetting dropped connection"
_ANSWERED = '%s://%s:%s "'


class OpenedConnections(logging.Handler):
    """The connections opened within the block, by host and port."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self._opened: Counter[str] = Counter()
        self._reset: Counter[int | None] = Counter()

    def to(self, url: str) -> int:
        """Say how many were opened to the host and port of *url*, which names both."""
        return self._opened[urlsplit(url).netloc]

    def emit(self, record: logging.LogRecord) -> None:
        """Count one line, if it tells of a connection; `handle` lets in one thread at a time."""
        template = str(record.msg)
        if template.startswith(_RESET):
            self._reset[record.thread] += 1
        elif template.startswith((_STARTED, _ANSWERED)) and isinstance(record.args, tuple):
            _, host, port, *_ = record.args
            opened = self._reset.pop(record.thread, 0) + template.startswith(_STARTED)
            self._opened[f"{host}:{port}"] += opened

    def __enter__(self) -> Self:
        self._before = (_LOGGER.level, _LOGGER.propagate)
        _LOGGER.setLevel(logging.DEBUG)
        _LOGGER.propagate = False
        _LOGGER.addHandler(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        _LOGGER.removeHandler(self)
        _LOGGER.level, _LOGGER.propagate = self._before
        _LOGGER.setLevel(_LOGGER.level)
