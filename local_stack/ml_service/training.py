"""Training a scikit-learn model on a table, and how good it is on rows it has not seen."""

import math
from dataclasses import dataclass
from typing import Final

from local_stack.ml_service.model_file import Model
from local_stack.ml_service.table import Table

_HELD_OUT: Final = 5  # every fifth row


class TrainingError(ValueError):
    """The table cannot be trained on; the message says why."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Accuracy on held-out rows; ``None`` where there were too few rows to hold any out."""

    accuracy: float | None
    trained: int
    held_out: int

    def to_csv(self) -> bytes:
        """One row with a header, as an Evaluate Model module writes it."""
        accuracy = "" if self.accuracy is None else f"{self.accuracy:.6f}"
        return Table(
            ("Accuracy", "Rows trained", "Rows held out"),
            ((accuracy, str(self.trained), str(self.held_out)),),
        ).to_csv()


def train(rows: Table, label: str | None = None) -> bytes:
    """Train on all rows.

    Args:
        rows: The data; every column but the label must hold numbers.
        label: The column to predict; the last one where it is ``None``.

    Returns:
        The bytes of the `.ilearner` file.

    Raises:
        TrainingError: There is no such column, a cell is no number, or only one class.
    """
    return _fit(rows, label or rows.columns[-1]).dump()


def evaluate(rows: Table, label: str | None = None) -> Evaluation:
    """Train on four fifths of the rows and score the others."""
    label = label or rows.columns[-1]
    kept = tuple(row for at, row in enumerate(rows.rows) if at % _HELD_OUT)
    held_out = rows.rows[::_HELD_OUT]
    try:
        model = _fit(Table(rows.columns, kept), label)
    except TrainingError:
        return Evaluation(None, len(rows.rows), 0)
    scored = model.score(rows.columns, held_out)
    truth = Table(rows.columns, held_out).column(label)
    right = sum(score.label == true for score, true in zip(scored, truth, strict=True))
    return Evaluation(right / len(held_out), len(kept), len(held_out))


def _fit(rows: Table, label: str) -> Model:
    if label not in rows.columns:
        raise TrainingError(f'Column with name or index "{label}" not found')
    truth = rows.column(label)
    if len(set(truth)) < 2:  # noqa: PLR2004 - a classifier needs two classes
        raise TrainingError(f'Label column "{label}" must contain at least two classes')
    learned = [(at, name) for at, name in enumerate(rows.columns) if name != label]
    if not learned:
        raise TrainingError("There is no column to learn from")
    numbers = [[_number(row[at], name) for at, name in learned] for row in rows.rows]
    columns = tuple(name for _, name in learned)
    return _classifier(columns, label, numbers, truth)


def _classifier(
    columns: tuple[str, ...], label: str, numbers: list[list[float]], truth: tuple[str, ...]
) -> Model:
    import numpy as np  # noqa: PLC0415 - heavy: loaded when first needed, so the start is quick
    from sklearn.linear_model import (  # type: ignore[import-untyped] # noqa: PLC0415 - as above
        LogisticRegression,
    )
    from sklearn.preprocessing import (  # type: ignore[import-untyped] # noqa: PLC0415 - as above
        StandardScaler,
    )

    scaler = StandardScaler().fit(np.array(numbers))
    fitted = LogisticRegression(max_iter=1000).fit(scaler.transform(np.array(numbers)), truth)
    coefficients, intercepts = fitted.coef_.tolist(), fitted.intercept_.tolist()
    if len(coefficients) == 1:  # two classes: scikit-learn keeps the second one's row alone
        coefficients = [[0.0] * len(columns), *coefficients]
        intercepts = [0.0, *intercepts]
    return Model(
        columns=columns,
        label=label,
        classes=tuple(map(str, fitted.classes_)),
        means=tuple(scaler.mean_.tolist()),
        scales=tuple(scaler.scale_.tolist()),
        coefficients=tuple(map(tuple, coefficients)),
        intercepts=tuple(intercepts),
        trained_rows=len(numbers),
    )


def _number(cell: str, column: str) -> float:
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise TrainingError(f'Column "{column}" contains a value that is not a number')
    return value
