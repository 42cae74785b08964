"""A model container in memory."""

import hashlib
import itertools
import threading
from collections.abc import Callable, Iterator
from datetime import datetime

from patch_endpoint.trained_model import TrainedModel
from settings.model_blobs import parse_model_blobs
from tests.fakes.calls import Calls

ELSEWHERE = "studiooutput"  # a container of the training service's own storage
MODEL_BLOBS = "experimentoutput/{name}.ilearner"


class MemoryModelCatalog:
    """See `patch_endpoint.catalog.ModelCatalog`."""

    def __init__(self, now: Callable[[], datetime], calls: Calls) -> None:
        self._model_blobs = parse_model_blobs(MODEL_BLOBS)
        self.container = self._model_blobs.container
        self._now, self._calls = now, calls
        self._models: dict[str, TrainedModel] = {}
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    def put(self, name: str, content: bytes | None = None, *, md5: bool = True) -> TrainedModel:
        """Have a model land under *name*, over whatever is there; the bytes differ by default."""
        with self._lock:
            number = next(self._numbers)
            content = b"model %d" % number if content is None else content
            digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
            model = TrainedModel(
                name=name,
                etag=f"{number:#x}",
                last_modified=self._now().replace(microsecond=0),
                content_md5=digest if md5 else None,
                size=len(content),
            )
            self._models[name] = model
        return model

    def delete(self, name: str) -> None:
        """Have a person delete the blob *name*."""
        with self._lock:
            del self._models[name]

    def has(self, name: str) -> bool:
        """Whether there is such a blob; this is not the app asking."""
        return name in self._models

    def found(self, name: str) -> TrainedModel | None:
        """Give the model under *name*; this is not the app asking."""
        return self._models.get(name)

    def newest(self) -> TrainedModel | None:
        """Give the newest model; this is not the app asking."""
        models = self._models.values()
        return max(models, key=lambda model: (model.last_modified, model.name), default=None)

    def head(self, name: str) -> TrainedModel | None:
        """See `ModelCatalog`."""
        with self._calls.making("models.head", name):
            model = self._models.get(name)
        return model if self._model_blobs.matches(name) else None

    def models(self, prefix: str = "") -> Iterator[TrainedModel]:
        """See `ModelCatalog`."""
        with self._calls.making("models.list", self.container), self._lock:
            names = sorted(name for name in self._models if name.startswith(prefix))
            found = [self._models[name] for name in names]
        yield from (model for model in found if self._model_blobs.matches(model.name))
