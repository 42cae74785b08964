"""The `.ilearner` file: what is written is read, and hostile bytes are an error."""

import pickle
from io import BytesIO
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_stack.ml_service import dataset
from local_stack.ml_service.model_file import MAGIC, Model, NotAModelError, load
from local_stack.ml_service.table import Table
from local_stack.ml_service.training import train

MODEL = Model(
    columns=("x", "y"),
    label="class",
    classes=("no", "yes"),
    means=(0.0, 0.0),
    scales=(1.0, 2.0),
    coefficients=((0.0, 0.0), (3.0, -1.0)),
    intercepts=(0.0, 0.5),
    trained_rows=2,
)


def test_a_dumped_model_is_loaded_as_it_was() -> None:
    assert load(BytesIO(MODEL.dump())) == MODEL


def test_scores_are_those_of_the_numbers_in_the_file() -> None:
    [first, second] = MODEL.score(["y", "other", "x"], [["0", "?", "1"], [2, None, -1]])

    assert (first.label, second.label) == ("yes", "no")
    assert first.probability == pytest.approx(0.970687769)
    assert second.probability == pytest.approx(0.970687769)


@given(st.binary(max_size=2000))
def test_any_bytes_are_a_model_or_an_error(content: bytes) -> None:
    for hostile in (content, MAGIC + content, MAGIC + content + b"\n"):
        with pytest.raises(NotAModelError):
            load(BytesIO(hostile))


@given(st.data())
def test_a_damaged_model_file_is_an_error_or_still_a_model(data: st.DataObject) -> None:
    whole = MODEL.dump()
    at = data.draw(st.integers(0, len(whole) - 1))
    damaged = whole[:at] + data.draw(st.binary(max_size=3)) + whole[at + 1 :]
    try:
        loaded = load(BytesIO(damaged))
    except NotAModelError:
        return

    assert len(loaded.coefficients) == len(loaded.classes)


@pytest.mark.parametrize(
    "change",
    [
        {"means": (0.0,)},
        {"scales": (1.0, 0.0)},
        {"coefficients": ((0.0, 0.0),)},
        {"coefficients": ((0.0,), (0.0,))},
        {"intercepts": ()},
        {"columns": (), "means": (), "scales": (), "coefficients": ((), ())},
        {"means": ("0", 0.0)},
        {"trained_rows": None},
        {"more": 1},
    ],
)
def test_numbers_that_do_not_belong_together_are_an_error(change: dict[str, object]) -> None:
    faulty = msgspec.to_builtins(MODEL) | change

    with pytest.raises(NotAModelError):
        load(BytesIO(MAGIC + msgspec.json.encode(faulty) + b"\n"))


@pytest.mark.parametrize(
    "line", [b"[" * 100_000, b'{"means":[1e999]}', b"NaN", b"\xff", b"1" * 33 * 1024 * 1024]
)
def test_json_made_to_break_a_reader_is_an_error(line: bytes) -> None:
    with pytest.raises(NotAModelError):
        load(BytesIO(MAGIC + line + b"\n"))


class Hostile:
    """Unpickled, it leaves a file behind."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.trace,)


def test_a_pickle_is_an_error_and_is_not_run(tmp_path: Path) -> None:
    hostile = pickle.dumps(Hostile(tmp_path / "ran"), protocol=0)

    for content in (hostile, MAGIC + hostile + b"\n"):
        with pytest.raises(NotAModelError):
            load(BytesIO(content))
    assert list(tmp_path.iterdir()) == []


def test_training_twice_on_the_same_rows_gives_the_same_bytes() -> None:
    assert train(dataset.rows("little")) == train(dataset.rows("little"))


def test_two_classes_are_told_apart() -> None:
    rows = Table(("x", "class"), (("1", "a"), ("2", "a"), ("8", "b"), ("9", "b")))

    scores = load(BytesIO(train(rows))).score(["x"], [["0"], ["10"]])

    assert [score.label for score in scores] == ["a", "b"]
    assert all(0.5 < score.probability < 1 for score in scores)


def test_the_parts_of_the_data_set_do_not_overlap_and_the_little_one_is_of_the_training_rows() -> (
    None
):
    little, train_rows, test_rows = (
        dataset.rows("little"), dataset.rows("train"), dataset.rows("test"),
    )  # fmt: skip

    assert (len(little.rows), len(train_rows.rows), len(test_rows.rows)) == (30, 1400, 397)
    assert train_rows.rows[:30] == little.rows
    assert not set(train_rows.rows) & set(test_rows.rows)
    assert Table.from_csv(test_rows.to_csv()) == test_rows
