"""The demo's Studio workspace: ids that never change, so that the endpoints file can name them."""

from dataclasses import dataclass
from datetime import timedelta

import msgspec

from local_stack.ml_service.studio import Endpoint, Studio, WebService

WORKSPACE_ID = "6f1f4d20c7a34b5e9a7d10b8e25c9d43"
PREDICTIVE_ID = "b0c2a9d4e7f84d3c8a15f26b90e3d7a1"
TRAINING_ID = "91d7c3f58e2b4a06b6f40d9c1a7e3582"
RESOURCE = "Digits Model [trained model]"
SCORING_GUID = "3d5e8b1f60a94c27b4d89e02f7a6c513"
TRAINING_GUID = "47a0e6c1d95b4f38a2c7b81f3e6d0952"


@dataclass(frozen=True)
class Workspace:
    """A running workspace as its owner knows it: where its endpoints answer, and their keys.

    Attributes:
        studio: What the ML service was started with; its keys are random.
        url: The ML service.
    """

    studio: Studio
    url: str

    @property
    def score_url(self) -> str:
        """The request/response address of the endpoint `digits`."""
        return f"{self._services}/{self.scoring.guid}/execute?api-version=2.0&details=true"

    @property
    def jobs_url(self) -> str:
        """The batch address of the training service, without a query."""
        return f"{self._services}/{self.training.guid}/jobs"

    @property
    def scoring(self) -> Endpoint:
        """The endpoint `digits` of the predictive service."""
        return self.studio.services[0].endpoints[1]

    @property
    def training(self) -> Endpoint:
        """The default endpoint of the training service."""
        return self.studio.services[1].endpoints[0]

    @property
    def _services(self) -> str:
        return f"{self.url}/workspaces/{self.studio.workspace_id}/services"


def digits_studio(storage: str, takes_effect_after: timedelta) -> Studio:
    """A predictive service with the endpoint `digits` and a training service; keys are new.

    Args:
        storage: Connection string of the service's own default storage.
        takes_effect_after: From an accepted PATCH until the new model scores.
    """
    return Studio(
        services=(
            WebService(
                name="digits-predictive",
                kind="predictive",
                id=PREDICTIVE_ID,
                resources=(RESOURCE,),
                endpoints=(
                    Endpoint(name="default", default=True),
                    Endpoint(name="digits", guid=SCORING_GUID),
                ),
            ),
            WebService(
                name="digits-training",
                kind="training",
                id=TRAINING_ID,
                endpoints=(Endpoint(name="default", default=True, guid=TRAINING_GUID),),
            ),
        ),
        storage=storage,
        workspace_id=WORKSPACE_ID,
        takes_effect_after=takes_effect_after,
    )


def description_of(studio: Studio) -> bytes:
    """Give what the ML service is started with; it holds keys."""
    return msgspec.json.encode(studio)
