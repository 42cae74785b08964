"""Each scoring endpoint: can it be reached, is its key accepted, is its resource there?"""

from collections.abc import Iterator, Mapping
from typing import Final

from msgspec.structs import replace

from doctor.finding import Finding
from protocols.azureml_online.arm import ROLE
from protocols.azureml_online.keys import AzuremlKeys
from protocols.blob_reference import BlobReference
from protocols.classic_keys import ClassicKeys
from protocols.protocol import Refused, ScoringProtocol, Unsettled
from settings.container import KEPT_CONTAINER
from settings.scoring_endpoint import ScoringEndpoint
from settings.secret import Secret

_AREA: Final = "endpoints"
FIXES: Final[Mapping[str, str]] = {
    "http_401": "the key is not this endpoint's: copy its own key to where api_key says",
    "http_403": "the key is not this endpoint's: copy its own key to where api_key says",
    "http_404": "nothing is at this address: compare it with the service's own page",
    "no_answer": "check the address, the firewall between, and whether the service runs",
    "key_missing": "put the key into Key Vault, or mend the secret's address",
    "key_unusable": "put the key itself into the secret: one line of plain signs",
    "vault_forbidden": "give the app's identity the role Key Vault Secrets User",
    "vault_unavailable": "check the vault's name, and its firewall",
    "no_identity": "where the app runs, give it an identity; on your machine, `az login`",
    "several_resources": "set `resource` to one of those",
    "workspace_forbidden": f"give it the role {ROLE} there; on your machine you are asked for",
    "endpoint_not_found": "make the endpoint there, or mend workspace or online_endpoint",
    "no_updatable_resource": "name an endpoint of the predictive web service that is not default",
}
_NOT_LET_IN: Final = frozenset({"http_401", "http_403"})
_NO_MODEL: Final = BlobReference(
    "https://doctor.invalid/", "doctor/no-model", Secret(""), name="doctor/no-model", etag="0"
)
_ANY_FIX: Final = "look at the endpoint in its service; GET /api/endpoints/<name> has the history"


def endpoint(one: ScoringEndpoint, protocol: ScoringProtocol, container: str) -> Iterator[Finding]:
    """Ask an endpoint about itself, and have it score its smoke test; nothing is sent to serve.

    Args:
        one: Which.
        protocol: What it speaks.
        container: The container of the models.
    """
    found: Finding | None
    if isinstance(one.keys, ClassicKeys):
        found = _classic(one, one.keys, protocol)
    elif isinstance(one.keys, AzuremlKeys):
        yield from _datastores(one, one.keys, container)
        found = _managed(one, protocol)
    else:
        found = _by_proof(one, protocol)
    if found is not None:
        yield found
    if one.smoke_test is not None and (found is None or found.state == "ok"):
        yield _smoke_test(one, protocol)


def _classic(one: ScoringEndpoint, keys: ClassicKeys, protocol: ScoringProtocol) -> Finding:
    resource = protocol.resource_of(one)
    if isinstance(resource, (Refused, Unsettled)):
        return _trouble(one, resource, "resource")
    told = protocol.served(one, resource, _NO_MODEL)
    if isinstance(told, (Refused, Unsettled)):
        return _trouble(one, told, "patch_url")
    is_silent = told is None and keys.resource is not None
    well = Finding(_AREA, one.name, "ok", "it answers, takes its key and has its resource")
    return (_missing(one, keys, protocol) if is_silent else None) or well


def _managed(one: ScoringEndpoint, protocol: ScoringProtocol) -> Finding:
    """Ask for the endpoint. What may be written there cannot be tried without writing it."""
    told = protocol.served(one, "", _NO_MODEL)
    if isinstance(told, (Refused, Unsettled)):
        return _trouble(one, told, "workspace")
    return Finding(_AREA, one.name, "ok", "its workspace has it, and lets the identity in")


def _datastores(one: ScoringEndpoint, keys: AzuremlKeys, container: str) -> Iterator[Finding]:
    if container not in keys.datastores:
        what = f"it names none for {container}, where the models are"
        yield _finding(one, "datastores", what, "make a datastore of that container, and name it")
    keeps = one.keep > 0 and not keys.model_is_folder
    if keeps and KEPT_CONTAINER not in keys.datastores:
        where = f"endpoints.{one.name}.datastores"
        what = f"it names none for {KEPT_CONTAINER}: copies that are kept cannot be deployed"
        fix = "make a datastore of that container, and name it; or set keep = 0"
        yield Finding(_AREA, where, "warning", what, fix)


def _by_proof(one: ScoringEndpoint, protocol: ScoringProtocol) -> Finding | None:
    """Ask for the proof of a model that nobody has: whatever it says of that, it answers."""
    told = protocol.served(one, "", _NO_MODEL)
    if isinstance(told, Refused) and told.code in _NOT_LET_IN:
        return _trouble(one, told, "proof")
    if isinstance(told, Unsettled) and told.code != "proof_unreadable":
        return _trouble(one, told, "proof")
    if told is not None:
        return Finding(_AREA, one.name, "ok", "it answers and takes its key")
    if one.smoke_test is not None:
        return None
    what = "it has neither a proof nor a smoke test: no model is ever confirmed"
    return Finding(_AREA, one.name, "warning", what, "add one of them, see docs/protocols.md")


def _missing(one: ScoringEndpoint, keys: ClassicKeys, protocol: ScoringProtocol) -> Finding | None:
    """Say that the configured resource is not there: an endpoint need not tell its location."""
    asked = protocol.resource_of(replace(one, keys=replace(keys, resource=None)))
    if isinstance(asked, Unsettled) or asked == keys.resource:
        return None
    if isinstance(asked, Refused):
        if asked.code == "several_resources" and (keys.resource or "") in asked.message:
            return None
        return _trouble(one, asked, "resource")
    what = f"it has no resource of this name, but {asked!r}"
    return _finding(one, "resource", what, "set `resource` to that, or leave it out")


def _smoke_test(one: ScoringEndpoint, protocol: ScoringProtocol) -> Finding:
    answer = protocol.score(one)
    where = f"{one.name}: smoke_test"
    if isinstance(answer, bool):
        told = "as expected" if answer else "otherwise than expected, as the old model may"
        return Finding(_AREA, where, "ok", f"it is answered {told}")
    if answer.code == "smoke_test_unreadable":
        fix = "mend `expect` or `request`: no model would ever be confirmed"
        return Finding(_AREA, where, "fault", f"{answer.message} ({answer.code})", fix)
    return _trouble(one, answer, "smoke_test.score_url")


def _trouble(one: ScoringEndpoint, answer: Refused | Unsettled, key: str) -> Finding:
    what = f"{answer.message or 'it refused'} ({answer.code})"
    return _finding(one, key, what, FIXES.get(answer.code, _ANY_FIX))


def _finding(one: ScoringEndpoint, key: str, what: str, fix: str) -> Finding:
    return Finding(_AREA, f"endpoints.{one.name}.{key}", "fault", what, fix)
