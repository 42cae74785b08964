"""What stands in front of MLServer: it asks for a key, notes each request, and passes it on."""

from typing import override

import requests

from tests.integration.mlserver.real_mlserver import RealMLServer
from tests.integration.protocols.model_server import ModelServer, Received, Reply

_PATIENCE = 60.0


class Front(ModelServer):
    """Passes on what has the key; whoever has none is not heard by MLServer.

    Attributes:
        mlserver: What is behind it.
    """

    def __init__(self, mlserver: RealMLServer) -> None:
        super().__init__()
        self.mlserver = mlserver

    @property
    def version(self) -> str | None:
        """The version of the model that scores."""
        scored = self.mlserver.scored()
        return scored.version if scored else None

    def serves(self) -> float | None:
        """Say what the model answers now; None: there is none."""
        scored = self.mlserver.scored()
        return scored.answer if scored else None

    @override
    def answer(self, request: Received) -> Reply:
        try:
            answer = requests.request(
                request.method,
                f"{self.mlserver.url}{request.path}",
                params=dict(request.query),
                data=request.body,
                headers={"Content-Type": request.headers.get("content-type")},
                timeout=_PATIENCE,
            )
        except requests.ConnectionError:
            return 502, {"error": "nobody is behind it"}
        return answer.status_code, answer.content
