"""A look at models, wherever they are: in the model container, or where a job left them."""

from datetime import datetime

from patch_endpoint.catalog import ModelCatalog
from patch_endpoint.job_results import JobResults, ResultLocation
from patch_endpoint.kept import Keeper
from patch_endpoint.record import Kept
from patch_endpoint.trained_model import JobOutput, TrainedModel


class Look:
    """Looks at models, each at most once, later than the record was read.

    So what a record is changed by is never older than the record: a conditional write settles
    which of two looks at a blob that is being overwritten was the later one.

    Args:
        catalog: The models in storage.
        results: What jobs left in their services' own storage.
        keeper: The copies that are kept of models.
        date: When the record was read, by the storage's clock.
        now: When the look is taken.
    """

    def __init__(
        self,
        catalog: ModelCatalog,
        results: JobResults,
        keeper: Keeper,
        date: datetime,
        now: datetime,
    ) -> None:
        self.catalog, self.date = catalog, date
        self._results, self._keeper, self._now = results, keeper, now
        self._seen: dict[str, TrainedModel | None] = {}
        self._located: dict[JobOutput, ResultLocation] = {}

    def head(self, name: str) -> TrainedModel | None:
        """Look at the blob *name*; None: there is no such model."""
        if name not in self._seen:
            self._seen[name] = self.catalog.head(name)
        return self._seen[name]

    def has(self, copy: Kept) -> bool:
        """Say whether *copy*, which is on record, is there: a person may have deleted it."""
        return self._keeper.has(copy.name)

    def located(self, output: JobOutput) -> ResultLocation:
        """Ask where a job's *output* is; may raise `ResultUnavailableError`."""
        if output not in self._located:
            self._located[output] = self._results.location(output, self._now)
        return self._located[output]

    def facts_of(self, model: TrainedModel) -> TrainedModel | None:
        """Say what is in the place of *model* now; None: nothing is.

        What a job left elsewhere is never gone for good: its service says where it is, or does not.
        """
        if model.from_job is None:
            return self.head(model.name)
        self.located(model.from_job)
        return model
