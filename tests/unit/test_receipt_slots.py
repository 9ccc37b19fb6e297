"""Which batch leaves its receipt where."""

from datetime import UTC, datetime, timedelta

import pytest

from b24app.models import Portal
from b24app.pace import limits
from b24app.portal import receipt_slots
from b24app.portal.receipt_slots import InFlight

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def batch(began, ends, slot=None, is_lost=False):
    """A batch that began so many seconds ago and is expected back in so many, None: nobody knows."""
    expected_at = None if ends is None else NOW + timedelta(seconds=ends)
    return InFlight(slot, NOW - timedelta(seconds=began), expected_at, is_lost)


@pytest.mark.parametrize("seconds", [0, 0.1, 10])
def test_an_empty_store_takes_any_batch(seconds):
    assert receipt_slots.can_share([], NOW, seconds)


@pytest.mark.parametrize(
    ("began", "ends", "seconds", "fits"),
    [
        (3, 3, 10, True),
        (2, 2, 10, True),
        (5, 15, 10, True),
        (1.9, 5, 10, False),
        (0, 5, 10, False),
        (-1, 5, 10, False),
        (5, 1.9, 10, False),
        (5, 0, 10, False),
        (5, 8.1, 10, False),
        (5, 10, 10, False),
        (5, 11.9, 10, False),
        (5, -0.1, 10, False),
        (5, -60, 10, False),
        (5, None, 10, False),
        (5, 5, 0, False),
        (0.2, 0.2, 0.4, True),
        (0.1, 0.2, 0.4, False),
        (0.2, 0.3, 0.4, False),
    ],
    ids=[
        "in the middle of it",
        "just far enough apart",
        "ends long before it",
        "begins too soon after it",
        "begins with it",
        "begins before it, by another clock",
        "begins too shortly before its end",
        "begins at its end",
        "ends too soon after it",
        "ends with it",
        "ends too shortly before it",
        "it is overdue",
        "it is long overdue",
        "nobody knows when it ends",
        "nobody knows when this one ends",
        "short ones, far apart",
        "short ones, too soon",
        "short ones, ends too close",
    ],
)
def test_two_share_a_store_where_none_writes_when_the_other_does(began, ends, seconds, fits):
    assert receipt_slots.can_share([batch(began, ends)], NOW, seconds) is fits


def test_a_third_has_no_place():
    assert not receipt_slots.can_share([batch(30, 30), batch(20, 60)], NOW, 100)


def test_a_lost_one_keeps_its_store_for_itself():
    assert not receipt_slots.can_share([batch(3, 3, is_lost=True)], NOW, 10)


@pytest.fixture
def acme():
    """A portal on an ordinary tariff."""
    return Portal(domain="acme.example")


@pytest.fixture
def in_flight():
    """acme's batches."""
    return []


@pytest.fixture
def busy(in_flight):
    """Add a batch that is in flight."""
    return lambda slot, began, ends, **facts: in_flight.append(batch(began, ends, slot, **facts))


@pytest.fixture
def chosen(in_flight):
    """The slot for a batch of so many seconds that begins now."""
    return lambda portal, seconds: receipt_slots.choose(portal, in_flight, NOW, seconds)


def test_the_first_store_comes_first(acme, chosen):
    assert chosen(acme, 10) == 0


def test_a_batch_of_unknown_length_finds_an_empty_store(acme, chosen):
    assert chosen(acme, 0) == 0


def test_beside_one_that_has_just_begun_the_second_store_is_taken(acme, busy, chosen):
    busy(0, 0.1, 10)
    assert chosen(acme, 10) == 1


def test_a_store_is_shared_with_one_that_is_halfway(acme, busy, chosen):
    busy(0, 5, 5)
    assert chosen(acme, 10) == 2


def test_who_shares_a_store_takes_the_option_that_is_free(acme, busy, chosen):
    busy(2, 5, 5)
    assert chosen(acme, 10) == 0


def test_a_shared_store_is_full(acme, busy, chosen):
    busy(0, 30, 30)
    busy(2, 20, 60)
    assert chosen(acme, 100) == 1


def test_a_lost_batch_leaves_the_other_store_free(acme, busy, chosen):
    busy(0, 5, 5, is_lost=True)
    assert chosen(acme, 10) == 1


def test_where_every_store_is_taken_a_batch_waits(acme, busy, chosen):
    busy(0, 0.1, 10)
    busy(1, 0.1, 10)
    with pytest.raises(receipt_slots.NoSlot):
        chosen(acme, 10)


def test_where_every_store_is_shared_a_batch_waits(acme, busy, chosen):
    for store in (0, 1):
        busy(store, 30, 30)
        busy(store + 2, 20, 60)
    with pytest.raises(receipt_slots.NoSlot):
        chosen(acme, 100)


def test_without_another_batch_in_it_a_store_is_free(acme, busy, chosen):
    busy(0, 0.1, 10)
    assert chosen(acme, 10) == 1


def test_a_webhook_leaves_no_receipt(acme, chosen):
    acme.webhook_url = "https://acme.example/rest/1/code/"
    assert chosen(acme, 10) is None


def test_a_portal_that_lets_us_write_nowhere_gets_no_receipt(acme, chosen):
    acme.receipt_option_sets = 0
    assert chosen(acme, 10) is None


@pytest.mark.parametrize("tariff", Portal.Tariff.values)
@pytest.mark.parametrize("webhook", ["", "https://acme.example/rest/1/code/"])
def test_no_more_are_in_flight_than_the_tariff_allows(acme, busy, tariff, webhook, chosen):
    acme.tariff, acme.webhook_url = tariff, webhook
    for _ in range(limits.TARIFFS[tariff].in_flight):
        busy(None, 5, 5)
    with pytest.raises(receipt_slots.NoSlot):
        chosen(acme, 10)


@pytest.fixture
def unlimited(acme, busy):
    """acme on the company's own server, with a batch in each store that lets no other in."""
    acme.tariff = Portal.Tariff.UNLIMITED
    busy(0, 0.1, 10)
    busy(1, 0.1, 10)
    return acme


def test_without_limits_further_batchs_go_out_without_a_receipt(unlimited, chosen):
    assert chosen(unlimited, 10) is None


def test_without_limits_a_free_store_is_used_all_the_same(unlimited, in_flight, chosen):
    in_flight.pop()
    assert chosen(unlimited, 10) == 1


@pytest.mark.parametrize("store", [0, None])
def test_without_limits_a_lost_batch_keeps_further_batchs_back(unlimited, busy, store, chosen):
    busy(store, 5, 5, is_lost=True)
    with pytest.raises(receipt_slots.NoSlot):
        chosen(unlimited, 10)


def test_without_limits_one_more_goes_out_until_all_places_are_taken(unlimited, busy, chosen):
    for _ in range(limits.TARIFFS["unlimited"].in_flight - 3):
        busy(None, 5, 5)
    assert chosen(unlimited, 10) is None


def test_a_limited_portal_with_one_store_waits_for_it(acme, busy, chosen):
    acme.receipt_option_sets = 1
    busy(0, 0.1, 10)
    with pytest.raises(receipt_slots.NoSlot):
        chosen(acme, 10)
