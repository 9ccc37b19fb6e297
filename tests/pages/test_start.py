"""The first run."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from b24app.api import errors
from b24app.api.remedies import REMEDIES
from tests.fixtures.forms import make_form
from tests.fixtures.product import Frame
from traces.models import Attempt, Form, Preferences, Submission

pytestmark = pytest.mark.django_db


def watched(frame, row):
    return frame.get(reverse("start-watch", args=[row.pk])).text


def test_a_newcomer_is_asked_for_nothing_but_a_click(frame):
    answer = frame.get(reverse("start")).text
    assert 'value="Website"' in answer and re.findall('value="([a-z_]+)"[^>]* checked', answer) == ["lead"]
    assert reverse("start-test") not in answer


def test_the_form_that_was_made_shows_its_codes_with_the_secret(frame, acme):
    answer = frame.post(reverse("start-form"), {"name": "Website", "creates": "lead"}).text
    form = acme.forms.get()
    assert form.honeypot and f"/in/{form.key}.js" in answer
    assert "YOUR_SECRET" not in answer
    assert "YOUR_SECRET" in frame.get(reverse("start")).text


def test_a_form_without_a_name_is_told_and_not_made(frame):
    answer = frame.post(reverse("start-form"), {"name": " ", "creates": "lead"})
    assert answer.status_code == 422 and "Enter a name" in answer.text
    assert not Form.objects.exists()


def test_a_test_submission_takes_the_road_of_all(frame, form):
    answer = frame.post(reverse("start-test"), {"form": form.pk}).text
    row = Submission.objects.get()
    assert (row.form, row.state) == (form, "queued")
    assert "utm_source=trace-relay-test" in row.body["page_url"]
    assert reverse("start-watch", args=[row.pk]) in answer


@pytest.mark.django_db(transaction=True)
def test_a_double_click_sends_one(frame, form):
    for _ in range(2):
        assert frame.post(reverse("start-test"), {"form": form.pk, "once": "a-page-of-its-own"}).status_code == 200
    assert Submission.objects.count() == 1


def test_a_held_portal_is_told_with_its_remedy_and_not_asked_again(frame, acme, make_submission):
    row = make_submission()
    acme.state, acme.hold_code = "held", "payment_required"
    acme.save()
    answer = watched(frame, row)
    assert str(REMEDIES["payment_required"].todo) in answer and "every" not in answer


@pytest.mark.parametrize(("minutes", "every"), [(0, "every 1s"), (1, "every 5s"), (11, None)])
def test_it_is_looked_at_less_and_less_often(frame, make_submission, minutes, every):
    answer = watched(frame, make_submission(received_at=timezone.now() - timedelta(minutes=minutes)))
    assert every in answer if every else "every" not in answer


@pytest.mark.parametrize("facts", [{"active": False}, {"creates": "link"}])
def test_a_form_that_a_page_cannot_send_to_is_not_tried(frame, acme, facts):
    form = make_form(acme, **facts)
    assert frame.post(reverse("start-test"), {"form": form.pk}).status_code == 404
    assert not Submission.objects.exists()


def test_another_portals_form_is_not_tried(frame, other):
    assert frame.post(reverse("start-test"), {"form": make_form(other).pk}).status_code == 404
    assert not Submission.objects.exists()


def test_it_is_watched_until_it_has_arrived(frame, make_submission):
    row = make_submission()
    assert "every 1s" in watched(frame, row)
    row.attempts.create(method="crm.lead.add", outcome=Attempt.Outcome.DELIVERED)
    Submission.objects.update(
        state="delivered",
        due_at=None,
        delivered_at=row.received_at + timedelta(seconds=2),
        entities=[{"TYPE": "LEAD", "ID": 7}],
    )
    answer = watched(frame, row)
    assert "every 1s" not in answer
    assert "in 2.0 s" in answer and 'data-open-path="/crm/lead/details/7/"' in answer


def test_a_refusal_is_told_with_what_to_do(frame, make_submission):
    row = make_submission(state="failed", due_at=None, code="error_core")
    answer = watched(frame, row)
    assert "every 1s" not in answer and "rejected this submission" in answer


def test_what_takes_long_leads_to_the_checks(frame, make_submission):
    row = make_submission(received_at=timezone.now() - timedelta(minutes=1))
    assert "longer than usual" in watched(frame, row) and reverse("health") in watched(frame, row)


@pytest.mark.parametrize("welcomed", [True, False])
def test_the_first_run_is_over_once(frame, acme, welcomed):
    if welcomed:
        frame.post(reverse("start-finish"))
    assert Preferences.objects.filter(portal=acme, welcomed=True).exists() == welcomed


def test_the_connection_is_told_to_be_bad_with_what_to_do(frame, answers):
    answers.fail(errors.Transient("unreachable"))
    answer = frame.get(reverse("start-checks")).text
    assert "Connected to your Bitrix24." not in answer and "Check again in a minute" in answer


def test_who_is_no_administrator_begins_nothing(client, acme, form):
    user = Frame(client, acme, admin=False)
    for name in ("start-form", "start-test", "start-finish"):
        assert user.post(reverse(name), {"name": "x", "creates": "lead", "form": form.pk}).status_code == 403
    assert (Form.objects.count(), Submission.objects.count(), Preferences.objects.count()) == (1, 0, 0)


def once(page):
    return re.search(r'<input type="hidden" id="once" name="once" value="([^"]+)"', page)[1]


@pytest.mark.django_db(transaction=True)
def test_once_a_test_has_ended_the_next_click_sends_another(frame, form):
    page = frame.get(reverse("start")).text
    frame.post(reverse("start-test"), {"form": form.pk, "once": once(page)})
    Submission.objects.update(state="delivered", due_at=None, delivered_at=timezone.now())
    ended = watched(frame, Submission.objects.get())
    frame.post(reverse("start-test"), {"form": form.pk, "once": once(ended)})
    assert Submission.objects.count() == 2


def test_a_delivered_test_ticks_its_step(frame, form, make_submission):
    assert 'id="tested" class="ring">3<' in frame.get(reverse("start")).text
    row = make_submission(sender="test", state="delivered", due_at=None, delivered_at=timezone.now())
    ticked = re.compile('id="tested"[^>]*><span class="visually-hidden">done<')
    assert ticked.search(watched(frame, row)) and ticked.search(frame.get(reverse("start")).text)


@pytest.mark.parametrize(("sender", "done"), [("", 2), ("test", 1)])
def test_the_websites_first_submission_ticks_the_second_step(frame, form, make_submission, sender, done):
    make_submission(sender=sender)
    assert frame.get(reverse("start")).text.count('<span class="visually-hidden">done<') == done


def test_a_test_is_called_so_in_the_list(frame, form):
    frame.post(reverse("start-test"), {"form": form.pk})
    assert ">Test" in frame.get(reverse("submissions")).text


def test_a_held_portal_says_its_reason_once(frame, acme, answers):
    answers.say({"error": "PAYMENT_REQUIRED", "error_description": ""}, status=401)
    acme.state, acme.hold_code = "held", "payment_required"
    acme.save()
    assert frame.get(reverse("start-checks")).text.count(str(REMEDIES["payment_required"].happened)) == 1
