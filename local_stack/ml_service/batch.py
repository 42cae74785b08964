"""The batch API: submit, start, look at and cancel jobs that train a model."""

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

from msgspec import Struct

from local_stack.http_service.call import Answer, Call
from local_stack.ml_service.api_version import require_api_version
from local_stack.ml_service.blob_account import BlobAccount
from local_stack.ml_service.blob_reference import BlobReference
from local_stack.ml_service.blob_transfer import Transfer
from local_stack.ml_service.credentials import require_score
from local_stack.ml_service.errors import bad_argument, not_built
from local_stack.ml_service.job import Job
from local_stack.ml_service.job_status import JobStatus
from local_stack.ml_service.output import AccountOutput, DefaultOutput, Output, SignedOutput
from local_stack.ml_service.request_body import decode
from local_stack.ml_service.state import EndpointState, State
from local_stack.ml_service.studio import new_id
from local_stack.ml_service.training_run import EVALUATION, MODEL, TrainingRun

logger = logging.getLogger(__name__)

INPUT: Final = "input1"
LABEL: Final = "Label"
_DATASETS: Final = (".csv",)
_EXTENSIONS: Final = {EVALUATION: (".csv",), MODEL: (".ilearner",)}
# The real service works on 40 jobs of an endpoint at a time; here the machine is a small one.
_WORKERS: Final = 2


class BatchRequest(Struct, frozen=True, rename="pascal", forbid_unknown_fields=True):
    """The body of a submit; ``Input`` is the older name for a single input."""

    inputs: dict[str, BlobReference] | None = None
    input: BlobReference | None = None
    outputs: dict[str, BlobReference] | None = None
    global_parameters: dict[str, str | int | float] | None = None
    azure_batch_pool_id: str | None = None


class Batch:
    """The handlers of ``…/services/{guid}/jobs…``."""

    def __init__(self, state: State, transfer: Transfer) -> None:
        self._state = state
        self._transfer = transfer
        self._jobs: dict[str, Job] = {}
        self._workers = ThreadPoolExecutor(_WORKERS, thread_name_prefix="training")

    def submit(self, call: Call) -> Answer:
        """POST jobs: take a job in, not started yet; the answer is its id as a JSON string."""
        endpoint = self._endpoint(call)
        require_api_version(call)
        if endpoint.resources:
            raise not_built("batch scoring; only training services take jobs")
        job = Job(new_id(), endpoint.seed.guid, self._run(decode(call.body, BatchRequest)))
        self._jobs[job.id] = job
        logger.info("ml_service.job_submitted job=%s", job.id)
        return Answer(200, job.id)

    def start(self, call: Call) -> Answer:
        """POST jobs/{job}/start."""
        job = self._job(call)
        require_api_version(call)
        job.start(self._begin, self._state.now())
        return Answer(204)

    def status(self, call: Call) -> Answer:
        """GET jobs/{job}: once it has finished, its results with tokens signed anew."""
        job = self._job(call)
        require_api_version(call)
        studio, now = self._state.studio, self._state.now()
        status = job.look(now, studio.job_pacing)
        results = None
        if status is JobStatus.FINISHED:
            results = {
                name: output.reference(now, studio.sas_lifetime)
                for name, output in job.run.outputs.items()
            }
        code = status.number if studio.numeric_status else status.value
        return Answer(200, {"StatusCode": code, "Results": results, "Details": job.details})

    def cancel(self, call: Call) -> Answer:
        """DELETE jobs/{job}; Microsoft's samples send no api-version here."""
        self._job(call).cancel()
        return Answer(204)

    def close(self) -> None:
        """Let the trainings at work end, and begin no other."""
        self._workers.shutdown(cancel_futures=True)

    def _endpoint(self, call: Call) -> EndpointState:
        endpoint = self._state.endpoint_by_guid(call.parameters["guid"])
        require_score(call, *endpoint.keys)
        return endpoint

    def _job(self, call: Call) -> Job:
        endpoint = self._endpoint(call)
        job = self._jobs.get(call.parameters["job"])
        if job is None or job.guid != endpoint.seed.guid:
            raise bad_argument("MissingJobId")
        return job

    def _begin(self, work: Callable[[], None]) -> Future[None]:
        return self._workers.submit(work)

    def _run(self, request: BatchRequest) -> TrainingRun:
        reference = _input(request)
        parameters = request.global_parameters or {}
        if parameters.keys() - {LABEL}:
            raise bad_argument("UnexpectedParameter")
        if request.azure_batch_pool_id:
            raise not_built("AzureBatchPoolId")
        given = request.outputs or {}
        if unknown := sorted(given.keys() - _EXTENSIONS.keys()):
            raise bad_argument("InvalidOutputOverrideName", unknown[0])
        outputs = {name: self._output(name, given.get(name)) for name in _EXTENSIONS}
        label = parameters.get(LABEL)
        return TrainingRun(self._reader(reference), outputs, None if label is None else str(label))

    def _reader(self, reference: BlobReference) -> Callable[[], bytes]:
        if reference.connection_string:
            account = BlobAccount(reference.connection_string, self._transfer.ca_file)

        def read() -> bytes:
            source = reference
            if reference.connection_string:
                lifetime = self._transfer.within
                source = account.blob_reference(*reference.path, self._state.now(), lifetime)
            with self._transfer.fetch(source.url) as file:
                return file.read()

        return read

    def _output(self, name: str, given: BlobReference | None) -> Output:
        extensions, ca_file = _EXTENSIONS[name], self._transfer.ca_file
        if given is None:
            return DefaultOutput(self._state.studio.storage, extensions[0], ca_file)
        given.require_complete()
        given.require_extension(*extensions)
        if not given.connection_string:
            return SignedOutput(given, self._transfer)
        BlobAccount(given.connection_string, ca_file)
        return AccountOutput(given.connection_string, *given.path, ca_file)


def _input(request: BatchRequest) -> BlobReference:
    if request.input is not None and request.inputs:
        raise bad_argument("DuplicateInputInBatchCall")
    inputs = request.inputs or ({} if request.input is None else {INPUT: request.input})
    if unknown := sorted(inputs.keys() - {INPUT}):
        raise bad_argument("InvalidInputNames", ", ".join(unknown))
    if INPUT not in inputs:
        raise bad_argument("BatchJobInputsNotSpecified", INPUT)
    inputs[INPUT].require_complete()
    inputs[INPUT].require_extension(*_DATASETS)
    return inputs[INPUT]
