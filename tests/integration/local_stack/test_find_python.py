"""Set-up finds a Python by itself, wherever a developer keeps it, or says what to do."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "scripts" / "find-python"
NOT_FOUND = (
    "Python 3.13 was not found: install it, for example with "
    "'uv python install 3.13' or 'pyenv install 3.13'.\n"
)


def test_python3_13_on_the_path_is_found(tmp_path: Path) -> None:
    _program(tmp_path / "python3.13", f'exec "{sys.executable}" "$@"')

    assert _find(tmp_path).stdout.strip() == sys.executable


def test_python3_is_taken_only_if_it_is_a_3_13(tmp_path: Path) -> None:
    _program(tmp_path / "python3", f'exec "{sys.executable}" "$@"')

    assert _find(tmp_path).stdout.strip() == sys.executable


def test_a_shim_that_answers_with_an_error_is_passed_over(tmp_path: Path) -> None:
    """Pyenv's shim exists for every version that is installed, and fails if none is chosen."""
    _program(tmp_path / "python3.13", "echo 'pyenv: python3.13: command not found' >&2; exit 127")
    _program(tmp_path / "python3", f'exec "{sys.executable}" "$@"')

    assert _find(tmp_path).stdout.strip() == sys.executable


def test_a_version_of_pyenv_is_found_without_pyenv_on_the_path(tmp_path: Path) -> None:
    home = tmp_path / "home"
    _program(home / ".pyenv/versions/3.13.0/bin/python", f'exec "{sys.executable}" "$@"')

    assert _find(tmp_path / "empty", home).stdout.strip() == sys.executable


def test_a_version_that_uv_manages_is_found(tmp_path: Path) -> None:
    managed = tmp_path / "uv-managed" / "python"
    _program(managed, f'exec "{sys.executable}" "$@"')
    _program(tmp_path / "uv", f'[ "$*" = "python find 3.13" ] && echo "{managed}"')

    assert _find(tmp_path).stdout.strip() == sys.executable


def test_of_several_versions_the_first_that_is_there_is_found(tmp_path: Path) -> None:
    this = f"3.{sys.version_info.minor}"
    _program(tmp_path / "python3", f'exec "{sys.executable}" "$@"')

    assert _find(tmp_path, versions=("3.4", this, "3.5")).stdout.strip() == sys.executable


def test_where_none_of_several_is_there_each_is_named(tmp_path: Path) -> None:
    found = _find(tmp_path, versions=("3.12", "3.11"))

    assert (found.returncode, found.stdout) == (1, "")
    assert found.stderr == NOT_FOUND.replace("3.13 was", "3.12 or 3.11 was").replace("3.13", "3.12")


@pytest.mark.parametrize("status", [1, 127])
def test_other_versions_are_refused_with_one_sentence(tmp_path: Path, status: int) -> None:
    _program(tmp_path / "python3", f"exit {status}")

    found = _find(tmp_path)

    assert (found.returncode, found.stdout, found.stderr) == (1, "", NOT_FOUND)


def test_a_3_13_without_venv_is_named_with_the_remedy(tmp_path: Path) -> None:
    _program(tmp_path / "python3.13", "exit 2")

    found = _find(tmp_path)

    assert found.returncode == 1
    assert "python3.13-venv" in found.stderr
    assert len(found.stderr.splitlines()) == 1


def _find(
    path: Path, home: Path | None = None, versions: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", str(SCRIPT), *versions],
        env={"PATH": str(path), "HOME": str(home or path)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def _program(file: Path, script: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
