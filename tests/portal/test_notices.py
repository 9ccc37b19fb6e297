"""Telling an administrator that deliveries have stopped: when, how often, in which words, and what if it fails.

What else there is to tell stands in test_matters.py.
"""

import logging
from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from b24app import settings as product_settings
from b24app.api import errors
from b24app.api.remedies import REMEDIES
from b24app.models import Portal
from traces.models import Notice, Preferences
from traces.monitoring import matters, notices

pytestmark = pytest.mark.django_db
NOW = timezone.now()
HOUR = timedelta(hours=1)
ADDRESS = "planted@shop.example"


def ago(**delta):
    return NOW - timedelta(**delta)


@pytest.fixture
def chosen(acme):
    """acme's administrator wants an e-mail."""
    return Preferences.objects.create(portal=acme, notify="email", notify_email=ADDRESS)


@pytest.fixture
def held(acme):
    """acme is held for ten minutes."""
    acme.state, acme.hold_code, acme.held_since = "held", "payment_required", ago(minutes=10)
    acme.save()
    return acme


@pytest.fixture
def in_portal(chosen, held):
    """acme's user 7 wants a notice in the portal, which is held."""
    Preferences.objects.update(notify="portal", notify_user_id=7, notify_email="")
    Portal.objects.update(scope="crm,im")


@pytest.fixture
def mail_is_away(monkeypatch):
    def send(self, *args, **kwargs):
        raise OSError(f"550 {ADDRESS} is unknown")

    monkeypatch.setattr("django.core.mail.EmailMessage.send", send)


def resumed(portal):
    portal.state, portal.hold_code, portal.held_since = "active", "", None
    portal.save()


def test_a_held_portals_administrator_is_told_what_happened_and_what_to_do(chosen, held):
    notices.look(NOW)
    (letter,) = mail.outbox
    assert letter.to == [ADDRESS]
    assert str(REMEDIES["payment_required"].happened) in letter.body
    assert str(REMEDIES["payment_required"].todo) in letter.body


def test_a_stop_is_told_of_once(chosen, held):
    for hours in (0, 2, 48):
        notices.look(NOW + timedelta(hours=hours))
    assert len(mail.outbox) == 1


def test_a_stop_of_less_than_five_minutes_is_not_told_of(chosen, held):
    held.held_since = ago(minutes=4)
    held.save()
    notices.look(NOW)
    assert mail.outbox == []


def test_a_new_stop_is_told_of_again(chosen, held):
    notices.look(NOW)
    resumed(held)
    notices.look(NOW + timedelta(minutes=1))
    held.state, held.hold_code, held.held_since = "held", "payment_required", NOW + timedelta(minutes=2)
    held.save()
    notices.look(NOW + timedelta(minutes=8))
    assert len(mail.outbox) == 2


def test_once_well_again_the_stop_is_over(chosen, held):
    notices.look(NOW)
    resumed(held)
    notices.look(NOW)
    assert list(Notice.objects.values_list("about", "over")) == [("stopped:payment_required", True)]


def test_another_reason_is_told_with_its_own_remedy(chosen, held):
    notices.look(NOW)
    Portal.objects.update(hold_code="plan")
    notices.look(NOW)
    assert str(REMEDIES["plan"].todo) in mail.outbox[1].body


@pytest.mark.parametrize(("minutes", "letters"), [(61, 1), (59, 0)])
def test_a_row_that_waits_for_more_than_an_hour_is_a_stop(chosen, make_submission, minutes, letters):
    make_submission(due_at=ago(minutes=minutes))
    notices.look(NOW)
    assert len(mail.outbox) == letters


def test_a_portal_that_has_just_been_resumed_has_an_hour_for_its_old_rows(chosen, held, make_submission):
    held.held_since = ago(days=3)
    held.save()
    make_submission(due_at=ago(days=2))
    notices.look(ago(days=2))
    resumed(held)
    for minutes in (1, 2, 59):
        notices.look(NOW + timedelta(minutes=minutes))
    assert len(mail.outbox) == 1
    notices.look(NOW + timedelta(minutes=62))
    assert len(mail.outbox) == 2


def test_nobody_who_did_not_ask_is_told(chosen, held):
    Preferences.objects.update(notify="")
    notices.look(NOW)
    assert mail.outbox == []


def test_another_portals_stop_is_not_told_of(chosen, other):
    other.state, other.hold_code, other.held_since = "held", "plan", ago(hours=1)
    other.save()
    notices.look(NOW)
    assert mail.outbox == []


def test_a_stop_that_another_sweep_tells_of_is_not_told_of_twice(chosen, held, monkeypatch):
    found = list(matters.watch(NOW))
    notices.look(NOW)
    monkeypatch.setattr(matters, "watch", lambda now: found)  # what the other sweep had read before
    notices.look(NOW)
    assert len(mail.outbox) == 1


def test_it_is_in_the_portals_language(chosen, held):
    held.language = "ru"
    held.save()
    notices.look(NOW)
    assert "Подписка на Битрикс24" in mail.outbox[0].body


def test_nothing_of_a_visitor_is_told(chosen, held, make_submission):
    make_submission(body={"NAME": "Planted-Name"}, due_at=ago(hours=2), params={"words": "Planted-Name"})
    notices.look(NOW)
    assert "lanted" not in mail.outbox[0].body + mail.outbox[0].subject


def test_a_notice_in_the_portal_goes_to_the_administrator_who_chose_it(in_portal, answers):
    answers.say({"result": 5})
    notices.look(NOW)
    ((_, url, request),) = answers.calls
    assert url == "https://acme.example/rest/im.notify.system.add"
    assert request["json"]["USER_ID"] == 7
    assert str(REMEDIES["payment_required"].todo) in request["json"]["MESSAGE"]


def test_a_failed_notice_is_tried_again_after_an_hour(in_portal, answers):
    answers.fail(errors.Transient("connection_error"))
    notices.look(NOW)
    notices.look(NOW + timedelta(minutes=59))
    assert len(answers.calls) == 1
    answers.say({"result": 5})
    notices.look(NOW + HOUR)
    notices.look(NOW + 3 * HOUR)
    assert len(answers.calls) == 2


def test_a_notice_that_the_portal_does_not_make_counts_as_failed(in_portal, answers):
    answers.say({"result": False})
    notices.look(NOW)
    assert Notice.objects.get().try_at == NOW + HOUR


def test_a_missing_right_for_notices_holds_no_portal(in_portal, acme, answers):
    resumed(acme)
    answers.say({"error": "insufficient_scope", "error_description": ""}, status=401)
    with pytest.raises(notices.NotTold):
        notices.send_test(Preferences.objects.get())
    acme.refresh_from_db()
    assert acme.state == "active"


def test_a_letter_that_fails_writes_no_address_to_the_log(chosen, held, mail_is_away, caplog):
    caplog.set_level(logging.DEBUG)
    notices.look(NOW)
    assert "could not be told of stopped:payment_required (mail)" in caplog.text
    assert ADDRESS not in caplog.text


def test_without_a_mail_server_nothing_is_told_until_there_is_one(chosen, held, settings):
    backend, settings.EMAIL_BACKEND = settings.EMAIL_BACKEND, "django.core.mail.backends.dummy.EmailBackend"
    notices.look(NOW)
    assert not Notice.objects.exists()
    settings.EMAIL_BACKEND = backend
    notices.look(NOW)
    assert len(mail.outbox) == 1


def test_one_sweep_tells_a_bounded_number(chosen, held, monkeypatch):
    monkeypatch.setattr(notices, "MAX_AT_ONCE", 0)
    notices.look(NOW)
    assert (mail.outbox, Notice.objects.get().try_at) == ([], NOW)
    monkeypatch.setattr(notices, "MAX_AT_ONCE", 1)
    notices.look(NOW)
    assert len(mail.outbox) == 1


def test_looking_costs_three_queries_where_all_is_well(chosen, other, lead, django_assert_num_queries):
    with django_assert_num_queries(3):
        notices.look(NOW)


def test_by_default_the_installing_administrator_is_told_in_the_portal(held, answers):
    Portal.objects.update(scope="crm,im", chosen_user_id=4)
    answers.say({"result": 5})
    notices.look(NOW)
    assert [request["json"]["USER_ID"] for _, _, request in answers.calls] == [4]


def test_where_nobody_was_chosen_it_is_the_first_administrator(held, answers):
    Portal.objects.update(scope="crm,im")
    held.users.create(user_id=9)
    answers.say({"result": 5})
    notices.look(NOW)
    assert [request["json"]["USER_ID"] for _, _, request in answers.calls] == [1]


def test_without_the_right_for_notices_a_known_address_gets_a_letter(chosen, held, answers):
    Preferences.objects.update(notify="portal")
    notices.look(NOW)
    assert ([letter.to for letter in mail.outbox], answers.calls) == ([[ADDRESS]], [])


def test_a_notice_that_the_portal_does_not_take_goes_by_mail(in_portal, answers):
    Preferences.objects.update(notify_email=ADDRESS)
    answers.say({"error": "PAYMENT_REQUIRED", "error_description": ""}, status=401)
    notices.look(NOW)
    assert (len(mail.outbox), Notice.objects.get().try_at) == (1, None)


def test_where_there_is_no_way_nothing_is_tried(held, answers, caplog):
    for hours in range(5):
        notices.look(NOW + timedelta(hours=hours))
    assert (answers.calls, caplog.text, Notice.objects.exists()) == ([], "", False)


def test_by_default_no_mail_is_sent():
    assert product_settings.EMAIL_BACKEND.endswith("dummy.EmailBackend")
