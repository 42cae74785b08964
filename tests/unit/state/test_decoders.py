"""What is read from storage can be read first by many threads at once.

msgspec 0.22 crashes the process where two threads are the first to read a type; so decoders are
made when modules are imported. `tests/integration/app/test_cold_start.py` shows it.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

from scripts.check_boundaries import MAY_IMPORT

ROOT = Path(__file__).parents[3]
UNDER_A_LOCK = {"http_api/asking.py"}
OF_NO_TYPE_OF_OURS = {"protocols/classic_answers.py"}


def _calls() -> Iterator[tuple[str, str]]:
    """Where the app makes a decoder at every call, by file and call."""
    for folder in MAY_IMPORT:
        for file in (ROOT / folder).glob("*.py"):
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                if isinstance(node, ast.Call) and ast.unparse(node.func) == "msgspec.json.decode":
                    yield str(file.relative_to(ROOT)), ast.unparse(node)


def test_no_type_is_read_by_a_decoder_that_is_made_for_the_call() -> None:
    found = dict(_calls())

    assert found.keys() == UNDER_A_LOCK | OF_NO_TYPE_OF_OURS
    assert all("type=" not in found[file] for file in OF_NO_TYPE_OF_OURS)
