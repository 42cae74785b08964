"""Managed online endpoints of Azure Machine Learning on the wire.

A model becomes a deployment of its own beside what serves, is tried without traffic, and is then
given traffic step by step. Source: the published description of
`Microsoft.MachineLearningServices`, version 2025-12-01.
"""

from datetime import timedelta
from typing import Final

from protocols.azureml_online.arm import API_VERSION, Arm
from protocols.azureml_online.candidate import Candidate
from protocols.azureml_online.decision import CLEARING, WITHDRAWING
from protocols.azureml_online.hosting import Hosting
from protocols.azureml_online.keys import AzuremlKeys, azureml_keys
from protocols.azureml_online.online_endpoint import OnlineEndpoint, online_endpoint
from protocols.azureml_online.registered_model import registered_model_of
from protocols.azureml_online.rollout import Rollout
from protocols.azureml_online.scoring import Scored, scored
from protocols.azureml_online.spares import delete_spares
from protocols.azureml_online.traffic import ALL
from protocols.blob_reference import BlobReference
from protocols.identity import Identity
from protocols.protocol import (
    Abilities,
    Accepted,
    Answer,
    Refused,
    Served,
    Underway,
    Unsettled,
)
from protocols.wire import Wire
from settings.scoring_endpoint import ScoringEndpoint
from telemetry.redaction import MASK

NAME: Final = "azureml-online"
_UNREAD: Final = "(read from the endpoint)"


class AzuremlOnline:
    """See `AsynchronousProtocol`."""

    def __init__(self, wire: Wire, identity: Identity) -> None:
        self._wire, self._identity = wire, identity

    def abilities(self, endpoint: ScoringEndpoint) -> Abilities:
        """See `ScoringProtocol`."""
        return Abilities(
            reads_by="identity",
            replaces="blue_green",
            is_asynchronous=True,
            tells_served=True,
            spare_for=azureml_keys(endpoint).rollback_window,
        )

    def resource_of(self, endpoint: ScoringEndpoint) -> str | Refused | Unsettled:
        """See `ScoringProtocol`: the endpoint as a whole is updated."""
        del endpoint
        return ""

    def patch(self, endpoint: ScoringEndpoint, resource: str, model: BlobReference) -> Answer:
        """Register the model and create its deployment, or go on with one that stands."""
        del resource
        return self._rollout(endpoint, model).begin(may_move_traffic=False)

    def advance(
        self, endpoint: ScoringEndpoint, model: BlobReference, underway: Underway, waited: timedelta
    ) -> Answer:
        """See `AsynchronousProtocol`."""
        rollout = self._rollout(endpoint, model)
        match underway.stage:
            case stage if stage == CLEARING:
                return rollout.begin()
            case stage if stage == WITHDRAWING:
                return rollout.withdraw(underway.notes, waited)
            case stage:
                return rollout.follow(stage, waited)

    def tidy(self, endpoint: ScoringEndpoint) -> Accepted | Refused | Unsettled:
        """Delete the deployments of ours that have no traffic, but what had all of it last."""
        keys, arm = azureml_keys(endpoint), self._arm(endpoint)
        there = online_endpoint(arm, keys)
        if not isinstance(there, OnlineEndpoint):
            return there
        return delete_spares(arm, keys, there, frozenset(there.served[:1]))

    def served(
        self, endpoint: ScoringEndpoint, resource: str, model: BlobReference
    ) -> Served | bool | Refused | Unsettled | None:
        """Ask whether all traffic goes to the model's deployment."""
        del resource
        keys = azureml_keys(endpoint)
        there = online_endpoint(self._arm(endpoint), keys)
        if not isinstance(there, OnlineEndpoint):
            return there
        return there.traffic.get(Candidate(keys, model).name) == ALL

    def score(self, endpoint: ScoringEndpoint) -> bool | Refused | Unsettled:
        """Have the endpoint score its smoke test, as its traffic goes."""
        arm = self._arm(endpoint)
        there = online_endpoint(arm, azureml_keys(endpoint))
        if not isinstance(there, OnlineEndpoint):
            return there
        answer = scored(self._wire, arm, endpoint, there)
        return Refused("no_smoke_test", "the endpoint has none") if answer is None else answer

    def request_plan(self, endpoint: ScoringEndpoint, model: BlobReference) -> dict[str, object]:
        """Say what `patch` would send, every secret masked."""
        keys = azureml_keys(endpoint)
        registered, candidate = registered_model_of(keys, model), Candidate(keys, model)
        if isinstance(registered, Refused):
            return {"requests": [], "problem": f"{registered.code}: {registered.message}"}
        return {
            "requests": [
                _plan(keys, registered.path, registered.body(candidate.tags)),
                _plan(keys, candidate.path, candidate.body(registered, _UNREAD)),
            ],
            "traffic_steps": list(keys.traffic_steps),
        }

    def _arm(self, endpoint: ScoringEndpoint) -> Arm:
        return Arm(self._wire, self._identity, azureml_keys(endpoint).workspace)

    def _rollout(self, endpoint: ScoringEndpoint, model: BlobReference) -> Rollout:
        arm, candidate = self._arm(endpoint), Candidate(azureml_keys(endpoint), model)

        def score(there: OnlineEndpoint) -> Scored:
            return scored(self._wire, arm, endpoint, there, candidate.name)

        return Rollout(Hosting(arm, candidate), score)


def _plan(keys: AzuremlKeys, path: str, body: object) -> dict[str, object]:
    return {
        "method": "PUT",
        "url": f"{keys.workspace.url}{path}?api-version={API_VERSION}",
        "headers": {"Authorization": f"Bearer {MASK}"},
        "body": body,
    }
