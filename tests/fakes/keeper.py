"""A container of kept models in memory."""

import itertools
from collections.abc import Callable, Iterator
from datetime import datetime

from patch_endpoint.kept import Copy, Outcome
from patch_endpoint.trained_model import TrainedModel
from settings.secret import Secret
from tests.fakes.calls import Calls
from tests.fakes.model_catalog import MemoryModelCatalog


class MemoryKeeper:
    """See `patch_endpoint.kept.Keeper`.

    Attributes:
        kept: The copies there are, by their names.
        takes_time: Whether storage finishes a copy only after it said that it would.
    """

    def __init__(
        self, catalog: MemoryModelCatalog, calls: Calls, now: Callable[[], datetime]
    ) -> None:
        self._catalog, self._calls, self._now = catalog, calls, now
        self._numbers = itertools.count(1)
        self._versions: dict[str, Copy] = {}
        self.kept: dict[str, TrainedModel] = {}
        self.takes_time = False

    def keep(self, name: str, model: TrainedModel, source_url: Secret) -> Outcome:
        """See `Keeper`."""
        del source_url
        with self._calls.making("kept.keep", name):
            if name in self.kept:
                return "not_yet" if self.takes_time else "kept"
            found = self._catalog.found(model.name)
            if found is None or not found.is_version(model):
                return "lost"
            self.make(name, model)
            return "not_yet" if self.takes_time else "kept"

    def has(self, name: str) -> bool:
        """See `Keeper`."""
        with self._calls.making("kept.has", name):
            return name in self.kept and not self.takes_time

    def make(self, name: str, model: TrainedModel) -> None:
        """Make a copy, or make it anew; this is not the app asking."""
        self.kept[name] = model
        self._versions[name] = Copy(name, f"{next(self._numbers):#x}", self._now())

    def drop(self, name: str, etag: str | None = None) -> None:
        """See `Keeper`."""
        with self._calls.making("kept.drop", name):
            found = self._versions.get(name)
            if found is not None and etag in {None, found.etag}:
                del self.kept[name], self._versions[name]

    def copies(self) -> Iterator[Copy]:
        """See `Keeper`."""
        with self._calls.making("kept.list", ""):
            found = [self._versions[name] for name in sorted(self._versions)]
        yield from found
