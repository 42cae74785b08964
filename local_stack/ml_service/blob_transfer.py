"""Reading and writing a blob through the URL somebody gave us; storage judges the token."""

import http.client
import ssl
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from typing import IO, Final
from urllib.parse import urlsplit

LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_CHUNK: Final = 1024 * 1024
_SOCKET_SECONDS: Final = 15.0


class TransferFailed(Exception):  # noqa: N818 - an outcome that callers translate
    """A blob could not be read or written.

    Attributes:
        status: What storage answered; ``None`` where there was no answer.
        reason: The storage error code, or what went wrong. Never holds the token.
    """

    def __init__(self, status: int | None, reason: str) -> None:
        super().__init__(f"{status}: {reason}")
        self.status = status
        self.reason = reason


class TooLarge(TransferFailed):
    """A blob is longer than this service reads."""


class Unanswered(TransferFailed):
    """Storage gave no answer, or not to its end, or failed itself: later it may."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """How blobs are read and written.

    Attributes:
        ca_file: Certificates trusted for https; the system's where it is ``None``.
        limit: The longest blob that is read, in bytes.
        within: The time for one whole transfer.
    """

    ca_file: Path | None = None
    limit: int = 2 * 1024**3
    within: timedelta = timedelta(seconds=50)

    def fetch(self, url: str) -> IO[bytes]:
        """The blob's bytes in a temporary file, positioned at its start; the caller closes it."""
        deadline = time.monotonic() + self.within.total_seconds()
        with self._answer("GET", url, b"", {}) as response:
            file = tempfile.TemporaryFile()  # noqa: SIM115 - handed over to the caller
            try:
                self._copy(response, file, deadline)
            except BaseException:
                file.close()
                raise
        file.seek(0)
        return file

    def put(self, url: str, content: bytes) -> None:
        """Write a block blob."""
        with self._answer("PUT", url, content, {"x-ms-blob-type": "BlockBlob"}):
            pass

    def _copy(self, response: http.client.HTTPResponse, file: IO[bytes], deadline: float) -> None:
        length = 0
        while chunk := response.read(_CHUNK):
            length += len(chunk)
            if length > self.limit:
                raise TooLarge(None, f"longer than {self.limit} bytes")
            if time.monotonic() > deadline:
                raise Unanswered(None, f"not read within {self.within}")
            file.write(chunk)
        if response.length:  # http.client ends a cut answer like a whole one
            raise Unanswered(None, f"cut off {response.length} bytes before its end")

    @contextmanager
    def _answer(
        self, method: str, url: str, content: bytes, headers: dict[str, str]
    ) -> Iterator[http.client.HTTPResponse]:
        connection, target = self._connect(url)
        try:
            connection.request(method, target, content or None, headers)
            response = connection.getresponse()
            _require_success(response)
            yield response
        except (UnicodeError, http.client.InvalidURL):
            raise TransferFailed(None, "the location is no URL: a name not encoded?") from None
        except (OSError, http.client.HTTPException) as exc:
            # Its text may quote the URL and so the token: the kind says enough.
            raise Unanswered(None, f"no answer from storage: {type(exc).__name__}") from None
        finally:
            connection.close()

    def _connect(self, url: str) -> tuple[http.client.HTTPConnection, str]:
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            raise TransferFailed(None, "the location is no URL") from None
        if parts.scheme not in {"http", "https"} or host not in LOOPBACK:
            raise TransferFailed(None, "this local service reads from loopback addresses alone")
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        if parts.scheme == "http":
            return http.client.HTTPConnection(host, port, timeout=_SOCKET_SECONDS), target
        context = ssl.create_default_context(cafile=self.ca_file)
        return (
            http.client.HTTPSConnection(host, port, timeout=_SOCKET_SECONDS, context=context),
            target,
        )


def _require_success(response: http.client.HTTPResponse) -> None:
    if response.status in {HTTPStatus.OK, HTTPStatus.CREATED}:
        return
    code = response.getheader("x-ms-error-code") or response.reason
    kind = Unanswered if response.status >= HTTPStatus.INTERNAL_SERVER_ERROR else TransferFailed
    raise kind(response.status, code)
