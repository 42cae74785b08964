"""A file that only its owner can read, for keys."""

import os
from pathlib import Path


def write_private(file: Path, content: bytes) -> None:
    """Write a file anew with mode 600; one that was there is replaced, not followed."""
    file.unlink(missing_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
