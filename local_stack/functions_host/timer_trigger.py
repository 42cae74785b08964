"""A timer trigger: runs its function when the schedule says so, one run at a time."""

import asyncio
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from azure.core.exceptions import AzureError

from local_stack.functions_host.definition import FunctionDefinition
from local_stack.functions_host.invocations import Finished, Invocations, Start
from local_stack.functions_host.protos import TypedData
from local_stack.functions_host.schedule import Schedule, parse_schedule
from local_stack.functions_host.stop import Stop
from local_stack.functions_host.timer_status import TimerStatus, TimerStatusBlob

log = logging.getLogger(__name__)

_BETWEEN_READS = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class TimerTrigger:
    """A function that runs on a schedule."""

    function: FunctionDefinition
    schedule: Schedule
    run_on_startup: bool
    is_monitored: bool


def timer_trigger(function: FunctionDefinition, now: datetime) -> TimerTrigger:
    """Check the trigger of a function.

    Raises:
        ScheduleError: its schedule is no NCRONTAB expression.
    """
    binding = function.trigger
    schedule = parse_schedule(str(binding["schedule"]), now)
    monitored = binding.get("useMonitor") is not False
    return TimerTrigger(
        function,
        schedule,
        run_on_startup=binding.get("runOnStartup") is True,
        is_monitored=monitored and not schedule.is_too_frequent_to_monitor(now),
    )


class TimerListener:
    """Runs one timer."""

    def __init__(
        self,
        trigger: TimerTrigger,
        invocations: Invocations,
        status: TimerStatusBlob | None,
        stop: Stop,
        now: Callable[[], datetime],
    ) -> None:
        self._trigger = trigger
        self._invocations = invocations
        self._blob = status if trigger.is_monitored else None
        self._status: TimerStatus | None = None
        self._stop = stop
        self._now = now
        self._one_at_a_time = asyncio.Lock()
        self.is_up = asyncio.Event()

    async def run(self) -> None:
        """Run the function at each occurrence until the host stops; no run overlaps another."""
        missed = await self._was_missed()
        self.is_up.set()
        if self._stop.is_set:
            return
        schedule = self._trigger.schedule
        due = schedule.after(self._now())
        if missed or self._trigger.run_on_startup:
            await self._occur(self._now(), "past due" if missed else "startup", past_due=missed)
            due = schedule.after(self._now())
        elif self._status is None or self._status.next != due:
            await self._note(None, due)
        while not await self._stop.comes_within(due - self._now()):
            if self._now() < due:
                continue  # the clock was set back, or the wait ended a little early
            await self._occur(due, "schedule", past_due=False)
            due = schedule.after(max(self._now(), due))

    async def run_now(self) -> Finished:
        """Run the function by hand, after a run that is under way; the schedule stays as it is."""
        async with self._one_at_a_time:
            return await self._invoke("by hand", past_due=False, retry=0)

    async def _occur(self, at: datetime, reason: str, *, past_due: bool) -> None:
        async with self._one_at_a_time:
            await self._invoke_with_retries(reason, past_due=past_due)
            await self._note(at, self._trigger.schedule.after(max(self._now(), at)))

    async def _invoke_with_retries(self, reason: str, *, past_due: bool) -> None:
        retry = 0
        policy = self._trigger.function.retry
        while not (await self._invoke(reason, past_due=past_due, retry=retry)).outcome.ok:
            retry += 1
            if policy is None or not policy.allows(retry):
                return
            if await self._stop.comes_within(policy.delay(retry)):
                return

    async def _invoke(self, reason: str, *, past_due: bool, retry: int) -> Finished:
        function = self._trigger.function
        status = None if self._status is None else self._status.to_json()
        told = {
            "Schedule": {"AdjustForDST": True},
            "ScheduleStatus": status,
            "IsPastDue": past_due,
        }
        start = Start(
            reason=reason,
            arguments={str(function.trigger["name"]): TypedData(json=json.dumps(told))},
            retry_count=retry,
            max_retry_count=0 if function.retry is None else function.retry.max_retry_count,
        )
        return await self._invocations.run(function, start)

    async def _was_missed(self) -> bool:
        """Whether a run is to be made up for; waits until storage tells."""
        while self._blob is not None:
            try:
                self._status = await asyncio.to_thread(self._blob.read)
                break
            except AzureError as error:
                if not self.is_up.is_set():
                    self._tell("timer.waits_for_its_status", error)
                self.is_up.set()
            if await self._stop.comes_within(_BETWEEN_READS):
                break
        if self._status is None:
            return False
        return self._status.is_missed(self._trigger.schedule, self._now())

    async def _note(self, last: datetime | None, following: datetime) -> None:
        if self._blob is None:
            return
        status = TimerStatus(last, following, self._now())
        try:
            await asyncio.to_thread(self._blob.write, status)
        except AzureError as error:
            self._tell("timer.status_unwritten", error)
        self._status = status

    def _tell(self, event: str, error: AzureError) -> None:
        fields = {"function": self._trigger.function.name}
        log.warning(event, extra={**fields, "reason": f"{type(error).__name__}: {error}"})
