"""What a job runs: it reads an input, and writes as its output what its arguments say."""

import argparse
import json
import time
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument("--data", type=Path)
parser.add_argument("--model", type=Path)
parser.add_argument("--answer")
parser.add_argument("--log", type=Path)
parser.add_argument("--sleep", type=float, default=0)
given = parser.parse_args()
time.sleep(given.sleep)
if given.answer == "fail":
    raise SystemExit("it cannot be learnt")
if given.log is not None:
    given.log.write_text("it was easy", "utf-8")
if given.model is not None:
    learnt = given.data.read_text("utf-8") if given.data else None
    given.model.write_text(json.dumps({"answer": given.answer, "learnt": learnt}), "utf-8")
