"""What an administrator is told besides that deliveries have stopped: refusals, silence, deletions, the week."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.utils import timezone

from b24app.api.remedies import REMEDIES
from b24app.models import Portal
from b24app.portal import install
from tests.fixtures.delivery import drained
from tests.fixtures.forms import make_form
from traces.models import Notice, Preferences, Submission
from traces.monitoring import matters, notices

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)  # a Wednesday
MONDAY = datetime(2026, 3, 9, 6, 30, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture(autouse=True)
def chosen(acme):
    """acme's administrator wants an e-mail of all there is."""
    kinds = Preferences.Kind.values
    return Preferences.objects.create(portal=acme, notify="email", notify_email="me@shop.example", tell_of=kinds)


@pytest.fixture
def refused(make_submission, lead):
    """Submissions that the portal refused at a time."""

    def refuse(at, number=1, **facts):
        for _ in range(number):
            words = {"words": "Planted is no name"}
            row = make_submission(
                **{
                    "form": lead,
                    "state": "failed",
                    "due_at": None,
                    "code": "error_core",
                    "params": words,
                    "received_at": at,
                    **facts,
                }
            )
            row.attempts.create(method="crm.lead.add", outcome="refused", code="error_core", params=words, at=at)

    return refuse


def subjects():
    return [letter.subject for letter in mail.outbox]


def test_the_first_refusal_is_told_at_once(refused):
    refused(NOW - HOUR / 60)
    notices.look(NOW)
    (letter,) = mail.outbox
    assert "1 submission was not delivered to acme.example" in letter.subject
    assert "The CRM rejected this submission." in letter.body


def test_nothing_of_a_visitor_stands_in_it(refused):
    refused(NOW - HOUR / 60, body={"NAME": "Planted"})
    notices.look(NOW)
    assert "lanted" not in mail.outbox[0].subject + mail.outbox[0].body


def test_from_then_on_they_are_summed_up_once_a_day(refused):
    refused(NOW - HOUR)
    notices.look(NOW)
    for hour in range(1, 24):
        refused(NOW + hour * HOUR)
        notices.look(NOW + hour * HOUR)
    assert len(mail.outbox) == 1
    notices.look(NOW + DAY)
    assert "23 submissions were not delivered" in mail.outbox[1].subject


def test_a_day_without_any_ends_it_and_the_next_one_is_told_at_once(refused):
    refused(NOW - HOUR)
    notices.look(NOW)
    notices.look(NOW + 2 * DAY)
    refused(NOW + 3 * DAY)
    notices.look(NOW + 3 * DAY)
    assert len(mail.outbox) == 2


@pytest.mark.parametrize("facts", [{"state": "spam"}, {"code": "held_too_long"}, {"state": "queued", "due_at": NOW}])
def test_what_was_not_refused_is_not_told_of(refused, facts):
    refused(NOW - HOUR / 2, **facts)
    notices.look(NOW)
    assert mail.outbox == []


def test_what_waited_for_days_and_was_refused_now_is_told(refused, acme):
    refused(NOW - 5 * DAY)
    Submission.objects.get().attempts.update(at=NOW - HOUR)
    notices.look(NOW)
    assert len(mail.outbox) == 1


def test_a_method_that_the_portal_does_not_offer_is_told_with_its_remedy(acme):
    since = (NOW - HOUR).isoformat()
    Portal.objects.update(held_methods={"crm.quote.add": {"code": "method_missing", "since": since, "probe_at": since}})
    for minutes in range(2):
        notices.look(NOW + timedelta(minutes=minutes))
    (letter,) = mail.outbox
    assert letter.subject == "Trace Relay: submissions to acme.example are delayed"
    assert str(REMEDIES["method_missing"].todo) in letter.body


def test_another_portals_refusal_is_not_told_here(refused, other):
    refused(NOW - HOUR, form=make_form(other))
    notices.look(NOW)
    assert mail.outbox == []


@pytest.fixture
def busy(form, acme):
    """The form got a submission every two hours for four weeks, until NOW."""
    facts = {"portal": acme, "form": form, "body": {}, "body_hash": "0", "state": "delivered", "due_at": None}
    times = [NOW - 2 * number * HOUR for number in range(12 * 28)]
    Submission.objects.bulk_create([Submission(received_at=time, **facts) for time in times])
    return form


def test_a_form_that_goes_silent_is_told_of_once(busy):
    for hours in (1, 24, 47, 50, 51, 24 * 5, 24 * 50):
        notices.look(NOW + hours * HOUR)
    assert [subject for subject in subjects() if "no submissions through" in subject] == [
        "Trace Relay: no submissions through the form “Shop”"
    ]


def test_a_form_that_speaks_again_and_goes_silent_again_is_told_of_again(busy, make_submission):
    notices.look(NOW + 3 * DAY)
    make_submission(received_at=NOW + 3 * DAY + HOUR)
    notices.look(NOW + 3 * DAY + HOUR)
    assert Notice.objects.get(about=f"silent:{busy.pk}").over
    Submission.objects.filter(received_at__gt=NOW).update(state="delivered", due_at=None)
    notices.look(NOW + 20 * DAY)
    assert len([subject for subject in subjects() if "no submissions through" in subject]) == 2


def test_a_form_that_is_switched_off_is_not_silent(busy):
    busy.active = False
    busy.save()
    notices.look(NOW + 3 * DAY)
    assert mail.outbox == []


def test_a_silence_that_is_known_costs_no_look_at_the_submissions(busy, django_assert_num_queries):
    notices.look(NOW + 3 * DAY)
    with django_assert_num_queries(3):
        notices.look(NOW + 3 * DAY)


def test_the_week_is_told_on_monday_morning(refused, make_submission):
    make_submission(state="delivered", due_at=None, received_at=MONDAY - 2 * DAY)
    make_submission(state="delivered", due_at=None, received_at=MONDAY - 8 * DAY)
    refused(MONDAY - 6 * DAY)
    for hours in (-1, 0, 1, 24):
        notices.look(MONDAY + hours * HOUR)
    (letter,) = mail.outbox
    assert "weekly summary for acme.example" in letter.subject
    assert "Received in the last seven days: 2\nDelivered: 1\nNot delivered: 1" in letter.body


def test_the_next_week_is_told_too():
    for week in range(3):
        notices.look(MONDAY + timedelta(weeks=week))
    assert len(mail.outbox) == 3


def held_for(portal, days, now=NOW):
    Portal.objects.filter(pk=portal.pk).update(state="held", hold_code="plan", held_since=now - days * DAY)


def test_a_deletion_is_told_two_weeks_before(acme):
    held_for(acme, 75)
    notices.look(NOW)
    assert [subject for subject in subjects() if "deleted" in subject] == []
    notices.look(NOW + DAY)
    (subject,) = [subject for subject in subjects() if "deleted" in subject]
    assert "will be deleted on 19 March 2026" in subject


def test_a_portal_that_is_held_for_long_already_still_gets_its_two_weeks(acme):
    held_for(acme, 200)
    notices.look(NOW)
    assert "will be deleted on 18 March 2026" in " ".join(subjects())


def test_tries_that_fail_do_not_put_the_deletion_off(acme, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    held_for(acme, 77)
    for day in range(5):
        notices.look(NOW + day * DAY)
    assert Notice.objects.get(about=Notice.PURGE).at == NOW


def test_who_wants_no_notices_still_gets_the_two_weeks(acme, chosen, caplog):
    Preferences.objects.update(notify="")
    held_for(acme, 77)
    notices.look(NOW)
    assert (mail.outbox, Notice.objects.get().about) == ([], Notice.PURGE)
    assert "what waits is going to be deleted" in caplog.text


def test_what_was_deleted_is_told_with_its_number(acme, make_submission):
    held_for(acme, 77)
    notices.look(NOW)
    for _ in range(3):
        make_submission(state="failed", due_at=None, code="held_too_long", body={}, received_at=NOW - 50 * DAY)
    for day in (20, 21):
        notices.look(NOW + day * DAY)
    assert [subject for subject in subjects() if "were deleted" in subject] == [
        "Trace Relay: 3 queued submissions to acme.example were deleted"
    ]


def test_a_portal_that_goes_on_needs_no_deletion(acme):
    held_for(acme, 80)
    notices.look(NOW)
    Portal.objects.update(state="active", held_since=None, hold_code="")
    notices.look(NOW + DAY)
    assert list(Notice.objects.filter(over=False)) == []


def test_no_more_than_the_chosen_number_is_told_a_day(acme, chosen, busy, refused):
    Preferences.objects.update(notices_a_day=2)
    later = NOW + 5 * DAY
    refused(later - HOUR)
    held_for(acme, 80, later)
    for minutes in range(3):
        notices.look(later + timedelta(minutes=minutes))
    assert len(mail.outbox) == 2
    notices.look(later + DAY + HOUR)
    assert len(mail.outbox) == 4


@pytest.mark.parametrize("kind", Preferences.Kind.values)
def test_only_what_was_chosen_is_told(acme, chosen, busy, refused, kind):
    Preferences.objects.update(tell_of=[kind], notices_a_day=50)
    refused(MONDAY - HOUR)
    held_for(acme, 1, MONDAY)
    notices.look(MONDAY)
    assert [about.partition(":")[0] for about in Notice.objects.values_list("about", flat=True)] == [kind]


def test_a_portal_that_was_uninstalled_is_told_nothing(acme, busy):
    Portal.objects.update(state="uninstalled")
    notices.look(NOW + 3 * DAY)
    assert mail.outbox == []


def test_each_kind_has_a_name_and_a_letter_in_russian(acme, busy, refused, make_submission):
    Preferences.objects.update(notices_a_day=50)
    refused(MONDAY - HOUR)
    make_submission(state="failed", due_at=None, code="held_too_long", body={}, received_at=NOW - 50 * DAY)
    held_for(acme, 91, MONDAY)
    acme.notices.create(about=Notice.PURGE, at=MONDAY - 20 * DAY, try_at=MONDAY)
    Portal.objects.update(language="ru")
    monday = list(matters.watch(MONDAY))
    notices.look(MONDAY)
    notices.look(MONDAY)
    assert len(mail.outbox) == sum(len(watched.matters) for watched in monday if watched.portal == acme) == 6
    english = ("deliver", "submission", "portal", "delete", "week")
    assert [text for text in subjects() if any(word in text.replace("acme.example", "") for word in english)] == []
    assert all(notices.label_of(notice) for notice in Notice.objects.all())


def test_the_installing_administrator_learns_of_a_real_refusal_in_the_portal(portal, sandbox, wired, make_submission):
    portal.scope = "crm,im"
    installed = install.open_frame(install.claim_of_frame(*portal.frame_post())).portal
    row = make_submission(form=make_form(installed, creates="lead"), body={"NAME": "Planted"})
    sandbox.faults.add("error", code="ERROR_CORE", status=400)
    drained(row)
    for _ in range(3):
        notices.look(timezone.now())
    (notice,) = portal.notices
    assert (row.state, notice["USER_ID"]) == ("failed", 1)
    assert "1 submission was not delivered" in notice["MESSAGE"] and "lanted" not in notice["MESSAGE"]
