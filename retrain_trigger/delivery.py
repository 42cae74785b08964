"""Brings the model of a finished job to its endpoint, by the same path as a landed blob."""

from collections.abc import Mapping

from patch_endpoint.catalog import ModelCatalog
from patch_endpoint.deploy import Deployer
from patch_endpoint.record import Problem
from patch_endpoint.trained_model import JobOutput, TrainedModel
from protocols.blob_reference import BlobReference
from retrain_trigger.job import Job, Output
from retrain_trigger.service_results import blob_in
from retrain_trigger.submission import is_in
from settings.model_blobs import ModelBlobs
from settings.scoring_endpoint import ScoringEndpoint


def model_output(
    job: Job,
    results: Mapping[str, BlobReference],
    models: ModelBlobs,
    *,
    named: str | None,
    suffix: str | None,
) -> Output | Problem:
    """Find the output that is the model: by its configured name, or as the one that is a model.

    Never by its place: which of a job's outputs comes first says nothing.

    Args:
        job: A finished one.
        results: Each output that its service tells of, and where it is.
        models: Which blobs are models.
        named: The configured name; None: the one that is a model.
        suffix: What the name of a blob ends in that is certainly a model.
    """
    found = [_output(job, name, reference) for name, reference in results.items()]
    known = {output.name for output in found}
    # What the service does not tell of was written all the same where we said.
    found += [
        Output(name, blob, is_ours=True) for name, blob in job.outputs.items() if name not in known
    ]
    fitting = [
        one for one in found if (one.name == named if named else _is_model(one, models, suffix))
    ]
    listed = ", ".join(sorted(one.name for one in found)) or "none"
    if not fitting:
        what = f"no output {named}" if named else "no output that is a model"
        return Problem("no_model_output", f"the job has {what}; its outputs: {listed}")
    if len(fitting) > 1:
        what = "set `output` of the training service"
        return Problem("several_model_outputs", f"{what} to one of the job's: {listed}")
    if fitting[0].is_ours and not is_in(models, fitting[0].blob):
        what = f"the model was written to {fitting[0].blob}, which is not among MODEL_BLOBS"
        return Problem("model_misplaced", what)
    return fitting[0]


def _output(job: Job, name: str, reference: BlobReference) -> Output:
    ours = job.outputs.get(name)
    return Output(name, ours or blob_in(reference), is_ours=ours is not None)


def _is_model(output: Output, models: ModelBlobs, suffix: str | None) -> bool:
    if suffix is not None and output.blob.lower().endswith(suffix):
        return True
    return output.is_ours and is_in(models, output.blob)


def deliver(
    job: Job, endpoint: ScoringEndpoint, deployer: Deployer, catalog: ModelCatalog
) -> Problem | None:
    """Have *endpoint* serve the model of *job*; the problem where there is no such model.

    The blob trigger may see the same blob: the record knows a landing that it has had.

    Raises:
        StorageError: It could not be recorded.
    """
    output, job_id, instant = job.output, job.job_id, job.trained_at
    if output is None or job_id is None or instant is None:
        return Problem("no_model_output", "it is not known which output is the model")
    if not output.is_ours:
        model = TrainedModel(
            name=output.blob,
            etag=job_id,
            last_modified=instant,
            from_job=JobOutput(job.service, job_id, output.name),
        )
        deployer.land_result(endpoint, model)
        return None
    name = output.blob.partition("/")[2]
    there = catalog.head(name)
    if there is None or there.etag == job.etags_before.get(output.name):
        state = "there is no such blob" if there is None else "it is as it was before the job"
        what = f"the service says that it wrote {output.blob}, and {state}"
        return Problem("model_missing", what)
    deployer.land(endpoint, name)
    return None
