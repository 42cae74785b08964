"""A model at its endpoint: what the workspace is asked and told of it. Nothing is decided here."""

import logging
from typing import Final

import msgspec
from msgspec.structs import replace

from protocols.azureml_online.arm import Arm, Document, is_absent
from protocols.azureml_online.candidate import Candidate
from protocols.azureml_online.failure import failure_of
from protocols.azureml_online.online_deployment import OnlineDeployment
from protocols.azureml_online.online_endpoint import OnlineEndpoint, online_endpoint
from protocols.azureml_online.registered_model import RegisteredModel, registered_model_of
from protocols.azureml_online.spares import delete_spares
from protocols.classic_answers import complaint_in
from protocols.protocol import Refused, Unsettled
from telemetry.events import emit

_log = logging.getLogger(__name__)
_SPARED: Final = 2
"""What serves, and what served before: neither makes room for a new deployment."""


class Seen(msgspec.Struct, frozen=True):
    """What a look found.

    Attributes:
        endpoint: The endpoint.
        deployment: What stands under the name of the model's deployment; None: nothing.
    """

    endpoint: OnlineEndpoint
    deployment: OnlineDeployment | None


class Hosting:
    """One model at its endpoint. Whatever is repeated is harmless.

    Args:
        arm: What asks the workspace.
        candidate: The model's deployment.
    """

    def __init__(self, arm: Arm, candidate: Candidate) -> None:
        self._arm, self.candidate = arm, candidate

    def look(self) -> Seen | Refused | Unsettled:
        """Look at endpoint and deployment."""
        there = self.endpoint()
        if not isinstance(there, OnlineEndpoint):
            return there
        answer = self._arm.get(self.candidate.path)
        if is_absent(answer):
            return Seen(there, None)
        if isinstance(answer, (Refused, Unsettled)):
            return answer
        return Seen(there, OnlineDeployment(answer))

    def endpoint(self) -> OnlineEndpoint | Refused | Unsettled:
        """Look at the endpoint alone."""
        return online_endpoint(self._arm, self.candidate.keys)

    def create(self, there: OnlineEndpoint) -> Refused | Unsettled | None:
        """Register the model and have it deployed; None: that is under way."""
        model = registered_model_of(self.candidate.keys, self.candidate.model)
        if isinstance(model, Refused):
            return model
        self._make_room(there)
        trouble = self._register(model)
        if trouble is not None:
            return trouble
        body = self.candidate.body(model, there.location)
        return _effectless(self._arm.put(self.candidate.path, body))

    def _make_room(self, there: OnlineEndpoint) -> None:
        """Delete what nobody needs: an endpoint holds few. What cannot go now goes later."""
        keys = self.candidate.keys
        kept = frozenset({self.candidate.name, *there.served[:_SPARED]})
        outcome = delete_spares(self._arm, keys, there, kept)
        if isinstance(outcome, (Refused, Unsettled)):
            emit(
                _log,
                "deployments.left",
                level=logging.WARNING,
                online_endpoint=keys.online_endpoint,
                code=outcome.code,
                message=outcome.message,
            )

    def _register(self, model: RegisteredModel) -> Refused | Unsettled | None:
        trouble = _effectless(self._arm.put(model.path, model.body(self.candidate.tags)))
        if trouble is None:
            return None
        # What is refused may be so because it is there already, in words that no document fixes.
        known = self._arm.get(model.path)
        is_there = isinstance(known, dict) and model.is_described_by(known)
        return None if is_there else trouble

    def why_failed(self, operation: str) -> Refused | Unsettled:
        """Ask the last operation on the deployment why that failed."""
        told = self._arm.get_url(operation)
        if isinstance(told, Unsettled):
            return told
        document = {} if isinstance(told, Refused) else told
        return failure_of(*complaint_in(document, self._arm.given))

    def give(self, there: OnlineEndpoint, share: int) -> int | Refused | Unsettled:
        """Have it given a share of the traffic; gives the share, all where nothing else has any."""
        name = self.candidate.name
        body = there.given(name, share)
        answer = self._arm.put(self.candidate.keys.path, body)
        if isinstance(answer, (Refused, Unsettled)):
            return answer
        given: int = body["properties"]["traffic"][name]
        return given

    def take_back(self, there: OnlineEndpoint) -> Refused | Unsettled | None:
        """Have neither it, nor any other that never had all traffic, have some."""
        body = there.taken_back(self.candidate.name)
        answer = self._arm.put(self.candidate.keys.path, body)
        return answer if isinstance(answer, (Refused, Unsettled)) else None

    def delete(self) -> Refused | Unsettled | None:
        """Have its deployment deleted."""
        return _effectless(self._arm.delete(self.candidate.path))


def _effectless(answer: Document | Refused | Unsettled) -> Refused | Unsettled | None:
    """Give what went wrong with something that changes nothing of what is served."""
    if isinstance(answer, Unsettled):
        return replace(answer, maybe_applied=False)
    return answer if isinstance(answer, Refused) else None
