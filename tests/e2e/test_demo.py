"""The main job as a new user sees it: `make demo` on free ports."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_demo_ends_well_and_the_endpoint_is_the_better_for_it(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "local_stack", "--demo", "--free-ports"]
    done = subprocess.run(
        [*command, "--home", str(tmp_path / "home")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=115,
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
