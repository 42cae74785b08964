"""An answer as HTTP carries it."""

from uuid import uuid4

import msgspec
from starlette.responses import Response

from local_stack.http_service.call import Answer


def http_answer(answer: Answer) -> Response:
    """UTF-8 JSON with the request id that the real services send along."""
    headers = {"x-ms-request-id": str(uuid4()), **answer.headers}
    if answer.body is None:
        return Response(status_code=answer.status, headers=headers)
    content = msgspec.json.encode(answer.body)
    headers["content-type"] = "application/json; charset=utf-8"
    return Response(content, answer.status, headers)
