"""The app as a deployed one runs: its settings and its identity from the process environment.

Announces each model that it is given, and logs all there is to stderr. Prints as JSON the documents
of its endpoints, and how many requests for a user delegation key the storage SDK sent, by the SDK's
own log. While a model lands its clock stands: on a machine under load, storage may take longer than
the time within which a claimed PATCH may be sent, and then none would be.
"""

import json
import logging
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import override

from http_api.routes import Routes
from retrain_trigger.engine import App
from retrain_trigger.landed import model_landed
from settings.bindings import process_environment
from tests.integration.app.running_app import request


class KeyRequests(logging.Handler):
    """Counts the requests for a key in the SDK's log of all its requests."""

    count = 0

    @override
    def emit(self, record: logging.LogRecord) -> None:
        # The log masks the query. Of all that the app sends to storage this alone is a POST.
        self.count += "Request method: 'POST'" in record.getMessage()


class StandingClock:
    """Stands until it is set."""

    def __init__(self) -> None:
        self.set()

    def __call__(self) -> datetime:
        """Give the time that it was set to."""
        return self._now

    def set(self) -> None:
        """Set it to the time that it is."""
        self._now = datetime.now(UTC)


def main(*models: str) -> None:
    """Land the models one after the other."""
    logging.basicConfig(level=logging.DEBUG)
    keys = KeyRequests()
    sdk = logging.getLogger("azure.core.pipeline.policies.http_logging_policy")
    sdk.addHandler(keys)
    clock = StandingClock()
    app = App(process_environment(), Path(), now=clock)
    routes = Routes(lambda: app)
    for model in models:
        clock.set()
        model_landed(app.engine, model)
    documents = [
        json.loads(routes.get_endpoint(request("GET", name)).get_body())
        for name in app.engine.endpoints.current().by_name
    ]
    sys.stdout.write(json.dumps({"documents": documents, "key_requests": keys.count}))


if __name__ == "__main__":
    main(*sys.argv[1:])
