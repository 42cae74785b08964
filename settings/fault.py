"""Something wrong in what the user configured, named so that it can be mended."""

from collections.abc import Iterable

import msgspec


class Fault(msgspec.Struct, frozen=True):
    """One thing that is wrong.

    Attributes:
        where: The app setting, or the table and key of the endpoints file. Never a value.
        what: What is wrong and what to do about it. Never a secret.
    """

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


class SettingsError(Exception):
    """The app cannot do this while these settings are wrong; a person must mend them."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(str(fault) for fault in self.faults))
