"""Checks the boundaries that no linter knows: who imports whom, and where exemptions may stand.

- The app and the local stack import nothing of each other.
- The benchmarks import both, and neither imports them.
- The doctor imports the app, not the local stack; neither imports the doctor.
- A folder of the app imports only what `MAY_IMPORT` allows, so that no two depend on each other.
- `os.environ` and `mock.patch` are ruff's business (TID251); here is checked that its exemption
  stands only where the environment may be read.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

# From the top to the bottom. docs/architecture.md shows the same.
MAY_IMPORT = {
    "function_app": {"http_api", "retrain_trigger", "settings", "telemetry"},
    "http_api": {"retrain_trigger", "patch_endpoint", "state", "settings", "telemetry"},
    "retrain_trigger": {"patch_endpoint", "protocols", "state", "settings", "telemetry"},
    "patch_endpoint": {"protocols", "state", "settings", "telemetry"},
    "protocols": {"settings", "telemetry"},
    "state": {"settings", "telemetry"},
    "telemetry": {"settings"},
    "settings": set[str](),
}
APP = set(MAY_IMPORT)
STACK = {"local_stack"}
BENCH = {"bench"}
# Looks at the app with the app's own code; nothing of the app knows of it.
DOCTOR = {"doctor"}
FOLDERS = APP | STACK | BENCH | DOCTOR | {"scripts", "tests"}
SOURCES = ("*.py", *(f"{name}/**/*.py" for name in sorted(FOLDERS)))

_EXEMPTION = re.compile(r"#\s*noqa:.*\bTID251\b", re.IGNORECASE)
_MAY_READ_ENVIRONMENT = (
    "settings/bindings.py",
    "local_stack/__main__.py",
    "bench/bare_app/function_app.py",  # a functions app of its own
)
_ENTRY_POINT = "local_stack/**/__main__.py"
# What a scoring server runs is told by the environment alone where its model is.
_ENTRY_SCRIPT = "score.py"


def faults(path: PurePosixPath, source: str) -> Iterator[str]:
    """Every fault of one file, as `path:line: what`; the path is relative to the project."""
    owner = path.parts[0].removesuffix(".py")
    foreign = _foreign_to(owner)
    for line, module in _imported(ast.parse(source)):
        folder = module.partition(".")[0]
        if folder in foreign:
            yield f"{path}:{line}: {owner} imports {module}, which is on the other side."
        elif owner in APP and folder in APP - MAY_IMPORT[owner] - {owner}:
            yield f"{path}:{line}: {owner} imports {module}, which it must not know of."
    if str(path) in _MAY_READ_ENVIRONMENT or path.full_match(_ENTRY_POINT):
        return
    if path.name == _ENTRY_SCRIPT and owner not in APP:
        return
    for number, text in enumerate(source.splitlines(), start=1):
        if _EXEMPTION.search(text):
            yield f"{path}:{number}: the environment is read in settings/bindings.py alone."


def _foreign_to(owner: str) -> set[str]:
    """Say what a folder must not know of."""
    if owner in STACK:
        return APP | BENCH | DOCTOR
    if owner in DOCTOR:
        return STACK | BENCH
    return STACK | BENCH | DOCTOR if owner in APP else set()


def _imported(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, name.name) for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None and node.level == 0:
            yield node.lineno, node.module


def _main(root: Path) -> int:
    found = [
        fault
        for pattern in SOURCES
        for file in sorted(root.glob(pattern))
        if "node_modules" not in file.parts
        for fault in faults(PurePosixPath(file.relative_to(root)), file.read_text("utf-8"))
    ]
    sys.stdout.writelines(f"{fault}\n" for fault in found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(_main(Path(__file__).parents[1]))
