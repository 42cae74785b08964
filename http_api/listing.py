"""The endpoints in short, a page at a time.

A page shows the endpoints of the file, also those that have no record yet. So pages follow the one
order that storage lists records in: the names' own order is another.
"""

from collections.abc import Iterator
from http import HTTPStatus
from urllib.parse import quote

import azure.functions as func

from http_api.answers import ProblemError, answer
from http_api.documents import endpoint_summary
from patch_endpoint.records import Summary, listing_order
from retrain_trigger.engine import Engine
from settings.endpoints_file import is_endpoint_name

PAGE_SIZE = 100


def list_endpoints(engine: Engine, req: func.HttpRequest, page_size: int) -> func.HttpResponse:
    """Say what serves where, out of one listing and at most *page_size* at a time.

    Raises:
        ProblemError: `after` is no endpoint's name.
    """
    after = req.params.get("after", "")
    if after and not is_endpoint_name(after):
        raise ProblemError(HTTPStatus.BAD_REQUEST, "after is no endpoint's name")
    endpoints = engine.endpoints.current().by_name
    names = sorted(endpoints, key=listing_order)
    if after:
        names = [name for name in names if listing_order(name) > listing_order(after)]
    page = names[:page_size]
    summaries = dict(_summaries(engine, after, page[-1])) if page else {}
    body: dict[str, object] = {
        "value": [endpoint_summary(endpoints[name], summaries.get(name)) for name in page]
    }
    if len(names) > page_size:
        body["nextLink"] = f"{req.url.split('?')[0]}?after={quote(page[-1])}"
    return answer(body)


def _summaries(engine: Engine, after: str, last: str) -> Iterator[tuple[str, Summary]]:
    for summary in engine.records.summaries(after=after):
        if listing_order(summary.endpoint) > listing_order(last):
            return
        yield summary.endpoint, summary
