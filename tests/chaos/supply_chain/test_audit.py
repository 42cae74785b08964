"""The locked packages against the advisories that are known today, where these can be asked."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.conftest import Figures

ROOT = Path(__file__).parents[3]
# Not those of model servers: they ask for old versions of what they are built on, only tests and
# the local stack start them, and they listen on the loopback address.
LOCKS = ("requirements.txt", "requirements-dev.txt")
WITHIN = 240  # seconds


@pytest.mark.timeout(300)
@pytest.mark.parametrize("lock", LOCKS)
def test_no_locked_package_has_a_known_vulnerability(
    lock: str, *, full: bool, figures: Figures
) -> None:
    """Skipped, with the reason, where the advisory database does not answer for each package."""
    if not full:
        pytest.skip("the audit asks a database on the network: it belongs to the full form")
    audited = _audit(lock)
    unknown = [one["name"] for one in audited if "skip_reason" in one]
    found = {one["name"]: [vuln["id"] for vuln in one.get("vulns", [])] for one in audited}
    vulnerable = {name: ids for name, ids in found.items() if ids}

    figures(audited=len(audited) - len(unknown), unknown=len(unknown), vulnerable=vulnerable)
    assert vulnerable == {}
    if unknown:
        pytest.skip(f"the advisory database knows nothing of {len(unknown)} of {len(audited)}")


def _audit(lock: str) -> list[dict[str, Any]]:
    """What pip-audit says of each package; nothing is installed."""
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(ROOT / lock)]
    command += [
        "--require-hashes",
        "--disable-pip",
        "--format",
        "json",
        "--progress-spinner",
        "off",
    ]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=WITHIN, check=False, cwd=ROOT
        )
    except subprocess.TimeoutExpired:
        pytest.skip(f"the advisory database did not answer within {WITHIN} s")
    if not done.stdout.strip():
        lines = done.stderr.strip().splitlines() or ["no word of why"]
        pytest.skip(f"the advisory database could not be asked: {lines[-1][:200]}")
    audited: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    return audited
