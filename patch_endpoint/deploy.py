"""The one path that PATCHes.

A landing, a retry, a renewal, a redeploy, a rollback: each is a step that changes what the record
says is wanted. From there on all go the same way: decide, claim, sign, PATCH, report.
"""

import logging

from patch_endpoint.act import Acts
from patch_endpoint.claim import Claim, Claims, Step
from patch_endpoint.decide import Advance, Confirm, Keep, Patch, Skip, Tidy, decide
from patch_endpoint.plan import Plan, plan_of
from patch_endpoint.record import Record
from patch_endpoint.records import Stored
from patch_endpoint.steps import landing, landing_result, waking
from patch_endpoint.trained_model import TrainedModel
from patch_endpoint.world import World
from settings.scoring_endpoint import ScoringEndpoint
from state.agenda import Entry
from state.storage_errors import StorageError
from telemetry.events import emit

_log = logging.getLogger(__name__)

ROUNDS = 3
"""How many PATCHes one invocation sends to one endpoint before it leaves the rest to the agenda."""


class Deployer:
    """Brings models into service."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._claims, self._acts = Claims(world), Acts(world)

    def land(self, endpoint: ScoringEndpoint, model_name: str) -> Record:
        """Have the landed blob *model_name* served by *endpoint*, if nothing later is wanted.

        Raises:
            StorageError: It could not be recorded; what is recorded is never lost.
        """
        return self.work(endpoint, landing(endpoint, model_name), model=model_name)

    def land_result(self, endpoint: ScoringEndpoint, model: TrainedModel) -> Record:
        """Have what a job left in its service's own storage served, if nothing later is wanted.

        Raises:
            StorageError: It could not be recorded.
        """
        return self.work(endpoint, landing_result(endpoint, model), model=model.name)

    def wake(self, endpoint: ScoringEndpoint, entry: Entry | None) -> Record:
        """Do what is due at *endpoint*, and work off the agenda *entry* that said so.

        Raises:
            StorageError: Nothing was done; the entry is still there.
        """
        return self.work(endpoint, waking(endpoint), entry)

    def put_to_rest(self, endpoint: str, entry: Entry) -> None:
        """Work off an entry of an endpoint that is configured no more. Its record stays."""
        stored = self._world.ledger.read(endpoint)
        self._world.ledger.save(stored, stored.record, self._world.now(), entry, arm=False)
        emit(_log, "deployment.skip", endpoint=endpoint, reason="endpoint_not_configured")

    def plan(self, endpoint: ScoringEndpoint, step: Step) -> Plan:
        """Say what *step* would do now; nothing is recorded, signed or sent.

        Raises:
            StorageError: Storage could not be asked.
        """
        foreseen = self._claims.foresee(endpoint, step)
        protocol = self._world.protocols[endpoint.protocol]
        return plan_of(endpoint, foreseen, protocol)

    def work(
        self,
        endpoint: ScoringEndpoint,
        step: Step,
        entry: Entry | None = None,
        model: str | None = None,
    ) -> Record:
        """Take *step*, and do what is then to be done, up to `ROUNDS` times.

        Raises:
            StorageError: The step could not be recorded. What goes wrong later is left to the
                agenda.
        """
        claim = self._claims.make(endpoint, step, entry, model)
        try:
            for round_ in range(1, ROUNDS + 1):
                stored = self._act(endpoint, claim)
                if round_ == ROUNDS or isinstance(decide(stored.record, self._world.now()), Skip):
                    return stored.record
                claim = self._claims.make(endpoint, waking(endpoint))
        except StorageError as error:
            # What is wanted is on record and so is what wakes it: the agenda goes on from here.
            emit(_log, "deployment.interrupted", endpoint=endpoint.name, error=error)
        return claim.stored.record

    def _act(self, endpoint: ScoringEndpoint, claim: Claim) -> Stored:
        match claim.decision:
            case Patch() | Advance() | Tidy():
                return self._acts.send(endpoint, claim.stored, claim.signed)
            case Confirm():
                return self._acts.confirm(endpoint, claim.stored)
            case Keep():
                return self._acts.keep(endpoint, claim.stored)
        return claim.stored
