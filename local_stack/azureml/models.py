"""Model versions: registered once, and never to be another model afterwards."""

from typing import Final

from local_stack.azureml.body import as_sent, decode
from local_stack.azureml.datastores import Datastores, Place
from local_stack.azureml.documents import model_document
from local_stack.azureml.errors import invalid, not_built, not_found
from local_stack.azureml.management_call import ManagementCall, refuse_query
from local_stack.azureml.model_body import ModelBody
from local_stack.azureml.state import Kept, State
from local_stack.http_service.call import Answer

# That a version's path cannot be changed is what Microsoft's client knows of its own service.
_FIXED: Final = ("modelUri", "modelType")
_NEWEST_FIRST: Final = "createdtime desc"


class Models:
    """The handlers of ``…/models/{name}/versions…``."""

    def __init__(self, state: State, datastores: Datastores) -> None:
        self._state, self._datastores = state, datastores

    def put(self, call: ManagementCall) -> Answer:
        """PUT a version: 201; 200 where it is there already, with what may be changed changed."""
        name, version = call.parameters["name"], call.parameters["version"]
        body = decode(call.body, ModelBody)
        self._require_place(body.properties.model_uri)
        document, now = as_sent(call.body), self._state.now()
        with self._state.lock:
            known = self._state.models.get((name, version))
            if known is None:
                self._state.models[name, version] = Kept(document, call.caller, now, now)
                return self._answer(201, name, version)
            _require_same(known, document)
            known.document, known.modified = document, now
        return self._answer(200, name, version)

    def get(self, call: ManagementCall) -> Answer:
        """GET a version."""
        name, version = call.parameters["name"], call.parameters["version"]
        if (name, version) not in self._state.models:
            raise not_found(f"model {name} version {version}")
        return self._answer(200, name, version)

    def list(self, call: ManagementCall) -> Answer:
        """GET the versions of a model, the newest first."""
        refuse_query(call, "$orderBy", "$top")
        if call.query.get("$orderBy", _NEWEST_FIRST).casefold() != _NEWEST_FIRST:
            raise not_built(f"the order {call.query['$orderBy']}")
        name = call.parameters["name"]
        versions = [version for known, version in self._state.models if known == name]
        if not versions:
            raise not_found(f"model {name}")
        most = int(call.query.get("$top", len(versions)))
        shown = [
            model_document(name, version, self._state.models[name, version], self._state)
            for version in reversed(versions)
        ]
        return Answer(200, {"value": shown[:most]})

    def _require_place(self, uri: str | None) -> None:
        place = Place.read(uri or "", self._state.workspace)
        if place is None:
            raise invalid(f"The model URI {uri} is no path in a datastore of this workspace.")
        if place.datastore not in self._datastores:
            raise invalid(f"The datastore {place.datastore} was not found.")

    def _answer(self, status: int, name: str, version: str) -> Answer:
        kept = self._state.models[name, version]
        return Answer(status, model_document(name, version, kept, self._state))


def _require_same(known: Kept, document: dict[str, object]) -> None:
    before, after = known.document["properties"], document["properties"]
    for member in _FIXED:
        if before.get(member) != after.get(member):  # type: ignore[attr-defined] # decoded before
            raise invalid(f"The {member} of a registered version cannot be changed.")
