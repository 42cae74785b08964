"""A service that can be asked what it received, and told what to answer next."""

from datetime import timedelta
from typing import Literal

from local_stack.http_service.journal import Journal, ReceivedRequest
from local_stack.http_service.script import Script, Scripts


class Observed:
    """What tests and the stack ask of every service of ours."""

    def __init__(self) -> None:
        self._journal, self._scripts = Journal(), Scripts()

    @property
    def requests(self) -> list[ReceivedRequest]:
        """The requests received so far, oldest first."""
        return self._journal.requests

    @property
    def scripts_left(self) -> list[Script]:
        """The scripts that no request has met yet."""
        return self._scripts.left

    def script(  # noqa: PLR0913 - each says one thing of a script
        self,
        method: str = "*",
        path_part: str = "",
        *,
        times: int = 1,
        delay: timedelta = timedelta(),
        status: int | None = None,
        headers: dict[str, str] | None = None,
        body: str = "",
        drop: bool = False,
        apply: Literal["no", "before", "after"] = "no",
    ) -> None:
        """Script the next matching requests: see ``Script``."""
        self._scripts.add(
            Script(
                method=method,
                path_part=path_part,
                times=times,
                delay=delay,
                status=status,
                headers=headers or {},
                body=body,
                drop=drop,
                apply=apply,
            )
        )
