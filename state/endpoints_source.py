"""Where the endpoints file comes from: a file of the app, or a blob. Re-read when it changed."""

import errno
import posixpath
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import Protocol

from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.storage.blob import BlobServiceClient

from settings.container import is_blob_name
from settings.endpoints_file import Endpoints, parse_endpoints
from settings.fault import Fault, SettingsError
from settings.retraining import ReadServiceKeys
from settings.scoring_endpoint import ReadKeys, ScoringEndpoint
from state.storage_errors import mapped

LOOK_AGAIN_AFTER = timedelta(seconds=30)
"""How old what is known of a blob may be: a look costs a call."""
# Who asks, how often and how fast: all other 4xx are about the one blob, such as a name that no
# blob can have.
_ABOUT_STORAGE = frozenset({401, 403, 408, 429})


class Folder(Protocol):
    """Where the endpoints file and the requests of its smoke tests are."""

    def version(self, now: datetime) -> str | None:
        """Give what changes when the file does; None: there is no file."""

    def read(self, name: str) -> bytes:
        """Read a file by its path relative to the endpoints file's folder.

        Raises:
            OSError: There is no such file, or it cannot be read.
            StorageError: Nothing is known of the file.
        """


class EndpointsSource:
    """The endpoints file as it is now, or as it last made sense.

    Args:
        folder: Where it is.
        name: Its name there.
        environ: The app settings, which the keys are in.
        protocols: How the keys of an endpoint are read, by the name of its protocol.
        trainings: How those of a training service are.
        now: The clock.
    """

    def __init__(  # noqa: PLR0913 - all of it is named
        self,
        folder: Folder,
        name: str,
        *,
        environ: Mapping[str, str],
        protocols: Mapping[str, ReadKeys],
        trainings: Mapping[str, ReadServiceKeys],
        now: Callable[[], datetime],
    ) -> None:
        self._folder, self._name = folder, name
        self._environ, self._protocols, self._trainings = environ, protocols, trainings
        self._now = now
        self._lock = threading.Lock()
        self._version: str | None = None
        self._read_at: datetime | None = None
        self._good: Endpoints | None = None
        self._faults: tuple[Fault, ...] = ()

    def current(self) -> Endpoints:
        """Give the endpoints. A file that does not parse leaves the last good one in force.

        Raises:
            SettingsError: There has been no good one.
            StorageError: The blob could not be looked at.
        """
        with self._lock:
            self._refresh()
            if self._good is None:
                raise SettingsError(self._faults)
            return self._good

    def endpoint(self, name: str) -> ScoringEndpoint | None:
        """Give one endpoint to work with, the request of its smoke test as it is now.

        The file's own version says nothing of the requests. So one is looked at when it may be
        needed: what a tick costs grows with what is due, and not with the fleet. Raises as
        `current` does.
        """
        endpoint = self.current().by_name.get(name)
        if endpoint is None or not self._has_another_request(endpoint):
            return endpoint
        with self._lock:
            self._read()  # all of it, so that what is wrong with the request is a fault as ever
            return self._good.by_name.get(name) if self._good else None

    def _has_another_request(self, endpoint: ScoringEndpoint) -> bool:
        test = endpoint.smoke_test
        if test is None or endpoint.faults:  # a fault has the file read anew by itself
            return False
        try:
            return self._folder.read(test.request_file) != test.request
        except OSError:
            return True

    def faults(self) -> tuple[Fault, ...]:
        """Give all that is wrong with the file as it is now; may raise `StorageError`."""
        with self._lock:
            self._refresh()
            return self._faults

    def _refresh(self) -> None:
        now = self._now()
        version = self._folder.version(now)
        if version is None:
            self._faults = (Fault("ENDPOINTS_FILE", "names a file that is not there"),)
        elif version != self._version or self._may_be_mended(now):
            self._read()
            self._read_at = now
        # Only once it was read: where storage failed, the next call tries again.
        self._version = version

    def _may_be_mended(self, now: datetime) -> bool:
        """Say whether a fault may be gone with the file unchanged, as when a request came late."""
        is_old = self._read_at is None or now - self._read_at >= LOOK_AGAIN_AFTER
        return bool(self._faults) and is_old

    def _read(self) -> None:
        try:
            endpoints = parse_endpoints(
                self._folder.read(self._name).decode("utf-8-sig"),  # Windows editors write a BOM
                environ=self._environ,
                read_relative=self._folder.read,
                protocols=self._protocols,
                trainings=self._trainings,
            )
        except SettingsError as error:
            self._faults = error.faults
        except (OSError, UnicodeDecodeError):
            self._faults = (Fault("ENDPOINTS_FILE", "cannot be read as a UTF-8 text"),)
        else:
            self._good, self._faults = endpoints, endpoints.faults


class AppFolder:
    """A folder of the app."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def version(self, now: datetime) -> str | None:  # noqa: ARG002 - looking costs nothing
        """See `Folder`."""
        try:
            found = self._file.stat()
        except OSError:
            return None
        return f"{found.st_mtime_ns} {found.st_size}"

    def read(self, name: str) -> bytes:
        """See `Folder`."""
        return (self._file.parent / name).read_bytes()


class BlobFolder:
    """A folder in a container of the state storage."""

    def __init__(self, service: BlobServiceClient, container: str, path: str) -> None:
        self._container = service.get_container_client(container)
        self._path = PurePosixPath(path)
        self._etag: str | None = None
        self._looked_at: datetime | None = None

    def version(self, now: datetime) -> str | None:
        """See `Folder`."""
        if self._looked_at is None or now - self._looked_at >= LOOK_AGAIN_AFTER:
            self._etag = self._look()
            self._looked_at = now
        return self._etag

    def read(self, name: str) -> bytes:
        """See `Folder`."""
        path = posixpath.normpath(self._path.parent / name)
        if not is_blob_name(path):  # above the container, say: storage would refuse our signature
            raise FileNotFoundError(2, "no such blob", name)
        blob = self._container.get_blob_client(path)
        with mapped("read the endpoints file"):
            try:
                content: bytes = blob.download_blob().readall()
            except ResourceNotFoundError as error:
                raise FileNotFoundError(errno.ENOENT, "no such blob", name) from error
            except HttpResponseError as error:
                if _is_about_the_blob(error):
                    raise OSError(
                        errno.EIO, f"storage answered {error.status_code}", name
                    ) from error
                raise
            return content

    def _look(self) -> str | None:
        # Without a condition on the ETag: a HEAD has no body to spare, and the SDK makes a 304 an
        # error like that of a failed write.
        blob = self._container.get_blob_client(str(self._path))
        with mapped("look at the endpoints file"):
            try:
                etag: str = blob.get_blob_properties().etag
            except ResourceNotFoundError:
                return None
            return etag


def _is_about_the_blob(error: HttpResponseError) -> bool:
    status = error.status_code or 0
    return 400 <= status < 500 and status not in _ABOUT_STORAGE  # noqa: PLR2004 - the class of 4xx
