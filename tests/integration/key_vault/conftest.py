"""A local Key Vault, the identity that reads it, and apps whose keys are in it."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from local_stack.azurite import Azurite
from local_stack.identity import ManagedIdentity
from local_stack.key_vault import KeyVault
from local_stack.ml_service import MlService, dataset, sample_studio
from local_stack.ml_service.job_pacing import AtOnce
from tests.integration.key_vault.msi_tokens import MsiTokens
from tests.integration.ml_service.wire import DrivenClock
from tests.integration.retraining.retraining_app import RetrainingApp


@pytest.fixture
def vault() -> Iterator[KeyVault]:
    with KeyVault.start() as running:
        yield running


@pytest.fixture
def tokens(identity: ManagedIdentity) -> MsiTokens:
    return MsiTokens(identity)


@pytest.fixture
def clock() -> DrivenClock:
    return DrivenClock()


@pytest.fixture
def retraining_app(  # noqa: PLR0913, PLR0917 - all that an app speaks to
    azurite: Azurite,
    container_name: str,
    tmp_path: Path,
    vault: KeyVault,
    tokens: MsiTokens,
    clock: DrivenClock,
) -> Iterator[RetrainingApp]:
    """An app that retrains, each of whose keys is a secret of the vault."""
    names = {"KEY": "endpoint", "TRAINING_KEY": "training", "WORKSPACE_TOKEN": "workspace"}
    settings = {name: f"{vault.url}/secrets/{secret}" for name, secret in names.items()}
    sample = sample_studio(azurite.connection_string)
    studio = msgspec.structs.replace(sample, job_pacing=AtOnce())
    with MlService.start(studio, now=clock) as service:
        app = RetrainingApp(azurite, container_name, service, clock, tmp_path, settings, tokens)
        app.put("training/digits.csv", dataset.rows("little").to_csv())
        yield app
