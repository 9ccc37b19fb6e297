"""The list of the forms, with what came through each of them lately."""

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from tests.fixtures.forms import make_form
from tests.pages.helpers import error_of, hidden_fields
from traces.history import statistics
from traces.models import Form
from traces.pages import chart, form_list
from traces.setup import forms as setup

pytestmark = pytest.mark.django_db
HERE = "/b24/app/forms/"
TAKEN = "Another form already has this name. Choose another one."


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
        (row,) = form_list.rows(acme)
    assert [bar.x // chart.STEP for bar in row.spark.bars] == ([] if place is None else [place])
    assert (row.spark.count, row.last) == (len(row.spark.bars), received)


@pytest.mark.parametrize(("zone", "place"), [("UTC", 12), ("Asia/Kathmandu", 13), ("America/New_York", 12)])
def test_the_list_and_the_overview_agree_on_the_readers_day(acme, make_submission, zone, place):
    make_submission(received_at=datetime(2026, 3, 14, 18, 20, tzinfo=UTC))  # 00:05 of the next day in Kathmandu
    with time_machine.travel(NOON, tick=False), timezone.override(zone):
        (row,) = form_list.rows(acme)
        days = [day.total for day in statistics.by_day(acme, statistics.last_days(form_list.DAYS))]
    assert ([bar.x // chart.STEP for bar in row.spark.bars], days.index(1)) == ([place], place)


def test_the_highest_bar_has_the_whole_height_and_one_submission_is_seen():
    bars = chart.sparkline([0, 1000, 1]).bars
    assert [(bar.y, bar.height) for bar in bars] == [(0, 1000), (917, 83)]


def test_the_list_costs_the_same_however_many_forms(frame, acme, make_submission, django_assert_num_queries):
    for number in range(5):
        make_submission(form=make_form(acme, name=f"Form {number}"))
    with django_assert_num_queries(3):  # the portal, its forms, their days
        frame.get(HERE)


# --- Found, sorted, cut into pages ---


def names(page):
    return re.findall(r'<a href="/b24/app/forms/\d+/"><span[^>]*>([^<]+)<', page)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, ["Alpha", "Beta shop", "Gamma"]),
        ({"words": "SHOP beta"}, ["Beta shop"]),
        ({"words": "nothing like it"}, []),
        ({"sort": "last"}, ["Gamma", "Beta shop", "Alpha"]),
        ({"sort": "count"}, ["Beta shop", "Gamma", "Alpha"]),
        ({"sort": "x", "page": "9"}, ["Alpha", "Beta shop", "Gamma"]),
    ],
)
def test_forms_are_found_and_sorted(frame, acme, make_submission, asked, found):
    made = {name: make_form(acme, name=name) for name in ("Gamma", "Alpha", "Beta shop")}
    for name, days in (("Beta shop", 2), ("Beta shop", 3), ("Gamma", 1)):
        make_submission(form=made[name], received_at=timezone.now() - timedelta(days=days))
    assert names(frame.get(HERE, asked).text) == found


def test_there_are_fifty_on_a_page(frame, acme):
    Form.objects.bulk_create(Form(portal=acme, name=f"Form {number:02}", secret_hash="0") for number in range(51))
    first = frame.get(HERE, {"words": "form"}).text
    assert (len(names(first)), "?words=form&amp;page=2" in first) == (50, True)
    assert names(frame.get(HERE, {"words": "form", "page": "2"}).text) == ["Form 50"]


def test_a_form_leads_to_its_submissions(frame, form):
    assert f'href="/b24/app/submissions/?form={form.pk}"' in frame.get(HERE).text


# --- On and off, removed and brought back ---


@pytest.mark.parametrize(("before", "after"), [(True, False), (False, True)])
def test_a_switch_turns_a_form_on_or_off(frame, form, before, after):
    Form.objects.update(active=before)
    value = '"active":"1"' if after else '"active":""'
    assert value in frame.get(HERE).text
    page = frame.post(f"{HERE}{form.pk}/switch/", {"active": "1" if after else ""}).text
    form.refresh_from_db()
    assert form.active is after and f'role="switch" class="switch" id="switch-{form.pk}"' in page
    assert f'aria-checked="{str(after).lower()}"' in page


def test_a_deleted_form_comes_back_as_it_was(frame, acme):
    form = make_form(acme, name="Orders", captcha_secret="planted", choices=[{"field": "any", "people": [7]}])
    form.consent_texts.create(text="I agree")
    rows = Form.objects.filter(pk=form.pk).values(*(set(vars(form)) - {"_state", "secret", "created_at"}))
    before = rows.get()
    page = frame.post(f"{HERE}{form.pk}/remove/").text
    assert not Form.objects.exists() and "planted" not in page
    assert "restored" in frame.post(f"{HERE}restore/", hidden_fields(page)).text
    assert rows.get() == before
    assert Form.objects.get().consent_texts.get().text == "I agree"


def test_after_a_minute_a_deleted_form_is_gone(frame, form):
    with time_machine.travel(NOON, tick=False) as clock:
        sealed = hidden_fields(frame.post(f"{HERE}{form.pk}/remove/").text)
        clock.shift(61)
        answer = frame.post(f"{HERE}restore/", sealed)
    assert (answer.status_code, Form.objects.count()) == (422, 0)


@pytest.mark.parametrize("sealed", ["", "x", "é", "gAAAA"])
def test_nothing_else_is_restored(frame, sealed):
    assert frame.post(f"{HERE}restore/", {"sealed": sealed}).status_code == 422


def test_another_portals_form_is_not_restored(frame, other):
    form = make_form(other)
    sealed = setup.sealed(form)
    form.delete()
    assert frame.post(f"{HERE}restore/", {"sealed": sealed}).status_code == 422


def test_a_form_is_restored_once(frame, form):
    sealed = hidden_fields(frame.post(f"{HERE}{form.pk}/remove/").text)
    assert [frame.post(f"{HERE}restore/", sealed).status_code for _ in range(2)] == [200, 422]


# --- Names and copies ---


@pytest.mark.parametrize("name", ["Orders", "  Orders "])
def test_two_forms_cannot_have_one_name(frame, lead, name):
    answer = frame.post(f"{HERE}new/", {"name": name, "creates": "lead"})
    assert (answer.status_code, error_of(answer.text, "form-name")) == (422, TAKEN)
    assert Form.objects.count() == 1


def test_another_portal_may_have_a_form_of_the_name(frame, lead, other):
    make_form(other, name="Website")
    assert frame.post(f"{HERE}new/", {"name": "Website", "creates": "lead"}).status_code == 200


def test_a_form_keeps_its_own_name(frame, lead, form):
    typed = {"name": "Orders", "creates": "lead", "repeats": "new", "join_repeats_minutes": "10"}
    assert frame.post(f"{HERE}{lead.pk}/", typed).status_code == 200
    assert error_of(frame.post(f"{HERE}{form.pk}/", typed).text, "form-name") == TAKEN


def test_a_copy_has_the_settings_and_an_address_of_its_own(frame, acme):
    form = make_form(acme, name="Orders", creates="deal", choices=[{"field": "any", "people": [7]}], rota={"7": 3})
    form.consent_texts.create(text="I agree")
    page = frame.post(f"{HERE}{form.pk}/duplicate/").text
    copy = Form.objects.exclude(pk=form.pk).get()
    assert (copy.name, copy.creates, copy.choices, copy.rota) == ("Orders (2)", "deal", form.choices, {})
    assert copy.consent_texts.get().text == "I agree"
    assert copy.key != form.key and copy.secret_hash != form.secret_hash and 'id="form-secret"' in page


@pytest.mark.parametrize(
    ("names", "free"),
    [([], "Shop"), (["Shop"], "Shop (2)"), (["Shop", "Shop (2)"], "Shop (3)"), (["Shop (2)"], "Shop")],
)
def test_a_name_that_is_taken_gets_a_number(acme, names, free):
    for name in names:
        make_form(acme, name=name)
    assert setup.free_name("Shop", acme) == free


def test_a_long_name_stays_within_its_length(acme):
    make_form(acme, name="x" * 120)
    assert len(setup.free_name("x" * 120, acme)) <= 120
