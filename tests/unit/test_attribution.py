"""Where requests came from, beside the period before."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.fixtures.forms import make_form
from traces.compose import search
from traces.compose.sources import Facts
from traces.history import attribution
from traces.history.attribution import Figure

DAY = timedelta(days=1)


def ranked(found, name):
    return [(line.key, line.count, line.former) for line in found.rankings[name].top]


def test_groups_are_folded_into_a_ranking_of_each_kind():
    groups = [((1, 7, None, None, 5), 2, 1), ((2, 7, 9, 1, 5), 4, 0), ((1, None, 9, None, 6), 0, 3)]
    found = attribution.fold(groups)
    assert found.total == Figure(6, 4)
    assert ranked(found, "source") == [(2, 4, 0), (1, 2, 4)]
    assert ranked(found, "medium") == [(7, 6, 1)]
    assert found.rankings["medium"].missing == Figure(0, 3)
    assert ranked(found, "form") == [(5, 6, 1), (6, 0, 3)]


def test_what_is_behind_the_last_row_counts_together():
    groups = [((number, None, None, None, 1), number, 1) for number in range(1, 6)]
    ranking = attribution.fold(groups, max_rows=2).rankings["source"]
    assert ([line.key for line in ranking.top], ranking.others) == ([5, 4], Figure(6, 3))


def test_direct_visits_are_the_share_without_a_source():
    groups = [((1, None, None, None, 1), 1, 0), ((2, None, None, None, 1), 3, 0)]
    assert attribution.fold(groups, direct=[1]).share_without_source == 25


@pytest.mark.parametrize(("now", "before", "percent"), [(5, 4, 25), (3, 4, -25), (0, 4, -100), (4, 4, 0), (4, 0, None)])
def test_a_trend_is_the_change_since_the_former_period(now, before, percent):
    assert Figure(now, before).trend == percent


@pytest.mark.django_db
def test_the_former_period_is_as_long_and_ends_where_this_one_begins(acme, form, make_submission):
    since = timezone.now() - 7 * DAY
    facts = {"state": "delivered", "source": "utm_source:google"}
    for days in (1, 6, 8, 13, 15):
        make_submission(received_at=timezone.now() - days * DAY, **facts)
    make_submission(received_at=since + DAY)  # not delivered yet
    assert attribution.of(acme, since).total == Figure(2, 2)


@pytest.mark.django_db
def test_only_the_days_and_the_form_that_are_asked_for_count(acme, form, make_submission):
    now, other = timezone.now(), make_form(acme)
    for days in (1, 5):
        make_submission(received_at=now - days * DAY, source="direct", campaign="spring")
    make_submission(form=other, received_at=now - 5 * DAY, source="direct")
    found = attribution.of(acme, now - 6 * DAY, now - 2 * DAY, form.pk)
    assert (found.total.count, found.rankings["campaign"].top[0].label) == (1, "spring")


def test_the_first_source_is_that_of_the_oldest_visit():
    former = [{"ref": "https://www.bing.com/search"}, {"tags": {"list": {"utm_source": "google"}}}]
    came_by = search.came_by(Facts(utm_medium="cpc"), {"previous": {"list": former}})
    assert came_by == {"source": "direct", "medium": "cpc", "campaign": "", "first_source": "referrer:bing.com"}


def test_without_a_visit_before_no_first_source_is_known():
    assert search.came_by(Facts(), {"previous": {"list": []}})["first_source"] == ""
