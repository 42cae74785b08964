"""The work of one command job: fetch its inputs, run its command, put its outputs."""

import re
import shlex
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from threading import Lock
from typing import Final

from local_stack.azureml.datastores import Datastores, Place
from local_stack.azureml.errors import OPERATION_CANCELED, OperationError
from local_stack.azureml.fate import Fate
from local_stack.child import Child, ChildError

_ROOT: Final = Path(__file__).parents[2]
_LONGEST: Final = timedelta(minutes=10)
_BOUND: Final = re.compile(r"\$\{\{(inputs|outputs)\.(\w+)\}\}")


@dataclass(frozen=True, slots=True)
class JobOrder:
    """What a job is to do.

    Attributes:
        command: As it was sent; it begins with ``python`` and a script's name.
        code: The folder that a copy is made of to run it in.
        python: The Python that it runs in.
        texts: Inputs that are texts.
        fetched: Inputs that are blobs.
        put: Where outputs go.
        environ: Variables of the job's own.
    """

    command: str
    code: Path
    python: Path
    texts: Mapping[str, str]
    fetched: Mapping[str, Place]
    put: Mapping[str, Place]
    environ: Mapping[str, str]


@dataclass(slots=True)
class JobRun:
    """One run.

    Attributes:
        folder: A new one, for this run alone.
        has_started: Whether the command was started.
    """

    folder: Path
    has_started: bool = False
    _child: Child | None = None
    _is_given_up: bool = False
    _lock: Lock = field(default_factory=Lock)

    def run(self, order: JobOrder, fate: Fate, datastores: Datastores) -> None:
        """Do it all.

        Raises:
            OperationError: It failed, or was given up.
        """
        fate.strike()
        self.folder.mkdir(parents=True)
        values = dict(order.texts)
        for name, place in order.fetched.items():
            file = self.folder / "inputs" / name / place.file
            file.parent.mkdir(parents=True)
            datastores.download(place, file)
            values[name] = str(file)
        results = {name: self.folder / "outputs" / name for name in order.put}
        (self.folder / "outputs").mkdir()
        self._start(order, {"inputs": values, "outputs": {k: str(v) for k, v in results.items()}})
        self._wait()
        for name, place in order.put.items():
            if not results[name].is_file():
                raise OperationError("UserError", f"The command wrote no file as output {name}.")
            datastores.upload(results[name], place)

    def give_up(self) -> None:
        """End it, or never start it."""
        with self._lock:
            self._is_given_up = True
            if self._child is not None:
                self._child.ask_to_end()

    def stop(self) -> None:
        """End it and remove what it had."""
        self.give_up()
        if self._child is not None:
            self._child.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _start(self, order: JobOrder, bound: Mapping[str, Mapping[str, str]]) -> None:
        words = [_filled(word, bound) for word in shlex.split(order.command)]
        if words[:1] != ["python"]:
            raise OperationError("UserError", "This local service runs python alone.")
        shutil.copytree(order.code, self.folder / "code")
        command = [str(order.python), "-m", "local_stack.end_with_parent", *words[1:]]
        with self._lock:
            if self._is_given_up:
                raise OperationError(OPERATION_CANCELED, "It was given up before it was started.")
            self._child = Child(
                "The job",
                command,
                log_file=self.folder / "job.log",
                environ={"PYTHONUNBUFFERED": "1", **order.environ, "PYTHONPATH": str(_ROOT)},
                cwd=self.folder / "code",
            )
            self.has_started = True

    def _wait(self) -> None:
        child = self._child
        if child is None:
            raise OperationError(OPERATION_CANCELED, "It was not started.")
        try:
            child.wait_until(lambda: True if child.exit_status == 0 else None, _LONGEST)
        except ChildError as exc:
            if self._is_given_up:
                raise OperationError(OPERATION_CANCELED, "The job was canceled.") from exc
            raise OperationError("UserError", f"The command failed: {exc}") from exc
        finally:
            child.stop()


def _filled(word: str, bound: Mapping[str, Mapping[str, str]]) -> str:
    def value(found: re.Match[str]) -> str:
        kind, name = found.groups()
        if name not in bound[kind]:
            raise OperationError(
                "UserError", f"The command names {kind}.{name}, which is not there."
            )
        return bound[kind][name]

    return _BOUND.sub(value, word)
