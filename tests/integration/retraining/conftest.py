"""An app that retrains, with the local ML service and Azurite."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from local_stack.azurite import Azurite
from local_stack.ml_service import MlService, dataset, sample_studio
from local_stack.ml_service.job_pacing import AtOnce
from tests.integration.ml_service.wire import DrivenClock
from tests.integration.retraining.retraining_app import RetrainingApp

type MakeApp = Callable[..., AbstractContextManager[RetrainingApp]]


@pytest.fixture
def make_app(azurite: Azurite, container_name: str, tmp_path: Path) -> MakeApp:
    """An app whose ML service differs from the sample in the members given."""

    @contextmanager
    def make(
        *, settings: dict[str, str] | None = None, csv: bytes | None = None, **changes: Any
    ) -> Iterator[RetrainingApp]:
        clock = DrivenClock()
        sample = sample_studio(azurite.connection_string)
        studio = msgspec.structs.replace(sample, **({"job_pacing": AtOnce()} | changes))
        with MlService.start(studio, now=clock) as service:
            app = RetrainingApp(azurite, container_name, service, clock, tmp_path, settings or {})
            app.put("training/digits.csv", csv or dataset.rows("little").to_csv())
            yield app

    return make
