"""Counts the connections that this process opens, as urllib3 tells of each in its log."""

import logging
import threading
from types import TracebackType
from typing import Self

_LOGGER = logging.getLogger("urllib3.connectionpool")
_OPENED = "Starting new HTTP"


class OpenedConnections(logging.Handler):
    """The connections opened within the block."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.count = 0
        self._counting = threading.Lock()

    def emit(self, record: logging.LogRecord) -> None:
        """Count one line, if it tells of a new connection."""
        if str(record.msg).startswith(_OPENED):
            with self._counting:
                self.count += 1

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
