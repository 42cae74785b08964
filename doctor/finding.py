"""One thing that was looked at: well, doubtful or wrong."""

from collections.abc import Iterable
from typing import Literal

import msgspec

type State = Literal["ok", "warning", "fault", "skipped"]


class Finding(msgspec.Struct, frozen=True):
    """What came of one look.

    Attributes:
        area: Where it belongs in the report: `settings`, `endpoints`.
        where: Which setting, table, container or endpoint. Never a value of a setting.
        state: `fault`: something does not work; `warning`: it may, or it waits for you.
        what: What is so, in one sentence. Never a secret.
        fix: What to do about it; empty where nothing is to be done.
    """

    area: str
    where: str
    state: State
    what: str
    fix: str = ""


def has_fault(findings: Iterable[Finding]) -> bool:
    """Say whether something does not work."""
    return any(one.state == "fault" for one in findings)
