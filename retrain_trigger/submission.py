"""What a job is asked to do: its inputs and outputs, each with a token of its own."""

from collections.abc import Mapping
from datetime import datetime

from patch_endpoint.catalog import ModelCatalog
from patch_endpoint.sas import Permission, Signer
from protocols.batch import BatchRequest
from protocols.blob_reference import BlobReference
from retrain_trigger.job import Job
from settings.model_blobs import ModelBlobs
from settings.retraining import Retrain, TrainingService
from settings.secret import Secret
from telemetry.redaction import MASK

_MODEL_SUFFIX = ".ilearner"
_RUN_TOKEN = "{run}"  # noqa: S105 - a placeholder, not a password


def outputs_of(retrain: Retrain, job_id: str) -> dict[str, str]:
    """Give where a job's outputs go, its id in the place of `{run}`."""
    return {name: blob.replace(_RUN_TOKEN, job_id) for name, blob in retrain.outputs.items()}


def etags_before(job: Job, catalog: ModelCatalog, models: ModelBlobs) -> dict[str, str]:
    """Note which version each model has that *job* is to overwrite: one that stays is not its work.

    Versions, not times: whose clock wrote a time need not be ours. An output that is named after
    the job overwrites nothing, and costs no look.

    Raises:
        StorageError: Storage could not be asked.
    """
    found = {
        name: catalog.head(blob.partition("/")[2])
        for name, blob in job.outputs.items()
        if is_in(models, blob) and job.id not in blob
    }
    return {name: model.etag for name, model in found.items() if model is not None}


def misplaced(
    outputs: Mapping[str, str], service: TrainingService, models: ModelBlobs
) -> str | None:
    """Name an output that is certainly the model and goes where no model is looked for."""
    for name, blob in outputs.items():
        is_model = name == service.output if service.output else blob.endswith(_MODEL_SUFFIX)
        if is_model and not is_in(models, blob):
            return f"outputs.{name} goes to {blob}, which is not among MODEL_BLOBS"
    return None


def is_in(models: ModelBlobs, blob: str) -> bool:
    """Say whether `container/name` is a model by MODEL_BLOBS."""
    container, _, name = blob.partition("/")
    return container == models.container and models.matches(name)


def signed_request(job: Job, retrain: Retrain, signer: Signer, now: datetime) -> BatchRequest:
    """Sign each input and output of *job* for its time.

    Raises:
        StorageError: No token could be signed.
    """

    def sign(blob: str, permission: Permission) -> BlobReference:
        container, _, name = blob.partition("/")
        return signer.job_blob(container, name, permission, now=now, expiry=now + job.timeout)

    return BatchRequest(
        inputs={name: sign(blob, "r") for name, blob in retrain.inputs.items()},
        outputs={name: sign(blob, "cw") for name, blob in job.outputs.items()},
        parameters=retrain.parameters,
    )


def masked_request(job_id: str, retrain: Retrain, signer: Signer) -> BatchRequest:
    """Say what would be asked, every token masked."""

    def mask(blob: str) -> BlobReference:
        container, _, name = blob.partition("/")
        return signer.reference(container, name, Secret(f"?sig={MASK}"))

    return BatchRequest(
        inputs={name: mask(blob) for name, blob in retrain.inputs.items()},
        outputs={name: mask(blob) for name, blob in outputs_of(retrain, job_id).items()},
        parameters=retrain.parameters,
    )
