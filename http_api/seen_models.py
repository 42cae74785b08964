"""Which models of a history are still in storage: they are looked at when somebody asks."""

from patch_endpoint.record import Record
from patch_endpoint.trained_model import TrainedModel
from retrain_trigger.engine import Engine
from retrain_trigger.side_by_side import side_by_side
from state.storage_errors import StorageError


def seen_models(engine: Engine, record: Record) -> list[TrainedModel]:
    """Look at the blobs of those past models that no copy is kept of, as they are there now.

    What storage does not tell of counts as not seen: what serves is told all the same.
    """
    past = [one.deployment.model for one in record.history]
    names = {one.name for one in past if one.from_job is None and record.copy_of(one) is None}
    seen: list[TrainedModel] = []

    def look(name: str) -> None:
        model = engine.catalog.head(name)
        if model is not None:
            seen.append(model)

    for error in side_by_side(look, sorted(names)):
        if not isinstance(error, StorageError):
            raise error
    return seen
