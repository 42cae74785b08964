"""Whether what the app has come to is what the expectation says, now that all is quiet."""

from collections.abc import Iterator

from patch_endpoint.fallback import is_own_rollback
from patch_endpoint.history import may_have_forgotten
from patch_endpoint.record import ENDED_BADLY, Deployment
from patch_endpoint.trained_model import TrainedModel
from protocols.protocol import Accepted
from tests.chaos.machine.expectation import Expectation, Landing, Order, Word, is_word_of, known_to
from tests.chaos.machine.troubled_world import TroubledWorld
from tests.chaos.machine.watched_scoring import Version, version_of
from tests.fakes.small_world import NAME

type Wish = Landing | Word


class Verdict:
    """Judges invariants 1 to 4 of a world in which nothing goes wrong any more."""

    def __init__(self, world: TroubledWorld, expected: Expectation) -> None:
        self._world, self._expected = world, expected
        self._record = world.record()

    def problems(self, renewals: int) -> list[str]:
        """List what does not hold; at most so many *renewals* were due since the beginning."""
        return [
            *self._of_the_newest(),
            *self._of_what_serves(),
            *self._of_what_answers_wrong(),
            *self._of_repeats(renewals),
        ]

    def _of_the_newest(self) -> Iterator[str]:
        """Invariant 1: what is desired is the latest, unless there is a reason against it."""
        top, desired = self._top(), self._record.desired
        if top is None:
            return
        if self._expected.waits and isinstance(top, Landing):
            if not any(one.model.has_bytes_of(top.model) for one in known_to(self._record)):
                yield f"{top.model.name} is not on record"
            return
        if desired is None:
            yield from self._of_nothing_desired(top)
            return
        if self._is_of(desired, top) and desired.state in {"live", "patched"}:
            return
        if self._excuse(top) is None:
            yield f"latest is {_said(top)}, desired is {_told(desired)}"
        elif desired.state not in {"live", "patched"} and (
            desired.state not in ENDED_BADLY or desired.error is None
        ):
            yield f"not settled: {_told(desired)}"

    def _of_nothing_desired(self, top: Wish) -> Iterator[str]:
        """What comes after a word that cannot be fulfilled may have to wait: then it does."""
        is_parked = self._expected.waits and self._record.waiting is not None
        if not is_parked or self._excuse(top) is None:
            yield f"nothing is desired, and there is {top.model.name}"

    def _of_what_serves(self) -> Iterator[str]:
        """Invariants 1 and 2: the last PATCH is for the best; nothing better is forgotten."""
        desired, serving = self._record.desired, self._record.serving
        if serving is not None and not serving.renewable:
            pass  # its bytes are gone: whatever came after cannot be taken back
        elif desired is not None and desired.state in {"live", "patched"}:
            yield from self._of_last_patch(desired.model)
        elif serving is not None:
            yield from self._of_last_patch(serving.model)
        if serving is not None and serving.renewable:
            served = self._world.scoring.serves(NAME)
            if served != serving.blob:
                yield f"serves {served}, recorded is {serving.blob}"
        best = max(self._forgotten(), key=lambda one: one.order, default=None)
        if best is not None:
            serves = version_of(serving.model) if serving else None
            yield f"forgotten: {_said(best)}, serves {serves}"

    def _of_last_patch(self, model: TrainedModel) -> Iterator[str]:
        taken = {one.version for one in self._expected.accepted}
        patches = [
            one
            for one in self._expected.patches
            if one.version in taken or not self._is_refused(one.version)
            if isinstance(one.answer, Accepted) or getattr(one.answer, "maybe_applied", False)
        ]
        if not patches or self._holds(patches[-1].version, model):
            return
        is_meant = self._holds(patches[-1].meant, model)
        if is_meant and self._expected.landed_on_its_way(patches[-1]):
            return  # and waits: else it would be desired by now
        yield f"the last PATCH was for {patches[-1].version}, not {version_of(model)}"

    def _holds(self, version: Version, model: TrainedModel) -> bool:
        landing = self._expected.landings.get(version)
        is_same = landing is not None and landing.model.has_bytes_of(model)
        return is_same or version == version_of(model)

    def _forgotten(self) -> Iterator[Landing]:
        """List models that are better than what serves, and sendable; told of or not."""
        desired = self._record.desired
        is_refused = desired is not None and desired.state == "refused"
        if is_refused and desired and desired.error and not desired.error.about_model:
            return  # where the endpoint is at fault, no other model fares better
        since = self._since()
        for landing in self._expected.landings.values():
            if not landing.is_free or self._excuse(landing) is not None:
                continue
            if self._world.catalog.found(landing.model.name) is not landing.model:
                continue
            if may_have_forgotten(self._record, landing.model):
                continue  # bounded: it may have been refused
            serving = self._record.serving
            if serving is not None and landing.model.has_bytes_of(serving.model):
                continue
            if since is None or landing.order > since:
                yield landing

    def _of_what_answers_wrong(self) -> Iterator[str]:
        """A 200 is no proof: what fails its smoke test is put back, where there is a way back."""
        desired = self._record.desired
        if desired is None or desired.state != "patched" or desired.cause == "rollback":
            return
        past = [one.deployment for one in self._record.history]
        ways_back = [one for one in past if one.live_at and self._is_there(one.model)]
        if ways_back and desired.error and desired.error.code == "smoke_test_failed":
            yield f"answers wrong and is left in service: {_told(desired)}"

    def _since(self) -> Order | None:
        """Say from which place on a model is better than what serves."""
        serving = self._record.serving
        if serving is None:
            return None
        known = known_to(self._record)
        if any(is_own_rollback(one) and one.instant == serving.instant for one in known):
            return (serving.instant, 0, "")  # just after what was rejected
        return self._expected.order_of(version_of(serving.model))

    def leftovers(self) -> Iterator[str]:
        """List what is outstanding for ever, or on the agenda and does not belong there."""
        if self._record.attempt is not None:
            yield "an attempt is in flight for ever"
        agenda = self._world.names("agenda/")
        if sorted(self._record.agenda) != agenda or len(agenda) > 2:
            yield f"agenda: {agenda}, recorded: {self._record.agenda}"
        due = self._world.next_due()
        if due is not None and due < self._world.clock.instant:
            yield f"due since {due} and never done"

    def _of_repeats(self, renewals: int) -> Iterator[str]:
        """Invariant 3: no more PATCHes than reasons for one."""
        most = self._expected.allowed + len(self._expected.results) + renewals
        if len(self._expected.patches) > most:
            yield f"{len(self._expected.patches)} PATCHes, reasons for {most}"

    def _top(self) -> Wish | None:
        newest, wishes = self._world.catalog.newest(), list[Wish](self._expected.words)
        known = {version_of(one.model) for one in known_to(self._record)}
        for version, landing in self._expected.landings.items():
            if landing.is_tracked or landing.model is newest or version in known:
                wishes.append(landing)
        best = max(wishes, key=lambda one: one.order, default=None)
        results = max(self._expected.results.values(), default=None)
        # Of a job's output elsewhere no more is known here than that it may well be the latest.
        return None if best is None or (results and results > best.order) else best

    def _is_of(self, desired: Deployment, wish: Wish) -> bool:
        if isinstance(wish, Word):
            return is_word_of(wish.by, desired)
        return desired.model.has_bytes_of(wish.model)

    def _excuse(self, wish: Wish) -> str | None:
        """Say why *wish* need not be served."""
        landing = self._expected.landings.get(version_of(wish.model))
        if landing is not None and not landing.is_good:
            return "it is no model"
        if landing is not None and landing.is_wrong and self._world.has_smoke_test:
            return "it answers wrong"
        if self._is_refused(version_of(wish.model)):
            return "the endpoint refused it"
        if not self._is_there(wish.model):
            return "its bytes are gone"
        return None

    def _is_refused(self, version: Version) -> bool:
        landing = self._expected.landings.get(version)
        is_bad = landing is not None and not landing.is_good
        return is_bad or version in self._expected.refused

    def _is_there(self, model: TrainedModel) -> bool:
        if model.from_job is not None:
            return model.from_job.job_id in self._world.training.jobs
        found = self._world.catalog.found(model.name)
        if found is not None and found.is_version(model):
            return True
        return any(one.has_bytes_of(model) for one in self._world.keeper.kept.values())


def _said(wish: Wish) -> str:
    by = wish.by if isinstance(wish, Word) else "landed"
    return f"{wish.model.name} {wish.model.etag} ({by})"


def _told(desired: Deployment) -> str:
    error = desired.error.code if desired.error else None
    what, by = desired.model, desired.requested_by
    return f"{what.name} {what.etag} ({by}) {desired.state} {error}"
