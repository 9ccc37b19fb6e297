"""How close a portal is to its limits, as the overview shows it. Time is moved; Redis' own goes on by itself."""

import time
from datetime import UTC, datetime

import pytest

from b24app.models import Portal
from b24app.pace import limits, usage
from tests.fixtures.limits import ANOTHER, METHOD, answer, new, take


def seconds_until(moment):
    return moment.timestamp() - datetime.now(UTC).timestamp()


def test_a_portal_nobody_has_sent_to_has_used_nothing(standard):
    assert usage.of(standard, [METHOD]) == usage.Usage(0.0, 50.0, [])


def test_requests_fill_the_bucket(standard):
    began = time.monotonic()
    for _ in range(20):
        limits.take_request(standard)
    now = usage.of(standard, [])
    assert 20 - 2 * (time.monotonic() - began) <= now.level <= 20
    assert now.percent == round(now.level / 50 * 100)


def test_a_bucket_drains(standard, later):
    for _ in range(20):
        limits.take_request(standard)
    later(5)
    assert usage.of(standard, []).level < 11
    later(60)
    assert usage.of(standard, []).level == 0


def test_after_a_503_it_is_at_what_is_used_of_it(standard, later):
    limits.note_throttled(standard)
    later(10)
    assert usage.of(standard, []).level == pytest.approx(40 - 10 * 1.96, abs=1)


def test_where_nothing_is_limited_the_bucket_is_empty(redis):
    portal = new(Portal.Tariff.UNLIMITED)
    limits.take_request(portal)
    assert (usage.of(portal, []).level, usage.of(portal, []).percent) == (0, 0)


def test_a_methods_time_is_forgotten_once_it_is_over(standard, later):
    answer(standard, 35, 60)
    (method,) = usage.of(standard, [ANOTHER, METHOD]).methods
    assert (method.name, method.used, method.limit, method.blocked) == (METHOD, 35, 480, False)
    assert seconds_until(method.resets_at) == pytest.approx(60, abs=5)
    later(61)
    assert usage.of(standard, [METHOD]).methods == []


def test_a_blocked_method_has_used_all(standard):
    answer(standard, 200, 300)
    limits.note_blocked(standard, METHOD)
    (method,) = usage.of(standard, [METHOD]).methods
    assert (method.used, method.limit, method.blocked) == (200, 200, True)


def test_to_look_changes_nothing(standard, redis):
    answer(standard, 200, 300)
    take(standard, 10)
    keys = sorted(redis.scan_iter(f"trace-relay:pace:{standard.pk}*"))
    before = [redis.dump(key) for key in keys]
    usage.of(standard, [METHOD])
    assert [redis.dump(key) for key in keys] == before


def test_without_redis_the_limits_are_not_known():
    assert usage.of(new(), [METHOD]) is None
