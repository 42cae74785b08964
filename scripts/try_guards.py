"""Takes each guard of `tests/chaos/guards.toml` away in a copy, and sees its test go red.

A test that stays green without its guard proves nothing; then the exit status is 1. With the names
of promises as arguments ("invariant 3"), only those are tried.
"""

import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).parents[1]
GUARDS: Final = ROOT / "tests" / "chaos" / "guards.toml"
_NOT_COPIED: Final = shutil.ignore_patterns(
    ".git", ".venv", ".servers", "node_modules", ".local", "__pycache__", ".*_cache", ".hypothesis"
)
_AZURITE: Final = Path("local_stack", "azurite", "node_modules")
_FAILED: Final = 1  # pytest's status where tests ran and failed; an error of ours has another
_WITHIN: Final = 600.0


class Guard(NamedTuple):
    """A line of the app that holds a promise.

    Attributes:
        promise: Which, as `docs/reliability.md` numbers them.
        test: What goes red without it, as pytest names it.
        file: Where the line is.
        line: The line.
        without: What is there without it.
    """

    promise: str
    test: str
    file: str
    line: str
    without: str


def guards() -> list[Guard]:
    """Read all of them."""
    tables = tomllib.loads(GUARDS.read_text("utf-8"))["guard"]
    return [
        Guard(one["promise"], one["test"], one["file"], one["is"], one["without"]) for one in tables
    ]


def main(promises: list[str]) -> int:
    """Try them one after the other, and give the exit status."""
    chosen = [one for one in guards() if not promises or one.promise in promises]
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "project")
        shutil.copytree(ROOT, copy, ignore=_NOT_COPIED)
        (copy / _AZURITE).symlink_to(ROOT / _AZURITE, target_is_directory=True)
        green = [guard for guard, is_red in _tried(chosen, copy) if not is_red]
    print(f"{len(chosen)} guards tried, {len(green)} missed by their tests")
    return 1 if green or not chosen else 0


def _tried(chosen: list[Guard], copy: Path) -> Iterator[tuple[Guard, bool]]:
    for guard in chosen:
        before, after = _status(guard, copy, remove=False), _status(guard, copy, remove=True)
        is_red = (before, after) == (0, _FAILED)
        said = "red" if is_red else f"NOT PROVEN (with it {before}, without it {after})"
        print(f"{guard.promise}: {guard.file}, {guard.line.strip().splitlines()[0]}")
        print(f"    {guard.test}: {said}", flush=True)
        yield guard, is_red


def _status(guard: Guard, copy: Path, *, remove: bool) -> int:
    """Run the test, and give pytest's exit status."""
    file = copy / guard.file
    text = file.read_text("utf-8")
    if text.count(guard.line) != 1:
        raise SystemExit(f"{guard.file} has not once what guards {guard.promise}: mend {GUARDS}")
    if remove:
        file.write_text(text.replace(guard.line, guard.without), "utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", guard.test]
    try:
        return subprocess.run(  # noqa: S603 - our own command
            command, cwd=copy, check=False, timeout=_WITHIN, capture_output=True
        ).returncode
    finally:
        file.write_text(text, "utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
