"""Short histories, each of which goes wrong where one guard of the app is gone.

Random histories find what nobody thought of; these make sure that what is known is met each time.
"""

from collections.abc import Callable, Mapping
from typing import Final

from tests.chaos.machine.endpoint_machine import EndpointMachine
from tests.chaos.machine.job_machine import JobMachine
from tests.chaos.machine.troubles import DOWN, NO_ANSWER, WRONG_KEY

type History = Callable[[EndpointMachine], None]
type JobHistory = Callable[[JobMachine], None]

_A, _B, _C = (f"census/{letter}.ilearner" for letter in "abc")


def _events_in_disorder(play: EndpointMachine) -> None:
    play.land_together(names=[_A, _B], order=[1, 0, 0, 1], apart=1)


def _another_tick_during_a_slow_patch(play: EndpointMachine) -> None:
    play.meanwhile("endpoint.patch", "slow", _C, _A, after=False)


def _applied_late_over_a_newer_model(play: EndpointMachine) -> None:
    play.endpoint_answers_once(NO_ANSWER, 200, _A)
    play.land_and_tell(name=_B, after=1)
    play.time_passes(minutes=30)


def _overwritten_while_its_patch_is_on_its_way(play: EndpointMachine) -> None:
    play.meanwhile("endpoint.patch", "land", _A, _A, after=False)
    play.time_passes(minutes=30)


def _sent_by_one_that_was_suspended_for_long(play: EndpointMachine) -> None:
    play.meanwhile("endpoint.patch", "suspended", _B, _A, after=False)


def _stuck_and_overwritten_while_its_sender_is_suspended(play: EndpointMachine) -> None:
    play.prove(has_smoke_test=False)
    play.one_model_is_stuck(_A, stuck=True, for_long=True)
    play.meanwhile("endpoint.patch", "suspended", _A, "tick", after=False)
    play.time_passes(minutes=30)


def _dies_at_a_patch_that_is_applied_late(play: EndpointMachine) -> None:
    play.endpoint_answers_once(NO_ANSWER, 240, None)
    play.meanwhile("endpoint.patch", "crash", _C, _A, after=True)
    play.land_and_tell(name=_B, after=1)
    play.time_passes(minutes=30)


def _given_up_after_a_lost_answer(play: EndpointMachine) -> None:
    play.business_as_usual([_A], 600, swept=False)
    play.endpoint_answers_once(NO_ANSWER, 0, _B)
    play.delete(name=_B)
    play.time_passes(minutes=30)


def _a_refused_model_is_announced_again(play: EndpointMachine) -> None:
    play.land(name=_A, kind="bad", event="now", after=1)
    play.land(name=_B, kind="bad", event="now", after=1)
    for name in (_A, _B, _A):
        play.deliver(name)


def _passed_over_for_one_that_is_refused(play: EndpointMachine) -> None:
    play.storage_fails("token.sign", "unavailable", 1, _A)
    play.land(name=_B, kind="bad", event="now", after=1)


def _the_first_event_is_not_for_the_newest(play: EndpointMachine) -> None:
    play.land(name=_A, kind="good", event="later", after=1)
    play.land(name=_B, kind="bad", event="never", after=1)
    play.deliver_event(which=0)


def _an_event_never_came_and_the_newest_is_refused(play: EndpointMachine) -> None:
    play.business_as_usual([_A], 600, swept=True)
    play.land(name=_B, kind="good", event="never", after=1)
    play.land(name=_C, kind="bad", event="now", after=1)


def _three_land_in_one_second_and_the_last_is_no_model(play: EndpointMachine) -> None:
    play.land(_A, "good", "now", 1)
    play.land(_B, "good", "never", 0)
    play.land(_C, "empty", "later", 0)
    play.faults_stop(0)


def _an_older_one_is_fallen_back_to_and_one_in_between_was_not_told_of(
    play: EndpointMachine,
) -> None:
    play.file_gets_a_fault(faulty=True)
    play.land(_C, "good", "now", 1)
    play.land(_A, "good", "never", 1)
    play.land(_B, "bad", "never", 1)
    play.faults_stop(0)


def _landed_before_landings_wait(play: EndpointMachine) -> None:
    play.storage_fails("token.sign", "unavailable", 3, _A)
    play.switch_auto_deploy(on=False)
    play.time_passes(minutes=30)


def _overwritten_while_held(play: EndpointMachine) -> None:
    play.business_as_usual([_A, _B], 600, swept=False)
    play.roll_back(hold=True)
    play.land_and_tell(name=_C, after=1)
    play.storage_fails("token.sign", "unavailable", 2, None)
    play.redeploy(name=_C)
    play.land(name=_C, kind="good", event="never", after=1)
    play.time_passes(minutes=30)


def _a_repeat_and_a_renewal_fall_due_together(play: EndpointMachine) -> None:
    play.land_and_tell(name=_A, after=0)
    play.endpoint_goes_down(answer=DOWN)
    play.time_passes(minutes=2)
    play.land_and_tell(name=_A, after=0)
    play.delete(name=_A)
    play.time_passes(minutes=30)


def _released_in_the_moment_of_a_landing(play: EndpointMachine) -> None:
    play.switch_auto_deploy(on=False)
    play.meanwhile("state.read", "land", _A, None, after=False)
    play.release()


def _a_rollback_is_refused_by_the_endpoint(play: EndpointMachine) -> None:
    play.business_as_usual([_A, _A], 60, swept=False)
    play.endpoint_goes_down(answer=WRONG_KEY)
    play.roll_back(hold=False)
    play.faults_stop(unless=0)


def _what_serves_is_stuck_itself(play: EndpointMachine) -> None:
    play.business_as_usual([_C], 600, swept=False)
    play.delete(name=_C)
    play.one_model_is_stuck(_C, stuck=True, for_long=True)
    play.sweeps()


def _a_newer_model_is_stuck_for_hours(play: EndpointMachine) -> None:
    play.business_as_usual([_A], 600, swept=False)
    play.one_model_is_stuck(_B, stuck=True, for_long=True)
    play.time_passes(minutes=24 * 60)


def _answers_its_smoke_test_wrong(play: EndpointMachine) -> None:
    play.prove(has_smoke_test=True)
    play.business_as_usual([_A], 600, swept=False)
    play.land(name=_B, kind="wrong", event="now", after=1)
    play.time_passes(minutes=30)


def _dies_and_then_nothing_may_be_sent(play: EndpointMachine) -> None:
    play.land(after=0, event="now", kind="good", name=_A)
    play.meanwhile("endpoint.patch", "crash", _B, None, after=False)
    play.land_and_tell(name=_B, after=1)
    play.land_and_tell(name=_C, after=1)
    play.switch_auto_deploy(on=False)


def _dies_after_a_word_in_the_midst_of_a_landing(play: EndpointMachine) -> None:
    play.prove(has_smoke_test=False)
    play.business_as_usual([_A, _B], 600, swept=False)
    play.crash_soon(7, None, after=True)
    play.meanwhile("state.read", "redeploy", _A, _C, after=False)
    play.faults_stop(unless=0)


def _storage_fails_long_after_it_was_said(play: EndpointMachine) -> None:
    play.storage_fails("state.write", "unavailable after it was done", 1, None)
    play.time_passes(minutes=240)
    play.business_as_usual([_A, _A], 0, swept=False)


def _has_no_bytes_while_another_backs_off(play: EndpointMachine) -> None:
    play.endpoint_goes_down(answer=DOWN)
    play.land_and_tell(name=_A, after=0)
    play.land_and_tell(name=_B, after=0)
    play.land(name=_A, kind="empty", event="now", after=1)


def _has_no_bytes(play: EndpointMachine) -> None:
    play.land(name=_A, kind="empty", event="now", after=1)


def _is_gone_before_it_is_sent(play: EndpointMachine) -> None:
    play.storage_fails("token.sign", "unavailable", 1, _A)
    play.delete(name=_A)
    play.time_passes(minutes=30)


def _dies_between_its_agenda_entry_and_its_record(play: EndpointMachine) -> None:
    for number in range(1, 12):
        play.crash_soon(number, _A, after=True)
        play.time_passes(minutes=2)


def _an_outage_of_hours(play: EndpointMachine) -> None:
    play.endpoint_goes_down(answer=NO_ANSWER)
    play.land_and_tell(name=_A, after=1)
    play.time_passes(minutes=240)


def _an_event_that_never_came(play: EndpointMachine) -> None:
    play.business_as_usual([_A], 600, swept=False)
    play.land(name=_B, kind="good", event="never", after=1)


HISTORIES: Final[Mapping[str, History]] = {
    history.__name__.strip("_").replace("_", " "): history
    for history in (
        _events_in_disorder,
        _another_tick_during_a_slow_patch,
        _applied_late_over_a_newer_model,
        _overwritten_while_its_patch_is_on_its_way,
        _sent_by_one_that_was_suspended_for_long,
        _stuck_and_overwritten_while_its_sender_is_suspended,
        _dies_at_a_patch_that_is_applied_late,
        _given_up_after_a_lost_answer,
        _a_refused_model_is_announced_again,
        _passed_over_for_one_that_is_refused,
        _the_first_event_is_not_for_the_newest,
        _an_event_never_came_and_the_newest_is_refused,
        _three_land_in_one_second_and_the_last_is_no_model,
        _an_older_one_is_fallen_back_to_and_one_in_between_was_not_told_of,
        _landed_before_landings_wait,
        _overwritten_while_held,
        _a_repeat_and_a_renewal_fall_due_together,
        _released_in_the_moment_of_a_landing,
        _a_rollback_is_refused_by_the_endpoint,
        _what_serves_is_stuck_itself,
        _a_newer_model_is_stuck_for_hours,
        _answers_its_smoke_test_wrong,
        _dies_and_then_nothing_may_be_sent,
        _dies_after_a_word_in_the_midst_of_a_landing,
        _storage_fails_long_after_it_was_said,
        _has_no_bytes,
        _has_no_bytes_while_another_backs_off,
        _is_gone_before_it_is_sent,
        _dies_between_its_agenda_entry_and_its_record,
        _an_outage_of_hours,
        _an_event_that_never_came,
    )
}


def _dies_at_each_call_of_a_beginning(play: JobMachine) -> None:
    for after in (False, True):
        for number in range(1, 16):
            play.crash_soon(number, after=after)
            play.begin(drive=True)
            play.time_passes(minutes=29)


def _driven_by_two_at_once(play: JobMachine) -> None:
    for call in ("training.submit", "training.start", "state.write"):
        for after in (False, True):
            play.meanwhile(call, "drive", after=after)
            play.begin(drive=True)
            play.time_passes(minutes=29)


def _never_ends(play: JobMachine) -> None:
    play.jobs_end_as(outcome="running")
    play.begin(drive=True)
    play.timers_stand_still(13 * 3600)
    play.time_passes(minutes=29)


def _its_status_is_unknown_until_the_service_is_well(play: JobMachine) -> None:
    play.jobs_end_as(outcome="unknown")
    play.begin(drive=False)
    play.time_passes(minutes=3)


def _each_answer_is_lost_once(play: JobMachine) -> None:
    for request in ("submit", "start", "look"):
        play.answer_is_lost(request=request)
        play.begin(drive=True)
        play.time_passes(minutes=29)


def _cancelled_meanwhile(play: JobMachine) -> None:
    for call in ("training.submit", "training.start", "state.write"):
        play.meanwhile(call, "cancel", after=True)
        play.begin(drive=True)
        play.time_passes(minutes=29)


JOB_HISTORIES: Final[Mapping[str, JobHistory]] = {
    history.__name__.strip("_").replace("_", " "): history
    for history in (
        _dies_at_each_call_of_a_beginning,
        _driven_by_two_at_once,
        _never_ends,
        _its_status_is_unknown_until_the_service_is_well,
        _each_answer_is_lost_once,
        _cancelled_meanwhile,
    )
}
