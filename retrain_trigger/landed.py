"""A model landed: every endpoint that it is for shall serve it."""

import logging

from retrain_trigger.engine import Engine
from retrain_trigger.side_by_side import side_by_side
from settings.scoring_endpoint import ScoringEndpoint
from telemetry.events import emit

_log = logging.getLogger(__name__)


def model_landed(engine: Engine, model_name: str) -> None:
    """Record and deploy the blob *model_name* at every endpoint whose pattern matches.

    Raises:
        StorageError: At some endpoint it could not be recorded; the host will try again, and what
            was recorded elsewhere is not sent twice.
        SettingsError: There is no endpoints file that makes sense.
    """
    takers = engine.endpoints.current().takers.of(model_name)
    emit(_log, "model.landed", model=model_name, endpoints=len(takers))

    def land(endpoint: ScoringEndpoint) -> None:
        engine.deployer.land(endpoint, model_name)

    if len(takers) == 1:
        land(takers[0])
        return
    for error in side_by_side(land, takers):
        raise error
