"""The page of the settings: what an administrator chooses there, and what becomes of it."""

import json
import re
from datetime import timedelta

import pytest
from django.utils import timezone

from b24app.models import Portal
from tests.fixtures.forms import make_form
from tests.fixtures.product import Frame
from tests.pages.helpers import error_of, json_lines
from traces.models import Preferences, Submission

pytestmark = pytest.mark.django_db
HERE = "/b24/app/settings/"
DUMMY = "django.core.mail.backends.dummy.EmailBackend"
NOW = timezone.now()
CHANGES = [
    ("retention/", {"fields_days": "20", "retention_days": "30"}),
    ("notices/", {"notify": "email", "notify_email": "me@shop.example"}),
    ("notices/test/", {}),
    ("plan/", {"tariff": "unlimited"}),
    ("viewers/", {"viewers": "1"}),
    ("administrators/1/remove/", {}),
    ("export/", {}),
    ("erase/", {"sure": "1"}),
]


@pytest.fixture
def two(acme):
    """acme has two administrators."""
    acme.users.create(user_id=2, access_token="planted-access", refresh_token="planted-refresh")
    return acme


def chosen(portal):
    return Preferences.objects.get(portal=portal)


@pytest.mark.parametrize(("path", "data"), CHANGES)
def test_who_is_no_administrator_changes_nothing(client, two, path, data):
    Preferences.objects.create(portal=two, viewers=True)
    answer = Frame(client, two, admin=False, user=3).post(HERE + path, data)
    two.refresh_from_db()
    assert (answer.status_code, two.tariff, two.users.count()) == (403, "standard", 2)
    assert (chosen(two).retention_days, chosen(two).notify, chosen(two).erase_before) == (180, "portal", None)


@pytest.mark.parametrize(("path", "data"), CHANGES)
def test_one_portals_choice_is_not_the_others(frame, two, other, path, data):
    frame.post(HERE + path, data)
    other.refresh_from_db()
    assert (other.tariff, other.users.count(), hasattr(other, "preferences")) == ("standard", 1, False)


@pytest.mark.parametrize("path", [path for path, _ in CHANGES])
def test_what_changes_something_is_no_get(frame, path):
    assert frame.get(HERE + path).status_code == 405


def test_the_defaults_are_shown_and_not_stored(frame):
    assert 'value="180"' in frame.get(HERE).text
    assert not Preferences.objects.exists()


def test_the_page_asks_a_bounded_number_of_questions(frame, make_submission, django_assert_max_num_queries):
    for number in range(2, 12):
        frame.portal.users.create(user_id=number)
        make_submission(state="delivered", due_at=None)
    Preferences.objects.create(portal=frame.portal, erase_before=NOW)
    with django_assert_max_num_queries(7):
        frame.get(HERE)


def test_the_page_has_one_heading_of_the_first_rank(frame):
    assert frame.get(HERE).text.count("<h1") == 1


@pytest.mark.parametrize("days", [(0, 0), (3, 3), (30, 180), (0, 40), (20, 0), (3650, 3650)])
def test_the_days_are_saved(frame, acme, days):
    answer = frame.post(HERE + "retention/", dict(zip(("fields_days", "retention_days"), days, strict=True)))
    assert (answer.status_code, chosen(acme).fields_days, chosen(acme).retention_days) == (200, *days)
    assert 'role="status"' in answer.text


def test_what_visitors_sent_goes_no_later_than_the_rest(frame):
    answer = frame.post(HERE + "retention/", {"fields_days": "31", "retention_days": "30"})
    assert (answer.status_code, Preferences.objects.exists()) == (422, False)
    assert error_of(answer.text, "settings-fields_days").startswith("This is longer than the delivery record is kept.")


@pytest.mark.parametrize("name", ["fields_days", "retention_days"])
@pytest.mark.parametrize("days", ["", "-1", "1", "2", "3651", "30 days", "१२", "99999999999999"])
def test_days_that_are_none_are_shown_again_with_the_reason(frame, days, name):
    answer = frame.post(HERE + "retention/", {"fields_days": "0", "retention_days": "0", name: days})
    assert (answer.status_code, Preferences.objects.exists()) == (422, False)
    assert f'value="{days}"' in answer.text or not days
    assert error_of(answer.text, f"settings-{name}").startswith("Enter a number of days from 3 to 3650")


@pytest.mark.parametrize("tariff", Portal.Tariff.values)
def test_the_tariff_is_saved(frame, acme, tariff):
    answer = frame.post(HERE + "plan/", {"tariff": tariff})
    acme.refresh_from_db()
    checked = re.findall('name="tariff" value="([a-z]+)"[^>]* checked', answer.text)
    assert (acme.tariff, checked) == (tariff, [tariff])


def test_an_unknown_tariff_is_refused(frame, acme):
    assert "Choose one of the plans." in frame.post(HERE + "plan/", {"tariff": "golden"}).text
    assert Portal.objects.get().tariff == "standard"


def test_others_may_be_allowed_to_see_the_overview_and_kept_from_it_again(frame, acme):
    assert "Others may see the overview" in frame.get(HERE).text
    frame.post(HERE + "viewers/", {"viewers": "1"})
    assert chosen(acme).viewers
    frame.post(HERE + "viewers/")
    assert not chosen(acme).viewers


def test_the_export_holds_everything_of_the_portal_and_no_secret(frame, two, form, make_submission):
    Preferences.objects.create(portal=two, retention_days=33)
    two.source_rules.create(position=1, field="source", value="kiosk", utm_source="fb")
    two.unmatched.create(week=NOW.date(), field="utm_source", value="radio", last_at=NOW)
    row = make_submission(body={"NAME": "Ann"}, state="failed", due_at=None, body_hash="planted-hash", code="error")
    row.attempts.create(method="crm.lead.add", outcome="refused", code="error", params={"words": "no"})
    Portal.objects.update(application_token="planted-token")
    form.secret_hash, form.old_secret_hash = "planted-hash", "planted-old"
    form.save()
    answer = frame.post(HERE + "export/")
    assert 'attachment; filename="trace-relay-acme.example-' in answer["Content-Disposition"]
    rows = json_lines(answer)
    assert [one["kind"] for one in rows] == [
        *("portal", "form", "source_rule", "preferences", "unmatched", "submission"),
    ]
    assert (rows[-1]["body"], rows[-1]["form"]) == ({"NAME": "Ann"}, form.key)
    assert [one["reason"] for one in (rows[-1], *rows[-1]["attempts"])] == [
        "Bitrix24 rejected this submission.",
        "Bitrix24 rejected this submission. Bitrix24 said: “no”",
    ]
    assert "lanted" not in json.dumps(rows)
    assert (rows[1]["most_per_minute"], rows[2]["match"], rows[2]["how"]) == (0, "source", "equals")


def test_the_export_is_made_in_chunks_and_leaves_none_out(frame, make_submission, monkeypatch):
    monkeypatch.setattr("traces.history.json_export.CHUNK", 2)
    ids = {str(make_submission(received_at=NOW - timedelta(days=number // 3)).pk) for number in range(7)}
    got = [one["id"] for one in json_lines(frame.post(HERE + "export/")) if one["kind"] == "submission"]
    assert (set(got), len(got)) == (ids, 7)


def test_the_export_holds_nothing_of_another_portal(frame, other):
    Submission.objects.create(portal=other, form=make_form(other, name="Other's"), body={}, body_hash="0")
    assert [one["kind"] for one in json_lines(frame.post(HERE + "export/"))] == ["portal"]


def test_a_download_shows_its_session_in_the_body(client, frame):
    answer = client.post(HERE + "export/", {"frame_session": frame.headers["X-Frame-Session"]})
    assert json_lines(answer)[0]["domain"] == "acme.example"


def test_what_waits_is_told_before_it_is_deleted(frame, make_submission):
    make_submission(), make_submission(state="delivered", due_at=None)
    page = frame.get(HERE).text
    assert ("2 submissions stored" in page, "1 of them has not been delivered" in page) == (True, True)


def test_without_the_tick_nothing_is_deleted(frame):
    answer = frame.post(HERE + "erase/")
    assert (answer.status_code, Preferences.objects.exists()) == (422, False)
    assert error_of(answer.text, "settings-sure").startswith("Select the check box first")


def test_the_wish_to_delete_is_stored_for_the_sweep(frame, acme, make_submission):
    row = make_submission(received_at=NOW - timedelta(days=1))
    page = frame.post(HERE + "erase/", {"sure": "1"}).text
    assert chosen(acme).erase_before > row.received_at
    assert ('hx-trigger="every 3s"' in page, "1 left" in page) == (True, True)


def test_how_far_the_deletion_is_can_be_watched(frame, acme, make_submission):
    Preferences.objects.create(portal=acme, erase_before=NOW)
    make_submission(received_at=NOW - timedelta(days=1))
    assert "1 left" in frame.get(HERE + "erasing/").text
    Submission.objects.all().delete()
    Preferences.objects.update(erase_before=None)
    part = frame.get(HERE + "erasing/").text
    assert ("were deleted" in part, "hx-trigger" in part) == (True, False)


def test_the_first_steps_can_be_shown_again(frame):
    assert 'href="/b24/app/start/"' in frame.get(HERE).text
