"""A model lands and is served: what is sent, how often, and in which order."""

import itertools
import threading
from datetime import timedelta

import pytest

from patch_endpoint.decide import pause_after
from patch_endpoint.steps import redeploying
from protocols.protocol import Accepted, Unsettled
from retrain_trigger.landed import model_landed
from state.storage_errors import ConflictError, UnavailableError
from tests.fakes.endpoints_folder import table
from tests.fakes.scoring_endpoint import Hosted, Reaction
from tests.fakes.small_app import asking, document, routes_of
from tests.fakes.small_world import SmallWorld

MODEL = "census/model.ilearner"
NEWER = "census/newer.ilearner"
DOWN = Unsettled("http_503", "down for maintenance")
NO_ANSWER = Unsettled("no_answer", "the connection was reset", maybe_applied=True)
SMOKE_TEST = """
[endpoints.census.smoke_test]
score_url = "https://studio.invalid/score"
request = "smoke.json"
expect = "ok"
"""


@pytest.fixture
def world() -> SmallWorld:
    return SmallWorld()


def test_a_landed_model_is_patched_at_once_and_live_once_the_endpoint_names_it(
    world: SmallWorld,
) -> None:
    model = world.land(MODEL)

    assert world.desired().state == "patched"
    assert world.tick() == 1
    assert world.desired().state == "live"
    assert world.scoring.serves("census") == f"experimentoutput/{MODEL}"
    serving = world.record().serving
    assert serving is not None
    assert serving.model == model
    assert serving.confirmed_by == "location"
    assert world.sent() == [MODEL]


def test_a_200_is_no_proof_as_long_as_the_endpoint_names_the_model_before(
    world: SmallWorld,
) -> None:
    world.scoring.react("census", Reaction(Accepted(), timedelta(minutes=5)))
    world.land(MODEL)
    world.run(minutes=4)

    error = world.desired().error
    assert world.desired().state == "patched"
    assert error is not None
    assert error.code == "other_location"
    world.run(minutes=20)
    assert world.desired().state == "live"
    assert world.sent() == [MODEL]


def test_an_endpoint_that_tells_nothing_stays_patched_and_says_why(world: SmallWorld) -> None:
    world.scoring.host("census", Hosted(tells_location=False))
    world.land(MODEL)
    world.run(hours=3)

    error = world.desired().error
    assert world.desired().state == "patched"
    assert error is not None
    assert error.code == "location_unknown"
    assert world.desired().next_attempt_at is None


def test_the_smoke_test_is_asked_with_its_request_as_it_is_at_that_time() -> None:
    world = SmallWorld(table("census", more=SMOKE_TEST))
    world.land(MODEL)

    world.folder.request = b'{"edited": true}'
    world.run(minutes=2)

    assert world.desired().state == "live"
    assert world.scoring.asked_with == [b'{"edited": true}']


def test_a_person_s_word_is_about_the_request_as_it_is() -> None:
    world = SmallWorld(table("census", more=SMOKE_TEST))
    world.land(MODEL)
    world.folder.request = b"{"

    answer = routes_of(world).get_endpoint(asking("GET endpoints/census"))

    assert "smoke_test.request" in document(answer)["fault"]


def test_a_smoke_test_is_what_confirms_where_there_is_one() -> None:
    world = SmallWorld(table("census", more=SMOKE_TEST))
    world.scoring.smoke_test_says = False
    world.land(MODEL)
    world.tick()
    assert world.desired().state == "patched"

    world.scoring.smoke_test_says = True
    world.run(minutes=10)

    serving = world.record().serving
    assert world.desired().state == "live"
    assert serving is not None
    assert serving.confirmed_by == "smoke_test"


def test_the_same_event_many_times_makes_one_patch(world: SmallWorld) -> None:
    world.land(MODEL)
    for _ in range(20):
        model_landed(world.engine, MODEL)
        world.restart()
    world.run(hours=1)

    assert world.sent() == [MODEL]


def test_the_same_event_in_many_threads_makes_one_patch(world: SmallWorld) -> None:
    world.catalog.put(MODEL)

    _at_once([MODEL] * 20, world)
    world.run(hours=1)

    assert world.sent() == [MODEL]
    assert world.desired().state == "live"


def test_an_older_model_whose_event_comes_late_is_not_sent(world: SmallWorld) -> None:
    world.catalog.put(MODEL)
    world.clock.advance(minutes=1)
    world.catalog.put(NEWER)

    model_landed(world.engine, NEWER)
    model_landed(world.engine, MODEL)
    world.run(hours=1)

    assert world.sent() == [NEWER]
    assert world.desired().state == "live"


def test_of_two_models_of_one_second_the_greater_name_wins_in_either_order() -> None:
    for order in ([MODEL, NEWER], [NEWER, MODEL]):
        world = SmallWorld()
        for name in order:
            world.catalog.put(name)
        for name in order:
            model_landed(world.engine, name)
        world.run(hours=1)

        assert world.sent()[-1] == NEWER
        assert world.desired().model.name == NEWER


def test_a_container_full_of_old_models_makes_one_patch_for_the_newest(world: SmallWorld) -> None:
    names = [f"census/{number:03}.ilearner" for number in range(50)]
    for name in names:
        world.catalog.put(name)
        world.clock.advance(seconds=10)

    for name in names:
        model_landed(world.engine, name)
    world.run(hours=1)

    assert world.sent() == [names[-1]]


def test_fifty_landings_in_threads_end_with_the_newest_sent_last(world: SmallWorld) -> None:
    world.land("census/first.ilearner")
    names = []
    for number in range(50):
        world.clock.advance(seconds=1)
        names.append(f"census/{(number * 37) % 50:03}.ilearner")
        world.catalog.put(names[-1])

    _at_once(names, world)
    world.run(hours=1)

    assert world.sent()[-1] == names[-1]
    assert world.desired().model.name == names[-1]
    assert world.desired().state == "live"


def test_the_same_bytes_under_the_same_name_are_no_landing(world: SmallWorld) -> None:
    world.land(MODEL, b"the same")
    world.run(minutes=10)
    again = world.land(MODEL, b"the same")
    world.run(hours=1)

    assert world.sent() == [MODEL]
    assert world.desired().instant == again.last_modified


def test_a_model_that_landed_between_two_landings_of_the_same_bytes_does_not_win(
    world: SmallWorld,
) -> None:
    world.land(MODEL, b"the same")
    world.clock.advance(seconds=10)
    world.catalog.put(NEWER)
    world.clock.advance(seconds=10)
    world.land(MODEL, b"the same")
    model_landed(world.engine, NEWER)
    world.run(hours=1)

    assert world.sent() == [MODEL]


def test_an_outage_of_hours_delays_the_model_and_loses_nothing(world: SmallWorld) -> None:
    """Back-off doubles from 30 s to 15 min, on ticks that come once a minute."""
    world.scoring.down = DOWN
    world.land(MODEL)
    world.run(hours=5)
    tried = [one.at for one in world.scoring.sent]
    world.scoring.down = None
    world.run(minutes=16)

    waits = [later - earlier for earlier, later in itertools.pairwise(tried)]
    pauses = [pause_after(number) for number in range(1, len(tried))]
    assert waits == [max(timedelta(minutes=1), pause) for pause in pauses]
    assert max(waits) == timedelta(minutes=15)
    # At 0, 1, 2, 4, 8 and 16 minutes, and every 15 from there to the end of the fifth hour.
    assert len(tried) == 6 + (5 * 60 - 16) // 15
    assert world.sent() == [MODEL] * (len(tried) + 1)
    assert world.desired().state == "live"


def test_a_retry_waits_for_as_long_as_the_endpoint_asked(world: SmallWorld) -> None:
    asked = timedelta(minutes=40)
    world.scoring.react("census", Unsettled("http_429", "slow down", retry_after=asked))
    world.land(MODEL)
    world.run(hours=2)

    first, second = (one.at for one in world.scoring.sent)
    assert asked <= second - first <= asked + timedelta(minutes=1)


def test_a_newer_model_that_lands_while_the_older_is_in_flight_is_sent_right_after_it(
    world: SmallWorld,
) -> None:
    def meanwhile() -> None:
        world.clock.advance(seconds=5)
        world.land(NEWER)

    world.calls.script("endpoint.patch", meanwhile, after=True)
    world.land(MODEL)

    assert world.sent() == [MODEL, NEWER]
    world.run(minutes=10)
    assert world.sent() == [MODEL, NEWER]
    assert world.desired().model.name == NEWER
    assert world.desired().state == "live"


def test_models_that_land_during_every_patch_are_left_to_the_agenda_after_three_rounds(
    world: SmallWorld,
) -> None:
    numbers = iter(range(100))

    def meanwhile() -> None:
        world.clock.advance(seconds=1)
        world.land(f"census/{next(numbers):03}.ilearner")

    world.calls.script("endpoint.patch", meanwhile, after=True, times=5)
    world.land(MODEL)
    assert len(world.sent()) == 3

    world.run(minutes=30)

    assert world.sent()[-1] == "census/004.ilearner"
    assert world.desired().state == "live"


@pytest.mark.parametrize("minutes", [2, 5, 10])
def test_a_holder_that_lost_its_claim_makes_the_next_send_the_latest_once_more(
    world: SmallWorld, minutes: int
) -> None:
    """The slow PATCH may be applied after the one that overtook it."""

    def meanwhile() -> None:
        world.clock.advance(minutes=minutes)
        world.land(NEWER)

    world.calls.script("endpoint.patch", meanwhile)
    world.land(MODEL)

    world.run(hours=1)

    assert world.sent()[-1] == NEWER
    assert world.sent().index(NEWER) < world.sent().index(MODEL)
    assert world.desired().state == "live"
    assert world.scoring.serves("census") == f"experimentoutput/{NEWER}"


def test_no_patch_leaves_after_its_time_to_send_is_over() -> None:
    world = SmallWorld(table("census").replace("resource =", "# resource ="))
    world.calls.script("endpoint.resource", lambda: world.clock.advance(seconds=25))
    world.land(MODEL)
    error = world.desired().error
    assert world.sent() == []
    assert error is not None
    assert error.code == "too_late"

    world.run(minutes=10)

    assert world.sent() == [MODEL]
    assert world.desired().state == "live"


def test_an_unknown_outcome_then_a_newer_model_repeats_the_newer_once_after_five_minutes(
    world: SmallWorld,
) -> None:
    world.scoring.react("census", Reaction(NO_ANSWER, timedelta(minutes=4)))
    world.land(MODEL)
    world.clock.advance(seconds=10)
    world.land(NEWER)
    world.run(hours=2)

    assert world.sent() == [MODEL, NEWER, NEWER]
    lost, _, repeated = (one.at for one in world.scoring.sent)
    assert timedelta(minutes=5) <= repeated - lost <= timedelta(minutes=6, seconds=10)
    assert world.scoring.serves("census") == f"experimentoutput/{NEWER}"
    assert world.desired().state == "live"


def test_an_unknown_outcome_of_the_same_model_needs_no_repeat(world: SmallWorld) -> None:
    world.scoring.react("census", Reaction(NO_ANSWER, timedelta()))
    world.land(MODEL)
    world.run(hours=2)

    assert world.sent() == [MODEL, MODEL]
    assert world.desired().state == "live"


def test_a_model_that_is_deleted_before_its_patch_is_refused_and_what_serves_is_left_alone(
    world: SmallWorld,
) -> None:
    world.land(MODEL)
    world.run(minutes=5)
    world.scoring.down = DOWN
    world.land(NEWER)
    world.catalog.delete(NEWER)
    world.scoring.down = None
    world.run(hours=1)

    serving, error = world.record().serving, world.desired().error
    assert world.desired().state == "refused"
    assert error is not None
    assert error.code == "model_gone"
    assert serving is not None
    assert serving.model.name == MODEL
    assert world.scoring.serves("census") == f"experimentoutput/{MODEL}"


def test_a_model_that_is_overwritten_before_its_patch_gives_way_to_the_new_bytes(
    world: SmallWorld,
) -> None:
    world.scoring.down = DOWN
    world.land(MODEL)
    world.clock.advance(minutes=1)
    newer = world.catalog.put(MODEL)
    world.scoring.down = None
    world.run(hours=1)

    assert world.sent() == [MODEL, MODEL]
    assert world.desired().model == newer
    assert world.desired().state == "live"


def test_an_empty_model_is_refused_without_a_patch(world: SmallWorld) -> None:
    world.land(MODEL, b"")
    world.run(hours=1)

    error = world.desired().error
    assert world.sent() == []
    assert world.desired().state == "refused"
    assert error is not None
    assert error.code == "empty_model"


def test_an_empty_model_does_not_take_a_pending_one_down_with_it(world: SmallWorld) -> None:
    world.scoring.down = DOWN
    world.land(MODEL)
    world.clock.advance(seconds=5)
    world.land(NEWER, b"")
    world.scoring.down = None
    world.run(hours=1)

    assert set(world.sent()) == {MODEL}
    assert world.desired().model.name == MODEL
    assert world.desired().state == "live"


def test_a_refused_key_is_a_persons_business_and_is_not_tried_again(world: SmallWorld) -> None:
    world.scoring.host("census", Hosted(key="another", placements=[]))
    world.land(MODEL)
    world.run(hours=5)

    error = world.desired().error
    assert world.sent() == [MODEL]
    assert world.desired().state == "refused"
    assert error is not None
    assert error.code == "http_401"


def test_a_model_that_is_refused_does_not_take_one_down_that_was_never_sent(
    world: SmallWorld,
) -> None:
    world.scoring.down = DOWN
    world.land(MODEL)
    world.clock.advance(seconds=5)
    world.scoring.down = None
    world.scoring.no_models.add(NEWER)
    world.land(NEWER)
    world.run(hours=1)

    assert world.sent() == [MODEL, NEWER, MODEL]
    assert world.desired().model.name == MODEL
    assert world.desired().state == "live"


def test_an_endpoint_without_auto_deploy_waits_for_a_person() -> None:
    world = SmallWorld(table("census", more="auto_deploy = false"))
    world.land(MODEL)
    world.run(hours=1)
    assert world.sent() == []
    waiting = world.record().waiting
    assert waiting is not None
    assert waiting.state == "waiting"

    endpoint = world.engine.endpoints.current().by_name["census"]
    world.engine.deployer.work(endpoint, redeploying(MODEL, "ada", "it is good"))
    world.run(minutes=5)

    assert world.sent() == [MODEL]
    assert world.desired().state == "live"
    assert world.desired().requested_by == "ada"
    assert world.record().waiting is None


def test_what_a_person_asks_for_wins_over_a_model_of_the_same_second(world: SmallWorld) -> None:
    world.land(MODEL)
    world.land(NEWER)
    endpoint = world.engine.endpoints.current().by_name["census"]

    world.engine.deployer.work(endpoint, redeploying(MODEL, "ada", None))
    model_landed(world.engine, NEWER)
    world.run(minutes=10)

    assert world.sent()[-1] == MODEL
    assert world.desired().requested_by == "ada"


def test_a_landing_that_could_not_be_recorded_raises_and_the_event_comes_again(
    world: SmallWorld,
) -> None:
    world.calls.fail("state.read", UnavailableError("read"))
    world.catalog.put(MODEL)
    with pytest.raises(UnavailableError):
        model_landed(world.engine, MODEL)

    model_landed(world.engine, MODEL)
    world.run(minutes=5)

    assert world.sent() == [MODEL]
    assert world.desired().state == "live"


def test_a_result_that_could_not_be_recorded_costs_one_more_patch(world: SmallWorld) -> None:
    world.calls.script(
        "endpoint.patch",
        lambda: world.calls.fail("state.write", UnavailableError("write"), times=1),
        after=True,
    )
    world.land(MODEL)
    world.run(hours=1)

    assert world.sent() == [MODEL, MODEL]
    assert world.desired().state == "live"


@pytest.mark.parametrize("lost", [1, 2])
def test_a_record_whose_answer_was_lost_is_known_as_our_own(world: SmallWorld, lost: int) -> None:
    """The SDK sends a write again whose answer was lost, and the condition fails then."""
    world.calls.fail("state.write", ConflictError("write", 412), lost_answer=True, times=lost)
    world.land(MODEL)
    world.run(hours=1)

    assert world.sent() == [MODEL]
    assert world.desired().state == "live"
    assert len(world.store.names("agenda/")) <= 1


def _at_once(names: list[str], world: SmallWorld) -> None:
    """Have the events of *names* handled in a thread each, and all of them go well."""
    barrier = threading.Barrier(len(names))
    errors: list[BaseException] = []

    def land(name: str) -> None:
        barrier.wait(30)
        try:
            model_landed(world.engine, name)
        except BaseException as error:  # noqa: BLE001 - the test raises it
            errors.append(error)

    threads = [threading.Thread(target=land, args=[name]) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
