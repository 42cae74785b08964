"""How the next deployment or job ends, or how long it takes, whatever it really does."""

from threading import Lock

from msgspec import Struct

from local_stack.azureml.errors import OperationError
from local_stack.azureml.pacing import Pacing


class Fate(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What befalls a deployment's creation or a job.

    Attributes:
        name: Of the deployment or job; ``*`` for any.
        code: What it fails with, such as ``OutOfQuota``; empty: it ends as it really does.
            ``OperationCanceled`` has it end as canceled.
        message: Said with the code.
        pacing: When its end shows; ``None``: as the workspace's own pacing has it.
    """

    name: str = "*"
    code: str = ""
    message: str = ""
    pacing: Pacing | None = None

    def strike(self) -> None:
        """Fail, if it is to.

        Raises:
            OperationError: It is to.
        """
        if self.code:
            raise OperationError(self.code, self.message or f"Scripted: {self.code}.")


class Fates:
    """Those still to come, first come first served; each strikes once."""

    def __init__(self) -> None:
        self._fates: list[Fate] = []
        self._lock = Lock()

    def add(self, fate: Fate) -> None:
        """Let this one strike too, after those added earlier."""
        with self._lock:
            self._fates.append(fate)

    def take(self, name: str) -> Fate:
        """The fate of what is begun now; without one, nothing befalls it."""
        with self._lock:
            for at, fate in enumerate(self._fates):
                if fate.name in {"*", name}:
                    return self._fates.pop(at)
        return Fate()
