"""A caller of the scoring endpoint, as any user of the web service is one."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import requests

from local_stack.ml_service.table import Table

_ANSWER_WITHIN = 30  # seconds


class _Value(msgspec.Struct, rename="pascal"):
    values: list[list[str]]


class _Output(msgspec.Struct):
    value: _Value


class _Answer(msgspec.Struct, rename="pascal"):
    results: dict[str, _Output]


class ScoringClient:
    """Scores rows over the request/response API."""

    def __init__(self, url: str, key: str) -> None:
        self._url = url
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    def labels(self, request: bytes) -> list[str]:
        """The label that the model in effect gives to each row of a request body."""
        response = requests.post(
            self._url, request, headers=self._headers, timeout=_ANSWER_WITHIN, allow_redirects=False
        )
        response.raise_for_status()
        answer = msgspec.json.decode(response.content, type=_Answer)
        return [row[0] for row in answer.results["output1"].value.values]

    def label_of_file(self, file: Path) -> str:
        """The label of the first row of a request kept in a file."""
        return self.labels(file.read_bytes())[0]

    def accuracy(self, table: Table, label: str) -> float:
        """The share of rows whose label the model in effect finds, from 0 to 1."""
        truth = table.column(label)
        columns = [name for name in table.columns if name != label]
        at = [table.columns.index(name) for name in columns]
        given = self.labels(_request(columns, [[row[index] for index in at] for row in table.rows]))
        return sum(one == other for one, other in zip(given, truth, strict=True)) / len(truth)


def _request(columns: Sequence[str], values: Sequence[Sequence[str]]) -> bytes:
    table = {"ColumnNames": columns, "Values": values}
    return msgspec.json.encode({"Inputs": {"input1": table}, "GlobalParameters": {}})
