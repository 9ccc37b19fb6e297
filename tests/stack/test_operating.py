"""The operating time of a method: what is left is spread out, and a block is waited out."""

import pytest

from b24app.pace import limits
from tests.fixtures.limits import ANOTHER, LIMIT, METHOD, new, take_all, told


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
