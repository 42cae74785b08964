"""An online endpoint and what a test has happen to it, as the one path would."""

import json
from datetime import timedelta

from protocols.azureml_online.azureml_online import AzuremlOnline
from protocols.azureml_online.keys import read_azureml_keys
from protocols.blob_reference import BlobReference
from protocols.protocol import Accepted, Answer, Refused, Underway, Unsettled
from settings.endpoints_file import parse_endpoints
from settings.scoring_endpoint import ScoringEndpoint
from settings.secret import Secret
from tests.fakes.azureml_workspace import ENDPOINT, PATH, SCORE_URL, URL, MemoryWorkspace, says
from tests.fakes.identity import MemoryIdentity

TABLE = f"""
[endpoints.census]
protocol = "azureml-online"
workspace = "{URL}"
datastores = {{ models = "redeployer_models", retrain-kept = "redeployer_kept" }}
traffic_steps = [10, 100]
step_after = "10m"
creation_limit = "1h"

[endpoints.census.deployment]
instance_type = "Standard_DS3_v2"
instance_count = 2
environment = "azureml:sklearn:3"
code = "azureml:score:1"
scoring_script = "score.py"
environment_variables = {{ WORKERS = "2" }}
properties = {{ requestSettings = {{ requestTimeout = "PT5S" }} }}
"""
LIVE = "m-0xa"
DEPLOYMENT = f"{ENDPOINT}/deployments/m-0xb"
DELETED = f"DELETE {DEPLOYMENT}"
MOVED = f"PUT {ENDPOINT}"
WRONG = says(200, {"said": 1})
SMOKE = f"""
[endpoints.census.smoke_test]
score_url = "{SCORE_URL}"
request = "smoke.json"
expect = "said == `7`"
"""


def endpoint_of(content: str = TABLE + SMOKE) -> ScoringEndpoint:
    """Read an endpoint's table."""
    found = parse_endpoints(
        content,
        environ={},
        read_relative=lambda _: json.dumps({"ask": 1}).encode(),
        protocols={"azureml-online": read_azureml_keys},
        trainings={},
    )
    assert found.faults == ()
    return found.by_name["census"]


def model(etag: str, container: str = "models", name: str = "census/7.pkl") -> BlobReference:
    """Give a model, as an endpoint is told of it that reads by its own rights."""
    return BlobReference(
        "https://m.invalid/", f"{container}/{name}", Secret(""), name=name, etag=etag
    )


class Story:
    """One endpoint at a workspace in memory.

    Attributes:
        workspace: The workspace.
        identity: The app's.
        protocol: What speaks to it.
        underway: How far it is with the model that was sent.
    """

    def __init__(self, content: str = TABLE + SMOKE) -> None:
        self.workspace, self.identity = MemoryWorkspace(), MemoryIdentity()
        self.protocol = AzuremlOnline(self.workspace, self.identity)
        self.endpoint = endpoint_of(content)
        self._model = model("0x1")
        self.underway: Underway | None = None

    def patch(self, sent: BlobReference) -> Answer:
        """Send a model, and take the steps that can be taken at once."""
        self._model = sent
        return self._went_on(self.protocol.patch(self.endpoint, "", sent))

    def advance(self, **waited: float) -> Answer:
        """Look at the model that was sent, having waited so long in its stage."""
        assert self.underway is not None
        looked = self.protocol.advance(
            self.endpoint, self._model, self.underway, timedelta(**waited)
        )
        return self._went_on(looked)

    def bring_into_service(self, sent: BlobReference) -> str:
        """Have a model get all traffic; gives the name of its deployment."""
        answer = self.patch(sent)
        for _ in range(9):
            if isinstance(answer, Accepted):
                return max(self.workspace.traffic)
            assert not isinstance(answer, (Refused, Unsettled)), answer
            self.settle()
            answer = self.advance(minutes=20)
        raise AssertionError(answer)

    def settle(self) -> None:
        """Have every operation end well."""
        self.workspace.is_in("Succeeded")
        for name in self.workspace.deployments:
            self.workspace.is_in("Succeeded", name)

    def gives(self, traffic: dict[str, int]) -> None:
        """Have a person change the traffic."""
        assert self.workspace.endpoint is not None
        self.workspace.endpoint["properties"]["traffic"] = traffic

    def created(self, etag: str = "0x1") -> str:
        """Send a model whose deployment then stands; gives its name."""
        self.patch(model(etag))
        self.settle()
        return f"m-{etag}"

    def gives_a_tenth(self) -> None:
        """Give what was sent last, and stands, a tenth of the traffic beside what serves."""
        self.advance()
        self.settle()
        assert self.workspace.traffic == {LIVE: 90, "m-0xb": 10}
        self.workspace.asked.clear()

    def _went_on(self, answer: Answer) -> Answer:
        while isinstance(answer, Underway):
            self.underway = answer
            if not answer.at_once:
                break
            answer = self.protocol.advance(self.endpoint, self._model, answer, timedelta(0))
        return answer


def stage(answer: object) -> str:
    """Give the stage of a model that is on its way."""
    assert isinstance(answer, Underway), answer
    return answer.stage


def failed(story: Story, name: str, error: object = None, status: str = "Failed") -> None:
    """Have a deployment end so, and its operation tell why."""
    url = f"https://management.azure.com{PATH}/operations/od-1?api-version=2025-12-01"
    story.workspace.is_in(status, name)
    document = story.workspace.deployments[name]["properties"]
    document["properties"] = {"AzureAsyncOperationUri": url}
    story.workspace.operations[url] = {"status": status, "error": error}
