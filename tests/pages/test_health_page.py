"""The page of the health: each check says what it found and what to do."""

import re
import time
from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from b24app.api import errors
from b24app.api.remedies import REMEDIES
from b24app.models import PortalEvent
from b24app.pace import wakeups
from b24app.portal import hold
from tests.fixtures.forms import make_form
from tests.fixtures.product import Frame
from tests.pages.helpers import named
from traces import tasks
from traces.models import Submission
from traces.monitoring import checks

pytestmark = pytest.mark.django_db
HERE, PART = "/b24/app/health/", "/b24/app/health/portal/"
NOW = timezone.now()


def text(answer):
    return answer.content.decode()


def of_portal(portal, name):
    return named(checks.of_portal(portal), name)


def workers(now=None):
    return named(checks.of_service(now or timezone.now()), "Workers")


@pytest.mark.parametrize("path", [HERE, PART])
def test_who_is_no_administrator_sees_none_of_it(client, acme, path):
    assert Frame(client, acme, admin=False).get(path).status_code == 403


def test_the_page_asks_a_bounded_number_of_questions(frame, make_submission, django_assert_max_num_queries):
    for _ in range(9):
        make_submission()
    with django_assert_max_num_queries(10):
        frame.get(HERE)


def test_the_page_does_not_ask_the_portal_itself(frame, answers):
    assert f'hx-get="{PART}" hx-trigger="load"' in text(frame.get(HERE))
    assert answers.calls == []


def test_a_portal_that_answers_is_well(frame, wired, installed):
    page = text(Frame(frame.client, installed).get(PART))
    assert ("5 checks are fine" in page, "<li class=" in page) == (True, False)


def test_a_portal_that_does_not_answer_is_told_of_in_a_part(frame, answers):
    answers.fail(errors.Transient("connection_error"))
    answer = frame.get(PART)
    assert (answer.status_code, "gave no usable answer" in text(answer)) == (200, True)


def test_a_portal_that_takes_nothing_has_its_remedy(frame, answers):
    answers.say({"error": "PAYMENT_REQUIRED", "error_description": ""}, status=401)
    assert str(REMEDIES["payment_required"].todo) in text(frame.get(PART))


def test_looking_holds_no_portal(frame, acme, answers):
    answers.say({"error": "PAYMENT_REQUIRED", "error_description": ""}, status=401)
    frame.get(PART)
    acme.refresh_from_db()
    assert acme.state == "active"


def test_a_held_portal_says_why_and_what_to_do(frame, acme):
    acme.state, acme.hold_code = "held", "overload_limit"
    acme.save()
    page = text(frame.get(HERE))
    assert str(REMEDIES["overload_limit"].happened) in page
    assert str(REMEDIES["overload_limit"].todo) in page


def test_what_is_fine_asks_for_nothing(acme):
    acme.users.create(user_id=2)
    assert [check.name for check in checks.of_portal(acme) if check.good and check.todo] == []


def test_a_held_portal_says_its_reason_once(frame, acme, answers):
    answers.say({"error": "PAYMENT_REQUIRED", "error_description": ""}, status=401)
    acme.state, acme.hold_code = "held", "payment_required"
    acme.save()
    happened = str(REMEDIES["payment_required"].happened)
    assert (text(frame.get(HERE)).count(happened), text(frame.get(PART)).count(happened)) == (1, 0)


def test_only_what_is_not_fine_is_listed(frame, acme):
    acme.users.create(user_id=2, proved_at=NOW)
    acme.receipt_option_sets = 0
    acme.save()
    listed = re.findall(r"<li class=\"(\w+)\">\s*<strong>([^<]+)", text(frame.get(HERE)))
    assert ("bad", "Delivery receipts") in listed
    assert "Authorized administrators" not in [name for _kind, name in listed]


def test_a_method_that_the_portal_lacks_has_its_remedy(frame, acme):
    hold.hold_method(acme, "crm.quote.add", "method_missing")
    assert str(REMEDIES["method_missing"].todo) in text(frame.get(HERE))


@pytest.mark.parametrize(("minutes", "good"), [(1, True), (10, False)])
def test_a_submission_that_waits_for_long_is_told_of(acme, make_submission, minutes, good):
    make_submission(due_at=timezone.now() - timedelta(minutes=minutes))
    assert of_portal(acme, "Queue").good is good


def test_another_portals_queue_is_not_ours(acme, other):
    late = timezone.now() - timedelta(hours=2)
    Submission.objects.create(portal=other, form=make_form(other), body={}, body_hash="0", due_at=late)
    assert of_portal(acme, "Queue").good


def test_a_single_permission_asks_for_a_second_one(acme):
    assert of_portal(acme, "Authorized administrators").todo
    acme.users.create(user_id=2)
    assert not of_portal(acme, "Authorized administrators").todo


def test_each_permissions_age_and_last_proof_are_told(acme):
    acme.users.update(renewed_at="2026-03-01T12:00Z", proved_at="2026-03-02T12:00Z")
    acme.users.create(user_id=2, renewed_at="2026-04-01T12:00Z")
    acme.users.create(user_id=3, state="barred", proved_at="2026-03-02T12:00Z", renewed_at="2026-05-01T12:00Z")
    check = of_portal(acme, "Authorized administrators")
    told = [
        "The permission of 1 administrator is active.",
        "User 1: renewed 1 March 2026, last used successfully 2 March 2026.",
    ]
    told += ["User 2: renewed 1 April 2026, not used since.", "User 3 has insufficient rights"]
    assert [text for text in told if text not in check.happened] == []


def test_a_permission_that_was_never_tried_is_not_said_to_work(acme):
    check = of_portal(acme, "Authorized administrators")
    assert (check.good, "active" in check.happened) == (None, False)


def test_no_permission_at_all_is_bad(acme):
    acme.users.update(state="dead")
    assert of_portal(acme, "Authorized administrators").good is False


@pytest.mark.parametrize(("facts", "good"), [({"receipt_option_sets": 2}, True), ({"receipt_option_sets": 0}, False)])
def test_whether_receipts_are_possible_is_told(acme, facts, good):
    for name, value in facts.items():
        setattr(acme, name, value)
    assert of_portal(acme, "Delivery receipts").good is good


def test_a_webhook_leaves_no_receipts(acme):
    acme.webhook_url = "https://acme.example/rest/1/planted/"
    assert of_portal(acme, "Delivery receipts").good is False
    assert "lanted" not in str(checks.of_portal(acme))


@pytest.mark.parametrize(("plan", "words"), [("standard", "2 requests"), ("enterprise", "5"), ("unlimited", "own")])
def test_the_plan_is_told_in_words(acme, plan, words):
    acme.tariff = plan
    assert words in str(of_portal(acme, "Sending speed").happened)


def test_without_redis_nothing_is_said_of_the_workers():
    service = checks.of_service(NOW)
    assert (named(service, "Message queue (Redis)").good, named(service, "Workers").good) == (False, None)


def test_the_sweep_says_that_a_worker_works(redis):
    assert workers().good is None
    tasks.sweep()
    assert workers().good is True


@pytest.mark.parametrize(("seconds", "good"), [(30, True), (600, False)])
def test_a_sweep_that_is_late_is_told_of(redis, seconds, good):
    redis.set(f"{wakeups.PREFIX}swept", time.time() - seconds)
    assert workers().good is good


def test_a_database_that_is_away_is_told_of(monkeypatch):
    def away(*args, **kwargs):
        raise OperationalError("could not connect to db.internal")

    monkeypatch.setattr(connection, "cursor", away)
    check = checks._database()
    assert (check.good, "db.internal" in str(check)) == (False, False)


def test_the_last_events_are_told_in_words(frame):
    PortalEvent.objects.create(member_id="acme", event="ONAPPPAYMENT")
    PortalEvent.objects.create(member_id="other", event="ONAPPUPDATE")
    page = text(frame.get(HERE))
    assert ("Application paid for" in page, "Application updated" in page) == (True, False)


def test_every_check_that_is_bad_says_what_to_do(acme):
    acme.state, acme.hold_code, acme.receipt_option_sets = "held", "plan", 0
    acme.users.all().delete()
    everything = [*checks.of_portal(acme), *checks.of_service(NOW)]
    bad = [check for check in everything if check.good is False]
    assert len(bad) >= 4 and [str(check.name) for check in bad if not check.todo] == []
