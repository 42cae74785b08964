"""Any server that takes a model by HTTP: the requests of its table, in their order."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from time import monotonic

import msgspec

from protocols.blob_reference import BlobReference, secrets_in
from protocols.classic_answers import unwelcome
from protocols.expectation import UNREADABLE, holds
from protocols.headers import plain
from protocols.http_server.keys import Header, HttpRequest, http_keys
from protocols.http_server.template import TOKENS, filled, filled_url, values_of
from protocols.protocol import Abilities, Accepted, Answer, ReadsBy, Refused, Served, Unsettled
from protocols.wire import HttpAnswer, NoAnswerError, Wire
from settings.scoring_endpoint import ScoringEndpoint
from settings.secret import Secret
from telemetry.redaction import MASK, redact

NAME = "http"
_SUCCESS = range(200, 300)


class HttpServer:
    """See `ScoringProtocol`."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def abilities(self, endpoint: ScoringEndpoint) -> Abilities:
        """See `ScoringProtocol`: as the table has it."""
        keys = http_keys(endpoint)
        reads_by: ReadsBy = "token" if keys.renew_token else "token_once"
        return Abilities(
            reads_by=reads_by if keys.needs_token else "identity",
            tells_served=keys.proof is not None,
            settles_after=keys.settles_after,
        )

    def resource_of(self, endpoint: ScoringEndpoint) -> str | Refused | Unsettled:
        """See `ScoringProtocol`: the endpoint as a whole is updated."""
        del endpoint
        return ""

    def patch(self, endpoint: ScoringEndpoint, resource: str, model: BlobReference) -> Answer:
        """Send the requests one after the other, as long as each is accepted.

        All of them have the time of one: whoever claims the endpoint claims it for no longer.
        """
        del resource
        secrets = secrets_in(model.sas_token)
        over_at = monotonic() + self._wire.limit.total_seconds()
        for number, request in enumerate(http_keys(endpoint).requests):
            left = timedelta(seconds=over_at - monotonic())
            answer = self._sent(request, values_of(model), secrets, left)
            if isinstance(answer, Unsettled) and number > 0:
                # What was accepted before may have an effect of its own.
                return msgspec.structs.replace(answer, maybe_applied=True)
            if not isinstance(answer, HttpAnswer):
                return answer
        return Accepted()

    def served(
        self, endpoint: ScoringEndpoint, resource: str, model: BlobReference
    ) -> Served | bool | Refused | Unsettled | None:
        """Ask for the proof that it serves *model*."""
        del resource
        proof = http_keys(endpoint).proof
        if proof is None:
            return None
        values = values_of(model)
        answer = self._sent(proof.request, values)
        if not isinstance(answer, HttpAnswer):
            return answer
        sent = {name: text for name, text in values.items() if name not in TOKENS}
        sent["location"] = f"{model.base_location}{model.relative_location}"
        found = holds(proof.expect, answer.body, sent=sent)
        return Unsettled("proof_unreadable", UNREADABLE) if found is None else found

    def score(self, endpoint: ScoringEndpoint) -> bool | Refused | Unsettled:
        """POST the smoke test's request and hold the answer against its expectation."""
        smoke_test = endpoint.smoke_test
        if smoke_test is None:
            return Refused("no_smoke_test", "the endpoint has no smoke test")
        headers = http_keys(endpoint).smoke_headers
        request = HttpRequest(method="POST", url=smoke_test.score_url, headers=headers)
        answer = self._exchanged(request, smoke_test.score_url, smoke_test.request)
        if not isinstance(answer, HttpAnswer):
            return answer
        found = holds(smoke_test.expect, answer.body)
        return Unsettled("smoke_test_unreadable", UNREADABLE) if found is None else found

    def request_plan(self, endpoint: ScoringEndpoint, model: BlobReference) -> dict[str, object]:
        """Say what `patch` would send, every secret masked."""
        masked = msgspec.structs.replace(model, sas_token=Secret(redact(model.sas_token.reveal())))
        values = values_of(masked)
        return {"requests": [_plan(one, values) for one in http_keys(endpoint).requests]}

    def _sent(
        self,
        request: HttpRequest,
        values: Mapping[str, str],
        secrets: Iterable[Secret] = (),
        limit: timedelta | None = None,
    ) -> HttpAnswer | Refused | Unsettled:
        """Send a request with a model's *values* in it."""
        url = filled_url(request.url, values)
        body = filled(request.body, values)
        content = None if body is None else msgspec.json.encode(body)
        return self._exchanged(request, url, content, secrets, limit)

    def _exchanged(
        self,
        request: HttpRequest,
        url: str,
        body: bytes | None,
        secrets: Iterable[Secret] = (),
        limit: timedelta | None = None,
    ) -> HttpAnswer | Refused | Unsettled:
        headers = {one.name: one.says for one in request.headers}
        try:
            answer = self._wire.send_as(
                request.method, url, headers=headers, body=body, limit=limit
            )
        except NoAnswerError as error:
            return Unsettled(error.code, str(error), error.retry_after, maybe_applied=error.sent)
        if answer.status in (request.accepted or _SUCCESS):
            return answer
        said = unwelcome(answer, [*_secrets(request.headers), *secrets])
        if answer.status in request.refused:
            return Refused(said.code, said.message, about_model=True)
        return said


def _secrets(headers: Iterable[Header]) -> list[Secret]:
    """Give what no message may repeat: a header's keys, and what stands after a scheme in one."""
    keys = [key for header in headers for key in header.secrets]
    return [*keys, *(Secret(one.rpartition(" ")[2]) for key in keys for one in key.known())]


def _plan(request: HttpRequest, values: Mapping[str, str]) -> dict[str, object]:
    return {
        "method": request.method,
        "url": redact(filled_url(request.url, values)),
        "headers": {
            one.name: MASK if one.secrets else plain({one.name: one.says}, {})[one.name]
            for one in request.headers
        },
        "body": filled(request.body, values),
    }
