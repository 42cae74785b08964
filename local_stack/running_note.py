"""What another process needs of a running stack; it is in the stack's home while it runs."""

from pathlib import Path
from typing import Self

import msgspec

from local_stack.azurite import StorageAccount
from local_stack.private_file import write_private
from local_stack.trainer import Trainer

_FILE = "running.json"


class NoStackError(Exception):
    """No stack runs from that folder; one sentence that says what to do."""

    def __init__(self, home: Path) -> None:
        super().__init__(
            f"No stack runs from {home}: start one with `make run`, and try again in another "
            "terminal once it serves."
        )


class RunningNote(msgspec.Struct, frozen=True):
    """Where a running stack answers. It holds a key, so only its owner can read it.

    Attributes:
        account: The storage emulator's account.
        trainer: What trains models.
        app_url: The functions host, without a slash at the end.
    """

    account: StorageAccount
    trainer: Trainer
    app_url: str

    @classmethod
    def read(cls, home: Path) -> Self:
        """Read the note of the stack that runs from *home*.

        Raises:
            NoStackError: there is none.
        """
        try:
            return msgspec.json.decode((home / _FILE).read_bytes(), type=cls)
        except (FileNotFoundError, msgspec.DecodeError) as error:
            raise NoStackError(home) from error

    def write(self, home: Path) -> None:
        """Leave the note."""
        write_private(home / _FILE, msgspec.json.encode(self))

    @staticmethod
    def remove(home: Path) -> None:
        """Take the note away; a crashed stack leaves its own, which the next start takes away."""
        (home / _FILE).unlink(missing_ok=True)

    def __repr__(self) -> str:
        """Without the key."""
        return f"RunningNote(app_url={self.app_url!r})"
