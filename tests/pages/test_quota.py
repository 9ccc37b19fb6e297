"""How much may wait for one portal."""

import pytest
from django.core.cache import cache
from django.urls import reverse

from tests.fixtures.forms import make_form
from traces.models import Submission
from traces.setup import quota

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("woken")]


@pytest.fixture
def few(settings):
    """Two submissions may wait."""
    settings.PORTAL_WAITING_ROWS = 2


def test_more_than_may_wait_is_turned_away(post, few, make_submission):
    make_submission(), make_submission()
    answer = post({"a": 1})
    assert (answer.status_code, answer.json()["code"], answer["Retry-After"]) == (429, "queue_full", "30")
    assert Submission.objects.count() == 2


def test_it_is_taken_again_when_the_queue_is_shorter(post, few, make_submission):
    make_submission(), make_submission()
    assert post({"a": 1}).status_code == 429
    Submission.objects.update(state="delivered", due_at=None)
    cache.clear()  # half a minute later
    assert post({"a": 1}).status_code == 200


def test_other_portals_do_not_suffer(client, few, make_submission, other):
    make_submission(), make_submission()
    address = f"/in/{make_form(other).key}/"
    assert client.post(address, {"a": 1}, content_type="application/json").status_code == 200


def test_the_bytes_count_too(settings, monkeypatch, make_submission, form):
    settings.PORTAL_WAITING_MIB = 1
    monkeypatch.setattr(quota, "_MAX_BODY_BYTES", 1024 * 1024)
    for size in (10, 400_000, 1_000_000):
        make_submission(body={"a": "x" * size})
    waiting = quota.waiting(form.portal_id)
    # As they are stored: encryption makes three bytes four.
    assert waiting.is_full and abs(waiting.bytes * 3 / 4 - 1_400_000) < 1_000


def test_a_zero_is_no_limit(settings, post, make_submission):
    settings.PORTAL_WAITING_ROWS = settings.PORTAL_WAITING_MIB = 0
    make_submission()
    assert post({"a": 1}).status_code == 200


def test_it_is_looked_at_now_and_then(form, few, django_assert_num_queries):
    quota.waiting(form.portal_id)
    with django_assert_num_queries(0):
        quota.waiting(form.portal_id)


def test_the_overview_says_so(few, frame, make_submission):
    make_submission(), make_submission()
    assert "new submissions are rejected" in frame.get(reverse("overview")).text


def test_the_overview_of_a_short_queue_says_nothing(frame, make_submission):
    make_submission()
    assert "new submissions are rejected" not in frame.get(reverse("overview")).text
