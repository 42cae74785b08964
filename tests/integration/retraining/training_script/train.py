"""What a job of the tests runs: it really trains, and writes the model as its output."""

import argparse
import time
from pathlib import Path

from local_stack.ml_service.table import Table
from local_stack.ml_service.training import train

parser = argparse.ArgumentParser()
parser.add_argument("--rows", type=Path, required=True)
parser.add_argument("--model", type=Path, required=True)
parser.add_argument("--sleep", type=float, default=0)
given = parser.parse_args()
time.sleep(given.sleep)
given.model.write_bytes(train(Table.from_csv(given.rows.read_bytes())))
