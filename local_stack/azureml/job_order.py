"""From a job's body to what is to be run: its code, its environment, its inputs and outputs."""

from local_stack.azureml.datastores import Datastores, Place
from local_stack.azureml.errors import invalid, not_built
from local_stack.azureml.job_body import JobInput, JobOutput, Properties
from local_stack.azureml.job_run import JobOrder
from local_stack.azureml.state import State


def order_of(properties: Properties, state: State, datastores: Datastores) -> JobOrder:
    """Look up what a job names.

    Raises:
        ArmError: 400, it names what is not there; 501, it is of a kind that is not built.
    """
    _require_built(properties)
    asset = state.addresses.asset("environments", properties.environment_id)
    environment = state.environment(*asset) if asset else None
    if environment is None:
        said = f"The environment {properties.environment_id} was not found."
        raise invalid(said, "environmentId")
    asset = state.addresses.asset("codes", properties.code_id or "")
    folder = state.code(*asset) if asset else None
    if folder is None:
        raise invalid(f"The code {properties.code_id} was not found.", "codeId")
    inputs, outputs = properties.inputs or {}, properties.outputs or {}
    texts = {name: one.value or "" for name, one in inputs.items() if _is_text(one)}
    blobs = {name: one for name, one in inputs.items() if not _is_text(one)}

    def place(one: JobInput | JobOutput) -> Place:
        found = Place.read(one.uri or "", state.workspace)
        if found is None or found.datastore not in datastores:
            raise invalid(f"{one.uri} is no path in a datastore of this workspace.")
        return found

    return JobOrder(
        command=properties.command,
        code=folder,
        python=environment.python,
        texts=texts,
        fetched={name: place(one) for name, one in blobs.items()},
        put={name: place(one) for name, one in outputs.items()},
        environ=properties.environment_variables or {},
    )


def _is_text(one: JobInput) -> bool:
    return one.job_input_type == "literal"


def _require_built(properties: Properties) -> None:
    if properties.component_id:
        raise not_built("jobs made of components")
    for given in (properties.inputs or {}).values():
        if given.job_input_type not in {"literal", "uri_file"}:
            raise not_built(f"inputs of the type {given.job_input_type}")
    for wanted in (properties.outputs or {}).values():
        if wanted.asset_name:
            raise not_built("outputs that become assets by themselves")
        if wanted.job_output_type not in {"uri_file", "custom_model"}:
            raise not_built(f"outputs of the type {wanted.job_output_type}")
