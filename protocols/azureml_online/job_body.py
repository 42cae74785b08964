"""What a workspace is told of a job: its table's properties, with inputs and outputs put in."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote

from protocols.azureml_online.datastore import uri_within
from protocols.azureml_online.service_keys import AzuremlServiceKeys
from protocols.batch import BatchRequest
from protocols.blob_reference import BlobReference
from settings.retraining import Retrain

_FILE: Final = "uri_file"


def body_of(keys: AzuremlServiceKeys, request: BatchRequest) -> dict[str, object]:
    """Give the body of the PUT of a job.

    What the table says of an input or output stays, such as its mode; where it is, we say. A
    parameter is an input too: a literal, which is always a text.
    """
    said_inputs, said_outputs = keys.job.get("inputs", {}), keys.job.get("outputs", {})
    inputs = {
        **said_inputs,
        **{name: _literal(value) for name, value in request.parameters.items()},
        **{
            name: _file("jobInputType", said_inputs.get(name, {}), _uri(keys, blob))
            for name, blob in request.inputs.items()
        },
    }
    outputs = {
        **said_outputs,
        **{
            name: _file("jobOutputType", said_outputs.get(name, {}), _uri(keys, blob))
            for name, blob in request.outputs.items()
        },
    }
    return {"properties": {**keys.job, "inputs": inputs, "outputs": outputs}}


def unfit(keys: AzuremlServiceKeys, retrain: Retrain) -> str | None:
    """Say what of a `retrain` table no body can be made of; None: all is well."""
    for kind, blobs in (("inputs", retrain.inputs), ("outputs", retrain.outputs)):
        for name, blob in blobs.items():
            container = blob.partition("/")[0]
            if container not in keys.datastores:
                what = f"`datastores` of its service names none for the container {container}"
                return f"{kind}.{name}: {what}"
    twice = sorted(retrain.inputs.keys() & retrain.parameters.keys())
    if twice:
        what = "is an input and a parameter: to this service a parameter is an input too"
        return f"parameters.{twice[0]} {what}"
    return None


def _literal(value: str | float | bool) -> dict[str, str]:  # noqa: FBT001 - as TOML gave it
    return {"jobInputType": "literal", "value": str(value)}


def _file(type_key: str, said: Mapping[str, Any], uri: str) -> dict[str, Any]:
    return {type_key: _FILE, **said, "uri": uri}


def _uri(keys: AzuremlServiceKeys, blob: BlobReference) -> str:
    container, _, path = unquote(blob.relative_location).partition("/")
    return uri_within(keys.workspace, keys.datastores[container], path)
