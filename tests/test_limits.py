"""How fast a portal is sent to, with a Redis and without one. Time is moved; Redis' own goes on by itself."""

import itertools
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from b24app import limits
from b24app.batch import Operating
from b24app.limits import Grant
from b24app.models import Portal

METHOD, ANOTHER = "crm.tracking.trace.add", "crm.lead.add"
LIMIT = limits.OPERATING_SECONDS
_numbers = itertools.count(time.time_ns() // 1000)


def new(plan=Portal.Plan.STANDARD):
    """A portal that no run has used before: the Redis may be one that stays."""
    return Portal(pk=next(_numbers), plan=plan)


@pytest.fixture
def standard(redis):
    return new()


@pytest.fixture
def later(monkeypatch):
    """Let so many seconds pass."""

    def later(seconds):
        monkeypatch.setattr(limits, "ahead", limits.ahead + seconds)

    return later


def take_all(portal, most=400):
    """Hits that are let through at once, the wait of the first that is not, and the real seconds that it took."""
    began = time.monotonic()
    for hits in range(most):
        if wait := limits.take_hit(portal):
            return hits, wait, time.monotonic() - began
    return most, 0.0, time.monotonic() - began


def told(portal, used, resets_in, each=0.1, method=METHOD):
    """The portal answers: a command took so long, and so much of the method's operating time is used."""
    limits.report(portal, method, each, Operating(used, resets_in))


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


# --- Operating time ---------------------------------------------------------------------------------


def test_far_from_the_limit_nothing_is_slowed_down(standard):
    told(standard, LIMIT * 0.5, 300)
    assert [limits.take(standard, METHOD, 50).commands for _ in range(4)] == [50] * 4


def test_near_the_limit_what_is_left_is_spread(standard):
    told(standard, LIMIT - 10, 300)
    limits.take(standard, METHOD, 20)
    assert limits.take(standard, METHOD, 20).wait == pytest.approx(300 * 2 / 10, abs=5)


def test_near_the_limit_what_is_left_lasts_until_the_reset(standard, later):
    used, left, sent = LIMIT - 10, 300.0, 0
    told(standard, used, left)
    while left > 1:
        grant = limits.take(standard, METHOD, 20)
        if grant.wait:
            later(grant.wait)
            left -= grant.wait
            continue
        sent += grant.commands
        used += grant.commands * 0.1
        told(standard, used, left)
    assert 60 <= sent <= 100


@pytest.mark.parametrize(("left", "commands"), [(3.05, 30), (0.55, 5), (0.15, 1)])
def test_no_more_commands_are_granted_than_fit(standard, left, commands):
    told(standard, LIMIT - left, 300)
    assert limits.take(standard, METHOD, 50).commands == commands


@pytest.mark.parametrize("left", [0.05, 0, -1, -100])
def test_where_nothing_fits_hits_wait_for_the_reset(standard, left):
    told(standard, LIMIT - left, 300)
    assert limits.take(standard, METHOD, 50).wait == pytest.approx(300, abs=5)


def test_what_is_out_counts_as_used(standard, later):
    told(standard, LIMIT - 15.5, 60, each=1)
    limits.take(standard, METHOD, 10)
    later(limits.take(standard, METHOD, 10).wait)
    assert limits.take(standard, METHOD, 10).commands == 5


def test_what_came_back_counts_once(standard):
    told(standard, 100, 300, each=1)
    for _ in range(30):
        limits.take(standard, METHOD, 10)
        told(standard, 100, 300, each=1)
    assert limits.look(standard, METHOD, 10).commands == 10


def test_what_was_never_reported_is_forgotten(standard, later):
    told(standard, LIMIT - 10, 300, each=1)
    limits.take(standard, METHOD, 10)
    later(81)
    told(standard, LIMIT - 10, 300, each=1)
    later(225)
    assert limits.take(standard, METHOD, 5).commands == 5


def test_what_is_never_reported_does_not_pile_up(standard, later):
    told(standard, 200, 600, each=1)
    for _ in range(50):
        limits.take(standard, METHOD, 10)
        limits.take(standard, METHOD, 10)
        told(standard, 200, 600, each=1)
        later(60)
    assert limits.take(standard, METHOD, 10).commands == 10


def test_after_a_reset_only_a_few_go_until_the_portal_has_told(standard, later):
    told(standard, LIMIT, 300)
    later(301)
    assert limits.take(standard, METHOD, 50).commands == 5


def test_after_a_reset_what_the_portal_tells_counts(standard, later):
    told(standard, LIMIT, 300)
    later(301)
    told(standard, 20, 600)
    assert limits.take(standard, METHOD, 50).commands == 50


def test_the_operating_time_of_another_method_is_its_own(standard):
    told(standard, LIMIT, 300)
    assert limits.take(standard, ANOTHER, 50).commands == 50


def test_questions_need_no_operating_time(standard):
    told(standard, LIMIT, 300)
    assert limits.take_hit(standard) == 0


def test_a_wait_for_operating_time_is_no_hit(standard):
    told(standard, LIMIT, 300)
    for _ in range(100):
        limits.take(standard, METHOD, 50)
    assert take_all(standard)[0] >= 40


# --- A method that the portal has blocked -----------------------------------------------------------


@pytest.mark.parametrize(("resets_in", "wait"), [(300, 300), (599, 599), (60, 60), (20, 60), (0, 60)])
def test_a_block_lasts_until_the_reset_and_a_minute_at_least(standard, resets_in, wait):
    told(standard, 480, resets_in)
    assert limits.blocked(standard, METHOD) == pytest.approx(wait, abs=5)


def test_a_block_without_a_known_reset_lasts_a_minute(standard):
    assert limits.blocked(standard, METHOD) == pytest.approx(60)


def test_nothing_is_granted_while_blocked(standard, later):
    told(standard, 480, 300)
    limits.blocked(standard, METHOD)
    later(290)
    assert 0 < limits.take(standard, METHOD, 1).wait <= 10


def test_another_method_goes_on(standard):
    limits.blocked(standard, METHOD)
    assert limits.take(standard, ANOTHER, 50).commands == 10


def test_a_blocked_method_of_another_portal_goes_on(standard):
    limits.blocked(standard, METHOD)
    assert limits.take(new(), METHOD, 50).commands == 10


@pytest.fixture
def probing(standard, later):
    """A portal whose method was blocked, and is to be tried again."""
    told(standard, 200, 300)
    later(limits.blocked(standard, METHOD) + 1)
    return standard


def test_after_a_block_one_command_is_tried(probing):
    assert limits.take(probing, METHOD, 50).commands == 1


def test_after_a_block_without_figures_one_command_is_tried(standard, later):
    later(limits.blocked(standard, METHOD) + 1)
    assert limits.take(standard, METHOD, 50).commands == 1


def test_after_a_good_answer_more_are_sent(probing):
    limits.take(probing, METHOD, 50)
    told(probing, 5, 600)
    assert limits.take(probing, METHOD, 50).commands == 50


def test_only_one_goes_before_its_answer(probing):
    assert [limits.take(probing, METHOD, 50).commands for _ in range(3)] == [1, 0, 0]


def test_an_answer_without_figures_ends_the_trial_too(probing):
    limits.take(probing, METHOD, 50)
    limits.report(probing, METHOD, 0.1, None)
    assert limits.take(probing, METHOD, 50).commands > 1


def test_an_answer_from_before_the_block_does_not_end_the_trial(standard, later):
    told(standard, 200, 300)
    limits.take(standard, METHOD, 10)
    wait = limits.blocked(standard, METHOD)
    told(standard, 200, 300)
    later(wait + 1)
    assert limits.take(standard, METHOD, 50).commands == 1


def test_an_old_figure_teaches_no_limit(standard, later):
    told(standard, 1, 600)
    later(500)
    later(limits.blocked(standard, METHOD) + 1)
    limits.take(standard, METHOD, 50)
    told(standard, 2, 600)
    assert limits.take(standard, METHOD, 50).commands > 0


def test_a_block_below_the_limit_teaches_a_lower_one(probing):
    told(probing, 199, 600)
    assert limits.take(probing, METHOD, 50).commands == 10


def test_a_lower_limit_is_believed_for_an_hour(probing, later):
    later(3600 - 310)
    told(probing, 199, 600)
    assert limits.take(probing, METHOD, 50).commands == 10


def test_a_lower_limit_is_forgotten_after_an_hour(probing, later):
    later(3600)
    told(probing, 199, 600)
    assert limits.take(probing, METHOD, 50).commands == 50


def test_a_block_above_the_limit_teaches_nothing(standard, later):
    told(standard, 500, 300)
    later(limits.blocked(standard, METHOD) + 1)
    told(standard, LIMIT - 1.05, 600)
    assert limits.take(standard, METHOD, 50).commands == 10


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
