"""What every suite of attacks has: how far it goes, and figures that are printed at the end."""

from collections.abc import Callable, Iterator

import pytest

from local_stack.ml_service import dataset
from local_stack.ml_service.training import train

type Figures = Callable[..., None]
_FIGURE = "figure"


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


@pytest.fixture(scope="session")
def models() -> tuple[bytes, bytes]:
    """A model trained on few rows, and one trained on all."""
    return train(dataset.rows("little")), train(dataset.rows("train"))


@pytest.hookimpl
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print every suite's figures, whatever process ran it."""
    lines = list(_lines(terminalreporter))
    if lines:
        terminalreporter.section("figures of the attacks")
    for line in lines:
        terminalreporter.line(line)


def _lines(reporter: pytest.TerminalReporter) -> Iterator[str]:
    for outcome in ("passed", "failed"):
        for report in reporter.stats.get(outcome, []):
            noted = [text for name, text in report.user_properties if name == _FIGURE]
            if report.when == "call" and noted:
                yield f"{report.nodeid.removeprefix('tests/chaos/')}: {', '.join(map(str, noted))}"
