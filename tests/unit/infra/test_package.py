"""What is deployed, as a package and as an image: the app, and nothing beside it."""

import re
import shlex
import subprocess
from pathlib import PurePosixPath
from typing import Final

import pytest
import yaml
from pathspec import GitIgnoreSpec

from http_api.openapi import openapi_document
from scripts.check_boundaries import APP
from settings.app_settings import read_settings
from tests.unit.docs.markdown import ROOT, blocks

DOCKERFILE: Final = (ROOT / "Dockerfile").read_text("utf-8")
DEPLOY: Final = (ROOT / "docs" / "deploy.md").read_text("utf-8")
OF_THE_USER: Final = {"endpoints.toml", "smoke/census.json"}
LEFT_BEHIND: Final = {
    ".azure/production/.env",
    ".local/function-key",
    ".servers/mlserver/bin/python",
    ".venv/bin/python",
    ".pytest_cache/README.md",
    "local.keys.json",
    "local.settings.json",
    "local_stack/azurite/node_modules/azurite/package.json",
    "settings/__pycache__/bindings.cpython-313.pyc",
}
"""What lies in a folder in which somebody works; secrets among it."""


def _tracked() -> set[str]:
    listed = subprocess.run(
        ["git", "ls-files"],  # noqa: S607 - git is what these files come from
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(listed.stdout.splitlines())


def _expected() -> set[str]:
    files = {
        name
        for name in _tracked()
        if PurePosixPath(name).parts[0].removesuffix(".py") in APP and name.endswith(".py")
    }
    return files | {"host.json", "requirements.txt"} | OF_THE_USER


def _kept(file: str, names: set[str]) -> set[str]:
    """What an ignore file leaves of these names."""
    lines = (ROOT / file).read_text("utf-8").splitlines()
    # Core Tools and azd read .funcignore as git does; of .dockerignore's patterns, this project
    # writes only such as mean the same there. What is in a folder that is let in, is let in.
    spec = GitIgnoreSpec.from_lines(_opened(lines) if file[1] == "d" else lines)
    return {name for name in names if not spec.match_file(name)}


def _opened(lines: list[str]) -> list[str]:
    """Say in git's words what Docker means: a name without `**/` stands at the top."""
    return [re.sub(r"^(!?)(?=[\w*.]+$)", r"\1/", line) for line in lines]


@pytest.mark.parametrize("file", [".funcignore", ".dockerignore"])
def test_the_app_is_deployed_and_nothing_beside_it(file: str) -> None:
    everything = _tracked() | OF_THE_USER | LEFT_BEHIND

    assert _kept(file, everything) == _expected()


def test_what_a_docker_pattern_may_be_is_what_git_reads_alike() -> None:
    for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            assert re.fullmatch(r"\*|![\w.]+|\*\*/[\w.*]+", line), line


def test_the_image_is_microsofts_for_the_python_that_the_tests_run_on() -> None:
    version = (ROOT / ".python-version").read_text("utf-8").strip()
    bases = re.findall(r"^FROM (\S+)$", DOCKERFILE, re.MULTILINE)

    assert bases == [f"mcr.microsoft.com/azure-functions/python:4-python{version}"]


def test_the_image_has_the_locked_packages_with_their_hashes_checked() -> None:
    joined = DOCKERFILE.replace("\\\n", " ")

    (install,) = (line for line in joined.splitlines() if "pip install" in line)
    assert "--require-hashes --requirement requirements.txt" in install
    assert joined.index("COPY requirements.txt") < joined.index("pip install")
    assert joined.index("pip install") < joined.index("COPY . ./")


def test_the_image_keeps_the_app_where_the_host_looks_for_it() -> None:
    said = re.search(r"AzureWebJobsScriptRoot=(\S+)", DOCKERFILE)

    assert said is not None
    assert f"WORKDIR {said[1]}" in DOCKERFILE
    assert "FUNCTIONS_WORKER_RUNTIME=python" in DOCKERFILE


def test_the_container_app_of_the_documents_has_no_fault_in_its_settings() -> None:
    (command,) = (one for one in blocks(DEPLOY, "sh") if "az containerapp create" in one)
    words = shlex.split(re.sub(r"<[^>]*>", "x", command.replace("\\\n", " ")))
    pairs = (word.split("=", 1) for word in words[words.index("--env-vars") + 1 :])

    assert read_settings(dict(pair for pair in pairs if len(pair) == 2)).faults == ()
    assert words[words.index("--min-replicas") + 1] == "1"


def test_kubernetes_scales_by_the_queue_of_the_host_that_it_starts() -> None:
    (manifest,) = blocks(DEPLOY, "yaml")
    deployment, service, scaled = yaml.safe_load_all(manifest)
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    ((_, host),) = (one.values() for one in container["env"])
    (trigger,) = scaled["spec"]["triggers"]

    assert trigger["metadata"]["queueName"] == f"azure-webjobs-blobtrigger-{host}"
    assert scaled["spec"]["scaleTargetRef"]["name"] == deployment["metadata"]["name"]
    assert scaled["spec"]["minReplicaCount"] == 1
    assert service["spec"]["selector"] == deployment["spec"]["selector"]["matchLabels"]
    routes = {f"/api{path}" for path in openapi_document("/api")["paths"]}
    assert container["readinessProbe"]["httpGet"]["path"] in routes


def test_no_secret_is_written_into_the_image() -> None:
    assert not re.search(r"^ARG |KEY|PASSWORD|SECRET|AccountName", DOCKERFILE, re.MULTILINE)


def test_the_compiled_files_are_those_of_the_image() -> None:
    """Without them each cold start compiles anew; the package's folder is read-only."""
    assert "compileall" in DOCKERFILE.rpartition("COPY . ./")[2]
