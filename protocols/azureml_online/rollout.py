"""Brings one model into service, a step a claim. What is next is decided in `decision.py`."""

from collections.abc import Callable, Mapping
from datetime import timedelta

from msgspec.structs import replace

from protocols.azureml_online import decision
from protocols.azureml_online.decision import CLEARING, CREATING, WITHDRAWING
from protocols.azureml_online.failure import is_passing
from protocols.azureml_online.hosting import Hosting, Seen
from protocols.azureml_online.online_endpoint import FAILED, OnlineEndpoint, is_gone
from protocols.azureml_online.scoring import Scored
from protocols.azureml_online.traffic import ALL
from protocols.protocol import Accepted, Answer, Refused, Underway, Unsettled

type Score = Callable[[OnlineEndpoint], Scored]
"""Has the model's deployment score, whatever traffic it has."""


class Rollout:
    """One model on its way. Each method is one claim's work; whatever is repeated is harmless.

    Args:
        hosting: The model at its endpoint.
        score: What tries it.
    """

    def __init__(self, hosting: Hosting, score: Score) -> None:
        self._hosting, self._candidate, self._score = hosting, hosting.candidate, score

    def begin(self, *, may_move_traffic: bool = True) -> Answer:
        """Create the deployment, or go on with one that stands."""
        seen = self._hosting.look()
        if not isinstance(seen, Seen):
            return seen
        there = seen.endpoint
        answer: Answer
        match decision.begun(there, seen.deployment, self._candidate):
            case decision.Wait() as wait:
                answer = _underway(wait)
            case decision.Done():
                answer = Accepted()
            case decision.TakeBack() if not may_move_traffic:
                answer = Underway(stage=CLEARING, at_once=True)
            case decision.TakeBack():
                answer = self._hosting.take_back(there) or Underway(stage=CLEARING)
            case decision.Discard():
                answer = self._hosting.delete() or Underway(stage=CLEARING)
            case decision.Create():
                answer = self._hosting.create(there) or Underway(stage=CREATING)
            case other:
                answer = other
        return answer

    def follow(self, stage: str, waited: timedelta) -> Answer:
        """Look at the deployment; once it stands, try it and give it traffic.

        Args:
            stage: How far it is.
            waited: How long it has been in that stage.
        """
        seen = self._hosting.look()
        if not isinstance(seen, Seen):
            return _again(seen)
        there = seen.endpoint
        is_late = stage == CREATING and waited > self._candidate.keys.creation_limit
        answer: Answer
        match decision.standing(seen.deployment, stage, is_late=is_late):
            case decision.Wait() as wait:
                answer = _underway(wait)
            case decision.Create():
                answer = self._create_again(there, "the last was canceled")
            case decision.Explain(operation):
                answer = self._failed(there, operation, is_late=is_late)
            case decision.Withdraw(problem):
                answer = self._rejected(there, problem)
            case decision.Try():
                answer = self._tried(there, stage, waited)
            case other:
                answer = other
        return answer

    def withdraw(self, notes: Mapping[str, str], waited: timedelta) -> Answer:
        """Take traffic and deployment away, and say at last what was wrong with it."""
        problem = _problem_in(notes)
        there = self._hosting.endpoint()
        if not isinstance(there, OnlineEndpoint):
            return problem if is_gone(there) else _again(there)
        share = there.traffic.get(self._candidate.name, 0)
        if 0 < share < ALL:  # where somebody gave it all, there is nothing to give that back to
            return self._without_traffic(there) or _withdrawing(problem)
        if share or waited > self._candidate.keys.creation_limit:
            return problem  # the person who reads it sees what is left
        if there.is_busy:
            return _withdrawing(problem)
        trouble = self._hosting.delete()
        return trouble if isinstance(trouble, Unsettled) else problem

    def _without_traffic(self, there: OnlineEndpoint) -> Answer | None:
        """Take its traffic back, as soon as that can be done; None: that is under way."""
        if there.is_busy:
            return None
        trouble = self._hosting.take_back(there)
        if trouble is not None:
            return _again(trouble)
        return _not_moved() if there.state == FAILED else None

    def _create_again(self, there: OnlineEndpoint, why: str) -> Answer:
        """Ask for the same once more; what fails again and again is asked for ever more rarely."""
        trouble = self._hosting.create(there)
        if isinstance(trouble, Refused):
            return self._rejected(there, trouble)
        what = f"its deployment is created once more, as {why}"
        return trouble or Unsettled("creation_repeated", what)

    def _failed(self, there: OnlineEndpoint, operation: str, *, is_late: bool) -> Answer:
        problem = self._hosting.why_failed(operation)
        if isinstance(problem, Unsettled):
            return problem
        if is_passing(problem.causes) and not is_late:
            return self._create_again(there, f"the last failed: {problem.message}")
        return self._rejected(there, problem)

    def _tried(self, there: OnlineEndpoint, stage: str, waited: timedelta) -> Answer:
        step = decision.moved(there, self._candidate, stage, waited)
        if isinstance(step, (Refused, Unsettled)):
            return step
        verdict = None
        if decision.is_on_trial(there, self._candidate, stage):
            verdict = decision.tried(self._score(there), stage)
        match verdict or step:
            case decision.Wait() as wait:
                return _underway(wait)
            case decision.Withdraw(problem):
                return self._rejected(there, problem)
            case decision.Shift(share):
                return self._given(there, share, stage)
            case decision.Done():
                return Accepted()
            case answer:
                return answer

    def _given(self, there: OnlineEndpoint, share: int, stage: str) -> Answer:
        given = self._hosting.give(there, share)
        if not isinstance(given, int):
            return _again(given)
        if decision.share_of(stage) == given and there.state == FAILED:
            return _not_moved()
        return Underway(stage=decision.traffic_stage(given))

    def _rejected(self, there: OnlineEndpoint, problem: Refused) -> Answer:
        """Take its traffic back at once. Why is on record before its deployment is deleted."""
        has_traffic = 0 < there.traffic.get(self._candidate.name, 0) < ALL
        if has_traffic:
            self._hosting.take_back(there)  # where that fails, it is done as it is withdrawn
        return replace(_withdrawing(problem), at_once=not has_traffic)


def _again(trouble: Refused | Unsettled) -> Refused | Unsettled:
    """Have what the workspace refuses on the way asked again, so that nothing is left half done.

    But an endpoint that is gone took everything with it.
    """
    if isinstance(trouble, Unsettled) or is_gone(trouble):
        return trouble
    return Unsettled(trouble.code, trouble.message)


def _not_moved() -> Unsettled:
    what = "the endpoint did not take the change of its traffic, and is asked once more"
    return Unsettled("traffic_not_moved", what, maybe_applied=True)


def _underway(wait: decision.Wait) -> Underway:
    return Underway(stage=wait.stage, look_after=wait.look_after, at_once=wait.at_once)


def _withdrawing(problem: Refused) -> Underway:
    notes = {
        "code": problem.code,
        "message": problem.message,
        "about_model": "yes" if problem.about_model else "no",
    }
    return Underway(stage=WITHDRAWING, notes=notes)


def _problem_in(notes: Mapping[str, str]) -> Refused:
    about_model = notes.get("about_model") == "yes"
    return Refused(
        notes.get("code", "withdrawn"), notes.get("message", ""), about_model=about_model
    )
