"""The workflows: of the right form, of known actions, with no right that they do not need."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.unit.docs.markdown import ROOT

GITHUB: Final = ROOT / ".github"
WORKFLOWS: Final = sorted((GITHUB / "workflows").glob("*.yml"))
PROGRAMS: Final = Path(sys.executable).parent
WITHIN: Final = 60
ACTIONS: Final = {
    "actions/checkout": ("3d3c42e5aac5ba805825da76410c181273ba90b1", "v7.0.1"),
    "actions/setup-node": ("820762786026740c76f36085b0efc47a31fe5020", "v7.0.0"),
    "actions/setup-python": ("5fda3b95a4ea91299a34e894583c3862153e4b97", "v7.0.0"),
    "Azure/login": ("f5d393ae46f8fde4be8b75f32e3fc50e654ad0ca", "v3.0.1"),
    "Azure/setup-azd": ("0b7e3a35ab00f2eee7080c845eb39c3f0ebfa553", "v2.4.0"),
}
"""Each action, the commit that was looked at, and the tag that led there."""

MAY: Final = {
    "test.yml": {"test": {"contents": "read"}, "servers": {"contents": "read"}},
    "azure-dev.yml": {
        "test": {"contents": "read"},
        "deploy": {"contents": "read", "id-token": "write"},
    },
}


def _read(file: Path) -> dict[Any, Any]:
    said: dict[Any, Any] = yaml.safe_load(file.read_text("utf-8"))
    return said


def _said_of(program: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PROGRAMS / program, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=WITHIN,
        check=False,
    )


@pytest.mark.parametrize(
    ("schema", "files"),
    [
        ("vendor.github-workflows", WORKFLOWS),
        ("vendor.dependabot", [GITHUB / "dependabot.yml"]),
    ],
    ids=["workflows", "dependabot"],
)
def test_the_files_are_of_the_form_that_github_takes(schema: str, files: list[Path]) -> None:
    done = _said_of("check-jsonschema", "--builtin-schema", schema, *files)

    assert done.returncode == 0, done.stdout


def test_zizmor_finds_nothing_that_could_be_abused() -> None:
    done = _said_of("zizmor", "--offline", "--no-progress", "--quiet", GITHUB)

    assert done.returncode == 0, done.stdout + done.stderr


def test_each_action_is_one_that_was_looked_at_at_the_commit_that_was() -> None:
    """A tag can be moved to other code, a commit cannot. Dependabot changes both; so does this."""
    text = "".join(file.read_text("utf-8") for file in WORKFLOWS)
    used = re.findall(r"uses: ([\w-]+/[\w-]+)@(\w+) # (\S+)$", text, re.MULTILINE)

    assert {(name, commit, tag) for name, commit, tag in used} == {
        (name, *pinned) for name, pinned in ACTIONS.items()
    }
    assert len(used) + text.count("uses: ./") == text.count("uses: ")


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_a_job_may_do_what_it_needs_and_no_more(file: Path) -> None:
    workflow = _read(file)
    jobs = workflow["jobs"]

    assert workflow["permissions"] == {}
    assert {name: job["permissions"] for name, job in jobs.items()} == MAY[file.name]
    for job in jobs.values():
        assert "timeout-minutes" in job or "uses" in job


def test_no_checkout_leaves_its_token_behind() -> None:
    for file in WORKFLOWS:
        for job in _read(file)["jobs"].values():
            for step in job.get("steps", []):
                if step.get("uses", "").startswith("actions/checkout@"):
                    assert step["with"]["persist-credentials"] is False


def test_what_is_deployed_was_tested_by_what_tests_everything_else() -> None:
    deploy = _read(GITHUB / "workflows" / "azure-dev.yml")["jobs"]
    steps = _read(GITHUB / "workflows" / "test.yml")["jobs"]["test"]["steps"]

    assert deploy["test"]["uses"] == "./.github/workflows/test.yml"
    assert deploy["deploy"]["needs"] == "test"
    assert deploy["deploy"]["if"] == deploy["test"]["if"]
    assert [step["run"] for step in steps if "run" in step] == [".ci/run"]
    servers = _read(GITHUB / "workflows" / "test.yml")["jobs"]["servers"]["steps"]
    assert [step["run"] for step in servers if "run" in step] == ["make servers"]
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o100


def test_the_file_is_called_as_azd_looks_for_it_and_no_secret_is_stored() -> None:
    text = (GITHUB / "workflows" / "azure-dev.yml").read_text("utf-8")

    assert "secrets." not in text
    for name in ("AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_SUBSCRIPTION_ID"):
        assert f"vars.{name}" in text
    assert [step for step in ("azd provision", "azd deploy") if f"run: {step} --no-prompt" in text]


def test_dependabot_looks_at_each_place_that_names_versions() -> None:
    updates = _read(GITHUB / "dependabot.yml")["updates"]
    places = {
        ("pip", "/"): "requirements.txt",
        ("npm", "/local_stack/azurite"): "local_stack/azurite/package-lock.json",
        ("github-actions", "/"): ".github/workflows/test.yml",
        ("docker", "/"): "Dockerfile",
        ("devcontainers", "/"): ".devcontainer/devcontainer.json",
    }

    assert {(one["package-ecosystem"], one["directory"]) for one in updates} == places.keys()
    assert all((ROOT / file).exists() for file in places.values())
