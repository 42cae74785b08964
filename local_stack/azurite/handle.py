"""A handle on one running Azurite."""

import re
import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from local_stack.azurite.account import StorageAccount
from local_stack.azurite.node import NodeError, find_node
from local_stack.certificates import Certificate, make_certificate
from local_stack.child import Child, ChildError

HOME = Path(__file__).parent
PROGRAM = HOME / "node_modules" / "azurite" / "dist" / "src" / "azurite.js"
READY_WITHIN = timedelta(seconds=60)

_LISTENING = re.compile(r"Azurite (\w+) service is successfully listening at \w+://[^:]+:(\d+)")
_TAKEN = re.compile(r"EADDRINUSE.*?:(\d+)")


class AzuriteError(Exception):
    """Azurite could not be started; the first line is one sentence that says what to do."""


class Azurite:
    """A running Azurite: blob and queue service on free (or given) ports of the loopback address.

    Started by `Azurite.start(...)`, ended by `stop()` or the end of the `with` block.
    """

    def __init__(
        self, folder: Path, location: Path | None, certificate: Certificate | None
    ) -> None:
        self._folder = folder
        self._location = location
        self._certificate = certificate
        self._child: Child | None = None
        self._account: StorageAccount | None = None

    @classmethod
    def start(
        cls,
        *,
        oauth: bool = False,
        location: Path | None = None,
        blob_port: int = 0,
        queue_port: int = 0,
    ) -> Self:
        """Start one and wait until it listens.

        Args:
            oauth: https with a certificate of our own, and bearer tokens accepted beside keys.
            location: folder to keep the data in; in memory if left out.
            blob_port: 0 for a free one.
            queue_port: 0 for a free one.

        Raises:
            AzuriteError: no Node.js, not installed, a taken port, or it did not get ready.
        """
        folder = Path(tempfile.mkdtemp(prefix="azurite-"))
        certificate = make_certificate(folder, now=datetime.now(UTC)) if oauth else None
        azurite = cls(folder, location, certificate)
        try:
            azurite._run(blob_port, queue_port)
        except BaseException:
            azurite.stop()
            raise
        return azurite

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def account(self) -> StorageAccount:
        """The account that it serves, with the ports that it really listens on."""
        if self._account is None:
            raise AzuriteError("Azurite is not started.")
        return self._account

    @property
    def connection_string(self) -> str:
        """With the account key in it."""
        return self.account.connection_string

    @property
    def account_name(self) -> str:
        """The one account's name."""
        return self.account.name

    @property
    def account_key(self) -> str:
        """The one account's key."""
        return self.account.key

    @property
    def blob_service_uri(self) -> str:
        """For example `http://127.0.0.1:10000/devstoreaccount1`."""
        return self.account.blob_service_uri

    @property
    def queue_service_uri(self) -> str:
        """For example `http://127.0.0.1:10001/devstoreaccount1`."""
        return self.account.queue_service_uri

    @property
    def ca_file(self) -> Path | None:
        """What a client must trust (PEM); None where it speaks plain http."""
        return self._certificate.certificate_file if self._certificate else None

    @property
    def pid(self) -> int:
        """The process id of Node.js."""
        if self._child is None:
            raise AzuriteError("Azurite is not running.")
        return self._child.pid

    def environ(self, connection: str) -> dict[str, str]:
        """App settings for a storage connection: by identity if started with oauth, else by key.

        With oauth, `REQUESTS_CA_BUNDLE` comes with them, so that a process started with them trusts
        the certificate.
        """
        if self.ca_file is None:
            return self.account.key_settings(connection)
        trust = {"REQUESTS_CA_BUNDLE": str(self.ca_file)}
        return self.account.identity_settings(connection) | trust

    def log_text(self) -> str:
        """What Azurite has written since its last start."""
        return self._child.log_text() if self._child else ""

    def stop(self) -> None:
        """End it and remove what it left, except the data in a given location."""
        self._end()
        shutil.rmtree(self._folder, ignore_errors=True)

    def kill(self) -> None:
        """End it at once, as a crash would; `restart()` may follow."""
        if self._child is not None:
            self._child.kill()
            self._child = None

    def restart(self) -> None:
        """Start it again on the same ports and location; data in memory are gone."""
        self._end()
        self._run(self.account.blob_port, self.account.queue_port)

    def _end(self) -> None:
        if self._child is None:
            return
        if self._location is None:
            self._child.kill()  # nothing to write down
        else:
            self._child.stop()
        self._child = None

    def _run(self, blob_port: int, queue_port: int) -> None:
        if not PROGRAM.exists():
            raise AzuriteError(f"Azurite is not installed: run `npm ci` in {HOME.name}/ or `make`.")
        try:
            command = [str(find_node()), *self._arguments(blob_port, queue_port)]
        except NodeError as error:
            raise AzuriteError(str(error)) from error
        self._child = Child(
            "Azurite",
            command,
            log_file=self._folder / "azurite.log",
            environ={},
            cwd=self._folder,  # where it leaves a file of its own
        )
        ports = self._wait_for_ports()
        scheme = "https" if self._certificate else "http"
        self._account = StorageAccount(scheme, ports["Blob"], ports["Queue"])

    def _arguments(self, blob_port: int, queue_port: int) -> list[str]:
        arguments = ["--require", str(HOME / "end_with_parent.cjs")]
        if self._location is None:
            arguments += ["--require", str(HOME / "never_sweep.cjs")]
        arguments += [str(PROGRAM)]
        # The check refuses API versions that the storage SDK already speaks and Azurite can serve.
        arguments += ["--skipApiVersionCheck", "--disableTelemetry", "--silent"]
        arguments += ["--blobPort", str(blob_port), "--queuePort", str(queue_port)]
        arguments += ["--tablePort", "0"]
        if self._location is None:
            arguments += ["--inMemoryPersistence"]
        else:
            arguments += ["--location", str(self._location.resolve())]
        if self._certificate is not None:
            arguments += ["--cert", str(self._certificate.certificate_file)]
            arguments += ["--key", str(self._certificate.key_file), "--oauth", "basic"]
        return arguments

    def _wait_for_ports(self) -> dict[str, int]:
        child = self._child
        if child is None:
            raise AzuriteError("Azurite is not running.")

        def ports() -> dict[str, int] | None:
            found = {name: int(port) for name, port in _LISTENING.findall(child.log_text())}
            return found if {"Blob", "Queue", "Table"} <= found.keys() else None

        try:
            return child.wait_until(ports, READY_WITHIN)
        except ChildError as error:
            if taken := _TAKEN.search(str(error)):
                raise AzuriteError(
                    f"Port {taken[1]}, which Azurite needs, is taken: stop what listens there."
                ) from error
            raise AzuriteError(str(error)) from error
