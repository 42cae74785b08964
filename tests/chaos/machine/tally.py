"""What a machine went through, counted over all its examples."""

from collections import Counter


class Tally:
    """Counts by name."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def add(self, name: str, number: int = 1) -> None:
        """Count *number* more of *name*."""
        self._counts[name] += number

    def __getitem__(self, name: str) -> int:
        return self._counts[name]

    def figures(self) -> dict[str, int]:
        """Give all counts, by name."""
        return dict(sorted(self._counts.items()))
