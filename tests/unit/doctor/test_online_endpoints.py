"""What the doctor says of a managed online endpoint, by asking it as the app does."""

from doctor.endpoints import endpoint
from doctor.finding import Finding
from tests.fakes.azureml_workspace import fault, says
from tests.unit.protocols.azureml_online.story import SMOKE, TABLE, Story


def findings(story: Story, container: str = "models") -> list[Finding]:
    return list(endpoint(story.endpoint, story.protocol, container))


def test_an_endpoint_that_is_well_is_asked_and_told_nothing() -> None:
    story = Story()

    found = findings(story)

    assert [(one.state, one.what) for one in found] == [
        ("ok", "its workspace has it, and lets the identity in"),
        ("ok", "it is answered as expected"),
    ]
    assert story.workspace.changes == []


def test_who_is_not_let_in_is_told_which_role() -> None:
    story = Story()
    story.workspace.script("GET", "*", fault(403, "AuthorizationFailed"))

    (found,) = findings(story)

    assert (found.where, found.state) == ("endpoints.census.workspace", "fault")
    assert "needs the role AzureML Data Scientist" in found.what
    assert found.fix.startswith("give it the role AzureML Data Scientist there")


def test_an_endpoint_that_is_not_there_is_a_fault_and_is_not_scored() -> None:
    story = Story()
    story.workspace.endpoint = None

    (found,) = findings(story)

    assert found.what == (
        "the workspace has no online endpoint census: not found (endpoint_not_found)"
    )
    assert found.fix == "make the endpoint there, or mend workspace or online_endpoint"


def test_an_app_without_an_identity_is_told_so() -> None:
    story = Story()
    story.identity.is_there = False

    (found,) = findings(story)

    assert (found.state, "az login" in found.fix) == ("fault", True)


def test_a_key_that_the_endpoint_refuses_is_a_fault() -> None:
    story = Story()
    story.workspace.scores[""] = says(401)

    assert [one.where for one in findings(story) if one.state == "fault"] == [
        "endpoints.census.smoke_test.score_url"
    ]


def test_containers_without_a_datastore_are_named() -> None:
    story = Story((TABLE + SMOKE).replace(', retrain-kept = "redeployer_kept"', ""))

    found = [one for one in findings(story, "experimentoutput") if one.state != "ok"]

    assert [(one.where, one.state) for one in found] == [
        ("endpoints.census.datastores", "fault"),
        ("endpoints.census.datastores", "warning"),
    ]
    assert "experimentoutput" in found[0].what
    assert "retrain-kept" in found[1].what


def test_a_folder_of_which_no_copy_can_be_deployed_needs_no_datastore_for_it() -> None:
    table = TABLE.replace(', retrain-kept = "redeployer_kept"', "")
    story = Story(table.replace("traffic_steps", "model_is_folder = true\ntraffic_steps"))

    assert [one.state for one in findings(story)] == ["ok"]
