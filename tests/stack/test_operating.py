"""The operating time of a method: what is left is spread out, and a block is waited out."""

import pytest

from b24app.pace import limits
from tests.fixtures.limits import ANOTHER, LIMIT, METHOD, answer, look, new, take, take_all


def test_far_from_the_limit_nothing_is_slowed_down(standard):
    answer(standard, LIMIT * 0.5, 300)
    assert [take(standard, 50).commands for _ in range(4)] == [50] * 4


def test_near_the_limit_what_is_left_is_spread(standard):
    answer(standard, LIMIT - 10, 300)
    take(standard, 20)
    assert take(standard, 20).wait == pytest.approx(300 * 2 / 10, abs=5)


def test_near_the_limit_what_is_left_lasts_until_the_reset(standard, later):
    used, left, sent = LIMIT - 10, 300.0, 0
    answer(standard, used, left)
    while left > 1:
        allowance = take(standard, 20)
        if allowance.wait:
            later(allowance.wait)
            left -= allowance.wait
            continue
        sent += allowance.commands
        used += allowance.commands * 0.1
        answer(standard, used, left)
    assert 60 <= sent <= 100


@pytest.mark.parametrize(("left", "commands"), [(3.05, 30), (0.55, 5), (0.15, 1)])
def test_no_more_commands_are_granted_than_fit(standard, left, commands):
    answer(standard, LIMIT - left, 300)
    assert take(standard, 50).commands == commands


@pytest.mark.parametrize("left", [0.05, 0, -1, -100])
def test_where_nothing_fits_requests_wait_for_the_reset(standard, left):
    answer(standard, LIMIT - left, 300)
    assert take(standard, 50).wait == pytest.approx(300, abs=5)


def test_what_is_out_counts_as_used(standard, later):
    answer(standard, LIMIT - 15.5, 60, seconds_per_command=1)
    take(standard, 10)
    later(take(standard, 10).wait)
    assert take(standard, 10).commands == 5


def test_what_came_back_counts_once(standard):
    answer(standard, 100, 300, seconds_per_command=1)
    for _ in range(30):
        take(standard, 10)
        answer(standard, 100, 300, seconds_per_command=1)
    assert look(standard, 10).commands == 10


def test_what_was_never_reported_is_forgotten(standard, later):
    answer(standard, LIMIT - 10, 300, seconds_per_command=1)
    take(standard, 10)
    later(81)
    answer(standard, LIMIT - 10, 300, seconds_per_command=1)
    later(225)
    assert take(standard, 5).commands == 5


def test_what_is_never_reported_does_not_pile_up(standard, later):
    answer(standard, 200, 600, seconds_per_command=1)
    for _ in range(50):
        take(standard, 10)
        take(standard, 10)
        answer(standard, 200, 600, seconds_per_command=1)
        later(60)
    assert take(standard, 10).commands == 10


def test_after_a_reset_only_a_few_go_until_the_portal_has_told(standard, later):
    answer(standard, LIMIT, 300)
    later(301)
    assert take(standard, 50).commands == 5


def test_after_a_reset_what_the_portal_tells_counts(standard, later):
    answer(standard, LIMIT, 300)
    later(301)
    answer(standard, 20, 600)
    assert take(standard, 50).commands == 50


def test_the_operating_time_of_another_method_is_its_own(standard):
    answer(standard, LIMIT, 300)
    assert take(standard, 50, ANOTHER).commands == 50


def test_questions_need_no_operating_time(standard):
    answer(standard, LIMIT, 300)
    assert limits.take_request(standard) == 0


def test_a_wait_for_operating_time_is_no_request(standard):
    answer(standard, LIMIT, 300)
    for _ in range(100):
        take(standard, 50)
    assert take_all(standard)[0] >= 40


# --- A method that the portal has blocked -----------------------------------------------------------


@pytest.mark.parametrize(("resets_in", "wait"), [(300, 300), (599, 599), (60, 60), (20, 60), (0, 60)])
def test_a_block_lasts_until_the_reset_and_a_minute_at_least(standard, resets_in, wait):
    answer(standard, 480, resets_in)
    assert limits.note_blocked(standard, METHOD) == pytest.approx(wait, abs=5)


def test_a_block_without_a_known_reset_lasts_a_minute(standard):
    assert limits.note_blocked(standard, METHOD) == pytest.approx(60)


def test_nothing_is_granted_while_blocked(standard, later):
    answer(standard, 480, 300)
    limits.note_blocked(standard, METHOD)
    later(290)
    assert 0 < take(standard, 1).wait <= 10


def test_another_method_goes_on(standard):
    limits.note_blocked(standard, METHOD)
    assert take(standard, 50, ANOTHER).commands == 10


def test_a_blocked_method_of_another_portal_goes_on(standard):
    limits.note_blocked(standard, METHOD)
    assert take(new(), 50).commands == 10


@pytest.fixture
def probing(standard, later):
    """A portal whose method was blocked, and is to be tried again."""
    answer(standard, 200, 300)
    later(limits.note_blocked(standard, METHOD) + 1)
    return standard


def test_after_a_block_one_command_is_tried(probing):
    assert take(probing, 50).commands == 1


def test_after_a_block_without_figures_one_command_is_tried(standard, later):
    later(limits.note_blocked(standard, METHOD) + 1)
    assert take(standard, 50).commands == 1


def test_after_a_good_answer_more_are_sent(probing):
    take(probing, 50)
    answer(probing, 5, 600)
    assert take(probing, 50).commands == 50


def test_only_one_goes_before_its_answer(probing):
    assert [take(probing, 50).commands for _ in range(3)] == [1, 0, 0]


def test_an_answer_without_figures_ends_the_trial_too(probing):
    take(probing, 50)
    limits.note_answer(probing, METHOD, 0.1, None)
    assert take(probing, 50).commands > 1


def test_an_answer_from_before_the_block_does_not_end_the_trial(standard, later):
    answer(standard, 200, 300)
    take(standard, 10)
    wait = limits.note_blocked(standard, METHOD)
    answer(standard, 200, 300)
    later(wait + 1)
    assert take(standard, 50).commands == 1


def test_an_old_figure_teaches_no_limit(standard, later):
    answer(standard, 1, 600)
    later(500)
    later(limits.note_blocked(standard, METHOD) + 1)
    take(standard, 50)
    answer(standard, 2, 600)
    assert take(standard, 50).commands > 0


def test_a_block_below_the_limit_teaches_a_lower_one(probing):
    answer(probing, 199, 600)
    assert take(probing, 50).commands == 10


def test_a_lower_limit_is_believed_for_an_hour(probing, later):
    later(3600 - 310)
    answer(probing, 199, 600)
    assert take(probing, 50).commands == 10


def test_a_lower_limit_is_forgotten_after_an_hour(probing, later):
    later(3600)
    answer(probing, 199, 600)
    assert take(probing, 50).commands == 50


def test_a_block_above_the_limit_teaches_nothing(standard, later):
    answer(standard, 500, 300)
    later(limits.note_blocked(standard, METHOD) + 1)
    answer(standard, LIMIT - 1.05, 600)
    assert take(standard, 50).commands == 10


# --- Several methods in one request -----------------------------------------------------------------


def test_each_method_has_an_allowance_of_its_own(standard):
    answer(standard, LIMIT - 0.35, 300)
    answer(standard, 1, 300, method=ANOTHER)
    allowed = limits.take(standard, {METHOD: 20, ANOTHER: 20})
    assert {method: allowance.commands for method, allowance in allowed.items()} == {METHOD: 3, ANOTHER: 20}


def test_a_blocked_method_waits_and_the_other_goes_on(standard):
    limits.note_blocked(standard, METHOD)
    allowed = limits.take(standard, {METHOD: 5, ANOTHER: 5})
    assert (allowed[METHOD].commands, allowed[ANOTHER].commands) == (0, 5)
    assert allowed[METHOD].wait == pytest.approx(60, abs=5)


def test_a_request_with_several_methods_is_counted_once(standard):
    for _ in range(20):
        limits.take(standard, {METHOD: 1, ANOTHER: 1})
    assert 20 <= take_all(standard)[0] < 35


def test_a_request_of_which_nothing_is_granted_is_not_counted(standard):
    limits.note_blocked(standard, METHOD)
    limits.note_blocked(standard, ANOTHER)
    for _ in range(40):
        limits.take(standard, {METHOD: 1, ANOTHER: 1})
    assert take_all(standard)[0] >= 40


def test_where_the_bucket_is_full_all_methods_wait_alike(standard):
    take_all(standard)
    allowed = limits.take(standard, {METHOD: 1, ANOTHER: 1})
    assert [allowance.commands for allowance in allowed.values()] == [0, 0]
    assert 0 < allowed[METHOD].wait == allowed[ANOTHER].wait <= 1 / 1.96


def test_a_look_at_several_methods_tells_what_taking_them_would(standard):
    limits.note_blocked(standard, METHOD)
    answer(standard, LIMIT - 0.35, 300, method=ANOTHER)
    look_first = limits.look(standard, [METHOD, ANOTHER], 20)
    allowed = limits.take(standard, {METHOD: 20, ANOTHER: 20})
    assert {method: allowance.commands for method, allowance in look_first.items()} == {METHOD: 0, ANOTHER: 3}
    assert {method: allowance.commands for method, allowance in allowed.items()} == {METHOD: 0, ANOTHER: 3}


def test_what_was_reserved_for_a_method_narrows_no_other(standard):
    answer(standard, LIMIT - 10.5, 300, seconds_per_command=1)
    answer(standard, LIMIT - 10.5, 300, seconds_per_command=1, method=ANOTHER)
    limits.take(standard, {METHOD: 10})
    assert take(standard, 10, ANOTHER).commands == 10
