"""Trains a model for each answer, in MLServer's environment: `python train.py FOLDER ANSWER …`.

A model says its answer of a row whose first number is above 2.5, and 0 of any other.
"""

import sys
from pathlib import Path

import lightgbm
import numpy as np


def main(folder: Path, answers: list[str]) -> None:
    """Write each model to a file that is named by its answer."""
    rows = np.array([[a, b] for a in range(6) for b in range(6)], dtype=float)
    settings = {
        "objective": "regression",
        "boost_from_average": False,
        "learning_rate": 1.0,
        "min_data_in_leaf": 1,
        "num_leaves": 2,
        "num_threads": 1,
        "verbose": -1,
    }
    for answer in answers:
        labels = np.where(rows[:, 0] > 2.5, float(answer), 0.0)
        dataset = lightgbm.Dataset(rows, label=labels)
        lightgbm.train(settings, dataset, num_boost_round=1).save_model(folder / answer)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
