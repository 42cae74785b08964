"""`python -m local_stack`: starts the stack, tells the main job and what follows, and serves.

It serves until Ctrl-C. Exit status: 0 when it was ended while serving, and for `--demo` if the app
itself confirmed every new model; 1 if something could not be started or a model did not come into
service; 128 and the signal's number when it was ended before that.
"""

import argparse
import os
import signal
import sys
import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FrameType

import requests
from azure.core.exceptions import AzureError
from rich.console import Console

from local_stack.azureml_scene import azureml_scene
from local_stack.azureml_story import AzuremlStory
from local_stack.azurite import AzuriteError
from local_stack.child import ChildError
from local_stack.classic_scene import classic_scene
from local_stack.event_tail import EventTail
from local_stack.home import HomeTakenError
from local_stack.landing import NotServedError
from local_stack.narrator import Narrator
from local_stack.ports import FREE, Ports, PortTakenError
from local_stack.retraining import RetrainingError
from local_stack.scene import Scene
from local_stack.stack import ROOT, Options, SetScene, Stack, StackError, running_stack
from local_stack.story import Story
from local_stack.suggestions import suggest

_FAILURES = (
    AzureError,
    AzuriteError,
    ChildError,
    HomeTakenError,
    NotServedError,
    PortTakenError,
    RetrainingError,
    StackError,
    requests.RequestException,
)
CLASSIC, AZUREML = "classic", "azureml"
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class _Ended(BaseException):
    """A signal asked us to end; no `except Exception` on the way may swallow it."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; answers the exit status."""
    given = _parser().parse_args(arguments)
    for number in _SIGNALS:
        signal.signal(number, _end)
    narrator = Narrator(Console())
    try:
        return _run_azureml(given, narrator) if given.story == AZUREML else _run(given, narrator)
    except _FAILURES as error:
        narrator.fail(str(error))
        return 1
    except _Ended as ended:
        return 128 + ended.number


def _run(given: argparse.Namespace, narrator: Narrator) -> int:
    with _stack(given, narrator, classic_scene) as stack:
        return _use(stack, Story(stack, narrator, now=_now, pause=_pause), given, narrator)


def _run_azureml(given: argparse.Namespace, narrator: Narrator) -> int:
    with _stack(given, narrator, azureml_scene) as stack:
        story = AzuremlStory(stack, narrator, now=_now, pause=_pause)
        return _use(stack, story, given, narrator)


def _stack[S: Scene](
    given: argparse.Namespace, narrator: Narrator, set_scene: SetScene[S]
) -> AbstractContextManager[Stack[S]]:
    return running_stack(_options(given), set_scene, lambda what: narrator.say(f"Starting: {what}"))


def _use[S: Scene](
    stack: Stack[S],
    story: Story | AzuremlStory,
    given: argparse.Namespace,
    narrator: Narrator,
) -> int:
    if not given.no_story:
        try:
            story.tell()
            if _acts(given) > 1:
                story.tell_second_act()
        except NotServedError:
            narrator.fail(f"The functions host's log: {stack.host.log_file}")
            raise
    if given.demo:
        return 0
    try:
        suggest(stack, narrator)  # says that Ctrl-C ends it: from here on that is no failure
        for line in EventTail(stack.host).follow(_pause):
            narrator.say(line)
    except _Ended:
        return 0
    raise ChildError(f"{stack.host.name} ended with status {stack.host.exit_status}.")


def _acts(given: argparse.Namespace) -> int:
    """How many acts are told: `--demo` is the main job alone, unless more is asked for."""
    acts: int = given.acts or (1 if given.demo else 2)
    return acts


def _end(number: int, _frame: FrameType | None) -> None:
    for each in _SIGNALS:
        signal.signal(each, signal.SIG_IGN)  # a second one must not interrupt the tidying up
    # Not by the console: the signal may have come while that was writing, or as the terminal went.
    with suppress(OSError):
        os.write(sys.stderr.fileno(), b"Stopping: this takes some seconds.\n")
    raise _Ended(number)


def _now() -> datetime:
    return datetime.now(UTC)


def _pause(time: timedelta) -> None:
    threading.Event().wait(time.total_seconds())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local_stack", description=__doc__)
    add, standard = parser.add_argument, Ports()
    add("--demo", action="store_true", help="exit when all is told; alone: the main job")
    add("--acts", type=int, choices=[1, 2], help="1: the main job alone; 2: also what follows")
    add("--story", choices=[CLASSIC, AZUREML], default=CLASSIC, help="which service is played with")
    add("--no-story", action="store_true", help="only start the stack and serve")
    add("--host", choices=["ours", "func"], default="ours", help="func: Core Tools")
    add("--app", type=Path, default=ROOT, help="the functions app")
    add("--home", type=Path, default=ROOT / ".local", help="folder for keys and logs")
    add("--takes-effect-after", type=float, default=30, metavar="SECONDS", help="of the ML service")
    add("--free-ports", action="store_true", help="take free ports and not the usual ones")
    add("--blob-port", type=int, default=standard.blob)
    add("--queue-port", type=int, default=standard.queue)
    add("--ml-port", type=int, default=standard.ml)
    add("--host-port", type=int, default=standard.host)
    return parser


def _options(given: argparse.Namespace) -> Options:
    named = Ports(given.blob_port, given.queue_port, given.ml_port, given.host_port)
    return Options(
        app=given.app.resolve(),
        home=given.home.resolve(),
        ports=FREE if given.free_ports else named,
        takes_effect_after=timedelta(seconds=given.takes_effect_after),
        core_tools=given.host == "func",
        environ=dict(os.environ),  # noqa: TID251 - entry point: read once, passed inwards
    )


if __name__ == "__main__":
    sys.exit(main())
