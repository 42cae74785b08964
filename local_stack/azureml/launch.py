"""A deployment's process in the making: its model is fetched, then its server is started."""

import shutil
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Final
from uuid import uuid4

from local_stack.azureml.datastores import Datastores, Place
from local_stack.azureml.errors import BAD_ARGUMENT, OPERATION_CANCELED, OperationError
from local_stack.azureml.fate import Fate
from local_stack.azureml.scoring_process import Program, ScoringProcess

# Each start takes a second of one processor.
_AT_A_TIME: Final = 4


@dataclass(frozen=True, slots=True)
class Order:
    """What a deployment is to be made of.

    Attributes:
        model: Where the model is.
        model_path: Its name and version, as parts of the folder that it is put into.
        program: How it is run.
    """

    model: Place
    model_path: tuple[str, str]
    program: Program


@dataclass(slots=True)
class Launch:
    """One start of a deployment's process.

    Attributes:
        process: Once it was started.
        work: Done when it is ready, or failed.
    """

    folder: Path
    work: Future[None] = field(default_factory=Future)
    process: ScoringProcess | None = None
    _told: list[str] = field(default_factory=list)
    _is_given_up: bool = False
    _lock: Lock = field(default_factory=Lock)

    def run(self, order: Order, fate: Fate, datastores: Datastores) -> None:
        """Fetch and start, and wait until it is ready.

        Raises:
            OperationError: It did not become ready.
        """
        fate.strike()
        model_dir = self.folder.joinpath("azureml-models", *order.model_path)
        self._fetch(order.model, model_dir, datastores)
        with self._lock:
            if self._is_given_up:
                raise OperationError(OPERATION_CANCELED, "It was given up before it was started.")
            self.process = ScoringProcess.start(
                order.program.reading(model_dir), self.folder / "server.log"
            )
        try:
            self.process.wait_until_ready()
        except OperationError:
            self.process.stop()
            raise

    def give_up(self) -> None:
        """End the process, or never start it; `stop` waits for it."""
        with self._lock:
            self._is_given_up = True
            if self.process is not None:
                self.process.ask_to_end()

    def stop(self) -> None:
        """End the process and remove what it had."""
        self.give_up()
        if self.process is not None:
            self.process.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def log_text(self, container: str) -> str:
        """What was written by the container ``StorageInitializer`` or ``InferenceServer``."""
        if container == "StorageInitializer":
            return "\n".join(self._told)
        return self.process.log_text() if self.process else ""

    def _fetch(self, place: Place, model_dir: Path, datastores: Datastores) -> None:
        if not place.file or place.path.endswith("/"):
            raise OperationError(BAD_ARGUMENT, "This local service fetches one blob, no folder.")
        model_dir.mkdir(parents=True, exist_ok=True)
        self._told.append(f"Downloading {place.datastore}/{place.path}")
        datastores.download(place, model_dir / place.file)
        self._told.append("Downloaded")


class Launches:
    """Every process of the workspace.

    Args:
        datastores: Where models are fetched from.
        folder: Where they are put; it is the caller's to remove.
    """

    def __init__(self, datastores: Datastores, folder: Path) -> None:
        self._datastores, self._folder = datastores, folder
        self._workers = ThreadPoolExecutor(_AT_A_TIME, thread_name_prefix="deployment")
        self._running: list[Launch] = []
        self._lock = Lock()

    def begin(self, order: Order, fate: Fate) -> Launch:
        """Start one, in another thread, if its fate lets it."""
        launch = Launch(self._folder / uuid4().hex)
        with self._lock:
            self._running.append(launch)
        launch.work = self._workers.submit(launch.run, order, fate, self._datastores)
        return launch

    def end(self, launch: Launch | None) -> Future[None] | None:
        """End one, in another thread; there may be none to end."""
        if launch is None:
            return None
        launch.give_up()
        return self._workers.submit(self._ended, launch)

    def close(self) -> None:
        """End them all and wait for it; nothing is begun any more."""
        with self._lock:
            left = list(self._running)
        for launch in left:
            launch.give_up()
        self._workers.shutdown(cancel_futures=True)
        for launch in left:
            launch.stop()

    def _ended(self, launch: Launch) -> None:
        launch.stop()
        with self._lock:
            if launch in self._running:
                self._running.remove(launch)
