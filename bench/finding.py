"""What a benchmark found: lines of the table, and the figures that the model on paper needs."""

from statistics import median, quantiles

import msgspec


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the table.

    Attributes:
        what: What was measured.
        size: How much of it.
        app: What the app took.
        bare: What the bare script took, or a bare call of the SDK; empty: nothing to compare.
        ratio: The app's figure by the bare one's.
        target: What must be reached; empty: nothing was set.
        reached: Whether it is; None: nothing was set.
    """

    what: str
    size: str
    app: str
    bare: str = ""
    ratio: str = ""
    target: str = ""
    reached: bool | None = None


class Finding(msgspec.Struct, frozen=True):
    """What one benchmark found.

    Attributes:
        lines: For the table.
        figures: By name, for the model on paper.
        notes: What is to be known about the lines.
        parts: Tables of their own, by title: name and figure.
    """

    lines: list[Line]
    figures: dict[str, float] = {}
    notes: list[str] = []
    parts: dict[str, dict[str, str]] = {}


def ms(seconds: float) -> str:
    """Say a time."""
    return f"{seconds * 1000:,.0f} ms" if seconds >= 0.01 else f"{seconds * 1000:.2f} ms"  # noqa: PLR2004 - as it reads best


def mib(count: float) -> str:
    """Say a number of bytes."""
    return f"{count / 1024 / 1024:.1f} MiB"


def times(ratio: float) -> str:
    """Say a ratio."""
    return f"{ratio:.2f}"


def p95(values: list[float]) -> float:
    """Give the value that 95 % are not above."""
    return quantiles(values, n=20, method="inclusive")[-1] if len(values) > 1 else values[0]


__all__ = ["Finding", "Line", "median", "mib", "ms", "p95", "times"]
