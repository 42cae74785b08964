"""Where nobody is: what a test asks that wants its connections refused."""

import atexit
import socket

# Bound and not listening: connections are refused, and nobody else is given the port meanwhile.
_held = socket.socket()
_held.bind(("127.0.0.1", 0))
atexit.register(_held.close)

NOBODYS_PORT: int = _held.getsockname()[1]
NOBODY = f"http://127.0.0.1:{NOBODYS_PORT}"
