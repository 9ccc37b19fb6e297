"""The list of the forms, with what came through each of them lately."""

from datetime import UTC, datetime

import pytest
import time_machine
from django.utils import timezone

from tests.fixtures.forms import make_form
from traces.history import statistics
from traces.models import Form
from traces.pages import chart, forms

pytestmark = pytest.mark.django_db
HERE = "/b24/app/forms/"


def test_without_a_form_the_page_explains_what_one_is(frame):
    page = frame.get(HERE).text
    assert "No forms yet." in page
    assert "/b24/app/forms/new/" in page


def test_the_list_tells_of_each_form(frame, form):
    page = frame.get(HERE).text
    assert f"/in/{form.key}/" in page
    assert ">Trace only<" in page
    assert ">On<" in page


def test_the_list_has_the_portals_own_forms_alone(frame, other):
    make_form(other, name="Of somebody else")
    assert "Of somebody else" not in frame.get(HERE).text


def test_a_form_that_is_switched_off_says_so(frame, form):
    Form.objects.update(active=False)
    assert ">Off<" in frame.get(HERE).text


def test_the_picture_has_a_text_beside_it(frame, make_submission):
    make_submission()
    assert 'aria-label="1 submission in 14 days"' in frame.get(HERE).text


NOON = datetime(2026, 3, 15, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("received", "place"),
    [
        (NOON, 13),
        (datetime(2026, 3, 15, tzinfo=UTC), 13),
        (datetime(2026, 3, 14, 23, 59, 59, 999999, tzinfo=UTC), 12),
        (datetime(2026, 3, 2, tzinfo=UTC), 0),
        (datetime(2026, 3, 1, 23, 59, 59, tzinfo=UTC), None),
    ],
)
def test_each_submission_stands_on_its_day(acme, make_submission, received, place):
    make_submission(received_at=received)
    with time_machine.travel(NOON, tick=False):
        (row,) = forms.rows(acme)
    assert [bar.x // chart.STEP for bar in row.spark.bars] == ([] if place is None else [place])
    assert (row.spark.count, row.last) == (len(row.spark.bars), received)


@pytest.mark.parametrize(("zone", "place"), [("UTC", 12), ("Asia/Kathmandu", 13), ("America/New_York", 12)])
def test_the_list_and_the_overview_agree_on_the_readers_day(acme, make_submission, zone, place):
    make_submission(received_at=datetime(2026, 3, 14, 18, 20, tzinfo=UTC))  # 00:05 of the next day in Kathmandu
    with time_machine.travel(NOON, tick=False), timezone.override(zone):
        (row,) = forms.rows(acme)
        days = [day.total for day in statistics.by_day(acme, statistics.last_days(forms.DAYS))]
    assert ([bar.x // chart.STEP for bar in row.spark.bars], days.index(1)) == ([place], place)


def test_the_highest_bar_has_the_whole_height_and_one_submission_is_seen():
    bars = chart.sparkline([0, 1000, 1]).bars
    assert [(bar.y, bar.height) for bar in bars] == [(0, 1000), (917, 83)]


def test_the_list_costs_the_same_however_many_forms(frame, acme, make_submission, django_assert_num_queries):
    for number in range(5):
        make_submission(form=make_form(acme, name=f"Form {number}"))
    with django_assert_num_queries(3):  # the portal, its forms, their days
        frame.get(HERE)
