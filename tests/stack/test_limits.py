"""How fast a portal is sent to, with a Redis and without one. Time is moved; Redis' own goes on by itself."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from b24app.api.batch import Operating
from b24app.models import Portal
from b24app.pace import limits
from b24app.pace.limits import Allowance
from tests.fixtures.limits import ANOTHER, LIMIT, METHOD, answer, look, new, take, take_all

# --- The rate ---------------------------------------------------------------------------------------

PACES = pytest.mark.parametrize(
    ("tariff", "burst", "rate"), [("standard", 40, 2 * 0.98), ("enterprise", 200, 5 * 0.98)]
)


@PACES
def test_a_burst_goes_out_at_once(redis, tariff, burst, rate):
    requests, _, seconds = take_all(new(tariff))
    assert burst <= requests <= burst + int(rate * seconds)


@PACES
def test_after_the_burst_requests_wait_for_one_to_drain(redis, tariff, burst, rate):
    _, wait, seconds = take_all(new(tariff))
    assert 1 / rate - seconds <= wait <= 1 / rate


@PACES
def test_requests_drain_as_time_passes(redis, later, tariff, burst, rate):
    portal = new(tariff)
    take_all(portal)
    later(10 / rate)
    requests, _, seconds = take_all(portal)
    assert 10 <= requests <= 11 + int(rate * seconds)


def test_a_bucket_never_holds_more_than_its_burst(standard, later):
    limits.take_request(standard)
    later(86_400)
    requests, _, seconds = take_all(standard)
    assert 40 <= requests <= 40 + int(2 * seconds)


def test_where_nothing_is_limited_nobody_waits(redis):
    assert take_all(new(Portal.Tariff.UNLIMITED))[:2] == (400, 0)


def test_batches_and_questions_are_requests_of_one_bucket(standard):
    take_all(standard)
    assert take(standard, 1).commands == 0


def test_portals_have_buckets_of_their_own(standard):
    take_all(standard)
    assert limits.take_request(new()) == 0


def test_a_look_counts_nothing(standard):
    for _ in range(100):
        look(standard, 10)
    assert take_all(standard)[0] >= 40


def test_a_look_tells_what_taking_would(standard):
    answer(standard, 100, 300, seconds_per_command=0.5)
    assert look(standard, 50) == take(standard, 50) == Allowance(20, 0, 0.5)


def test_a_look_tells_the_wait(standard):
    take_all(standard)
    assert 0 < look(standard, 10).wait <= 1 / 1.96


def test_many_together_get_no_more_than_one(standard):
    began = time.monotonic()
    with ThreadPoolExecutor(8) as callers:
        waits = list(callers.map(lambda _: limits.take_request(standard), range(160)))
    assert 40 <= waits.count(0) <= 40 + int(2 * (time.monotonic() - began))


# --- The portal's 503 -------------------------------------------------------------------------------


@pytest.fixture
def crowded(standard, later):
    """A portal that answered 503 twice within a minute: others send to it as well."""
    limits.note_throttled(standard)
    later(5)
    limits.note_throttled(standard)
    return standard


def test_a_503_says_that_the_bucket_is_full_and_nothing_of_the_rate(standard):
    limits.note_throttled(standard)
    assert limits.take_request(standard) == pytest.approx(1 / 1.96, abs=0.3)


def test_503s_to_requests_that_were_out_together_are_one(standard):
    for _ in range(4):
        limits.note_throttled(standard)
    assert limits.take_request(standard) == pytest.approx(1 / 1.96, abs=0.3)


def test_a_503_long_after_another_is_a_first_one(standard, later):
    limits.note_throttled(standard)
    later(61)
    limits.note_throttled(standard)
    assert limits.take_request(standard) == pytest.approx(1 / 1.96, abs=0.3)


def test_a_further_503_halves_the_rate(crowded):
    assert limits.take_request(crowded) == pytest.approx(1 / 0.98, abs=0.3)


@pytest.mark.parametrize("times", [1, 2, 9])
def test_a_rate_is_never_lowered_below_a_quarter(crowded, later, times):
    for _ in range(times):
        later(1)
        limits.note_throttled(crowded)
    assert limits.take_request(crowded) == pytest.approx(4 / 1.96, abs=0.3)


def test_a_throttled_portal_takes_requests_again_after_the_wait(crowded, later):
    later(limits.take_request(crowded))
    assert limits.take_request(crowded) == 0


def test_the_rate_grows_back_bit_by_bit(crowded, later):
    later(15)
    take_all(crowded)
    assert limits.take_request(crowded) == pytest.approx(1 / (1.96 * 0.75), abs=0.15)


def test_after_a_minute_of_peace_the_rate_is_whole(crowded, later):
    later(60)
    assert take_all(crowded)[1] == pytest.approx(1 / 1.96, abs=0.3)


def test_a_request_that_waits_for_no_leave_is_counted_while_the_bucket_is_full(standard):
    wait = take_all(standard)[1]
    for _ in range(5):
        limits.count_request(standard)
    assert limits.take_request(standard) == pytest.approx(wait + 5 / 1.96, abs=0.3)


def test_one_throttled_portal_slows_no_other_down(standard):
    limits.note_throttled(standard)
    assert limits.take_request(new()) == 0


# --- How many commands ------------------------------------------------------------------------------


def test_the_first_batches_are_small(standard):
    assert take(standard, 50) == Allowance(10, 0, 0)


def test_no_more_is_granted_than_was_asked_for(standard):
    answer(standard, 1, 600, seconds_per_command=0.01)
    assert take(standard, 3).commands == 3


@pytest.mark.parametrize(
    ("seconds_per_command", "commands"), [(0.001, 50), (0.2, 50), (0.25, 40), (1, 10), (4, 2), (10, 1), (30, 1)]
)
def test_a_batch_is_sized_to_end_within_ten_seconds(standard, seconds_per_command, commands):
    limits.note_answer(standard, METHOD, seconds_per_command, None)
    assert take(standard, 50) == Allowance(commands, 0, seconds_per_command)


def test_a_slow_answer_counts_at_once(standard):
    limits.note_answer(standard, METHOD, 0.1, None)
    limits.note_answer(standard, METHOD, 2, None)
    assert take(standard, 50).seconds_per_command == 2


def test_a_quick_answer_counts_in_part(standard):
    limits.note_answer(standard, METHOD, 2, None)
    limits.note_answer(standard, METHOD, 0.1, None)
    assert 0.1 < take(standard, 50).seconds_per_command < 2


def test_all_methods_of_a_portal_are_thought_alike_in_speed(standard):
    limits.note_answer(standard, METHOD, 1, None)
    assert take(standard, 50, ANOTHER).commands == 10


def test_after_a_lost_answer_fewer_commands_are_sent(standard):
    limits.note_answer(standard, METHOD, 0.5, None)
    limits.note_slow(standard, 50)
    assert take(standard, 50) == Allowance(10, 0, 1)


@pytest.mark.parametrize("seconds_per_command", [None, 0.02, 0.19])
def test_after_a_lost_answer_half_as_many_are_sent_however_quick_they_were(standard, seconds_per_command):
    if seconds_per_command:
        limits.note_answer(standard, METHOD, seconds_per_command, None)
    before = take(standard, 50).commands
    limits.note_slow(standard, before)
    assert take(standard, 50).commands == before / 2


def test_a_lost_answer_makes_nothing_quicker(standard):
    limits.note_answer(standard, METHOD, 30, None)
    limits.note_slow(standard, 1)
    assert take(standard, 50).seconds_per_command == 30


def test_after_many_lost_answers_one_command_is_sent(standard):
    for _ in range(20):
        limits.note_slow(standard, 50)
    assert take(standard, 50).commands == 1


# --- Redis away, or emptied -------------------------------------------------------------------------


def test_without_redis_everything_is_granted():
    assert take(new(), 50) == look(new(), 50) == Allowance(50)


def test_without_redis_no_question_waits():
    portal = new()
    assert [limits.take_request(portal) for _ in range(50)] == [0] * 50


def test_without_redis_a_block_is_a_minute():
    assert limits.note_blocked(new(), METHOD) == 60


@pytest.mark.parametrize(
    "tell",
    [
        limits.note_throttled,
        lambda portal: limits.note_slow(portal, 50),
        lambda portal: limits.note_answer(portal, METHOD, 0.1, None),
        lambda portal: limits.note_answer(portal, METHOD, 0.1, Operating(1, 600)),
    ],
    ids=["throttled", "slower", "report", "report with figures"],
)
def test_without_redis_nothing_is_learned_and_nothing_fails(tell):
    assert tell(new()) is None


def test_a_redis_that_was_emptied_grants_as_at_the_start(standard, redis):
    answer(standard, LIMIT, 300)
    limits.note_throttled(standard)
    limits.note_blocked(standard, METHOD)
    redis.delete(*redis.scan_iter(f"trace-relay:pace:{standard.pk}*"))
    assert take(standard, 50) == Allowance(10, 0, 0)


def test_figures_after_an_emptying_are_learned_anew(standard, redis):
    take(standard, 50)
    redis.delete(*redis.scan_iter(f"trace-relay:pace:{standard.pk}*"))
    answer(standard, LIMIT, 300)
    assert take(standard, 50).wait == pytest.approx(300, abs=5)


def test_a_redis_that_forgot_the_script_is_told_it_again(standard, redis):
    limits.take_request(standard)
    redis.script_flush()
    assert limits.take_request(standard) == 0


def test_what_is_kept_in_redis_ends_by_itself(standard, redis):
    answer(standard, 100, 300)
    take(standard, 50)
    keys = list(redis.scan_iter(f"trace-relay:pace:{standard.pk}*"))
    assert [0 < redis.ttl(key) <= 4200 for key in keys] == [True] * 3
