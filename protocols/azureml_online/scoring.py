"""Has an endpoint score its smoke test, with the key that its workspace gives."""

from typing import Final

from protocols.azureml_online.arm import Arm
from protocols.azureml_online.keys import azureml_keys
from protocols.azureml_online.online_endpoint import OnlineEndpoint
from protocols.classic_answers import unwelcome
from protocols.expectation import UNREADABLE, holds
from protocols.protocol import Refused, Unsettled
from protocols.wire import HttpAnswer, NoAnswerError, Wire
from settings.scoring_endpoint import ScoringEndpoint, SmokeTest
from settings.secret import Secret

DEPLOYMENT_HEADER: Final = "azureml-model-deployment"
_SUCCESS: Final = range(200, 300)
_MODEL_FAILED: Final = 424
"""The container that scores answered otherwise than with 200, or not at all."""
_KEYS: Final = {"key": ("listKeys", "primaryKey"), "amltoken": ("token", "accessToken")}
"""Of each way to ask an endpoint: what the workspace gives the key for, and where it is in it."""

type Scored = bool | Refused | Unsettled | None
"""Whether the answer to the smoke test is as expected; None: there is no smoke test."""


def scored(
    wire: Wire,
    arm: Arm,
    endpoint: ScoringEndpoint,
    there: OnlineEndpoint,
    deployment: str | None = None,
) -> Scored:
    """Say whether the answer to the smoke test is as expected; None: there is none.

    Args:
        wire: What reaches the endpoint.
        arm: What asks its workspace.
        endpoint: Which.
        there: How the workspace describes it.
        deployment: Which of its deployments is to score; None: as traffic goes.
    """
    smoke_test = endpoint.smoke_test
    if smoke_test is None:
        return None
    key = _key(arm, azureml_keys(endpoint).path, there.auth_mode)
    if not isinstance(key, Secret):
        return key
    answer = _sent(wire, arm, smoke_test, key, deployment)
    if not isinstance(answer, HttpAnswer):
        return answer
    if answer.status not in _SUCCESS:
        return _unwelcome(answer, key)
    found = holds(smoke_test.expect, answer.body)
    return Unsettled("smoke_test_unreadable", UNREADABLE) if found is None else found


def _key(arm: Arm, path: str, auth_mode: str) -> Secret | Refused | Unsettled:
    if auth_mode == "aadtoken":
        return arm.token(arm.workspace.scoring_scope)
    if auth_mode not in _KEYS:
        return Refused("unknown_auth_mode", f"the endpoint's authMode is {auth_mode or '(none)'}")
    action, name = _KEYS[auth_mode]
    answer = arm.post(f"{path}/{action}")
    if isinstance(answer, (Refused, Unsettled)):
        return answer
    key = answer.get(name)
    if not isinstance(key, str) or not key.isascii() or not key.isprintable() or not key:
        return Unsettled("no_scoring_key", "the workspace gave no key for the endpoint")
    return Secret(key)


def _sent(
    wire: Wire, arm: Arm, smoke_test: SmokeTest, key: Secret, deployment: str | None
) -> HttpAnswer | Unsettled:
    """Send the request to where the endpoints file says, and the key nowhere else."""
    headers: dict[str, tuple[str | Secret, ...]] = {"Authorization": ("Bearer ", key)}
    if deployment is not None:
        headers[DEPLOYMENT_HEADER] = (deployment,)
    try:
        return wire.send_as(
            "POST",
            smoke_test.score_url,
            headers=headers,
            body=smoke_test.request,
            limit=arm.left,
        )
    except NoAnswerError as error:
        return Unsettled(error.code, str(error), error.retry_after)


def _unwelcome(answer: HttpAnswer, key: Secret) -> Refused | Unsettled:
    said = unwelcome(answer, [key])
    if isinstance(said, Unsettled):
        return Unsettled(said.code, said.message, said.retry_after)
    is_model = said.about_model or answer.status == _MODEL_FAILED
    return Refused(said.code, said.message, about_model=is_model, causes=said.causes)
