"""`python -m local_stack.land [FILE]`: lands a model in the running stack, FILE or a fresh one.

Exit status: 0 when it landed; 1 if no stack runs, or if FILE cannot be landed.
"""

import argparse
import secrets
import sys
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import requests
from azure.core.exceptions import AzureError
from rich.console import Console

from local_stack.ml_service.dataset import rows
from local_stack.ml_service.table import Table
from local_stack.narrator import Narrator
from local_stack.retraining import MODEL_CONTAINER, LandedModel, Retraining, RetrainingError
from local_stack.running_note import NoStackError, RunningNote
from local_stack.second_act import ENDPOINT
from local_stack.stack import ROOT

# So many of the 1,400 rows that it reads most digits right, and so few that each draw is another.
_DRAWN = 1000
_ENDING = ".ilearner"
_ANSWER_WITHIN = 30  # seconds


class FileError(Exception):
    """The file cannot be landed; one sentence that says why."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Land one model; answers the exit status."""
    given = _parser().parse_args(arguments)
    narrator, home = Narrator(Console()), given.home.resolve()
    try:
        note = _running(home)
        model = _land(note, given.file, narrator)
    except (
        AzureError,
        FileError,
        NoStackError,
        RetrainingError,
        requests.RequestException,
    ) as error:
        narrator.fail(str(error))
        return 1
    narrator.say(f"Landed: {MODEL_CONTAINER}/{model.name} ({model.size:,} bytes)")
    narrator.say(f"The app calls it {model.name}. What becomes of it:")
    key = f'-H "x-functions-key: $(cat {home / "function-key"})"'
    narrator.say(f"curl -s {key} {note.app_url}/api/endpoints/{ENDPOINT}")
    return 0


def _running(home: Path) -> RunningNote:
    """Read where the stack answers that runs from *home*.

    Raises:
        NoStackError: none does; one that crashed left its note, and nobody who answers.
    """
    note = RunningNote.read(home)
    try:
        requests.get(note.app_url, timeout=_ANSWER_WITHIN, allow_redirects=False)
    except requests.ConnectionError as error:
        raise NoStackError(home) from error
    return note


def _land(note: RunningNote, file: Path | None, narrator: Narrator) -> LandedModel:
    """Land the file, or what a job trains.

    Raises:
        FileError: the file cannot be landed.
        RetrainingError: the job did not finish.
        AzureError: storage does not answer, or refuses.
        requests.RequestException: the training service does not.
    """
    content = None if file is None else _content(file)
    retraining = Retraining(
        account=note.account,
        trainer=note.trainer,
        now=lambda: datetime.now(UTC),
        pause=_pause,
        data="digits/drawn.csv",  # not what the endpoint is retrained on
    )
    retraining.make_containers()
    if file is not None and content is not None:
        return retraining.land(f"{ENDPOINT}/{file.name}", content)
    train = rows("train")
    drawn = secrets.SystemRandom().sample(train.rows, _DRAWN)
    narrator.say(f"Training on {_DRAWN:,} of {len(train.rows):,} rows, drawn at random.")
    retraining.upload(Table(train.columns, tuple(drawn)))
    with narrator.waiting(timedelta(seconds=10)) as wait:
        begun = datetime.now(UTC)
        return retraining.run(
            f"{begun:%Y%m%dT%H%M%SZ}",
            lambda what: wait.now_for(what, datetime.now(UTC) - begun),
        )


def _pause(time: timedelta) -> None:
    threading.Event().wait(time.total_seconds())


def _content(file: Path) -> bytes:
    if file.suffix != _ENDING:
        raise FileError(f"{file} does not end in {_ENDING}: to the local stack it is no model.")
    try:
        return file.read_bytes()
    except OSError as error:
        raise FileError(f"{file} cannot be read: {error.strerror}.") from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local_stack.land", description=__doc__)
    parser.add_argument("file", nargs="?", type=Path, help="left out: a job trains one")
    parser.add_argument("--home", type=Path, default=ROOT / ".local", help="of the running stack")
    return parser


if __name__ == "__main__":
    sys.exit(main())
