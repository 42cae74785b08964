"""Decides what is done next about a deployment and its traffic. Pure: descriptions in, a value out.

The stages that a model goes through: `clearing` what is in its way, `creating` its deployment,
`testing` it without traffic, `traffic_<percent>`; or `withdrawing` it, which ends in a refusal.
One that still stands and once had all traffic is `restoring`.
"""

from datetime import timedelta
from typing import Final

import msgspec

from protocols.azureml_online.candidate import Candidate
from protocols.azureml_online.online_deployment import OnlineDeployment
from protocols.azureml_online.online_endpoint import FAILED, SUCCEEDED, OnlineEndpoint
from protocols.azureml_online.scoring import Scored
from protocols.azureml_online.traffic import ALL
from protocols.protocol import Refused, Unsettled

CLEARING: Final = "clearing"
CREATING: Final = "creating"
TESTING: Final = "testing"
RESTORING: Final = "restoring"
WITHDRAWING: Final = "withdrawing"
_TRAFFIC: Final = "traffic_"
LOOK_EVERY: Final = timedelta(minutes=1)
"""How often what was given a part of the traffic is tried."""


class Wait(msgspec.Struct, frozen=True, kw_only=True):
    """Do nothing now.

    Attributes:
        stage: What is waited for.
        look_after: How long nothing is to be expected.
        at_once: Whether the next step can be taken at once.
    """

    stage: str
    look_after: timedelta = timedelta(seconds=15)
    at_once: bool = False


class Create(msgspec.Struct, frozen=True):
    """Register the model and create its deployment."""


class Discard(msgspec.Struct, frozen=True):
    """Delete what an earlier try left."""


class TakeBack(msgspec.Struct, frozen=True):
    """Take the traffic back that was given to another model which never had all of it."""


class Explain(msgspec.Struct, frozen=True):
    """Ask the last operation on the deployment why that failed."""

    operation: str


class Try(msgspec.Struct, frozen=True):
    """Have the deployment score: it stands."""


class Shift(msgspec.Struct, frozen=True):
    """Give the deployment this share of the traffic."""

    share: int


class Withdraw(msgspec.Struct, frozen=True):
    """Take the deployment away, and refuse it with this."""

    problem: Refused


class Done(msgspec.Struct, frozen=True):
    """It has all traffic."""


type Beginning = Wait | Create | Discard | TakeBack | Done | Refused | Unsettled
type Standing = Wait | Create | Explain | Try | Withdraw | Refused | Unsettled
type Moving = Wait | Shift | Done | Refused | Unsettled


def traffic_stage(share: int) -> str:
    """Name the stage in which it has this *share*."""
    return f"{_TRAFFIC}{share}"


def share_of(stage: str) -> int:
    """Give the share of a stage; 0: in that stage it has none."""
    share = stage.removeprefix(_TRAFFIC)
    return int(share) if share != stage and share.isdecimal() else 0


def begun(there: OnlineEndpoint, found: OnlineDeployment | None, candidate: Candidate) -> Beginning:
    """Decide how a model is begun with; *found* is what stands under its deployment's name."""
    if not there.is_settled:
        return _at_work(there, CLEARING)
    if found is not None and not found.is_of(candidate):
        what = f"the deployment {candidate.name} is there, and its tags are not this model's"
        return Refused("deployment_name_taken", what, about_model=True)
    stands = found is not None and found.state == SUCCEEDED
    if stands and candidate.name in there.served:
        return Done() if _is_done(there, candidate) else Wait(stage=RESTORING, at_once=True)
    if any(there.traffic.get(name) for name in there.unproven - {candidate.name}):
        return TakeBack()
    if stands:
        return Wait(stage=TESTING, at_once=True)
    return _begun_anew(found, has_traffic=candidate.name in there.traffic)


def _begun_anew(found: OnlineDeployment | None, *, has_traffic: bool) -> Beginning:
    match found.state if found is not None else "absent":
        case "absent" | "canceled":
            return Create()
        case "busy":
            return Wait(stage=CREATING)
        case "deleting":
            return Wait(stage=CLEARING)
        case "failed":
            return Create() if has_traffic else Discard()
        case state:
            return _unknown_state("its deployment", state)


def standing(found: OnlineDeployment | None, stage: str, *, is_late: bool) -> Standing:
    """Decide what to do about the deployment that was created.

    Args:
        found: It, as it is.
        stage: How far it was.
        is_late: Whether it has been in that stage for longer than it may take to be created.
    """
    if found is None:
        return Refused("deployment_gone", "its deployment was deleted at the workspace")
    whenever: dict[str, Standing] = {
        SUCCEEDED: Try(),
        FAILED: Explain(found.operation),
        "deleting": Wait(stage=stage),
    }
    in_time: dict[str, Standing] = {"busy": Wait(stage=stage), "canceled": Create()}
    if found.state in whenever:
        return whenever[found.state]
    if is_late:
        what = f"its deployment was not created in time, and is {found.said or '(in no state)'}"
        return Withdraw(Refused("creation_timed_out", what))
    return in_time.get(found.state) or _unknown_state("its deployment", found.state)


def is_on_trial(there: OnlineEndpoint, candidate: Candidate, stage: str) -> bool:
    """Say whether it is to score. What was given all traffic is what serves, and asked as that."""
    was_given_all = stage == RESTORING or share_of(stage) == ALL
    return not was_given_all and not _has_all(there, candidate)


def tried(answer: Scored, stage: str) -> Wait | Withdraw | Unsettled | None:
    """Decide what to do about what it scored; None: it may go on.

    What no model is at fault for is asked again. The first look at a deployment that was just
    created decides nothing: it may only just have come up.
    """
    if answer is None or answer is True:
        return None
    if stage == CREATING:
        return Wait(stage=TESTING)
    if answer is False:
        what = "it answers the smoke test otherwise than expected"
        return Withdraw(Refused("smoke_test_failed", what, about_model=True))
    if isinstance(answer, Refused) and answer.about_model:
        return Withdraw(answer)
    return Unsettled(answer.code, answer.message, getattr(answer, "retry_after", None))


def moved(there: OnlineEndpoint, candidate: Candidate, stage: str, waited: timedelta) -> Moving:
    """Decide which share of the traffic a deployment that stands gets next."""
    if not there.is_settled:
        return _at_work(there, stage)
    if stage == RESTORING or _has_all(there, candidate):
        # What a person gave all is yet to be noted; what is gone back to gets it from whoever has.
        return Done() if _is_done(there, candidate) else Shift(ALL)
    share, due = there.traffic.get(candidate.name, 0), share_of(stage)
    if due and there.state != SUCCEEDED:
        return Shift(due)  # whatever is described, it is not in effect
    if share < due:
        return _given_less(there, candidate, due)
    if share > due:
        return Wait(stage=traffic_stage(share), look_after=LOOK_EVERY)
    return _given_more(candidate, share, candidate.keys.step_after - waited)


def _given_more(candidate: Candidate, share: int, left: timedelta) -> Wait | Shift:
    """Decide what comes after *share*, which is to be watched for what is *left* of its time."""
    if share > 0 and left > timedelta(0):
        return Wait(stage=traffic_stage(share), look_after=min(left, LOOK_EVERY))
    return Shift(next(step for step in candidate.keys.traffic_steps if step > share))


def _has_all(there: OnlineEndpoint, candidate: Candidate) -> bool:
    """Say whether all traffic goes to it, and that is in effect."""
    return there.state == SUCCEEDED and there.traffic.get(candidate.name) == ALL


def _is_done(there: OnlineEndpoint, candidate: Candidate) -> bool:
    """Say whether it has all traffic, and the tags tell so."""
    return _has_all(there, candidate) and there.served[:1] == (candidate.name,)


def _given_less(there: OnlineEndpoint, candidate: Candidate, due: int) -> Shift | Refused:
    """Tell a change of ours that had no effect from one that somebody took back."""
    if there.step != (candidate.name, due):
        return Shift(due)
    what = f"it was given {due} % of the traffic, and somebody else changed that"
    return Refused("traffic_changed", what)


def _at_work(there: OnlineEndpoint, stage: str) -> Wait | Unsettled:
    return Wait(stage=stage) if there.is_busy else _unknown_state("the endpoint", there.state)


def _unknown_state(what: str, state: str) -> Unsettled:
    """Say that something is in a state that no document names."""
    return Unsettled("unknown_state", f"{what} is in the state {state or '(none)'}")
