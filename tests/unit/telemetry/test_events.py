"""One line per decision: a constant name and its fields."""

import io
import logging
import re
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry.events import emit, quieten_sdks


class Log:
    """A logger that nobody else has, and what was written to it."""

    def __init__(self) -> None:
        self.stream = io.StringIO()
        self.logger = logging.Logger("census", logging.INFO)  # noqa: LOG001 - one that no other test has
        handler = logging.StreamHandler(self.stream)
        handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
        self.logger.addHandler(handler)

    def text(self) -> str:
        """All that was written."""
        return self.stream.getvalue()


@pytest.fixture
def sdk_loggers() -> Iterator[list[logging.Logger]]:
    """The SDKs' loggers, with their levels put back afterwards."""
    loggers = [logging.getLogger(name) for name in ("azure", "urllib3")]
    levels = [logger.level for logger in loggers]
    yield loggers
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)


def test_an_event_is_a_line_of_its_name_and_fields() -> None:
    log = Log()

    emit(log.logger, "patch_endpoint.patched", endpoint="census", attempts=2, dry_run=False)

    assert log.text() == "INFO patch_endpoint.patched endpoint=census attempts=2 dry_run=False\n"


def test_a_field_of_none_is_left_out() -> None:
    log = Log()

    emit(log.logger, "skipped", endpoint="census", reason=None)

    assert log.text() == "INFO skipped endpoint=census\n"


def test_an_event_has_the_level_that_it_is_given() -> None:
    log = Log()

    emit(log.logger, "refused", level=logging.ERROR)
    emit(log.logger, "unimportant", level=logging.DEBUG)

    assert log.text() == "ERROR refused\n"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("a b", '"a b"'),
        ("", '""'),
        ("a=b", '"a=b"'),
        ('say "so"', r'"say \"so\""'),
        ("back\\slash and more", r'"back\\slash and more"'),
        ("two\nlines", r'"two\nlines"'),
        ("\x1b[31mred", r'"\x1b[31mred"'),
        ("a\u2028b", r'"a\u2028b"'),
        ("modèle.ilearner", "modèle.ilearner"),
    ],
)
def test_a_value_that_could_be_misread_is_quoted(value: str, written: str) -> None:
    log = Log()

    emit(log.logger, "landed", model=value)

    assert log.text() == f"INFO landed model={written}\n"


def test_a_percent_sign_in_a_value_is_no_placeholder() -> None:
    log = Log()

    emit(log.logger, "landed", model="100%s%d.ilearner")

    assert log.text() == "INFO landed model=100%s%d.ilearner\n"


def test_a_secret_in_a_field_is_masked() -> None:
    log = Log()

    emit(log.logger, "failed", error=ValueError("https://a.example/b?sv=1&sig=Zm9vYmFy"))

    assert "Zm9vYmFy" not in log.text()
    assert "sig=<SECRET>" in log.text()


@given(st.text())
def test_whatever_a_name_holds_an_event_is_one_line_with_one_field(value: str) -> None:
    log = Log()

    emit(log.logger, "landed", model=value)

    (line,) = log.text().splitlines()
    assert re.fullmatch(r'INFO landed model=(?:[^\s"=]+|"(?:[^"\\]|\\.)*")', line)


def test_the_sdks_own_lines_stay_out_and_their_warnings_do_not(
    sdk_loggers: list[logging.Logger],
) -> None:
    quieten_sdks()

    assert [logger.isEnabledFor(logging.INFO) for logger in sdk_loggers] == [False, False]
    assert [logger.isEnabledFor(logging.WARNING) for logger in sdk_loggers] == [True, True]
