"""A person lands models in the stack that runs, from another process."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from azure.storage.blob import BlobServiceClient

from local_stack.azureml.installed import IS_INSTALLED, NOT_INSTALLED
from local_stack.ml_service.model_file import MAGIC
from local_stack.running_note import RunningNote
from local_stack.trainer import BatchTrainer, WorkspaceTrainer
from tests.integration.local_stack.stack_process import (
    ROOT,
    StackProcess,
    make_app,
    stack_process,
)

SERVING = "It keeps serving until Ctrl-C"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StackProcess]:
    app = make_app(tmp_path_factory.mktemp("stack") / "app")
    with stack_process(app, "--no-story", "--free-ports") as running:
        running.read_until("FILE=my.ilearner")
        yield running


def land(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run what `make land` runs."""
    command = [sys.executable, "-m", "local_stack.land", "--home", str(home), *arguments]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )


def landed(home: Path) -> dict[str, bytes]:
    """What is in the container of models, by name."""
    storage = RunningNote.read(home).account.connection_string
    with BlobServiceClient.from_connection_string(storage) as service:
        container = service.get_container_client("experimentoutput")
        if not container.exists():
            return {}
        return {
            name: container.download_blob(name).readall() for name in container.list_blob_names()
        }


def test_a_file_lands_in_the_stack_that_runs(stack: StackProcess, tmp_path: Path) -> None:
    file = tmp_path / "my model.ilearner"
    file.write_bytes(b"a model")

    done = land(stack.home, str(file))

    assert done.returncode == 0, done.stdout + done.stderr
    assert landed(stack.home)["digits/my model.ilearner"] == b"a model"
    assert "Landed: experimentoutput/digits/my model.ilearner (7 bytes)" in done.stdout


def test_without_a_file_a_model_is_trained_that_is_another_each_time(stack: StackProcess) -> None:
    before = landed(stack.home).keys()

    first, second = land(stack.home), land(stack.home)

    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    models = [
        content
        for name, content in landed(stack.home).items()
        if name not in before and name.endswith("/model.ilearner")
    ]
    assert len(models) == len(set(models)) == 2


@pytest.mark.real_server
@pytest.mark.skipif(not IS_INSTALLED, reason=NOT_INSTALLED)
def test_in_the_second_storys_stack_a_job_of_the_workspace_trains_it(tmp_path: Path) -> None:
    app = make_app(tmp_path / "app")
    with stack_process(app, "--story", "azureml", "--no-story", "--free-ports") as running:
        running.read_until(SERVING)
        done = land(running.home)

        models = landed(running.home)
        trainer = RunningNote.read(running.home).trainer

    assert done.returncode == 0, done.stdout + done.stderr
    (content,) = models.values()
    assert content.startswith(MAGIC)
    assert isinstance(trainer, WorkspaceTrainer)
    assert trainer.identity["IDENTITY_HEADER"] not in running.said + repr(trainer)


def test_the_stack_says_how_to_land_a_model(stack: StackProcess) -> None:
    assert f"make land ARGS='--home {stack.home}' FILE=my.ilearner" in stack.said


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("model.onnx", "does not end in .ilearner"),
        ("none.ilearner", "cannot be read: No such file"),
    ],
)
def test_what_is_no_model_here_is_one_sentence(
    stack: StackProcess, tmp_path: Path, name: str, what: str
) -> None:
    (tmp_path / "model.onnx").write_bytes(b"a model")

    done = land(stack.home, str(tmp_path / name))

    assert (done.returncode, done.stderr, done.stdout.count("\n")) == (1, "", 1)
    assert what in done.stdout


def test_where_no_stack_runs_or_one_crashed_it_is_one_sentence(tmp_path: Path) -> None:
    app = make_app(tmp_path / "app")
    with stack_process(app, "--no-story", "--free-ports") as crashed:
        crashed.read_until(SERVING)
        crashed.end(signal.SIGKILL)
        assert crashed.survivors() == []

    for home in (tmp_path / "never", crashed.home):
        done = land(home)

        assert (done.returncode, done.stderr) == (1, "")
        assert done.stdout == (
            f"No stack runs from {home}: start one with `make run`, and try again in another "
            "terminal once it serves.\n"
        )


def test_the_note_of_a_stack_that_ended_is_gone_and_was_its_owner_s_alone(tmp_path: Path) -> None:
    app = make_app(tmp_path / "app")
    with stack_process(app, "--no-story", "--free-ports") as stack:
        stack.read_until(SERVING)
        note = stack.home / "running.json"
        mode, trainer = note.stat().st_mode & 0o777, RunningNote.read(stack.home).trainer
        stack.end(signal.SIGTERM)

    assert (mode, note.exists()) == (0o600, False)
    assert isinstance(trainer, BatchTrainer)
    assert trainer.key not in stack.said + repr(trainer)
