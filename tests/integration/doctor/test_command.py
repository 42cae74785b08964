"""`python -m doctor` as a person runs it: what it shows, and its exit status."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.doctor.examined_app import ENDPOINTS, ROOT, ExaminedApp

LONGEST = 100


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run it with next to nothing in the environment."""
    return subprocess.run(
        [sys.executable, "-m", "doctor", *arguments],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=LONGEST,
        check=False,
    )


def _doctor(app: ExaminedApp) -> subprocess.CompletedProcess[str]:
    """Run it on an app whose settings are in its file."""
    app.write(ENDPOINTS.replace("{vault}/secrets/digits", "%KEY%"))
    values = app.environ | {"KEY": app.service.key("digits")}
    file = app.folder / "local.settings.json"
    file.write_text(json.dumps({"IsEncrypted": False, "Values": values}))
    return _run("--app", str(app.folder))


def _secrets(app: ExaminedApp) -> list[str]:
    return [app.azurite.account_key, app.service.key("digits"), app.environ["TRAINING_KEY"]]


def test_a_healthy_set_up_ends_with_status_0(app: ExaminedApp) -> None:
    done = _doctor(app)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "No fault" in done.stdout
    assert done.stderr == ""
    assert [secret for secret in _secrets(app) if secret in done.stdout] == []


def test_faults_end_with_status_1_and_say_what_to_do(app: ExaminedApp) -> None:
    app.environ["SAS_LIFETIME"] = "a day"
    del app.environ["ModelStorage"]

    done = _doctor(app)

    assert done.returncode == 1
    assert "2 faults" in done.stdout
    for said in ("SAS_LIFETIME", "ModelStorage", "FAULT", "→"):
        assert said in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert "a day" not in done.stdout


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "no JSON"),
        ('{"IsEncrypted": true, "Values": {}}', "encrypted"),
        ('{"Values": {"KEY": 1}}', "texts alone"),
    ],
)
def test_a_settings_file_that_cannot_be_used_ends_with_status_2(
    tmp_path: Path, content: str, said: str
) -> None:
    file = tmp_path / "other.json"
    file.write_text(content)

    done = _run("--app", str(tmp_path), "--settings", str(file))

    assert done.returncode == 2
    assert said in done.stdout


def test_a_settings_file_that_was_named_and_is_not_there_ends_with_status_2(tmp_path: Path) -> None:
    """Else a mistyped name would be taken for an app without any setting."""
    done = _run("--app", str(tmp_path), "--settings", str(tmp_path / "othr.json"))

    assert done.returncode == 2
    assert "othr.json cannot be read" in done.stdout


def test_on_a_fresh_clone_it_says_which_file_to_copy(tmp_path: Path) -> None:
    done = _run("--app", str(tmp_path))

    assert done.returncode == 1
    assert "copy local.settings.sample.json to local.settings.json" in done.stdout
