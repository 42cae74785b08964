"""What a job is asked to do: its inputs and outputs, each with a token of its own."""

from collections.abc import Mapping
from datetime import datetime

from patch_endpoint.catalog import ModelCatalog
from patch_endpoint.sas import Permission, Signer
from protocols.batch import BatchAbilities, BatchRequest
from protocols.blob_reference import BlobReference
from retrain_trigger.job import Job
from settings.model_blobs import ModelBlobs
from settings.retraining import Retrain, TrainingService
from settings.secret import Secret
from telemetry.redaction import MASK

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
    outputs: Mapping[str, str],
    service: TrainingService,
    models: ModelBlobs,
    abilities: BatchAbilities,
) -> str | None:
    """Say why a job could only be in vain: its model goes where none is looked for, or nowhere."""
    suffix = abilities.model_suffix
    for name, blob in outputs.items():
        is_by_name = suffix is not None and blob.endswith(suffix)
        is_model = name == service.output if service.output else is_by_name
        if is_model and not is_in(models, blob):
            return f"outputs.{name} goes to {blob}, which is not among MODEL_BLOBS"
    return None if abilities.keeps_outputs else _without_model(outputs, service, models)


def _without_model(
    outputs: Mapping[str, str], service: TrainingService, models: ModelBlobs
) -> str | None:
    """Say why no single one of *outputs*, which are all that there will be, is the model."""
    if service.output is not None:
        is_there = service.output in outputs
        return None if is_there else f"outputs has no {service.output}, and its service keeps none"
    fitting = [name for name, blob in outputs.items() if is_in(models, blob)]
    if len(fitting) > 1:
        listed = ", ".join(sorted(fitting))
        return f"set `output` of the training service: among MODEL_BLOBS are {listed}"
    return None if fitting else "outputs has none among MODEL_BLOBS, and its service keeps none"


def is_in(models: ModelBlobs, blob: str) -> bool:
    """Say whether `container/name` is a model by MODEL_BLOBS."""
    container, _, name = blob.partition("/")
    return container == models.container and models.matches(name)


def signed_request(
    job: Job, retrain: Retrain, signer: Signer, now: datetime, abilities: BatchAbilities
) -> BatchRequest:
    """Sign each input and output of *job* for its time, where its service reads by tokens.

    Raises:
        StorageError: No token could be signed.
    """

    def sign(blob: str, permission: Permission) -> BlobReference:
        container, _, name = blob.partition("/")
        if abilities.reads_by == "identity":
            return signer.reference(container, name, Secret(""))
        return signer.job_blob(container, name, permission, now=now, expiry=now + job.timeout)

    return BatchRequest(
        id=job.id,
        inputs={name: sign(blob, "r") for name, blob in retrain.inputs.items()},
        outputs={name: sign(blob, "cw") for name, blob in job.outputs.items()},
        parameters=retrain.parameters,
    )


def masked_request(
    job_id: str, retrain: Retrain, signer: Signer, abilities: BatchAbilities
) -> BatchRequest:
    """Say what would be asked, every token masked."""
    token = f"?sig={MASK}" if abilities.reads_by == "token" else ""

    def mask(blob: str) -> BlobReference:
        container, _, name = blob.partition("/")
        return signer.reference(container, name, Secret(token))

    return BatchRequest(
        id=job_id,
        inputs={name: mask(blob) for name, blob in retrain.inputs.items()},
        outputs={name: mask(blob) for name, blob in outputs_of(retrain, job_id).items()},
        parameters=retrain.parameters,
    )
