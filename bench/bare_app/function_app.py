"""The bare script as a functions app, with the same trigger as the app's."""

import functools
import os

import azure.functions as func
from azurefunctions.extensions.bindings import blob

from bench.bare import BareScript

app = func.FunctionApp()


@functools.cache
def _script() -> BareScript:
    return BareScript(os.environ["ModelStorage"], "experimentoutput")  # noqa: SIM112, TID251 - by hand


@app.function_name("model_landed")
@app.blob_trigger(
    arg_name="model", path="experimentoutput/{name}.ilearner", connection="ModelStorage"
)
def model_landed(model: blob.BlobClient) -> None:
    """Deploy a model that landed."""
    _script().deploy(
        model.blob_name,
        os.environ["BARE_PATCH_URL"],  # noqa: TID251 - as above
        os.environ["BENCH_KEY"],  # noqa: TID251 - as above
        "Model [trained model]",
    )
