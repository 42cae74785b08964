"""The README's commands are the Makefile's."""

import re

from tests.unit.docs.markdown import README, ROOT, code, documents, table

TEXT = README.read_text("utf-8")
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")


def _targets() -> set[str]:
    phony = re.search(r"^\.PHONY:(.*)$", MAKEFILE, re.MULTILINE)
    assert phony is not None
    return set(phony[1].split())


def test_the_table_names_every_command_and_no_other() -> None:
    named = {code(row["command"])[0] for row in table(TEXT, "command")}

    assert named == {f"make {target}" for target in _targets()}


def test_make_help_names_them_too() -> None:
    told = set(re.findall(r"^\t@echo 'make (\w+)", MAKEFILE, re.MULTILINE))

    assert told == _targets() - {"help"}


def test_every_command_in_the_documents_text_is_a_target() -> None:
    written = {
        command
        for document in documents()
        for command in re.findall(
            r"(?:^|`)(?:HOST=func )?make ([a-z]+)", document.read_text("utf-8"), re.MULTILINE
        )
    }

    assert written <= _targets()
    assert {"run", "demo"} <= written
