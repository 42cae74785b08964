"""The editor's files and the dev container name commands, ports and modules that there are."""

import json
import re
from importlib.util import find_spec
from typing import Any, Final

import pytest

from local_stack.ports import Ports
from tests.unit.docs.markdown import ROOT

FILES: Final = [
    *sorted((ROOT / ".vscode").glob("*.json")),
    ROOT / ".devcontainer/devcontainer.json",
]
TARGETS: Final = set(
    re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
)


def _read(name: str) -> Any:
    return json.loads((ROOT / name).read_text("utf-8"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_each_make_command_is_a_target(file: Any) -> None:
    assert set(re.findall(r"make ([a-z]+)", file.read_text("utf-8"))) <= TARGETS


def test_each_debug_configuration_starts_what_there_is() -> None:
    tasks = {task["label"] for task in _read(".vscode/tasks.json")["tasks"]}
    for one in _read(".vscode/launch.json")["configurations"]:
        assert one["type"] == "debugpy"
        if "module" in one:
            assert find_spec(one["module"]) is not None
        if "preLaunchTask" in one:
            assert one["preLaunchTask"] in tasks


def test_each_task_that_another_needs_is_there() -> None:
    tasks = _read(".vscode/tasks.json")["tasks"]
    labels = [task["label"] for task in tasks]

    assert len(set(labels)) == len(labels)
    assert {task["dependsOn"] for task in tasks if "dependsOn" in task} <= set(labels)


def test_the_emulators_task_starts_it_as_the_local_stack_does() -> None:
    (task,) = (one for one in _read(".vscode/tasks.json")["tasks"] if one["label"] == "Azurite")
    program, *flags = task["command"].split()
    handle = (ROOT / "local_stack" / "azurite" / "handle.py").read_text("utf-8")

    assert program == "local_stack/azurite/node_modules/.bin/azurite"
    assert "--skipApiVersionCheck" in flags
    assert all(flag in handle for flag in flags if flag.startswith("--"))


def test_the_dev_container_has_the_python_of_the_project_and_shows_the_stacks_ports() -> None:
    said = _read(".devcontainer/devcontainer.json")
    version = (ROOT / ".python-version").read_text("utf-8").strip()
    ports = Ports()

    assert said["image"].endswith(f":{version}")
    assert said["forwardPorts"] == sorted([ports.host, ports.ml, ports.blob, ports.queue])
    assert said["portsAttributes"].keys() == {str(port) for port in said["forwardPorts"]}


def test_the_dev_container_has_a_node_that_the_emulator_runs_on() -> None:
    said = _read(".devcontainer/devcontainer.json")["features"]
    (node,) = (one for name, one in said.items() if "/node:" in name)
    least = re.search(r"(\d+)", _read("local_stack/azurite/package.json")["engines"]["node"])

    assert least is not None
    assert int(node["version"]) >= int(least[1])


def test_the_editor_and_the_dev_container_recommend_the_same() -> None:
    container = _read(".devcontainer/devcontainer.json")["customizations"]["vscode"]["extensions"]

    assert container == _read(".vscode/extensions.json")["recommendations"]
    assert container == sorted(container)
