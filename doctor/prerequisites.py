"""What must be on the machine: Python, the packages, host.json; Node.js for the local stack."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from doctor.finding import Finding

_AREA: Final = "prerequisites"
_PYTHON: Final = (3, 13)
_OLDEST_NODE: Final = 20
_PIN: Final = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)


def prerequisites(
    app: Path, python: tuple[int, int], environ: Mapping[str, str]
) -> Iterator[Finding]:
    """Look at the machine and at the files that come with the app.

    Args:
        app: The folder of the app.
        python: The version of Python that runs this.
        environ: Whose PATH is looked through.
    """
    yield _python(python)
    yield from _packages(app / "requirements.txt")
    yield _host_json(app / "host.json")
    yield _node(shutil.which("node", path=environ.get("PATH")))


def _python(version: tuple[int, int]) -> Finding:
    told = ".".join(map(str, version))
    if version == _PYTHON:
        return Finding(_AREA, "Python", "ok", f"Python {told}")
    fix = "run it with Python 3.13, which the app is written for and deployed with"
    return Finding(_AREA, "Python", "fault", f"this is Python {told}", fix)


def _packages(lock: Path) -> Iterator[Finding]:
    """Compare what is installed with what is locked."""
    try:
        pins = dict(_PIN.findall(lock.read_text("utf-8")))
    except OSError:
        what = "requirements.txt cannot be read: nothing says which packages belong here"
        yield Finding(_AREA, lock.name, "fault", what, "restore the file from the repository")
        return
    others = {name: found for name, pin in pins.items() if (found := _installed(name)) != pin}
    missing = sorted(name for name, found in others.items() if found is None)
    if missing:
        what, fix = f"not installed: {', '.join(missing)}", "pip install -r requirements.txt"
        yield Finding(_AREA, lock.name, "fault", what, fix)
    elif others:
        what = f"installed in another version than locked: {', '.join(sorted(others))}"
        yield Finding(_AREA, lock.name, "warning", what, "pip install -r requirements.txt")
    else:
        yield Finding(_AREA, lock.name, "ok", f"{len(pins)} packages, as they are locked")


def _installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _host_json(file: Path) -> Finding:
    try:
        said: Any = json.loads(file.read_bytes())
    except OSError:
        what = "there is no host.json, so the host does not know this folder as an app"
        return Finding(_AREA, file.name, "fault", what, "restore the file from the repository")
    except ValueError as error:
        what = f"host.json is no JSON: {error}"
        return Finding(_AREA, file.name, "fault", what, "mend it; the host does not start with it")
    if not isinstance(said, dict) or said.get("version") != "2.0":
        what, fix = "host.json does not say version 2.0", 'set "version": "2.0"'
        return Finding(_AREA, file.name, "fault", what, fix)
    if "extensionBundle" not in said:
        what = "host.json names no extensionBundle, which the blob trigger comes with"
        fix = "restore extensionBundle from the repository"
        return Finding(_AREA, file.name, "fault", what, fix)
    return Finding(_AREA, file.name, "ok", "host.json can be read")


def _node(program: str | None) -> Finding:
    """Only the local stack needs it: the storage emulator runs on it."""
    fix = f"install Node.js {_OLDEST_NODE} or newer if you want to run the local stack"
    if program is None:
        return Finding(_AREA, "Node.js", "warning", "there is no Node.js on the PATH", fix)
    asked = subprocess.run(  # noqa: S603 - found on the PATH, and no shell
        [program, "--version"], capture_output=True, text=True, timeout=20, check=False
    )
    found = re.match(r"v(\d+)\.", asked.stdout)
    if found is None or int(found[1]) < _OLDEST_NODE:
        told = asked.stdout.strip() or "a version that cannot be read"
        return Finding(_AREA, "Node.js", "warning", f"Node.js is {told}", fix)
    return Finding(_AREA, "Node.js", "ok", f"Node.js {asked.stdout.strip()}")
