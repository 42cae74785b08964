"""Log lines of the host: one line each, the function and invocation first, the fields last."""

import json
import logging
import re
import sys
from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_STACK = "stack"
# A signature or an account key never reaches a log, whoever logs it.
_SECRETS = re.compile(
    r"(?i)((?:\bsig|accountkey|sharedaccesssignature|[?&]code)(?:=|%3d))[^&;\s\"']+",
)
_QUIET = ("azure", "uvicorn", "urllib3", "asyncio")


class LogLine(logging.Formatter):
    """`2026-01-01T00:00:00.000Z info [watch 1b4e28ba] message key=value`.

    A stack trace follows on lines of its own that start with `    | `.
    """

    def __init__(
        self,
        invocation_id: ContextVar[str | None],
        function_of: Callable[[str], str | None],
    ) -> None:
        super().__init__()
        self._invocation_id = invocation_id
        self._function_of = function_of

    def format(self, record: logging.LogRecord) -> str:
        """The line for a record."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        # A name with a dot is an attribute for OpenTelemetry, whose line says it by itself.
        extra = {k: v for k, v in vars(record).items() if "." not in k}
        fields = {k: v for k, v in extra.items() if k not in _STANDARD and k != _STACK}
        parts = [
            at.replace("+00:00", "Z"),
            record.levelname.lower(),
            self._origin(record),
            record.getMessage(),
            *(f"{key}={_value(value)}" for key, value in fields.items()),
        ]
        line = " ".join(part.replace("\n", "\\n") for part in parts if part)
        stack = str(getattr(record, _STACK, "") or "")
        if record.exc_info:
            stack = self.formatException(record.exc_info)
        lines = [line, *(f"    | {text}" for text in stack.splitlines())]
        return _SECRETS.sub(r"\1<SECRET>", "\n".join(lines))

    def _origin(self, record: logging.LogRecord) -> str:
        invocation_id = self._invocation_id.get()
        if invocation_id is None:
            return "[host]" if record.name.startswith("local_stack.") else f"[{record.name}]"
        return f"[{self._function_of(invocation_id) or record.name} {invocation_id}]"


def log_to_stdout(formatter: logging.Formatter) -> None:
    """Send every record from level INFO on to stdout; the SDKs only from WARNING on."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def _value(value: object) -> str:
    text = str(value)
    return text if re.fullmatch(r"[^\s\"]+", text) else json.dumps(text, ensure_ascii=False)
