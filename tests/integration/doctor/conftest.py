"""A healthy set-up for each test."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from local_stack.azurite import Azurite
from local_stack.identity import ManagedIdentity
from local_stack.key_vault import KeyVault
from local_stack.ml_service import MlService, sample_studio
from tests.integration.doctor.examined_app import ROOT, TRAINING, ExaminedApp
from tests.integration.key_vault.msi_tokens import MsiTokens

SMOKE = ROOT / "local_stack" / "smoke" / "digits.json"


@pytest.fixture(scope="session")
def ml_service(azurite: Azurite) -> Iterator[MlService]:
    """One for all: nothing that the doctor does changes it."""
    with MlService.start(sample_studio(azurite.connection_string)) as service:
        # The first scoring call trains the model that it was published with.
        scored = requests.post(
            service.score_url("digits"),
            SMOKE.read_bytes(),
            headers={"Authorization": f"Bearer {service.key('digits')}"},
            timeout=60,
        )
        assert scored.ok, scored.text
        yield service


@pytest.fixture
def vault() -> Iterator[KeyVault]:
    with KeyVault.start() as running:
        yield running


@pytest.fixture
def app(  # noqa: PLR0913, PLR0917 - all that a set-up is made of
    azurite: Azurite,
    ml_service: MlService,
    vault: KeyVault,
    identity: ManagedIdentity,
    container_name: str,
    tmp_path: Path,
) -> ExaminedApp:
    environ = {
        **azurite.environ("AzureWebJobsStorage"),
        **azurite.environ("ModelStorage"),
        "FUNCTIONS_WORKER_RUNTIME": "python",
        "STATE_CONTAINER": f"{container_name}-state",
        "MODEL_BLOBS": f"{container_name}/{{name}}.ilearner",
        "TRAINING_KEY": ml_service.key(TRAINING),
        "ENDPOINTS_FILE": "endpoints.toml",
    }
    shutil.copy(SMOKE, tmp_path / "digits.json")
    tokens = MsiTokens(identity)
    made = ExaminedApp(azurite, ml_service, vault, tokens, container_name, tmp_path, environ)
    made.prepare()
    return made
