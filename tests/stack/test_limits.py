"""How fast a portal is sent to, with a Redis and without one. Time is moved; Redis' own goes on by itself."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from b24app.api.batch import Operating
from b24app.models import Portal
from b24app.pace import limits
from b24app.pace.limits import Grant
from tests.fixtures.limits import ANOTHER, LIMIT, METHOD, new, take_all, told

# --- The rate ---------------------------------------------------------------------------------------

PACES = pytest.mark.parametrize(("plan", "burst", "rate"), [("standard", 40, 2 * 0.98), ("enterprise", 200, 5 * 0.98)])


@PACES
def test_a_burst_goes_out_at_once(redis, plan, burst, rate):
    hits, _, seconds = take_all(new(plan))
    assert burst <= hits <= burst + int(rate * seconds)


@PACES
def test_after_the_burst_hits_wait_for_one_to_drain(redis, plan, burst, rate):
    _, wait, seconds = take_all(new(plan))
    assert 1 / rate - seconds <= wait <= 1 / rate


@PACES
def test_hits_drain_as_time_passes(redis, later, plan, burst, rate):
    portal = new(plan)
    take_all(portal)
    later(10 / rate)
    hits, _, seconds = take_all(portal)
    assert 10 <= hits <= 11 + int(rate * seconds)


def test_a_bucket_never_holds_more_than_its_burst(standard, later):
    limits.take_hit(standard)
    later(86_400)
    hits, _, seconds = take_all(standard)
    assert 40 <= hits <= 40 + int(2 * seconds)


def test_where_nothing_is_limited_nobody_waits(redis):
    assert take_all(new(Portal.Plan.UNLIMITED))[:2] == (400, 0)


def test_batches_and_questions_are_hits_of_one_bucket(standard):
    take_all(standard)
    assert limits.take(standard, METHOD, 1).commands == 0


def test_portals_have_buckets_of_their_own(standard):
    take_all(standard)
    assert limits.take_hit(new()) == 0


def test_a_look_counts_nothing(standard):
    for _ in range(100):
        limits.look(standard, METHOD, 10)
    assert take_all(standard)[0] >= 40


def test_a_look_tells_what_taking_would(standard):
    told(standard, 100, 300, each=0.5)
    assert limits.look(standard, METHOD, 50) == limits.take(standard, METHOD, 50) == Grant(20, 0, 0.5)


def test_a_look_tells_the_wait(standard):
    take_all(standard)
    assert 0 < limits.look(standard, METHOD, 10).wait <= 1 / 1.96


def test_many_together_get_no_more_than_one(standard):
    began = time.monotonic()
    with ThreadPoolExecutor(8) as callers:
        waits = list(callers.map(lambda _: limits.take_hit(standard), range(160)))
    assert 40 <= waits.count(0) <= 40 + int(2 * (time.monotonic() - began))


# --- The portal's 503 -------------------------------------------------------------------------------


def test_a_throttled_portal_is_sent_to_at_half_its_rate(standard):
    limits.throttled(standard)
    assert limits.take_hit(standard) == pytest.approx(1 / 0.98, abs=0.3)


@pytest.mark.parametrize("times", [2, 3, 9])
def test_a_rate_is_never_lowered_below_a_quarter(standard, times):
    for _ in range(times):
        limits.throttled(standard)
    assert limits.take_hit(standard) == pytest.approx(4 / 1.96, abs=0.3)


def test_a_throttled_portal_takes_hits_again_after_the_wait(standard, later):
    limits.throttled(standard)
    later(limits.take_hit(standard))
    assert limits.take_hit(standard) == 0


def test_the_rate_grows_back_bit_by_bit(standard, later):
    limits.throttled(standard)
    limits.throttled(standard)
    later(150)
    assert take_all(standard)[1] == pytest.approx(1 / (1.96 * 0.5), abs=0.3)


def test_after_ten_minutes_the_rate_is_whole(standard, later):
    limits.throttled(standard)
    limits.throttled(standard)
    later(600)
    assert take_all(standard)[1] == pytest.approx(1 / 1.96, abs=0.3)


def test_one_throttled_portal_slows_no_other_down(standard):
    limits.throttled(standard)
    assert limits.take_hit(new()) == 0


# --- How many commands ------------------------------------------------------------------------------


def test_the_first_batches_are_small(standard):
    assert limits.take(standard, METHOD, 50) == Grant(10, 0, 0)


def test_no_more_is_granted_than_was_asked_for(standard):
    told(standard, 1, 600, each=0.01)
    assert limits.take(standard, METHOD, 3).commands == 3


@pytest.mark.parametrize(("each", "commands"), [(0.001, 50), (0.2, 50), (0.25, 40), (1, 10), (4, 2), (10, 1), (30, 1)])
def test_a_batch_is_sized_to_end_within_ten_seconds(standard, each, commands):
    limits.report(standard, METHOD, each, None)
    assert limits.take(standard, METHOD, 50) == Grant(commands, 0, each)


def test_a_slow_answer_counts_at_once(standard):
    limits.report(standard, METHOD, 0.1, None)
    limits.report(standard, METHOD, 2, None)
    assert limits.take(standard, METHOD, 50).each == 2


def test_a_quick_answer_counts_in_part(standard):
    limits.report(standard, METHOD, 2, None)
    limits.report(standard, METHOD, 0.1, None)
    assert 0.1 < limits.take(standard, METHOD, 50).each < 2


def test_all_methods_of_a_portal_are_thought_alike_in_speed(standard):
    limits.report(standard, METHOD, 1, None)
    assert limits.take(standard, ANOTHER, 50).commands == 10


def test_after_a_lost_answer_fewer_commands_are_sent(standard):
    limits.report(standard, METHOD, 0.5, None)
    limits.slower(standard, 50)
    assert limits.take(standard, METHOD, 50) == Grant(10, 0, 1)


@pytest.mark.parametrize("each", [None, 0.02, 0.19])
def test_after_a_lost_answer_half_as_many_are_sent_however_quick_they_were(standard, each):
    if each:
        limits.report(standard, METHOD, each, None)
    before = limits.take(standard, METHOD, 50).commands
    limits.slower(standard, before)
    assert limits.take(standard, METHOD, 50).commands == before / 2


def test_a_lost_answer_makes_nothing_quicker(standard):
    limits.report(standard, METHOD, 30, None)
    limits.slower(standard, 1)
    assert limits.take(standard, METHOD, 50).each == 30


def test_after_many_lost_answers_one_command_is_sent(standard):
    for _ in range(20):
        limits.slower(standard, 50)
    assert limits.take(standard, METHOD, 50).commands == 1


# --- Redis away, or emptied -------------------------------------------------------------------------


def test_without_redis_everything_is_granted():
    assert limits.take(new(), METHOD, 50) == limits.look(new(), METHOD, 50) == Grant(50)


def test_without_redis_no_question_waits():
    portal = new()
    assert [limits.take_hit(portal) for _ in range(50)] == [0] * 50


def test_without_redis_a_block_is_a_minute():
    assert limits.blocked(new(), METHOD) == 60


@pytest.mark.parametrize(
    "tell",
    [
        limits.throttled,
        lambda portal: limits.slower(portal, 50),
        lambda portal: limits.report(portal, METHOD, 0.1, None),
        lambda portal: limits.report(portal, METHOD, 0.1, Operating(1, 600)),
    ],
    ids=["throttled", "slower", "report", "report with figures"],
)
def test_without_redis_nothing_is_learned_and_nothing_fails(tell):
    assert tell(new()) is None


def test_a_redis_that_was_emptied_grants_as_at_the_start(standard, redis):
    told(standard, LIMIT, 300)
    limits.throttled(standard)
    limits.blocked(standard, METHOD)
    redis.delete(*redis.scan_iter(f"trace-relay:pace:{standard.pk}*"))
    assert limits.take(standard, METHOD, 50) == Grant(10, 0, 0)


def test_figures_after_an_emptying_are_learned_anew(standard, redis):
    limits.take(standard, METHOD, 50)
    redis.delete(*redis.scan_iter(f"trace-relay:pace:{standard.pk}*"))
    told(standard, LIMIT, 300)
    assert limits.take(standard, METHOD, 50).wait == pytest.approx(300, abs=5)


def test_a_redis_that_forgot_the_script_is_told_it_again(standard, redis):
    limits.take_hit(standard)
    redis.script_flush()
    assert limits.take_hit(standard) == 0


def test_what_is_kept_in_redis_ends_by_itself(standard, redis):
    told(standard, 100, 300)
    limits.take(standard, METHOD, 50)
    keys = list(redis.scan_iter(f"trace-relay:pace:{standard.pk}*"))
    assert [0 < redis.ttl(key) <= 4200 for key in keys] == [True] * 3
