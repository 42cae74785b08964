"""What every suite of attacks has: how far it goes, and figures that are printed at the end."""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from local_stack.azurite import Azurite
from local_stack.ml_service import dataset
from local_stack.ml_service.training import train
from tests.chaos.figures_page import PAGE, Counted, figures_text, written

type Figures = Callable[..., None]
_FIGURE = "figure"
_BEGUN = time.monotonic()  # pytest reads this file when a run begins
_LONGEST = (
    "test_left_alone.py",  # a quarter of an hour, nearly all of it waiting
    "test_host_crashes.py",
    "test_storage_faults.py",
    "test_audit.py",  # a worker is given two files at first: this one waits behind the first
    "test_races.py",
    "test_state_machine.py",
    "test_crashes.py",
)


@pytest.fixture
def full(request: pytest.FixtureRequest) -> bool:
    """Whether to run the full form of an attack (`make chaos`) or the short one (`make test`)."""
    return bool(request.config.getoption("full"))


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> Figures:
    """Note figures by name (`figures(places_tried=31, models_lost=0)`); the run ends with them."""

    def note(**named: object) -> None:
        properties = [(_FIGURE, f"{name}={value}") for name, value in named.items()]
        request.node.user_properties.extend(properties)

    return note


@pytest.fixture(scope="module")
def azurite() -> Iterator[Azurite]:
    """Azurite in memory, one for each file: what one attack leaves there slows down no other."""
    with Azurite.start() as running:
        yield running


@pytest.fixture(scope="session")
def models() -> tuple[bytes, bytes]:
    """A model trained on few rows, and one trained on all."""
    return train(dataset.rows("little")), train(dataset.rows("train"))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with what takes longest in its full form, so that no worker is left alone with it."""
    if config.getoption("full"):
        order = {name: place for place, name in enumerate(_LONGEST)}
        items.sort(key=lambda item: order.get(item.path.name, len(order)))


@pytest.hookimpl
def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print every suite's figures, whatever process ran it; write those of a good full run."""
    if hasattr(config, "workerinput"):
        return  # a worker knows its own tests alone, and not whether all the others passed
    counted = list(_counted(terminalreporter))
    if counted:
        terminalreporter.section("figures of the attacks")
    for one in counted:
        file = one.file.removeprefix("tests/chaos/")
        terminalreporter.line(f"{file}::{one.test}: {', '.join(one.figures)}")
    if config.getoption("write_figures"):
        _write(terminalreporter, counted, is_full=config.getoption("full"))


def _write(reporter: pytest.TerminalReporter, counted: list[Counted], *, is_full: bool) -> None:
    if not is_full or reporter.stats.get("failed") or reporter.stats.get("error"):
        reporter.line("The figures are not written: only those of a full run that passed are.")
        return
    took = timedelta(seconds=time.monotonic() - _BEGUN)
    passed, skipped = (len(reporter.stats.get(outcome, [])) for outcome in ("passed", "skipped"))
    text = figures_text(counted, took, passed, skipped)
    PAGE.write_text(written(PAGE.read_text("utf-8"), text), "utf-8")


def _counted(reporter: pytest.TerminalReporter) -> Iterator[Counted]:
    for outcome in ("passed", "failed"):
        for report in reporter.stats.get(outcome, []):
            noted = [str(text) for name, text in report.user_properties if name == _FIGURE]
            if report.when == "call" and noted:
                yield Counted.of(report.nodeid, noted)
