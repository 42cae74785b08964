"""The requests of known model servers, as strict as their documents: in shape, not in substance.

A model is a JSON text. One that has no `answer` cannot be loaded.
"""

import json
from typing import Any, override
from urllib.parse import unquote, urlsplit

import requests
from azure.core.exceptions import ResourceNotFoundError
from azure.storage.blob import BlobServiceClient

from tests.integration.protocols.model_server import ModelServer, Received, Reply, fetched

NAME = "census"
_NOT_THERE: Reply = (404, {"error": "there is no such thing"})


def loaded(content: bytes) -> Any:
    """Load a model: what it answers.

    Raises:
        ValueError: It is none.
    """
    document = json.loads(content)
    if "answer" not in document:
        raise ValueError("no model")
    return document["answer"]


class KnownServer(ModelServer):
    """A server whose model `census` answers with what its blob says."""

    def __init__(self, connection_string: str) -> None:
        super().__init__()
        self._storage = connection_string

    def serves(self) -> Any:
        """Say what the model answers now; None: there is none."""
        raise NotImplementedError

    def read_by_own_rights(self, container: str, blob: str) -> bytes:
        """Read a blob as a server does that has credentials of its own."""
        with BlobServiceClient.from_connection_string(self._storage) as service:
            return service.get_blob_client(container, blob).download_blob().readall()


class KServe(KnownServer):
    """One InferenceService in a cluster's API, whose controller works at once."""

    path = f"/apis/serving.kserve.io/v1beta1/namespaces/models/inferenceservices/{NAME}"

    def __init__(self, connection_string: str) -> None:
        super().__init__(connection_string)
        self._document: dict[str, Any] = {
            "metadata": {"name": NAME, "generation": 1},
            "spec": {"predictor": {"model": {"modelFormat": {"name": "sklearn"}}}},
            "status": {},
        }
        self._serves: Any = None

    @override
    def serves(self) -> Any:
        return self._serves

    @override
    def answer(self, request: Received) -> Reply:
        if request.path != self.path:
            return _NOT_THERE
        if request.method == "PATCH":
            if request.headers.get("content-type") != "application/merge-patch+json":
                return 415, {"kind": "Status", "message": "unsupported media type"}
            before = json.dumps(self._document["spec"])
            self._document = _merged(self._document, request.json())
            if json.dumps(self._document["spec"]) != before:
                self._roll_out()
        return 200, self._document

    def _roll_out(self) -> None:
        self._document["metadata"]["generation"] += 1
        address = unquote(urlsplit(self._document["spec"]["predictor"]["model"]["storageUri"]).path)
        _, container, blob = address.removeprefix("/devstoreaccount1").split("/", 2)
        try:
            self._serves = loaded(self.read_by_own_rights(container, blob))
            ready = "True"
        except (ResourceNotFoundError, ValueError):
            ready = "False"  # the revision before goes on serving
        self._document["status"] = {
            "observedGeneration": self._document["metadata"]["generation"],
            "conditions": [
                {"type": "IngressReady", "status": "True"},
                {"type": "Ready", "status": ready},
            ],
        }


class MLServer(KnownServer):
    """MLServer with the repository that the documents show."""

    def __init__(self, connection_string: str) -> None:
        super().__init__(connection_string)
        self.source: dict[str, str] = {}
        self._serves: tuple[str, Any] | None = None

    @property
    def version(self) -> str | None:
        """The version of what it serves."""
        return self._serves[0] if self._serves else None

    @override
    def serves(self) -> Any:
        return self._serves[1] if self._serves else None

    @override
    def answer(self, request: Received) -> Reply:
        match (request.method, request.path):
            case ("POST", "/source"):
                self.source = request.json()
                return 204, None
            case ("POST", "/source/keep") if request.json()["name"] == self.source["name"]:
                return 204, None
            case ("POST", "/v2/repository/models/census/load"):
                return self._load()
            case ("POST", "/v2/models/census/infer"):
                return self._infer(request)
        return _NOT_THERE

    def _load(self) -> Reply:
        try:
            model = loaded(fetched(self.source["url"]))
        except requests.RequestException:
            return 503, {"error": "the model cannot be downloaded"}
        except ValueError:
            return 500, b"Internal Server Error"
        self._serves = (self.source["version"], model)
        return 200, None

    def _infer(self, request: Received) -> Reply:
        if self._serves is None:
            return 404, {"error": "Model census not found"}
        if not request.json()["inputs"][0].keys() >= {"name", "shape", "datatype", "data"}:
            return 422, {"error": "no such input"}
        version, said = self._serves
        output = {"name": "predict", "shape": [1, 1], "datatype": "INT64", "data": [said]}
        return 200, {"model_name": NAME, "model_version": version, "outputs": [output]}


class Triton(KnownServer):
    """Triton in explicit mode on a repository in Azure storage."""

    def __init__(self, connection_string: str, container: str = "") -> None:
        super().__init__(connection_string)
        self.container = container
        self._versions: dict[str, Any] = {}

    @override
    def serves(self) -> Any:
        return self._versions[max(self._versions, key=int)] if self._versions else None

    @override
    def answer(self, request: Received) -> Reply:
        match (request.method, request.path):
            case ("POST", "/v2/repository/models/census/load"):
                return self._load(json.loads(request.json()["parameters"]["config"]))
            case ("GET", "/v2/models/census"):
                if not self._versions:
                    return 400, {"error": "Request for unknown model: 'census' is not found"}
                return 200, {"name": NAME, "versions": sorted(self._versions, key=int)}
        return _NOT_THERE

    def _load(self, config: dict[str, Any]) -> Reply:
        wanted = config["version_policy"]["specific"]["versions"]
        try:
            self._versions = {str(number): loaded(self._model(number)) for number in wanted}
        except (ResourceNotFoundError, ValueError):
            return 400, {"error": "failed to load 'census', failed to poll from model repository"}
        return 200, None

    def _model(self, version: int) -> bytes:
        return self.read_by_own_rights(self.container, f"{NAME}/{version}/model.ilearner")


class TorchServe(KnownServer):
    """TorchServe's management address, with its model API enabled."""

    def __init__(self, connection_string: str) -> None:
        super().__init__(connection_string)
        self._versions: dict[str, Any] = {}
        self._files: set[str] = set()
        self._default = ""

    @override
    def serves(self) -> Any:
        return self._versions.get(self._default)

    @override
    def answer(self, request: Received) -> Reply:
        match (request.method, request.path.strip("/").split("/")):
            case ("POST", ["models"]):
                return self._register(request)
            case ("PUT", ["models", "census", version, "set-default"]):
                return self._set_default(version)
            case ("GET", ["models", "census"]) if self._default:
                workers = [{"id": "9000", "status": "READY"}]
                shown = {"modelName": NAME, "modelVersion": self._default, "workers": workers}
                return 200, [shown]
        return _NOT_THERE

    def _register(self, request: Received) -> Reply:
        url, file = request.query["url"], urlsplit(request.query["url"]).path.rpartition("/")[2]
        version = file.partition(".")[0]  # of the archive, really
        if request.query["model_name"] != NAME or request.query["synchronous"] != "true":
            return 400, {"code": 400, "type": "BadRequestException"}
        if version in self._versions:
            return 409, {"code": 409, "type": "ConflictStatusException"}
        if file in self._files:
            return 500, {"code": 500, "message": f"Model file already exists {file}"}
        try:
            model = loaded(fetched(url))
        except (requests.RequestException, ValueError) as error:
            return 500, {"code": 500, "message": f"Failed to download archive {url}: {error}"}
        self._files.add(file)
        self._versions[version] = model
        self._default = self._default or version
        return 200, {"status": f'Model "{NAME}" Version: {version} registered with 1 workers'}

    def _set_default(self, version: str) -> Reply:
        if version not in self._versions:
            return 404, {"code": 404, "type": "ModelVersionNotFoundException"}
        self._default = version
        return 200, {"status": "Default version successfully updated"}


def _merged(document: Any, patch: Any) -> Any:
    """Lay a merge patch over a document (RFC 7396)."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(document) if isinstance(document, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = _merged(merged.get(key), value)
    return merged
