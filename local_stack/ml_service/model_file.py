"""The `.ilearner` file of this local service, and the model in it.

A real `.ilearner` is opaque and runs nowhere else. This one is a line that names the format, then
one line of JSON with everything that scoring needs. Bytes after that line are never read, so a
file may be as long as a real model. JSON typed on decoding can build no objects but these: hostile
bytes give an error and never run code.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO, Annotated, Final, cast

import msgspec
from msgspec import Meta, Struct

MAGIC: Final = b"ILEARNER-LOCAL 1\n"
_LONGEST: Final = 32 * 1024 * 1024

type _Names = Annotated[tuple[str, ...], Meta(min_length=1, max_length=100_000)]
type _Numbers = tuple[float, ...]


class NotAModelError(ValueError):
    """The bytes are no model of this format."""


class InputMismatchError(ValueError):
    """The input lacks columns that the model was trained on."""


class InputParseError(ValueError):
    """A cell of the input is no number."""


@dataclass(frozen=True, slots=True)
class Score:
    """What the model says of one row."""

    label: str
    probability: float


class Model(Struct, frozen=True, forbid_unknown_fields=True):
    """A linear classifier over standardised columns."""

    columns: _Names
    label: str
    classes: _Names
    means: _Numbers
    scales: _Numbers
    coefficients: tuple[_Numbers, ...]
    intercepts: _Numbers
    trained_rows: int

    def __post_init__(self) -> None:
        """Refuse numbers that do not belong together."""
        width, height = len(self.columns), len(self.classes)
        lengths = (len(self.means), len(self.scales), *map(len, self.coefficients))
        if any(length != width for length in lengths):
            raise ValueError("means, scales and coefficients must have one number per column")
        if len(self.coefficients) != height or len(self.intercepts) != height:
            raise ValueError("coefficients and intercepts must have one entry per class")
        if any(scale <= 0 for scale in self.scales):
            raise ValueError("scales must be positive")

    def dump(self) -> bytes:
        """The bytes of the `.ilearner` file."""
        return MAGIC + msgspec.json.encode(self) + b"\n"

    def score(self, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> list[Score]:
        """Classify rows of cells, each text or a number.

        Args:
            columns: The names of the cells. Columns the model does not know are ignored.
            rows: The cells.

        Raises:
            InputMismatchError: A column of the model is missing.
            InputParseError: A row has another length, or a cell is no finite number.
        """
        cells = self._cells(columns, rows)
        if not cells:
            return []
        return [Score(self.classes[at], p) for at, p in self._best(cells)]

    def _cells(self, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> list[list[float]]:
        position = {name: at for at, name in enumerate(columns)}
        if missing := [name for name in self.columns if name not in position]:
            raise InputMismatchError(f"missing {', '.join(missing[:5])}")
        if any(len(row) != len(columns) for row in rows):
            raise InputParseError(f"a row has not {len(columns)} cells")
        wanted = [(name, position[name]) for name in self.columns]
        return [[_number(row[at], name) for name, at in wanted] for row in rows]

    def _best(self, cells: list[list[float]]) -> list[tuple[int, float]]:
        import numpy as np  # noqa: PLC0415 - heavy: loaded when first needed, so the start is quick

        with np.errstate(all="ignore"):  # overflow shows below, as a number that is not finite
            scaled = (np.array(cells) - np.array(self.means)) / np.array(self.scales)
            logits = scaled @ np.array(self.coefficients).T + np.array(self.intercepts)
            weights = np.exp(logits - logits.max(axis=1, keepdims=True))
            probabilities = weights / weights.sum(axis=1, keepdims=True)
        if not np.isfinite(probabilities).all():
            raise InputParseError("a cell is too large a number")
        best = probabilities.argmax(axis=1)
        return [(int(at), float(row[at])) for at, row in zip(best, probabilities, strict=True)]


def load(stream: IO[bytes]) -> Model:
    """Read a model; what follows its JSON line stays unread.

    Raises:
        NotAModelError: The bytes are anything else. The message quotes none of them.
    """
    if stream.read(len(MAGIC)) != MAGIC:
        raise NotAModelError("it does not begin as an .ilearner file of this service")
    line = stream.readline(_LONGEST + 1)
    if len(line) > _LONGEST or not line.endswith(b"\n"):
        raise NotAModelError("it is cut off, or its description is too long")
    try:
        return msgspec.json.decode(line, type=Model)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise NotAModelError(f"its description is damaged: {exc}") from exc


def _number(cell: object, column: str) -> float:
    try:
        value = float(cast("str", cell))
    except (TypeError, ValueError):
        raise InputParseError(f"a cell of column {column} is no number") from None
    if not math.isfinite(value):
        raise InputParseError(f"a cell of column {column} is no finite number")
    return value
