"""How often a worker with an identity asks for a user delegation key."""

import tempfile
from pathlib import Path

from bench.delegation_keys_worker import Order, Signed
from bench.finding import Finding, Line, ms
from bench.fresh import in_fresh_process
from bench.site import CONTAINER, settings_of
from bench.sizes import Sizes
from local_stack.azurite import Azurite
from local_stack.identity import ManagedIdentity


def measure(sizes: Sizes) -> Finding:
    """Sign many tokens at once in a fresh process, against storage over https."""
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        Azurite.start(oauth=True) as azurite,
        ManagedIdentity.start() as identity,
    ):
        file = Path(folder, "endpoints.toml")
        file.touch()
        environ = settings_of(azurite, file)
        order = Order(environ, CONTAINER, sizes.tokens)
        found = in_fresh_process(
            "delegation_keys_worker", order, Signed, environ | identity.environ
        )
    return Finding(
        [
            Line(
                what="user delegation keys asked for",
                size=f"{found.tokens:,} tokens, one process",
                app=f"{found.key_requests}, {ms(found.seconds / found.tokens)} a token",
                target="1",
                reached=found.key_requests == 1 and found.tokens == sizes.tokens,
            )
        ]
    )
