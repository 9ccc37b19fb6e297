"""The page of the settings: who is told, of what and how often, and what becomes of what waits."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from b24app.models import Portal
from tests.fixtures.product import Frame
from tests.pages.helpers import error_of
from traces.models import Notice, Preferences

pytestmark = pytest.mark.django_db
HERE = "/b24/app/settings/"
DUMMY = "django.core.mail.backends.dummy.EmailBackend"
NOW = timezone.now()


@pytest.fixture
def with_notices(acme):
    """acme lets the application send notices."""
    acme.scope = "crm,im"
    acme.save()
    return acme


def chosen(portal):
    return Preferences.objects.get(portal=portal)


def test_a_notice_in_the_portal_goes_to_whoever_chose_it(client, with_notices):
    Frame(client, with_notices, user=9).post(HERE + "notices/", {"notify": "portal", "notify_email": ""})
    assert (chosen(with_notices).notify, chosen(with_notices).notify_user_id) == ("portal", 9)


def test_without_the_right_for_notices_that_way_is_not_offered(frame, acme):
    Preferences.objects.create(portal=acme, notify="")
    assert "disabled" in frame.get(HERE).text
    answer = frame.post(HERE + "notices/", {"notify": "portal", "notify_email": ""})
    assert (answer.status_code, chosen(acme).notify) == (422, "")


@pytest.mark.parametrize("address", ["", "nobody", "a@b.example\nBcc: c@d.example", f"{'a' * 60}@{'b.' * 120}example"])
def test_an_address_that_is_none_is_shown_again(frame, address):
    answer = frame.post(HERE + "notices/", {"notify": "email", "notify_email": address})
    assert (answer.status_code, Preferences.objects.exists()) == (422, False)
    assert error_of(answer.text, "settings-notify_email")


def test_an_unknown_way_is_refused(frame):
    answer = frame.post(HERE + "notices/", {"notify": "pigeon"})
    assert (answer.status_code, error_of(answer.text, "settings-notify")) == (422, "Choose one of the three options.")


def test_who_chooses_during_a_stop_is_told_of_it(frame, acme):
    told = Notice.objects.create(portal=acme, about="stopped:plan", at=NOW, try_at=None)
    frame.post(HERE + "notices/", {"notify": "email", "notify_email": "me@shop.example"})
    told.refresh_from_db()
    assert told.try_at is not None


def test_who_only_wants_fewer_is_not_told_again(frame, acme):
    Preferences.objects.create(portal=acme, notify="email", notify_email="me@shop.example")
    told = Notice.objects.create(portal=acme, about="stopped:plan", at=NOW, try_at=None)
    data = {"notify": "email", "notify_email": "me@shop.example", "notices_a_day": "1", "tell_of": ["silent"]}
    frame.post(HERE + "notices/", data)
    told.refresh_from_db()
    assert (told.try_at, chosen(acme).notices_a_day, chosen(acme).tell_of) == (None, 1, ["silent"])


def test_by_default_all_but_the_weeks_figures_is_told_three_times_a_day_at_most(frame):
    page = frame.get(HERE).text
    assert re.findall('name="tell_of" value="([a-z]+)"[^>]* checked', page) == ["stopped", "refused", "silent"]
    assert re.search('name="notices_a_day"[^>]* value="3"|value="3"[^>]* name="notices_a_day"', page)


def test_nobody_needs_to_be_told(frame, acme):
    frame.post(HERE + "notices/", {"notify": "", "notify_email": ""})
    assert chosen(acme).notify == ""


@pytest.mark.parametrize("number", ["0", "-1", "51", "three"])
def test_a_number_of_notices_that_is_none_is_refused(frame, number):
    answer = frame.post(HERE + "notices/", {"notify": "", "notices_a_day": number})
    assert (answer.status_code, Preferences.objects.exists()) == (422, False)
    assert error_of(answer.text, "settings-notices_a_day") == "Enter a number from 1 to 50."


def test_an_unknown_kind_of_notice_is_refused(frame):
    answer = frame.post(HERE + "notices/", {"notify": "", "tell_of": ["weather"]})
    assert (answer.status_code, error_of(answer.text, "settings-tell_of")) == (422, "Choose from the list.")


def test_the_latest_notices_are_shown(frame, acme):
    Notice.objects.create(portal=acme, about="stopped:plan", at=NOW, try_at=None)
    Notice.objects.create(portal=acme, about=Notice.PURGE, at=NOW, try_at=NOW)
    page = frame.get(HERE).text
    assert "Delivery has stopped" in page.partition("Recent alerts")[2]
    assert page.count("not sent yet") == 1


def test_the_page_says_who_is_told_or_that_nobody_can_be(frame, with_notices):
    assert "User 1 receives" in frame.get(HERE).text
    Portal.objects.update(scope="crm")
    assert "Nobody can be notified" in frame.get(HERE).text


def test_the_page_says_what_becomes_of_the_data_after_an_uninstall(frame, settings):
    settings.UNINSTALLED_DAYS, settings.CLEAN_GRACE_DAYS, settings.HELD_DAYS = 30, 3, 90
    page = frame.get(HERE).text
    assert [days for days in ("30 days later", "3 days later", "for 90 days") if days not in page] == []


@pytest.mark.parametrize("path", [HERE, "/b24/app/overview/"])
@pytest.mark.parametrize(("held", "shown"), [(80, True), (10, False)])
def test_a_held_portals_pages_say_when_what_waits_is_deleted(frame, acme, path, held, shown):
    Portal.objects.update(state="held", hold_code="plan", held_since=timezone.now() - timedelta(days=held))
    warned = timezone.now() - timedelta(days=4)
    if shown:
        Notice.objects.create(portal=acme, about=Notice.PURGE, at=warned)
    day = f"{warned + timedelta(days=14):%-d %B %Y}"
    assert (f"deleted on {day}" in frame.get(path).text) == shown


def test_without_a_mail_server_the_page_says_so(frame, settings):
    assert "a mail server" not in frame.get(HERE).text
    settings.EMAIL_BACKEND = DUMMY
    assert "a mail server" in frame.get(HERE).text


def test_a_test_notice_is_sent(frame, acme):
    Preferences.objects.create(portal=acme, notify="email", notify_email="me@shop.example")
    assert frame.post(HERE + "notices/test/").status_code == 200
    assert [letter.to for letter in mail.outbox] == [["me@shop.example"]]


def test_test_notices_cannot_be_sent_in_a_row(frame, acme):
    Preferences.objects.create(portal=acme, notify="email", notify_email="me@shop.example")
    assert [frame.post(HERE + "notices/test/").status_code for _ in range(3)] == [200, 422, 422]
    assert len(mail.outbox) == 1


def test_a_test_notice_that_the_portal_refuses_says_why(frame, with_notices, answers):
    Preferences.objects.create(portal=with_notices, notify="portal", notify_user_id=1)
    answers.say({"error": "PAYMENT_REQUIRED", "error_description": ""}, status=401)
    answer = frame.post(HERE + "notices/test/")
    assert (answer.status_code, "subscription" in answer.text) == (422, True)


def test_without_a_mail_server_a_test_notice_says_so(frame, acme, settings):
    settings.EMAIL_BACKEND = DUMMY
    Preferences.objects.create(portal=acme, notify="email", notify_email="me@shop.example")
    assert "no email can be sent" in frame.post(HERE + "notices/test/").text
