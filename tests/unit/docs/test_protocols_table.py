"""The README says truly which protocols there are."""

from retrain_trigger.engine import App
from tests.unit.docs.markdown import README, ROOT, code, table

STORAGE = "UseDevelopmentStorage=true"


def test_the_table_tells_the_protocols_that_there_are_from_those_to_come() -> None:
    rows = table(README.read_text("utf-8"), "protocol")
    said = {code(row["protocol"])[0] for row in rows if row["today"] != "not yet"}
    app = App({"AzureWebJobsStorage": STORAGE, "ModelStorage": STORAGE}, ROOT)

    assert said == set(app.engine.protocols)
