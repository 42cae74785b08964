"""A clock that tests drive."""

from datetime import UTC, datetime, timedelta

MONDAY = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)


class DrivenClock:
    """Stands still until it is told to go on."""

    def __init__(self, instant: datetime = MONDAY) -> None:
        self.instant = instant

    def __call__(self) -> datetime:
        """Give the instant."""
        return self.instant

    def advance(self, **by: float) -> None:
        """Let time pass, by the arguments of a timedelta."""
        self.instant += timedelta(**by)

    @property
    def second(self) -> datetime:
        """The instant as storage tells it: in whole seconds."""
        return self.instant.replace(microsecond=0)
