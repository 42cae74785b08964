"""Every link leads somewhere, and every file that the documents name is there."""

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from patch_endpoint.record import State
from tests.unit.docs.markdown import README, ROOT, anchors, code, documents, links, table

TEXT = README.read_text("utf-8")
FLOW = ROOT / "docs" / "flow.svg"


@pytest.mark.parametrize("document", documents(), ids=lambda file: str(file.relative_to(ROOT)))
def test_every_link_of_a_document_resolves(document: Path) -> None:
    for link in links(document.read_text("utf-8")):
        if link.startswith("https://"):
            continue
        target, _, anchor = link.partition("#")
        file = (document.parent / target).resolve() if target else document
        assert file.exists(), link
        assert not anchor or anchor in anchors(file.read_text("utf-8")), link


@pytest.mark.parametrize("document", documents(), ids=lambda file: str(file.relative_to(ROOT)))
def test_every_file_and_name_that_a_document_points_to_is_there(document: Path) -> None:
    text = document.read_text("utf-8")

    for file in re.findall(r"`((?:[\w.]+/)+(?:[\w.]+\.\w+)?)`", text):
        assert (ROOT / file).exists(), file
    for file, name in re.findall(r"`([\w/]+\.py)`: `(\w+)`", text):
        source = (ROOT / file).read_text("utf-8")
        defined = rf"^ *(?:def|class) {name}\b|^{name}(?:: [^=]+)? = "
        assert re.search(defined, source, re.MULTILINE), f"{name} in {file}"


def test_the_folder_table_names_every_folder_of_the_project() -> None:
    named = {code(row["folder"])[0].rstrip("/") for row in table(TEXT, "folder")}
    sources = {path.relative_to(ROOT).parts[0] for path in ROOT.glob("*/**/*.py")}
    there = {name for name in sources if not name.startswith(".")}

    assert there <= named
    assert all((ROOT / name).exists() for name in named)


def test_the_picture_is_well_formed_and_speaks_of_what_there_is() -> None:
    tree = ET.fromstring(FLOW.read_text("utf-8"))  # noqa: S314 - our own file
    names = {node.text for node in tree.iter() if "name" in (node.get("class") or "").split()}
    functions = set(re.findall(r'function_name\("(\w+)"\)', (ROOT / "function_app.py").read_text()))

    assert names <= functions | set(State.__value__.__args__)
    assert {"model_landed", *State.__value__.__args__} <= names
    assert tree.find("{http://www.w3.org/2000/svg}title") is not None
