"""The handwritten digits that ship in scikit-learn: 1,797 images of 8 x 8 pixels."""

from functools import cache
from typing import Final, Literal

from local_stack.ml_service.table import Table

LABEL: Final = "label"
type Split = Literal["little", "train", "test"]

# 30 rows teach a model about 60 % of the digits, 1,400 rows about 96 %.
_BOUNDS: Final[dict[Split, slice]] = {
    "little": slice(0, 30),
    "train": slice(0, 1400),
    "test": slice(1400, None),
}
_SEED: Final = 7


def rows(split: Split) -> Table:
    """A part of the data set, always the same rows in the same order.

    Args:
        split: ``train`` (1,400 rows), ``little`` (its first 30) or ``test`` (the other 397).

    Returns:
        64 pixel columns (``pixel_0_0`` … ``pixel_7_7``, "0" to "16") and the column ``label``.
    """
    everything = _shuffled()
    return Table(everything.columns, everything.rows[_BOUNDS[split]])


@cache
def _shuffled() -> Table:
    import numpy as np  # noqa: PLC0415 - heavy: loaded when first needed, so the start is quick
    from sklearn.datasets import (  # type: ignore[import-untyped] # noqa: PLC0415 - heavy, as above
        load_digits,
    )

    digits = load_digits()
    order = np.random.RandomState(_SEED).permutation(len(digits.data))
    cells = (
        (*(f"{pixel:g}" for pixel in digits.data[index]), str(digits.target[index]))
        for index in order
    )
    return Table((*digits.feature_names, LABEL), tuple(cells))
