"""A table of text cells with named columns, as CSV and as the wire carry it."""

import csv
import io
from dataclasses import dataclass
from typing import Self


class TableError(ValueError):
    """Text that is no table; the message is the sentence the Studio modules use."""


@dataclass(frozen=True, slots=True)
class Table:
    """Named columns and rows of text cells."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def to_csv(self) -> bytes:
        """UTF-8 CSV with a header row."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(self.columns)
        writer.writerows(self.rows)
        return text.getvalue().encode()

    @classmethod
    def from_csv(cls, content: bytes) -> Self:
        """Read UTF-8 CSV with a header row.

        Raises:
            TableError: It is not UTF-8, has no rows, or its rows differ in length.
        """
        try:
            lines = [
                tuple(line) for line in csv.reader(io.StringIO(content.decode("utf-8-sig"))) if line
            ]
        except (UnicodeDecodeError, csv.Error) as exc:
            raise TableError(f"The input is not CSV: {exc}") from exc
        if len(lines) < 2:  # noqa: PLR2004 - a header row and one more
            raise TableError("The input has no rows below its header row")
        header, rows = lines[0], lines[1:]
        if any(len(row) != len(header) for row in rows):
            raise TableError("All rows must have same number of elements")
        if len(set(header)) != len(header):
            raise TableError("Two columns have the same name")
        return cls(header, tuple(rows))

    def column(self, name: str) -> tuple[str, ...]:
        """The cells of one column."""
        at = self.columns.index(name)
        return tuple(row[at] for row in self.rows)
