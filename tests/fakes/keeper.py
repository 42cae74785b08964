"""A container of kept models in memory."""

from patch_endpoint.trained_model import TrainedModel
from settings.secret import Secret
from tests.fakes.calls import Calls
from tests.fakes.model_catalog import MemoryModelCatalog


class MemoryKeeper:
    """See `patch_endpoint.kept.Keeper`.

    Attributes:
        kept: The copies there are, by their names.
    """

    def __init__(self, catalog: MemoryModelCatalog, calls: Calls) -> None:
        self._catalog, self._calls = catalog, calls
        self.kept: dict[str, TrainedModel] = {}

    def keep(self, name: str, model: TrainedModel, source_url: Secret) -> bool:
        """See `Keeper`."""
        del source_url
        with self._calls.making("kept.keep", name):
            found = self._catalog.found(model.name)
            if found is None or not found.is_version(model):
                return False
            self.kept[name] = model
            return True

    def drop(self, name: str) -> None:
        """See `Keeper`."""
        with self._calls.making("kept.drop", name):
            self.kept.pop(name, None)
