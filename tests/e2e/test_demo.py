"""The main job as a new user sees it: `make demo` on free ports."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from local_stack.azureml.installed import IS_INSTALLED, NOT_INSTALLED

ROOT = Path(__file__).parents[2]


@pytest.mark.timeout(400)
def test_the_demo_ends_well_and_the_endpoint_is_the_better_for_it(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "local_stack", "--demo", "--free-ports"]
    done = subprocess.run(
        [*command, "--home", str(tmp_path / "home")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=380,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    story = " ".join(done.stdout.split())
    told = re.search(
        r"accuracy ([\d.]+)% → ([\d.]+)%, confirmed by the app's own scoring call", story
    )
    assert told is not None, done.stdout
    assert float(told[1]) < float(told[2])
    assert "live: confirmed by the app's smoke test" in story.replace("(function watch)", "")


# Three confirmations, each at least 30 seconds after its PATCH.
@pytest.mark.timeout(600)
def test_both_acts_end_well_and_each_takeover_shows_in_the_endpoints_document(
    tmp_path: Path,
) -> None:
    command = [sys.executable, "-m", "local_stack", "--demo", "--acts", "2", "--free-ports"]
    home = tmp_path / "home"
    done = subprocess.run(
        [*command, "--takes-effect-after", "1", "--home", str(home)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=580,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    first, scheduled, asked = _models(done.stdout)
    shown = [" ".join(line.split()) for line in done.stdout.splitlines() if " · held: " in line]
    said = [line.replace(first, "A").replace(scheduled, "B").replace(asked, "C") for line in shown]
    # The job may take longer than the confirmation of what was gone back to: what waits is shown
    # as what is desired then.
    held = "desired A patched (rollback) · serving it · waiting C · held"
    said = [
        line.replace("desired C waiting (new_model) · serving A · held", held).replace(
            "A live (rollback)", "A patched (rollback)"
        )
        for line in said
    ]
    assert said == [
        "before desired B live (new_model) · serving it · held: no",
        "after desired B patched (redeploy) · serving it · held: no",
        "before desired B patched (redeploy) · serving it · held: no",
        "after desired A patched (rollback) · serving it · held: yes",
        "now desired A patched (rollback) · serving it · waiting C · held: yes",
        "before desired A patched (rollback) · serving it · waiting C · held: yes",
        "after desired C patched (new_model) · serving it · held: no",
        "live desired C live (new_model) · serving it · held: no",
    ]
    assert f"POST …/redeploy?dry_run=true: patch {scheduled}, replaces {scheduled}" in done.stdout
    assert "schedule =" not in (home / "endpoints.toml").read_text("utf-8")
    _assert_accuracy_fell_and_rose(done.stdout)


# The app looks every 35 seconds how far a deployment is: both acts together wait for some 20 looks.
@pytest.mark.real_server
@pytest.mark.skipif(not IS_INSTALLED, reason=NOT_INSTALLED)
@pytest.mark.timeout(1500)
def test_the_second_story_ends_well_and_a_model_that_is_no_good_never_has_traffic(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    if not request.config.getoption("--full"):
        pytest.skip("it takes ten minutes: `make servers` plays it")
    command = [sys.executable, "-m", "local_stack", "--story", "azureml", "--demo", "--acts", "2"]
    done = subprocess.run(
        [*command, "--free-ports", "--home", str(tmp_path / "home")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=1400,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    told = re.search(r"accuracy ([\d.]+)% → ([\d.]+)%, confirmed by the app's own", done.stdout)
    assert told is not None, done.stdout
    assert float(told[1]) < float(told[2])
    assert done.stdout.count("at  10 % of the traffic 2 of 20 requests are answered by it") == 2
    assert "refused: smoke_test_failed" in done.stdout
    assert "its deployment is deleted; it never had any traffic" in done.stdout
    before, after = re.findall(r"(?:before|after)  +(m-\w+) 100 %", done.stdout)
    assert before != after
    assert "held: yes" in done.stdout


def _models(story: str) -> list[str]:
    """The main job's, the schedule's and the person's model, by their names in the container."""
    landed = re.search(r"the model landed: experimentoutput/(digits/\S+\.ilearner)", story)
    begun = re.findall(r"(?:by the schedule:|retrain began) (digits_\w+)", story)
    assert landed is not None, story
    return [landed[1], *(f"digits/{job}.ilearner" for job in begun)]


def _assert_accuracy_fell_and_rose(story: str) -> None:
    told = re.findall(r"accuracy ([\d.]+)% → ([\d.]+)%", story)
    risen, fallen, risen_again = [float(after) - float(before) for before, after in told]
    assert (risen > 0, fallen < 0, risen_again > 0) == (True, True, True), told
