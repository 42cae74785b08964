"""Decides what is done for an endpoint, with a look at what may be sent and what can be."""

from datetime import datetime

from patch_endpoint import attempt as attempts
from patch_endpoint.decide import Decision, Patch, Skip, decide, is_undone
from patch_endpoint.desired import landings_wait, parked, with_facts
from patch_endpoint.history import HISTORY_KEPT
from patch_endpoint.job_results import ResultUnavailableError
from patch_endpoint.look import Look
from patch_endpoint.record import Problem, Record
from settings.scoring_endpoint import ScoringEndpoint
from state.storage_errors import StorageError


def decided(
    endpoint: ScoringEndpoint, record: Record, look: Look, now: datetime
) -> tuple[Record, Decision]:
    """Decide, and let nothing be sent that cannot be, or must not be.

    Args:
        endpoint: Which; its table may have a fault, and may say that landings wait.
        record: What is wanted there.
        look: What is in storage.
        now: When.

    Returns:
        The record, changed where something else must be desired; and what to do.
    """
    for _ in range(2 * HISTORY_KEPT):
        decision = decide(record, now)
        if endpoint.faults and not isinstance(decision, Skip):
            problem = Problem("endpoint_fault", str(endpoint.faults[0]))
            return attempts.waiting_for_mending(record, problem, now), Skip("endpoint_fault")
        if not isinstance(decision, Patch):
            return record, decision
        if _is_unwelcome(record, endpoint):
            record = parked(record, now)
            continue
        try:
            facts = look.facts_of(decision.model)
        except StorageError as error:
            asked_job = isinstance(error, ResultUnavailableError)
            code = "result_unavailable" if asked_job else "storage_unavailable"
            problem = Problem(code, str(error))
            return attempts.held_back(record, decision, problem, now), Skip(problem.code)
        waits = landings_wait(record, endpoint)
        checked = with_facts(record, decision.model, facts, now, waits=waits)
        if checked is record:
            return record, decision
        record = checked
    return record, Skip("nothing_sendable")


def _is_unwelcome(record: Record, endpoint: ScoringEndpoint) -> bool:
    """Say whether what is about to be sent landed before a person said that landings wait."""
    desired = record.desired
    if desired is None or not is_undone(desired) or not desired.is_unasked:
        return False
    return landings_wait(record, endpoint)
