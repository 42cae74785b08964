"""Every package that anything here installs is one version of known bytes, from no named host."""

import json
import re
import tomllib
from pathlib import PurePosixPath
from typing import Any

import pytest

from scripts.check_boundaries import APP
from tests.unit.docs.markdown import ROOT

PROJECT_LOCKS = ("requirements.txt", "requirements-dev.txt")
SERVERS = ("azureml", "mlserver")
LOCKS = (*PROJECT_LOCKS, *(f"requirements-{name}.txt" for name in SERVERS))
AZURITE = ROOT / "local_stack" / "azurite"
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
RUFF: dict[str, Any] = PROJECT["tool"]["ruff"]["lint"]


def _entries(lock: str) -> list[str]:
    """What a lock file asks for, each with its options, comments taken out."""
    lines = (ROOT / lock).read_text("utf-8").splitlines()
    told = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
    return "\n".join(told).replace("\\\n", " ").splitlines()


@pytest.mark.parametrize("lock", LOCKS)
def test_each_python_package_is_pinned_and_has_hashes(lock: str) -> None:
    entries = _entries(lock)

    assert len(entries) > 20
    for entry in entries:
        assert re.fullmatch(r"[a-z0-9-]+==[a-z0-9.+-]+( +--hash=sha256:[0-9a-f]{64})+ *", entry)


@pytest.mark.parametrize("lock", LOCKS)
def test_no_lock_file_names_where_its_packages_come_from(lock: str) -> None:
    text = (ROOT / lock).read_text("utf-8")

    assert not re.search(r"://|--(extra-)?index-url|--find-links|--trusted-host", text)


def test_the_app_runs_on_the_versions_that_the_tests_run_on() -> None:
    app, dev = ({entry.split()[0] for entry in _entries(lock)} for lock in PROJECT_LOCKS)

    assert app <= dev


def test_each_requirement_of_the_project_is_pinned_and_locked() -> None:
    app, dev = ({entry.split()[0] for entry in _entries(lock)} for lock in PROJECT_LOCKS)

    assert set(PROJECT["project"]["dependencies"]) <= app
    assert set(PROJECT["project"]["optional-dependencies"]["dev"]) <= dev


@pytest.mark.parametrize("server", SERVERS)
def test_each_requirement_of_a_model_server_is_pinned_and_locked(server: str) -> None:
    locked = {entry.split()[0] for entry in _entries(f"requirements-{server}.txt")}
    asked = {entry.split()[0] for entry in _entries(f"requirements-{server}.in")}

    assert asked
    assert asked <= locked


def test_each_node_package_is_of_known_bytes_and_from_no_named_host() -> None:
    text = (AZURITE / "package-lock.json").read_text("utf-8")
    packages: dict[str, dict[str, Any]] = json.loads(text)["packages"]
    installed = {name: one for name, one in packages.items() if name}

    assert len(installed) > 100
    for name, package in installed.items():
        assert re.fullmatch(r"[0-9][0-9A-Za-z.+-]*", package["version"]), name
        assert re.fullmatch(r"sha512-[0-9A-Za-z+/]+=*", package["integrity"]), name
        assert "resolved" not in package, name


def test_the_node_packages_run_no_scripts_when_they_are_installed() -> None:
    settings = (AZURITE / ".npmrc").read_text("utf-8").splitlines()

    assert {"ignore-scripts=true", "omit-lockfile-registry-resolved=true"} <= set(settings)


def test_the_security_rules_hold_for_all_of_the_app() -> None:
    """`make lint` runs them; here is checked that nothing of the app is let off."""
    files = [PurePosixPath(f"{name}.py") for name in APP] + [PurePosixPath(n, "a.py") for n in APP]
    let_off = {
        (pattern, rule)
        for pattern, rules in RUFF["per-file-ignores"].items()
        for rule in rules
        if re.match(r"S\d|ALL$", rule) and any(file.full_match(pattern) for file in files)
    }

    assert {"ALL", "S"} & set(RUFF["select"])
    assert not any(re.match(r"S\d*$|ALL$", rule) for rule in RUFF["ignore"])
    assert let_off == set()
