"""What the control plane keeps of each exchange, and when."""

import asyncio

from starlette.responses import Response
from starlette.types import Message, Scope

from local_stack.azureml.exchanges import Exchanges

_SCOPE: Scope = {"type": "http", "method": "PUT", "path": "/models/1", "headers": []}


async def _asked() -> Message:
    return {"type": "http.request", "body": b"{}", "more_body": False}


def test_an_exchange_is_kept_before_the_last_of_its_answer_is_sent() -> None:
    """So a caller who has heard an answer always finds the exchange."""
    exchanges = Exchanges(Response(b'{"name": "1"}', 201))
    kept_as_sent: list[int] = []

    async def heard(message: Message) -> None:
        if message["type"] == "http.response.body":
            kept_as_sent.append(len(exchanges.kept))

    asyncio.run(exchanges(_SCOPE, _asked, heard))

    assert kept_as_sent == [1]
    (exchange,) = exchanges.kept
    assert (exchange.method, exchange.path, exchange.status) == ("PUT", "/models/1", 201)
    assert exchange.answered == b'{"name": "1"}'
