"""The overview."""

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.fixtures.product import Frame
from traces.delivery import unmatched
from traces.models import Preferences, Unmatched

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def with_redis(redis):
    """The figures come from it, too."""


def show(frame):
    return frame.get(reverse("overview")).text


@pytest.fixture
def unheard(acme):
    week = unmatched.monday(timezone.now())
    facts = {"field": "utm_source", "value": "unheard-of", "count": 3, "last_at": timezone.now()}
    return Unmatched.objects.create(portal=acme, week=week, **facts)


def test_without_a_form_it_leads_to_the_first_one(frame):
    assert reverse("start") in show(frame)


def test_with_a_form_and_nothing_sent_it_says_so(frame, form):
    assert "No submissions yet" in show(frame)


def test_what_failed_today_is_told_in_the_first_line(frame, make_submission):
    make_submission(state="failed", due_at=None, code="error_core")
    assert "1 submission was not delivered today." in show(frame)


def test_spam_is_no_trouble(frame, make_submission):
    make_submission(state="spam", due_at=None, code="spam")
    assert "was not delivered today" not in show(frame)


def test_a_held_portal_is_told_in_the_first_line(frame, acme, make_submission):
    make_submission()
    acme.state, acme.hold_code = "held", "payment_required"
    acme.save()
    answer = show(frame)
    assert "has expired" in answer and reverse("health") in answer


def test_a_value_that_no_rule_knows_has_a_button(frame, unheard):
    assert "unheard-of" in show(frame) and reverse("source-new") in show(frame)


def test_a_viewer_sees_figures_and_nothing_of_a_visitor(client, acme, make_submission, unheard):
    make_submission(body={"name": "Ines"})
    Preferences.objects.create(portal=acme, viewers=True)
    answer = show(Frame(client, acme, admin=False))
    assert "Queued now" in answer
    assert [
        word for word in ("Ines", "unheard-of", reverse("source-new"), reverse("submissions")) if word in answer
    ] == []


@pytest.mark.parametrize(("days", "shown"), [("90", 90), ("14", 14), ("1000000", 14)])
def test_the_days_are_chosen(frame, make_submission, days, shown):
    make_submission()
    answer = frame.get(reverse("overview-figures"), {"days": days}).text
    assert f"Submissions in {shown} days" in answer


def test_it_asks_a_bounded_number_of_questions(frame, make_submission, django_assert_max_num_queries):
    for number in range(20):
        make_submission(state="delivered", source=f"utm_source:{number}")
    with django_assert_max_num_queries(15):
        show(frame)
