"""Each line belongs to its invocation, whatever thread writes it."""

import io
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Barrier
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.instrumentation.logging.handler import LoggingHandler
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor

from retrain_trigger.side_by_side import side_by_side
from settings.secret import Secret
from telemetry.events import emit
from telemetry.invocation import invocation_id, invoked

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"
NO_TRACE = 0


@dataclass(frozen=True)
class Traced:
    """W3C trace context as the worker tells it."""

    trace_parent: str = ""
    trace_state: str = ""


@dataclass(frozen=True)
class Call:
    """See `telemetry.invocation.Call`."""

    invocation_id: str
    trace_context: Traced = field(default_factory=Traced)


class Exported:
    """What OpenTelemetry's own SDK exports of a logger that no other test has."""

    def __init__(self) -> None:
        self.exporter = InMemoryLogRecordExporter()  # type: ignore[no-untyped-call] # theirs
        provider = LoggerProvider(shutdown_on_exit=False)
        provider.add_log_record_processor(SimpleLogRecordProcessor(self.exporter))
        self.logger = logging.Logger("census", logging.INFO)  # noqa: LOG001 - see above
        self.logger.addHandler(LoggingHandler(logger_provider=provider))

    def attributes(self) -> list[dict[str, Any]]:
        """The attributes of each record."""
        return [dict(one.log_record.attributes or {}) for one in self._records()]

    def traces(self) -> list[int]:
        """The trace of each record."""
        return [one.log_record.trace_id or NO_TRACE for one in self._records()]

    def names(self) -> list[str | None]:
        """The event name of each record."""
        return [one.log_record.event_name for one in self._records()]

    def _records(self) -> Any:
        return self.exporter.get_finished_logs()


@pytest.fixture
def exported() -> Exported:
    return Exported()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """Threads as the worker's are: nobody's context goes along."""
    with ThreadPoolExecutor(4) as threads:
        yield threads


def test_the_fields_of_an_event_are_attributes(exported: Exported) -> None:
    emit(exported.logger, "patch.accepted", endpoint="census", message="ok", duration=1.5, dry=True)

    assert exported.names() == ["patch.accepted"]
    assert exported.attributes() == [
        {
            "redeployer.endpoint": "census",
            "redeployer.message": "ok",
            "redeployer.duration": 1.5,
            "redeployer.dry": True,
        }
    ]


def test_no_secret_is_in_an_attribute(exported: Exported) -> None:
    error = ValueError("https://a.example/b?sv=1&sig=Zm9vYmFy")

    emit(exported.logger, "failed", error=error, key=Secret("c2VjcmV0"))

    assert exported.attributes() == [
        {
            "redeployer.error": "https://a.example/b?sv=1&sig=<SECRET>",
            "redeployer.key": "<SECRET>",
        }
    ]


def test_a_field_may_be_called_as_what_a_log_record_has(exported: Exported) -> None:
    emit(exported.logger, "failed", message="m", module="o", args="a", msg="g", created="c")

    assert len(exported.attributes()[0]) == 5


def test_without_opentelemetry_the_line_says_it_all_the_same() -> None:
    """In Azure the worker forwards the message and drops the attributes."""
    stream = io.StringIO()
    logger = logging.Logger("census", logging.INFO)  # noqa: LOG001 - one that no other test has
    logger.addHandler(logging.StreamHandler(stream))

    with invoked(Call("one")):
        emit(logger, "patch.accepted", endpoint="census", duration=1.5)

    assert stream.getvalue() == "patch.accepted endpoint=census duration=1.5\n"


def test_invocations_at_the_same_time_keep_their_ids_in_all_their_threads(
    exported: Exported, pool: ThreadPoolExecutor
) -> None:
    together = Barrier(4)

    def function(call: str) -> None:
        def work(part: int) -> None:
            def inner(at: int) -> None:
                emit(exported.logger, "worked", at=at, call=call)

            assert side_by_side(inner, [part]) == []
            emit(exported.logger, "done", part=part, call=call)

        with invoked(Call(call)):
            together.wait(20)
            assert side_by_side(work, range(8)) == []

    for done in [pool.submit(function, f"call-{number}") for number in range(4)]:
        done.result(30)

    ids = [
        (one["redeployer.call"], one["redeployer.invocation_id"]) for one in exported.attributes()
    ]
    assert len(ids) == 4 * 8 * 2
    assert all(call == invocation for call, invocation in ids)


def test_an_invocation_leaves_nothing_in_the_workers_thread(exported: Exported) -> None:
    with ThreadPoolExecutor(1) as one_thread:

        def function() -> None:
            with invoked(Call("one", Traced(PARENT))):
                assert invocation_id() == "one"

        one_thread.submit(function).result(10)
        one_thread.submit(emit, exported.logger, "idle").result(10)
        left = one_thread.submit(invocation_id).result(10)

    assert left is None
    assert exported.attributes() == [{}]
    assert exported.traces() == [NO_TRACE]


def test_an_invocation_that_fails_leaves_nothing_either(pool: ThreadPoolExecutor) -> None:
    def function() -> None:
        with pytest.raises(LookupError), invoked(Call("one")):
            raise LookupError
        assert invocation_id() is None

    pool.submit(function).result(10)


def test_lines_belong_to_the_hosts_trace_also_in_threads(
    exported: Exported, pool: ThreadPoolExecutor
) -> None:
    """The worker attaches the trace to its event loop's task, which no thread inherits."""

    def function() -> None:
        with invoked(Call("one", Traced(PARENT))):
            emit(exported.logger, "here")
            side_by_side(lambda number: emit(exported.logger, "there", number=number), range(2))

    pool.submit(function).result(10)

    assert exported.traces() == [int(TRACE, 16)] * 3


@pytest.mark.parametrize("parent", ["", "no trace at all", None])
def test_a_trace_that_cannot_be_read_is_none(
    exported: Exported, pool: ThreadPoolExecutor, parent: Any
) -> None:
    def function() -> None:
        with invoked(Call("one", Traced(parent))):
            emit(exported.logger, "here")

    pool.submit(function).result(10)

    assert exported.traces() == [NO_TRACE]
    assert trace.get_current_span() is trace.INVALID_SPAN
