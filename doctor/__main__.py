"""`python -m doctor`: looks at a set-up, says what is wrong and how to mend it.

It changes nothing. Exit status: 0 without a fault, 1 with one, 2 if the settings file is unusable.
It speaks to storage, Key Vault and endpoints as whoever runs it: on your machine that is you, so
roles that it finds are yours. Run it where the app runs to see the app's own.
"""

import argparse
import functools
import logging
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from rich.console import Console

from doctor.examination import Patient, examined
from doctor.finding import has_fault
from doctor.report import show
from doctor.settings_file import SettingsFileError, settings_of
from protocols.wire import Wire
from retrain_trigger.engine import App
from settings.bindings import process_environment
from state.clients import blob_service

_ROOT = Path(__file__).parents[1]
_PATIENCE = timedelta(seconds=15)


def main(arguments: Sequence[str] | None = None) -> int:
    """Examine; answers the exit status."""
    given = _parser().parse_args(arguments)
    logging.disable(logging.CRITICAL)  # the findings say it all; a log line may be half of one
    file: Path = given.settings or given.app / "local.settings.json"
    console = Console(width=None if sys.stdout.isatty() else 200)
    try:
        environ = settings_of(file, process_environment(), is_named=given.settings is not None)
    except SettingsFileError as error:
        console.print(f"{error}: mend it, or name another with --settings", markup=False)
        return 2
    make = functools.partial(blob_service, retries=1)
    patient = Patient(
        folder=given.app,
        environ=environ,
        python=sys.version_info[:2],
        app=App(environ, given.app, wire=Wire(_PATIENCE), storage=make),
        storage=make,
    )
    return int(has_fault(show(console, examined(patient))))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m doctor", description=__doc__.splitlines()[0])
    parser.add_argument("--app", type=Path, default=_ROOT, help="the folder of the app")
    parser.add_argument(
        "--settings", type=Path, help="the settings file; left out: the app's local.settings.json"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
