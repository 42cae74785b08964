"""What must hold, out of what landed, what persons said and what the endpoint refused.

It knows nothing of how the app gets there: the app's record is read for what it promises to tell
a person, and judged.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from patch_endpoint.history import HISTORY_KEPT
from patch_endpoint.record import Deployment, Record
from patch_endpoint.trained_model import TrainedModel
from protocols.protocol import Accepted, Refused, Unsettled
from tests.chaos.machine.watched_scoring import Patched, Version, version_of

_SHORTEST_PAUSE = timedelta(seconds=30)
_LONGEST_REPEAT = timedelta(hours=2)
"""A repeat of a success comes after 5 minutes, or later where it is put off."""

type Order = tuple[datetime, int, str | int]


@dataclass
class Landing:
    """A version of a model that was there.

    Attributes:
        model: Which.
        is_good: Whether an endpoint takes it.
        is_wrong: Whether it then answers the smoke test wrong.
        was_free: Whether it may be sent without a person's word.
        is_free: Whether it never had to wait for a person.
        is_tracked: Whether the app, told of it, must be able to say what became of it.
    """

    model: TrainedModel
    is_good: bool
    is_wrong: bool = False
    was_free: bool = False
    is_free: bool = True
    is_tracked: bool = False

    @property
    def order(self) -> Order:
        """Its place among all wishes."""
        return (self.model.last_modified, 0, self.model.name)


@dataclass(frozen=True)
class Word:
    """A person's word that is on record: which model, and its place among all wishes."""

    by: str
    model: TrainedModel
    order: Order


@dataclass
class Expectation:
    """The small model of one endpoint.

    Attributes:
        lifetime: Of tokens.
        soonest_renewal: How long after it was sent a token is renewed at the earliest.
        waits: Whether models that land are to wait now.
        landings: All that landed.
        words: What persons said.
        results: What jobs left in their service's own storage.
        asked: Versions that a person named.
        asking: The names that persons are saying, one maybe in the midst of another's word:
            whatever is there by the time they are heard.
        overtaken_at: When a sender came back whose claim another had taken over.
        unheard: Which of the PATCHes, by number, may have an answer that never got on record.
        is_releasing: Whether a person is saying that the newest may go: whatever lands meanwhile.
        is_forgetful: Whether the record ever told of so many that some may have been dropped.
        patches: What the endpoint got.
        allowed: How many PATCHes there may have been.
        taken_up: How often a word for what serves was taken up late, with another PATCH.
        troubled_at: When there was last a reason for another PATCH than a landing.
        violations: What did not hold.
    """

    lifetime: timedelta
    soonest_renewal: timedelta
    waits: bool = False
    landings: dict[Version, Landing] = field(default_factory=dict)
    words: list[Word] = field(default_factory=list)
    results: dict[Version, Order] = field(default_factory=dict)
    asked: set[Version] = field(default_factory=set)
    asking: list[str] = field(default_factory=list)
    unheard: set[int] = field(default_factory=set)
    overtaken_at: datetime | None = None
    is_releasing: bool = False
    is_forgetful: bool = False
    patches: list[Patched] = field(default_factory=list)
    allowed: int = 0
    taken_up: int = 0
    troubled_at: datetime | None = None
    violations: list[str] = field(default_factory=list)

    def landed(self, model: TrainedModel, *, is_good: bool = True, is_wrong: bool = False) -> None:
        """Know of a model that is there now."""
        landing = Landing(model, is_good, is_wrong, not self.waits, not self.waits)
        self.landings[version_of(model)] = landing
        self.allowed += 1 + is_wrong  # what was rejected is put back by one more
        if self.is_releasing or model.name in self.asking:
            self.asked.add(version_of(model))

    def now_waits(self, *, waits: bool) -> None:
        """Know whether models that land are to wait from now on."""
        self.waits = waits
        sent = {one.version for one in self.patches}
        for version, landing in self.landings.items():
            # What was not sent before may not go any more.
            landing.was_free = not waits or (landing.was_free and version in sent)
            # What was not sent by now may have to wait, and is not what a fallback may take.
            landing.is_free &= not waits

    def told(self, model: TrainedModel, record: Record) -> None:
        """Know that the app has handled the event of *model*."""
        landing = self.landings[version_of(model)]
        known = [one.model for one in known_to(record)]
        is_there = any(one.has_bytes_of(model) for one in known)
        serving = record.serving
        is_older = serving is not None and model.last_modified <= serving.instant
        if not is_there and not is_older and not self.is_forgetful:
            self.violations.append(f"the app was told of {model.name} and has no word of it")
        landing.is_tracked = is_there

    def trouble(self, at: datetime, *, patches: int) -> None:
        """Know a reason for so many PATCHes more than landings and renewals make."""
        self.allowed += patches
        self.troubled_at = at

    def patched(self, patched: Patched) -> None:
        """Judge a PATCH as it arrives: invariants 2, 3 and 4."""
        if self._is_idle(patched):
            self.violations.append(f"sent again without a reason: {patched.blob}")
        if self._is_hasty(patched):
            self.violations.append(f"sent again without a pause: {patched.blob}")
        landing = self.landings.get(patched.version)
        if landing is not None and landing.model.is_empty:
            self.violations.append(f"sent though it has no bytes: {patched.blob}")
        if not self._is_asked(patched.version) and self._was_refused_for_good(patched.version):
            self.violations.append(f"sent again though it was refused: {patched.blob}")
        self.patches.append(patched)
        if isinstance(patched.answer, (Unsettled, Refused)):
            self.trouble(patched.sent_at, patches=2)
        left = patched.expires_at - patched.sent_at
        if left < min(timedelta(minutes=10), self.lifetime / 2):
            self.violations.append(f"sent with a token of {left}: {patched.blob}")
        if not self._may_be_sent(patched.version) and not self.landed_on_its_way(patched):
            self.violations.append(f"sent though it waits for a person: {patched.blob}")

    def _is_idle(self, patched: Patched) -> bool:
        """Whether the PATCH repeats the one before it, and nothing ever went wrong near it."""
        before = self._same(self.patches[-1] if self.patches else None, patched)
        if before is None:
            return False
        if self.troubled_at and before.sent_at - self.troubled_at < _LONGEST_REPEAT:
            return False
        is_early = patched.sent_at - before.sent_at < self.soonest_renewal
        return is_early and not self._is_word_taken_up(patched.version)

    def _is_word_taken_up(self, version: Version) -> bool:
        """Whether a word for what serves, never carried out, may go now: one for each landing.

        What landed after it was refused unsent, as it is empty, or gone.
        """
        sent = {one.meant for one in self.patches}
        unsent = [one for one in self.landings if one not in sent]
        if not self._is_asked(version) or len(unsent) <= self.taken_up:
            return False
        self.taken_up += 1
        return True

    def _is_hasty(self, patched: Patched) -> bool:
        """Whether the PATCH sent before it was for the same, and had no answer just now."""
        before = self._same(self._sent_before(patched), patched)
        if before is None or self._is_asked(before.version):
            return False
        back_at = self.overtaken_at
        if back_at is not None and timedelta() <= patched.sent_at - back_at < _SHORTEST_PAUSE:
            return False  # what serves is sent once more at once
        is_unsettled = isinstance(before.answer, Unsettled)
        return is_unsettled and patched.sent_at - before.sent_at < _SHORTEST_PAUSE

    def _sent_before(self, patched: Patched) -> Patched | None:
        """Give the PATCH sent before it: one whose sender was suspended arrives after later ones.

        It repeats none of those, and the next one repeats none of it.
        """
        earlier = [one for one in self.patches if one.sent_at <= patched.sent_at]
        return max(reversed(earlier), key=lambda one: one.sent_at, default=None)

    @staticmethod
    def _same(before: Patched | None, patched: Patched) -> Patched | None:
        """Give *before* if it was for the same: what landed on its way was not."""
        if before is None or (before.version, before.meant) != (patched.version, patched.meant):
            return None
        return before

    def _was_refused_for_good(self, version: Version) -> bool:
        """Whether the endpoint said of these very bytes that it cannot take them."""
        heard = [one for n, one in enumerate(self.patches) if n not in self.unheard]
        answers = [one.answer for one in heard if one.version == version]
        return any(isinstance(one, Refused) and one.about_model for one in answers)

    def _may_be_sent(self, version: Version) -> bool:
        """Whether these bytes never had to wait, or a person let them go."""
        if version not in self.landings:
            return True
        return self._is_asked(version) or any(one.was_free for one in self._same_bytes(version))

    def landed_on_its_way(self, patched: Patched) -> bool:
        """Whether what it was for may be sent, and was overwritten between that and the PATCH."""
        landing = self.landings.get(patched.version)
        if landing is None:
            return False
        is_other = patched.version != patched.meant and self._may_be_sent(patched.meant)
        return is_other and landing.model.last_modified >= patched.sent_at

    def _is_asked(self, version: Version) -> bool:
        """Whether a person wanted these bytes, which may have landed again since."""
        return version in self.asked or any(
            version_of(one.model) in self.asked for one in self._same_bytes(version)
        )

    def _same_bytes(self, version: Version) -> list[Landing]:
        landing = self.landings.get(version)
        if landing is None:
            return []
        return [one for one in self.landings.values() if one.model.has_bytes_of(landing.model)]

    def saw(self, record: Record) -> None:
        """Know what the record is after each thing that the app did."""
        # What is desired, or waits, may have come out of a history that was full for a moment.
        self.is_forgetful |= len(known_to(record)) >= HISTORY_KEPT
        claim = record.attempt
        if claim is not None:  # it may have been answered, and its holder died with that
            mine = version_of(claim.model)
            sent = [(n, one) for n, one in enumerate(self.patches) if one.meant == mine]
            self.unheard |= {n for n, one in sent if one.sent_at >= claim.claimed_at}

    def judge_record(self, record: Record) -> None:
        """Judge what must hold after every step: nothing is lost."""
        if len(record.agenda) > 2:
            self.violations.append(f"{len(record.agenda)} agenda entries")
        if self.is_forgetful:
            return  # bounded: what ended long ago need not be told any more
        known = [one.model for one in known_to(record)]
        for landing in self.landings.values():
            if landing.is_tracked and not any(one.has_bytes_of(landing.model) for one in known):
                self.violations.append(f"{landing.model.name} {landing.model.etag} was lost")
        unheard = [one.by for one in self.words if not self._is_heard(one.by, record)]
        self.violations.extend(f"{by}'s word was lost" for by in unheard)

    def _is_heard(self, by: str, record: Record) -> bool:
        return any(is_word_of(by, one) for one in known_to(record))

    @property
    def refused(self) -> set[Version]:
        """The versions that the endpoint refused at least once."""
        return {one.version for one in self.patches if isinstance(one.answer, Refused)}

    @property
    def accepted(self) -> list[Patched]:
        """The PATCHes that the endpoint said it took."""
        return [one for one in self.patches if isinstance(one.answer, Accepted)]

    def order_of(self, version: Version) -> Order:
        """Give the latest place that *version* has by whatever wish.

        Bytes that were overwritten before they were sent leave their place to those over them.
        """
        orders = [one.order for one in self.words if one.model.name == version[0]]
        if version in self.landings:
            orders.append(self.landings[version].order)
        if version in self.results:
            orders.append(self.results[version])
        return max(orders, default=(datetime.min.replace(tzinfo=UTC), 0, ""))


def is_word_of(by: str, deployment: Deployment) -> bool:
    """Whether the person *by* asked for it, or let it go where it waited."""
    return by in {deployment.requested_by, deployment.released_by}


def known_to(record: Record) -> list[Deployment]:
    """List all deployments that *record* tells of."""
    past = [one.deployment for one in record.history]
    return [one for one in (record.desired, record.waiting, *past) if one is not None]
