"""The work of one batch job: read the rows, train, evaluate, write both outputs."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from local_stack.ml_service.blob_transfer import TransferFailed
from local_stack.ml_service.output import Output
from local_stack.ml_service.table import Table, TableError
from local_stack.ml_service.training import TrainingError, evaluate, train

logger = logging.getLogger(__name__)

EVALUATION: Final = "output1"
MODEL: Final = "output2"


class ModuleFailure(Exception):  # noqa: N818 - the job's outcome, in the service's own word
    """A module of the experiment failed.

    Attributes:
        module: The module's name.
        reason: One sentence, without secrets.
    """

    def __init__(self, module: str, reason: str) -> None:
        super().__init__(f"{module}: {reason}")
        self.module = module
        self.reason = reason


@dataclass(frozen=True, slots=True)
class TrainingRun:
    """What one job was asked to do."""

    read: Callable[[], bytes]
    outputs: Mapping[str, Output]
    label: str | None

    def __call__(self, is_cancelled: Callable[[], bool]) -> None:
        """Train and write; a job that was cancelled meanwhile writes nothing.

        Raises:
            ModuleFailure: The input cannot be read or trained on, an output not written.
        """
        rows = self._rows()
        try:
            evaluation = evaluate(rows, self.label)
            model = train(rows, self.label)
        except TrainingError as exc:
            raise ModuleFailure("Train Model", str(exc)) from exc
        if is_cancelled():
            return
        self._write(EVALUATION, evaluation.to_csv())
        self._write(MODEL, model)
        logger.info("ml_service.trained rows=%d accuracy=%s", len(rows.rows), evaluation.accuracy)

    def _rows(self) -> Table:
        try:
            return Table.from_csv(self.read())
        except TransferFailed as exc:
            raise ModuleFailure("Reader", f"The input could not be read: {exc.reason}") from exc
        except TableError as exc:
            raise ModuleFailure("Reader", str(exc)) from exc

    def _write(self, name: str, content: bytes) -> None:
        from azure.core.exceptions import AzureError  # noqa: PLC0415 - heavy: when first needed

        try:
            self.outputs[name].write(content)
        except TransferFailed as exc:
            raise ModuleFailure("Writer", f"{name} could not be written: {exc.reason}") from exc
        except AzureError as exc:
            kind = type(exc).__name__  # its text may quote a URL with a token
            raise ModuleFailure("Writer", f"{name} could not be written: {kind}") from None
