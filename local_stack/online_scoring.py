"""A caller of an online endpoint, as any user of it is one."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

import msgspec
import requests

from local_stack.ml_service.table import Table

DEPLOYMENT: Final = "azureml-model-deployment"
_ANSWER_WITHIN: Final = 30  # seconds


class _Score(msgspec.Struct):
    label: str


class OnlineScoring:
    """Scores rows, by traffic or at one deployment."""

    def __init__(self, url: str, key: str) -> None:
        self._url = url
        self._headers = {"Authorization": f"Bearer {key}"}

    def accuracy(self, table: Table, label: str, deployment: str | None = None) -> float:
        """The share of rows whose label is found, from 0 to 1."""
        truth = table.column(label)
        answer = self._sent(_request(table, label), deployment)
        given = [one.label for one in msgspec.json.decode(answer.content, type=list[_Score])]
        return sum(one == other for one, other in zip(given, truth, strict=True)) / len(truth)

    def answered_by(self, table: Table, label: str, times: int) -> Counter[str]:
        """Which deployment answers, of so many requests that go by traffic."""
        one_row = _request(Table(table.columns, table.rows[:1]), label)
        return Counter(self._sent(one_row).headers[DEPLOYMENT] for _ in range(times))

    def _sent(self, body: object, deployment: str | None = None) -> requests.Response:
        headers = self._headers if deployment is None else {**self._headers, DEPLOYMENT: deployment}
        response = requests.post(
            self._url, json=body, headers=headers, timeout=_ANSWER_WITHIN, allow_redirects=False
        )
        response.raise_for_status()
        return response


def _request(table: Table, label: str) -> dict[str, dict[str, Sequence[object]]]:
    columns = [name for name in table.columns if name != label]
    at = [table.columns.index(name) for name in columns]
    rows = [[float(row[index]) for index in at] for row in table.rows]
    return {"input_data": {"columns": columns, "data": rows}}
