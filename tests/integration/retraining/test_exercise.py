"""A training protocol that nobody speaks, as an exercise: all of it is here, and a line of a table.

A kiln bakes what it is filled with, at once, under an id of ours; it reads and writes by tokens.
"""

from typing import ClassVar, Final

from azure.storage.blob import BlobClient

from local_stack.ml_service.table import Table as Rows
from local_stack.ml_service.training import train
from protocols.batch import AlreadyStarted, BatchAbilities, BatchJob, BatchRequest, Submitted
from protocols.protocol import Accepted, Refused, Unsettled
from protocols.table import PROTOCOLS, Kind, Training
from retrain_trigger.engine import App
from settings.retraining import ReadSecret, Retrain, ServiceKeys, TrainingService
from settings.table import Table, text
from tests.integration.retraining.conftest import MakeApp
from tests.integration.retraining.retraining_app import OURS
from tests.integration.retraining.test_whole_jobs import settled

NAME: Final = "kiln"


class KilnKeys(ServiceKeys, frozen=True, kw_only=True):
    """The keys of one kiln."""

    ADDRESS: ClassVar = "place"

    place: str


def read_kiln_keys(table: Table, secret: ReadSecret) -> KilnKeys:
    """Read the keys of one training service's table."""
    del secret
    return KilnKeys(place=table.required("place", text, instead=""))


class Kiln:
    """See `protocols.batch.BatchProtocol`."""

    def __init__(self) -> None:
        self.filled: list[str] = []
        self.baked: set[str] = set()

    def abilities(self, service: TrainingService) -> BatchAbilities:
        """See `BatchProtocol`."""
        del service
        return BatchAbilities(reads_by="token", starts="submitted", keeps_outputs=False)

    def unfit(self, service: TrainingService, retrain: Retrain) -> str | None:
        """See `BatchProtocol`."""
        del service
        return None if retrain.inputs else "inputs: a kiln is not baked empty"

    def reach(self, service: TrainingService) -> Accepted | Refused | Unsettled:
        """See `BatchProtocol`."""
        del service
        return Accepted()

    def submit(
        self, service: TrainingService, request: BatchRequest
    ) -> Submitted | Refused | Unsettled:
        """Train with what the tokens let it read, and write where they let it."""
        del service
        self.filled.append(request.id)
        [rows], [model] = request.inputs.values(), request.outputs.values()
        with BlobClient.from_blob_url(rows.url().reveal()) as blob:
            content = train(Rows.from_csv(blob.download_blob().readall()))
        with BlobClient.from_blob_url(model.url().reveal()) as blob:
            blob.upload_blob(content)
        self.baked.add(request.id)
        return Submitted(request.id)

    def start(
        self, service: TrainingService, job_id: str
    ) -> Accepted | AlreadyStarted | Refused | Unsettled:
        """See `BatchProtocol`."""
        del service, job_id
        return AlreadyStarted()

    def look(self, service: TrainingService, job_id: str) -> BatchJob | Refused | Unsettled:
        """See `BatchProtocol`."""
        del service
        if job_id not in self.baked:
            return Refused("http_404", "the kiln is cold")
        return BatchJob("finished", "Baked", {}, None)

    def cancel(self, service: TrainingService, job_id: str) -> Accepted | Refused | Unsettled:
        """See `BatchProtocol`."""
        del service, job_id
        return Refused("http_400", "it is hot")

    def submit_plan(self, service: TrainingService, request: BatchRequest) -> dict[str, object]:
        """See `BatchProtocol`."""
        del service
        return {"fill": sorted(request.inputs)}


def test_a_protocol_of_its_own_needs_no_change_outside_its_own_place(make_app: MakeApp) -> None:
    kiln, classic = Kiln(), PROTOCOLS["studio-classic"]
    training = Training(read_kiln_keys, lambda _, __: kiln)
    kinds = {**PROTOCOLS, NAME: Kind(classic.read_keys, classic.make, training)}
    with make_app() as app:
        app.configure(outputs=OURS)
        file = app.folder / "endpoints.toml"
        before, _, _ = file.read_text("utf-8").partition("[training_services")
        table = f'[training_services.digits]\nprotocol = "{NAME}"\nplace = "the yard"\n'
        file.write_text(before + table, "utf-8")
        app.app = App(app.settings(), app.folder, now=app.clock, protocols=kinds)

        job_id = app.begun()
        app.tick()
        settled(app)

        assert (app.job(job_id).state, app.job(job_id).status) == ("finished", "Baked")
        assert kiln.filled == [job_id]
        assert [one["RelativeLocation"] for one in app.patched()] == [
            f"{app.container}/digits/{job_id}.ilearner"
        ]
