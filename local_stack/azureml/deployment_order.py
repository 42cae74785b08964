"""From a deployment's body to what is to be started: its model, its code and its environment."""

from local_stack.azureml.datastores import Place
from local_stack.azureml.deployment_body import Properties
from local_stack.azureml.errors import invalid, not_built
from local_stack.azureml.launch import Order
from local_stack.azureml.scoring_process import Program
from local_stack.azureml.state import State


def order_of(properties: Properties, state: State) -> Order:
    """Look up what a deployment names.

    Raises:
        ArmError: 400, it names what is not registered; 501, it is of a kind that is not built.
    """
    _require_built(properties)
    model = state.addresses.asset("models", properties.model or "")
    kept = state.models.get(model) if model else None
    if model is None or kept is None:
        raise invalid(f"The model {properties.model} was not found.", "model")
    place = Place.read(kept.document["properties"]["modelUri"], state.workspace)
    if place is None:
        raise invalid(f"The model {properties.model} has no place.", "model")
    return Order(place, model, _program(properties, state))


def _program(properties: Properties, state: State) -> Program:
    asset = state.addresses.asset("environments", properties.environment_id or "")
    environment = state.environment(*asset) if asset else None
    if environment is None:
        said = f"The environment {properties.environment_id} was not found."
        raise invalid(said, "environmentId")
    code = properties.code_configuration
    asset = state.addresses.asset("codes", (code and code.code_id) or "")
    folder = state.code(*asset) if asset else None
    if code is None or folder is None:
        raise invalid(f"The code {code and code.code_id} was not found.", "codeConfiguration")
    script = folder / code.scoring_script
    variables = properties.environment_variables or {}
    return Program(environment.python, environment.server, script, variables)


def _require_built(properties: Properties) -> None:
    if properties.endpoint_compute_type != "Managed":
        raise not_built("deployments on compute of one's own")
    if not (properties.environment_id and properties.code_configuration):
        raise not_built("deployments without code, as of MLflow and Triton models")
    if properties.scale_settings and properties.scale_settings.scale_type != "Default":
        raise not_built("scaling by itself")
    if properties.data_collector is not None:
        raise not_built("collecting data")
