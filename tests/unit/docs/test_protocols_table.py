"""The documents say truly which protocols there are, and what they were tested against."""

import re

from retrain_trigger.engine import App
from tests.unit.docs.markdown import README, ROOT, code, table

STORAGE = "UseDevelopmentStorage=true"


def test_the_table_tells_the_protocols_that_there_are_from_those_to_come() -> None:
    rows = table(README.read_text("utf-8"), "protocol")
    said = {code(row["protocol"])[0] for row in rows if row["today"] != "not yet"}
    app = App({"AzureWebJobsStorage": STORAGE, "ModelStorage": STORAGE}, ROOT)

    assert said == set(app.engine.protocols)


def test_the_page_names_the_version_of_mlserver_that_the_tests_start() -> None:
    pinned = re.search(
        r"^mlserver==(\S+)", (ROOT / "requirements-mlserver.in").read_text("utf-8"), re.MULTILINE
    )
    page = (ROOT / "docs" / "protocols.md").read_text("utf-8")

    assert pinned is not None
    assert f"MLServer {pinned[1]} itself" in page
