"""An app that retrains, with the local ML service and Azurite."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from local_stack.azureml.pacing import Pacing
from local_stack.azurite import Azurite
from local_stack.identity import ManagedIdentity
from local_stack.ml_service import MlService, dataset, sample_studio
from local_stack.ml_service.job_pacing import AtOnce
from tests.integration.key_vault.msi_tokens import MsiTokens
from tests.integration.ml_service.wire import DrivenClock
from tests.integration.retraining.retraining_app import RetrainingApp
from tests.integration.retraining.workspace_app import WorkspaceApp, workspace_plane

type MakeApp = Callable[..., AbstractContextManager[RetrainingApp]]
type MakeWorkspaceApp = Callable[..., AbstractContextManager[WorkspaceApp]]


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


@pytest.fixture
def make_workspace_app(
    azurite: Azurite, container_name: str, tmp_path: Path, identity: ManagedIdentity
) -> MakeWorkspaceApp:
    """An app whose jobs run in a workspace of Azure Machine Learning."""

    @contextmanager
    def make(*, pacing: Pacing | None = None, csv: bytes | None = None) -> Iterator[WorkspaceApp]:
        clock, studio = DrivenClock(), sample_studio(azurite.connection_string)
        with (
            MlService.start(studio, now=clock) as service,
            workspace_plane(azurite, container_name, clock, pacing) as plane,
        ):
            app = WorkspaceApp(
                azurite,
                container_name,
                service,
                clock,
                tmp_path,
                {},
                MsiTokens(identity),
                plane=plane,
            )
            app.put("training/digits.csv", csv or dataset.rows("little").to_csv())
            yield app

    return make
