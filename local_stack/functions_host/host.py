"""The functions host: indexes one app, runs its triggers until it is told to stop."""

import asyncio
import hashlib
import logging
import re
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from local_stack.functions_host.admin import Admin
from local_stack.functions_host.event_grid import BlobsWebhook
from local_stack.functions_host.host_json import HostJson
from local_stack.functions_host.http_trigger import HttpFunctions
from local_stack.functions_host.invocations import Invocations
from local_stack.functions_host.keys import Keys
from local_stack.functions_host.server import server
from local_stack.functions_host.stop import Stop
from local_stack.functions_host.triggers import HostParts, Listener, Triggers
from local_stack.functions_host.worker import Worker

log = logging.getLogger(__name__)

_HOST_ID_SETTING = "AzureFunctionsWebHost__hostid"
_CRASHED = 1


@dataclass(frozen=True, slots=True)
class HostOptions:
    """What a host is started with; `grace` bounds the wait for running functions at the end."""

    app_dir: Path
    host_json: HostJson
    settings: Mapping[str, str]
    keys: Keys
    poll_interval: timedelta = timedelta(seconds=1)
    grace: timedelta = timedelta(seconds=10)

    @property
    def host_id(self) -> str:
        """What receipts and timers are kept under: the setting, or made from the app's folder."""
        given = self.settings.get(_HOST_ID_SETTING)
        if given:
            return given
        name = re.sub(r"[^a-z0-9]+", "-", self.app_dir.name.lower()).strip("-")[:20] or "app"
        return f"{name}-{hashlib.sha256(str(self.app_dir).encode()).hexdigest()[:8]}"


class Host:
    """The triggers of an app around Microsoft's worker library."""

    def __init__(self, options: HostOptions, worker: Worker, invocations: Invocations) -> None:
        self._options = options
        self._worker = worker
        self._invocations = invocations
        self._admin = Admin(options.keys, options.host_id)
        self._webhook = BlobsWebhook(options.keys)
        self.stop = Stop()

    async def run(self, listener: socket.socket) -> int:
        """Index the app and serve it until `stop` is set.

        Returns:
            The exit status: 0, or 1 if the host itself broke.

        Raises:
            IndexingError: the app is faulty.
        """
        triggers = await self._triggers()
        options = self._options
        functions = HttpFunctions(triggers.http, self._invocations, options.keys)
        http = server(self._admin, self._webhook, functions, options.grace)
        tasks = [asyncio.create_task(http.serve(sockets=[listener]))]
        tasks += [asyncio.create_task(each.run()) for each in triggers.listeners]
        up = asyncio.create_task(_all_up(triggers.listeners))
        told = asyncio.create_task(self.stop.wait())
        await asyncio.wait({up, told, *tasks}, return_when=asyncio.FIRST_COMPLETED)
        if up.done():
            self._admin.is_running = True
            url = "http://{}:{}".format(*listener.getsockname())
            log.info("host.running", extra={"url": url, "host_id": options.host_id})
            await asyncio.wait({told, *tasks}, return_when=asyncio.FIRST_COMPLETED)
        broken = _first_error(tasks)
        self.stop.set()
        http.should_exit = True
        await self._end(tasks)
        return _CRASHED if broken else 0

    async def _triggers(self) -> Triggers:
        options = self._options
        definitions = await self._worker.index(options.app_dir)
        triggers = Triggers(
            HostParts(
                options.host_id,
                options.host_json,
                options.settings,
                options.poll_interval,
                self._invocations,
                self._admin,
                self._webhook,
                self.stop,
            ),
        )
        for definition in definitions:
            triggers.add(definition)
        self._admin.describe(definitions, triggers.faults)
        return triggers

    async def _end(self, tasks: list[asyncio.Task[None]]) -> None:
        running = self._invocations.running
        log.info("host.stopping", extra={"running": ",".join(running) or "nothing"})
        under_way = asyncio.gather(
            *tasks,
            self._webhook.settled(),
            self._invocations.idle(),
            return_exceptions=True,
        )
        grace = self._options.grace
        done, _ = await asyncio.wait({under_way}, timeout=grace.total_seconds())
        if not done:
            left = ",".join(self._invocations.running) or "no function"
            log.warning("host.abandoned", extra={"running": left, "after": grace})
        log.info("host.stopped")


async def _all_up(listeners: Iterable[Listener]) -> None:
    for listener in listeners:
        await listener.is_up.wait()


def _first_error(tasks: list[asyncio.Task[None]]) -> BaseException | None:
    errors = (task.exception() for task in tasks if task.done() and not task.cancelled())
    error = next((error for error in errors if error is not None), None)
    if error is not None:
        log.critical("host.broken", exc_info=error)
    return error
