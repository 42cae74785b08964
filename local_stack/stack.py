"""The whole stack: storage emulator, scene, functions host; ended in reverse order."""

import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import requests

from local_stack import home
from local_stack.azurite import Azurite
from local_stack.child import Child
from local_stack.functions_host.app_settings import SAMPLE, create_from_sample
from local_stack.functions_host.keys import Keys, generate_keys
from local_stack.ports import Ports, free_port
from local_stack.private_file import write_private
from local_stack.running_note import RunningNote
from local_stack.scene import Scene

ROOT = Path(__file__).parents[1]
SETTINGS = "local.settings.json"
ML_LOG, HOST_LOG = "ml-service.log", "functions-host.log"
# Often, so that a retry or a confirmation is seen within seconds; every minute is the default.
WATCH_SCHEDULE = "*/5 * * * * *"
READY_WITHIN = timedelta(seconds=90)


class StackError(Exception):
    """The stack could not be started; one sentence that says what to do."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """How to start the stack.

    Attributes:
        app: The functions app.
        home: Where the stack keeps keys, logs and its copy of the endpoints file.
        ports: Of the services.
        takes_effect_after: From an accepted PATCH until the ML service scores with the new model.
        core_tools: Start Core Tools (`func`) and not the functions host of this project.
        environ: What the children inherit.
    """

    app: Path = ROOT
    home: Path = ROOT / ".local"
    ports: Ports = field(default_factory=Ports)
    takes_effect_after: timedelta = timedelta(seconds=30)
    core_tools: bool = False
    environ: Mapping[str, str] = field(repr=False)

    @property
    def endpoints_file(self) -> Path:
        """The endpoints file that the app reads."""
        return (self.home / "endpoints.toml").resolve()


@dataclass(frozen=True)
class Stack[S: Scene]:
    """A running stack.

    Attributes:
        azurite: The storage emulator.
        scene: What the story plays with.
        app_url: The functions host, without a slash at the end.
        host: The functions host's process.
        keys: Of the functions host.
        key_file: Holds the function key and nothing else.
        options: What it was started with.
    """

    azurite: Azurite
    scene: S
    app_url: str
    host: Child
    keys: Keys
    key_file: Path
    options: Options


type SetScene[S: Scene] = Callable[[Options, Azurite, ExitStack], S]
"""Starts a scene; what is to be ended with the stack goes into the last argument."""


@contextmanager
def running_stack[S: Scene](
    options: Options, set_scene: SetScene[S], say: Callable[[str], None]
) -> Iterator[Stack[S]]:
    """Start everything, and end everything with the block.

    Args:
        options: How.
        set_scene: Starts the scene.
        say: Told what is being started, for people who wait.

    Raises:
        HomeTakenError: before anything was started or changed.
        PortTakenError: before anything was started.
        AzuriteError: the storage emulator did not start.
        ChildError: another service did not start.
        StackError: something is missing on this machine.
    """
    with ExitStack() as ends:
        ends.enter_context(home.taken(options.home))
        options.ports.check()
        host_program = _host_program(options)
        _make_home(options)
        say("storage emulator")
        ports = options.ports
        azurite = Azurite.start(blob_port=ports.blob, queue_port=ports.queue)
        ends.callback(azurite.stop)
        say("ML service")
        scene = set_scene(options, azurite, ends)
        scene.endpoints.write()
        say("functions host")
        keys = _write_keys(options.home)
        port = ports.host or free_port()
        host = Child(
            "The functions host",
            [*host_program, "--port", str(port)],
            log_file=options.home / HOST_LOG,
            environ={
                **without_azure_sign_in(options.environ),
                **_app_settings(options, azurite),
                **scene.settings,
            },
            cwd=options.app if options.core_tools else ROOT,
        )
        ends.callback(host.stop, timedelta(seconds=20))
        url = f"http://127.0.0.1:{port}"
        host.wait_until(lambda: _is_running(url, keys) or None, READY_WITHIN)
        key_file = options.home / "function-key"
        RunningNote(azurite.account, scene.trainer, url).write(options.home)
        ends.callback(RunningNote.remove, options.home)
        yield Stack(azurite, scene, url, host, keys, key_file, options)


def without_azure_sign_in(environ: Mapping[str, str]) -> dict[str, str]:
    """Leave out who the user is at Azure: no service here is to get a token of theirs."""
    return {name: value for name, value in environ.items() if not name.startswith("AZURE_")}


def _host_program(options: Options) -> list[str]:
    if options.core_tools:
        func = shutil.which("func", path=options.environ.get("PATH"))
        if func is None:
            raise StackError(
                "Core Tools (`func`) are not on the PATH: install them, or run without HOST=func."
            )
        return [func, "start"]
    program = [sys.executable, "-m", "local_stack.functions_host", "--until-stdin-closes"]
    program += ["--app", str(options.app), "--keys", str(options.home / "host-keys.json")]
    return [*program, "--settings", str(options.app / SETTINGS)]


def _make_home(options: Options) -> None:
    if not (options.app / "host.json").exists():
        raise StackError(f"{options.app} has no host.json: it is no functions app.")
    create_from_sample(options.app / SETTINGS)
    if not (options.app / SETTINGS).exists():
        raise StackError(f"{options.app} has neither {SETTINGS} nor {SAMPLE}: restore the sample.")
    RunningNote.remove(options.home)
    for name in (ML_LOG, HOST_LOG):
        (options.home / name).unlink(missing_ok=True)


def _write_keys(home: Path) -> Keys:
    keys = generate_keys()
    write_private(home / "host-keys.json", keys.to_json().encode())
    write_private(home / "function-key", keys.functions["default"].encode())
    return keys


def _app_settings(options: Options, azurite: Azurite) -> dict[str, str]:
    """What the demo needs, above the user's own settings file."""
    return {
        "FUNCTIONS_WORKER_RUNTIME": "python",
        **azurite.environ("AzureWebJobsStorage"),
        **azurite.environ("ModelStorage"),
        **azurite.environ("StateStorage"),
        "MODEL_BLOBS": "experimentoutput/{name}.ilearner",
        "BLOB_SOURCE": "LogsAndContainerScan",
        "WATCH_SCHEDULE": WATCH_SCHEDULE,
        "ENDPOINTS_FILE": str(options.endpoints_file),
    }


def _is_running(url: str, keys: Keys) -> bool:
    try:
        answer = requests.get(
            f"{url}/admin/host/status", headers={"x-functions-key": keys.master}, timeout=5
        )
        return bool(answer.ok and answer.json().get("state") == "Running")
    except (requests.RequestException, ValueError):
        return False
