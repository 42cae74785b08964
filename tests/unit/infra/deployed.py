"""The deployments that the tests look at, and what of them they look at."""

from functools import cache
from typing import Any, Final

from tests.unit.infra.deployment import Deployment

PERSON: Final = "the person who deploys"
LEAST: Final = {"environmentName": "production", "location": "westeurope"}


@cache
def deployed(**parameters: Any) -> Deployment:
    """Everything that `azd provision` makes, by a person, with these parameters."""
    return Deployment("main.bicep", LEAST | {"principalId": PERSON} | parameters)


def settings_of(deployment: Deployment) -> dict[str, str]:
    """The app settings that the function app gets."""
    (app,) = deployment.of("avm/res/web/site")
    (settings,) = (one for one in app["configs"] if one["name"] == "appsettings")
    properties: dict[str, str] = settings["properties"]
    return properties
