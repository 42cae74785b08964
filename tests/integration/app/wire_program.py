"""Sends one request as the app would, in a process whose environment a test has made.

Prints the status of the answer.
"""

import sys

from protocols.wire import Wire
from settings.secret import Secret


def main(url: str, key: str) -> None:
    """PATCH the address."""
    answer = Wire().send("PATCH", url, key=Secret(key), body=b"{}")
    sys.stdout.write(str(answer.status))


if __name__ == "__main__":
    main(*sys.argv[1:])
