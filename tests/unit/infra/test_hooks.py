"""The hooks, run with a program in place of `az` that notes what it is asked for."""

import re
import stat
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest
import tree_sitter_powershell
from tree_sitter import Language, Parser

from tests.unit.docs.markdown import ROOT
from tests.unit.infra.deployed import deployed
from tests.unit.infra.deployment import INFRA

# Storage of one's own, so that the two resource groups differ.
OWN: Final = deployed(modelStorageAccountName="mine", modelStorageResourceGroup="rg-of-mine")
TOLD: Final = {name: str(value) for name, value in OWN.outputs.items()}
SHELL_SCRIPTS: Final = [
    *INFRA.glob("hooks/*.sh"),
    ROOT / ".ci" / "run",
    *(file for file in (ROOT / "scripts").iterdir() if file.read_bytes()[:9] == b"#!/bin/sh"),
]
WITHIN: Final = 20
AZ: Final = """#!/bin/sh
echo "$*" >>"$0.calls"
case "$*" in
    "functionapp function list"*) cat "$0.functions" ;;
    "functionapp keys list"*)
        [ "$(grep -c 'keys list' "$0.calls")" -gt "$(cat "$0.not-ready")" ] && echo true
        ;;
    "deployment group create"*)
        [ "$(grep -c 'deployment group' "$0.calls")" -gt "$(cat "$0.fails")" ]
        ;;
    *) exit 64 ;;
esac
"""


class Az:
    """A program called `az`, and what it was asked for.

    Args:
        folder: Where it is put.
        functions: How many functions it says that the app has; "": it fails.
        not_ready: How often it says that the host has no key yet.
        fails: How often a deployment fails.
    """

    def __init__(
        self, folder: Path, *, functions: str = "0", not_ready: int = 0, fails: int = 0
    ) -> None:
        self._file = folder / "az"
        self._file.write_text(AZ)
        self._file.chmod(self._file.stat().st_mode | stat.S_IXUSR)
        for name, text in {
            "functions": functions,
            "not-ready": str(not_ready),
            "fails": str(fails),
        }.items():
            folder.joinpath(f"az.{name}").write_text(text)

    def run(self, hook: str, environ: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """Run a hook as azd does, with this `az` and nothing else of that name."""
        paths = f"{self._file.parent}:/usr/bin:/bin"
        return subprocess.run(
            ["/bin/sh", INFRA / "hooks" / hook],
            cwd=ROOT,
            env={**environ, "PATH": paths},
            capture_output=True,
            text=True,
            timeout=WITHIN,
            check=False,
        )

    @property
    def calls(self) -> list[str]:
        """What it was asked for, one a line."""
        file = self._file.with_name("az.calls")
        return file.read_text().splitlines() if file.exists() else []


def _environ(**more: str) -> dict[str, str]:
    quick = {"ROLE_WAIT_SECONDS": "0", "SUBSCRIBE_PAUSE_SECONDS": "0", "SUBSCRIBE_TRIES": "4"}
    return {"AZURE_SUBSCRIPTION_ID": "s", **TOLD, **quick, **more}


def test_a_subscription_is_made_once_the_app_is_ready_and_answers(tmp_path: Path) -> None:
    az = Az(tmp_path, not_ready=1, fails=1)

    done = az.run("subscribe.sh", _environ())

    assert done.returncode == 0, done.stderr
    assert [call.split()[1] for call in az.calls] == ["keys", "keys", "group", "keys", "group"]
    assert "is not ready yet (try 2 of 4)" in done.stdout
    assert f"each model that lands in {TOLD['MODEL_ACCOUNT_NAME']}" in done.stdout


def test_the_subscription_is_handed_what_the_deployment_told(tmp_path: Path) -> None:
    az = Az(tmp_path)

    az.run("subscribe.sh", _environ())

    call = az.calls[-1]
    assert f"--resource-group {TOLD['MODEL_ACCOUNT_GROUP']}" in call
    for name, output in {
        "appName": "SERVICE_APP_NAME",
        "appGroup": "AZURE_RESOURCE_GROUP",
        "topicName": "MODEL_TOPIC_NAME",
        "accountName": "MODEL_ACCOUNT_NAME",
        "subjectBeginsWith": "MODEL_SUBJECT_BEGINS_WITH",
        "subjectEndsWith": "MODEL_SUBJECT_ENDS_WITH",
    }.items():
        assert f" {name}={TOLD[output]} " in f"{call} ", name
    (template,) = re.findall(r"--template-file (\S+)", call)
    assert (ROOT / template).resolve() == INFRA / "event-subscription.bicep"


def test_the_key_itself_is_never_asked_for(tmp_path: Path) -> None:
    az = Az(tmp_path)

    az.run("subscribe.sh", _environ())

    (asked,) = (call for call in az.calls if "keys list" in call)
    assert "--query contains(keys(systemKeys), 'blobs_extension')" in asked


def test_after_as_many_tries_as_are_said_it_gives_up_and_says_what_to_do(tmp_path: Path) -> None:
    az = Az(tmp_path, fails=99)

    done = az.run("subscribe.sh", _environ())

    assert done.returncode == 1
    assert sum("deployment group" in call for call in az.calls) == 4
    assert "azd hooks run postdeploy" in done.stderr


@pytest.mark.parametrize(
    "name",
    ["SERVICE_APP_NAME", "AZURE_SUBSCRIPTION_ID", "MODEL_TOPIC_NAME", "MODEL_SUBJECT_BEGINS_WITH"],
)
def test_without_a_value_it_names_the_value_and_calls_nothing(tmp_path: Path, name: str) -> None:
    az = Az(tmp_path)
    environ = {key: value for key, value in _environ().items() if key != name}

    done = az.run("subscribe.sh", environ)

    assert done.returncode != 0
    assert f"{name}: is not set" in done.stderr
    assert az.calls == []


@pytest.mark.parametrize(("functions", "waits"), [("0", True), ("", True), ("16", False)])
def test_only_before_the_first_deployment_are_roles_waited_for(
    tmp_path: Path, functions: str, *, waits: bool
) -> None:
    az = Az(tmp_path, functions=functions)

    done = az.run("await-roles.sh", _environ())

    assert done.returncode == 0, done.stderr
    assert ("Waiting 0 s" in done.stdout) is waits


@pytest.mark.parametrize("script", SHELL_SCRIPTS, ids=lambda file: file.name)
def test_shellcheck_finds_nothing_in_a_shell_script(script: Path) -> None:
    program = Path(sys.executable).with_name("shellcheck")

    done = subprocess.run(
        [program, script],
        capture_output=True,
        text=True,
        timeout=WITHIN,
        check=False,
    )

    assert done.stdout == ""
    assert done.returncode == 0


@pytest.mark.parametrize("script", sorted(INFRA.glob("hooks/*.ps1")), ids=lambda file: file.name)
def test_a_powershell_script_parses(script: Path) -> None:
    parser = Parser(Language(tree_sitter_powershell.language()))

    tree = parser.parse(script.read_bytes())

    assert not tree.root_node.has_error, str(tree.root_node)[-600:]
