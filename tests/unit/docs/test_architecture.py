"""The page on the architecture says what lint enforces and what the code has."""

import ast
import re

from patch_endpoint.history import HISTORY_KEPT
from patch_endpoint.record import State
from protocols.batch import BatchAbilities
from protocols.protocol import Abilities
from protocols.table import PROTOCOLS
from retrain_trigger.job import ENDED
from retrain_trigger.job_transitions import TRANSITIONS
from scripts.check_boundaries import MAY_IMPORT
from settings.protocol_name import USUAL_PROTOCOL
from tests.unit.docs.markdown import ROOT, blocks, code, table

TEXT = (ROOT / "docs" / "architecture.md").read_text("utf-8")
DIAGRAM, JOB_DIAGRAM = blocks(TEXT, "mermaid")
STATES = set(State.__value__.__args__)
PURE = ("decide", "desired", "fallback", "history", "rollback", "rollout", "attempt")
REACHES_OUT = {"azure", "requests", "os", "time", "threading", "logging", "state", "telemetry"}


def _imports(file: str) -> set[str]:
    """The folders of the app that a file or folder imports, beside itself."""
    found = [ROOT / f"{file}.py"] if (ROOT / f"{file}.py").exists() else (ROOT / file).glob("*.py")
    nodes = [node for path in found for node in ast.walk(ast.parse(path.read_text("utf-8")))]
    modules = {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}
    modules |= {name.name for node in nodes if isinstance(node, ast.Import) for name in node.names}
    return {module.partition(".")[0] for module in modules} - {file}


def test_the_table_of_imports_is_what_lint_enforces() -> None:
    said = {code(row["folder"])[0]: set(code(row["imports"])) for row in table(TEXT, "folder")}

    assert said == MAY_IMPORT


def test_the_table_allows_no_more_than_the_code_needs() -> None:
    """A permission that nobody uses would let a wrong import in unnoticed."""
    needed = {folder: _imports(folder) & set(MAY_IMPORT) for folder in MAY_IMPORT}

    assert needed == MAY_IMPORT


def test_every_folder_imports_only_what_stands_below_it_so_none_depend_on_each_other() -> None:
    order = list(MAY_IMPORT)

    for number, folder in enumerate(order):
        assert MAY_IMPORT[folder] <= set(order[number + 1 :]), folder


def test_the_diagram_shows_every_state_that_is_set_and_no_other() -> None:
    shown = set(re.findall(r"(\w+) --> (\w+)", DIAGRAM.replace("[*]", "start")))

    assert {state for pair in shown for state in pair} - {"start"} == STATES


def test_the_diagram_of_a_job_shows_every_transition_and_no_other() -> None:
    shown = set(re.findall(r"(\w+) --> (\w+):", JOB_DIAGRAM.replace("[*]", "start")))
    ends = set(re.findall(r"(\w+) --> \[\*\]", JOB_DIAGRAM))

    made = {(before, after) for (before, _), after in TRANSITIONS.items()}
    assert shown == made | {("start", "created")}
    assert ends == ENDED


def test_what_decides_reaches_for_nothing_outside() -> None:
    for name in PURE:
        assert f"`patch_endpoint/{name}.py`" in TEXT
        assert not _imports(f"patch_endpoint/{name}") & REACHES_OUT, name


def test_the_table_of_abilities_names_those_that_there_are() -> None:
    said = {code(row["ability"])[0] for row in table(TEXT, "ability")}

    assert said == set(Abilities.__struct_fields__)


def test_the_table_of_what_training_services_can_do_names_all_of_it() -> None:
    column = "ability of a training service"
    said = {code(row[column])[0] for row in table(TEXT, column)}

    assert said == set(BatchAbilities.__struct_fields__)


def test_the_one_path_knows_no_protocol_but_by_what_an_endpoint_can_do() -> None:
    """The adding of endpoints is of Studio (classic) alone."""
    shared = {"protocol", "blob_reference", "batch", "wire", "table", "identity", "vault"}
    own = {
        (str(file.relative_to(ROOT)), module)
        for folder in set(MAY_IMPORT) - {"protocols"}
        for file in (ROOT / folder).rglob("*.py")
        for module in re.findall(r"^from protocols\.(\w+)", file.read_text("utf-8"), re.MULTILINE)
        if module not in shared
    }

    assert own == {
        ("retrain_trigger/creation.py", "classic_keys"),
        ("retrain_trigger/creation.py", "studio_management"),
        ("retrain_trigger/engine.py", "studio_management"),
    }


def test_the_page_on_protocols_names_each_that_there_is() -> None:
    page = (ROOT / "docs" / "protocols.md").read_text("utf-8")

    assert {code(row["protocol"])[0] for row in table(page, "protocol")} == set(PROTOCOLS)
    assert USUAL_PROTOCOL in PROTOCOLS


def test_the_history_is_as_long_as_the_page_says() -> None:
    assert f"the last {HISTORY_KEPT} deployments" in TEXT


def test_the_decisions_are_numbered_without_a_gap_and_each_has_its_three_parts() -> None:
    files = sorted((ROOT / "docs" / "decisions").glob("*.md"))

    assert [int(file.name[:4]) for file in files] == list(range(1, len(files) + 1))
    for number, file in enumerate(files, start=1):
        text = file.read_text("utf-8")
        assert text.startswith(f"# {number}. ")
        assert re.findall(r"^## (.+)$", text, re.MULTILINE) == [
            "Context",
            "Decision",
            "Consequence",
        ]
