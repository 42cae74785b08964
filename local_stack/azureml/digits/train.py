"""What a job of the digits workspace runs: rows in, a model of the stack's own format out."""

import argparse
from pathlib import Path

from local_stack.ml_service.table import Table
from local_stack.ml_service.training import train

parser = argparse.ArgumentParser()
parser.add_argument("--rows", type=Path, required=True)
parser.add_argument("--model", type=Path, required=True)
given = parser.parse_args()
given.model.write_bytes(train(Table.from_csv(given.rows.read_bytes())))
