"""A container of kept models in memory."""

from patch_endpoint.trained_model import TrainedModel
from settings.secret import Secret
from tests.fakes.calls import Calls


class MemoryKeeper:
    """See `patch_endpoint.kept.Keeper`."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self.kept: dict[str, TrainedModel] = {}

    def keep(self, name: str, model: TrainedModel, source_url: Secret) -> bool:
        """See `Keeper`."""
        del source_url
        with self._calls.making("kept.keep", name):
            self.kept[name] = model
        return True

    def drop(self, name: str) -> None:
        """See `Keeper`."""
        with self._calls.making("kept.drop", name):
            self.kept.pop(name, None)
