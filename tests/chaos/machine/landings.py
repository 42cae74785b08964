"""Models land, are overwritten and go; events come, come again, late, in disorder, or never."""

from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from patch_endpoint.trained_model import TrainedModel
from tests.chaos.machine.scene import Scene

NAMES = st.sampled_from([f"census/{letter}.ilearner" for letter in "abc"])
_BAD = "bad"


class Landings(Scene):
    """What happens in the container of models."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.events: list[str] = []
        self.told: list[str] = []
        self._contents: dict[str, bytes] = {}
        self._numbers = 0
        self.world.training.landed = self._trained

    @rule(name=NAMES, after=st.sampled_from([0, 1, 20]))
    def land_and_tell(self, name: str, after: int) -> None:
        """A good model lands and its event comes: the usual."""
        self.land(name=name, kind="good", event="now", after=after)

    @rule(
        name=NAMES,
        kind=st.sampled_from(["good", "good", _BAD, "wrong", "empty", "same"]),
        event=st.sampled_from(["now", "now", "later", "never"]),
        after=st.sampled_from([0, 1, 7]),
    )
    def land(self, name: str, kind: str, event: str, after: int) -> None:
        """A model lands, and its event comes now, later or never."""
        self.world.clock.instant += timedelta(seconds=after)
        self.put(name, self._content(name, kind), is_good=kind != _BAD, is_wrong=kind == "wrong")
        if event == "later":
            self.events.append(name)
        elif event == "now":
            (self.told if self.deliver(name) else self.events).append(name)

    @rule(
        names=st.lists(NAMES, min_size=2, max_size=4),
        order=st.lists(st.integers(0, 9), min_size=2, max_size=5),
        apart=st.sampled_from([0, 1, 40]),
    )
    def land_together(self, names: list[str], order: list[int], apart: int) -> None:
        """Models land one after the other; their events come in any order, some twice or never."""
        for name in names:
            self.land(name=name, kind="good", event="never", after=apart)
        for number in order:
            self.deliver(names[number % len(names)])

    @precondition(lambda self: self.events)
    @rule(which=st.integers(0, 99))
    def deliver_event(self, which: int) -> None:
        """One of the events that are under way comes, in whatever order."""
        name = self.events.pop(which % len(self.events))
        if self.deliver(name):
            self.told.append(name)
        else:
            self.events.append(name)

    @precondition(lambda self: self.told)
    @rule(which=st.integers(0, 99), times=st.integers(1, 3))
    def repeat_event(self, which: int, times: int) -> None:
        """An event that was handled comes again."""
        self.tally.add("repeated_events", times)
        for _ in range(times):
            self.deliver(self.told[which % len(self.told)])

    @rule(name=NAMES)
    def delete(self, name: str) -> None:
        """A person deletes a model."""
        if self.world.catalog.has(name):
            self.world.catalog.delete(name)
            self._contents.pop(name, None)

    def _trained(self, model: TrainedModel) -> None:
        """A job wrote its model; the blob trigger may see it before the job is polled, or after."""
        self.expected.landed(model)
        self.events.append(model.name)
        self.tally.add("trained")

    def _content(self, name: str, kind: str) -> bytes:
        self._numbers += 1
        if kind == "empty":
            return b""
        if kind == "same" and name in self._contents:
            return self._contents[name]
        content = b"content %d" % self._numbers
        self._contents.pop(name, None)
        if kind in {"good", "same"}:
            self._contents[name] = content
        return content
