"""Each scoring endpoint: can it be reached, is its key accepted, is its resource there?"""

from collections.abc import Iterator, Mapping
from typing import Final

from msgspec.structs import replace

from doctor.finding import Finding
from protocols.protocol import Refused, ScoringProtocol, Unsettled
from settings.scoring_endpoint import ScoringEndpoint

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
    "no_updatable_resource": "name an endpoint of the predictive web service that is not default",
}
_ANY_FIX: Final = "look at the endpoint in its service; GET /api/endpoints/<name> has the history"


def endpoint(one: ScoringEndpoint, protocol: ScoringProtocol) -> Iterator[Finding]:
    """Ask an endpoint about itself, and have it score its smoke test; nothing is sent to serve."""
    resource = protocol.resource_of(one)
    if isinstance(resource, (Refused, Unsettled)):
        yield _trouble(one, resource, "resource")
        return
    told = protocol.served(one, resource)
    if isinstance(told, (Refused, Unsettled)):
        yield _trouble(one, told, "patch_url")
        return
    missing = _missing(one, protocol) if told is None and one.resource is not None else None
    if missing is not None:
        yield missing
        return
    yield Finding(_AREA, one.name, "ok", "it answers, takes its key and has its resource")
    if one.smoke_test is not None:
        yield _smoke_test(one, protocol)


def _missing(one: ScoringEndpoint, protocol: ScoringProtocol) -> Finding | None:
    """Say that the configured resource is not there: an endpoint need not tell its location."""
    asked = protocol.resource_of(replace(one, resource=None))
    if isinstance(asked, Unsettled) or asked == one.resource:
        return None
    if isinstance(asked, Refused):
        if asked.code == "several_resources" and (one.resource or "") in asked.message:
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
