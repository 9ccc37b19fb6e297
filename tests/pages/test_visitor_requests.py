"""A visitor asks what is stored, or wants it deleted: by phone or e-mail, on the settings' page and by command."""

import json
import logging

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from b24app.frame import rights
from tests.fixtures.forms import make_form
from tests.pages.helpers import error_of, json_lines
from traces.delivery import unmatched
from traces.history import erasure
from traces.models import Attempt, Batch, Submission, Unmatched

pytestmark = pytest.mark.django_db
HERE = "/b24/app/settings/visitor/"
INES = {"name": "Ines", "phone": "8 (916) 123-45-67", "email": "Ines@Shop.example"}
CONTACTS = ["+7 916 1234567", "8-916-123-45-67", " ines@shop.EXAMPLE "]
NOW = timezone.now()


@pytest.fixture
def two(receive):
    """Two of hers, a delivered and a waiting one; and one of somebody with nearly the same address."""
    delivered = receive(INES, state="delivered", due_at=None, params={})
    delivered.attempts.create(method="crm.lead.add", outcome="delivered")
    waiting = receive({**INES, "comment": "again"})
    receive({"name": "Mines", "email": "mines@shop.example", "phone": "+1 916 123 4567"})
    return delivered, waiting


def hers():
    return sorted(row.body["name"] for row in Submission.objects.all())


@pytest.mark.parametrize("contact", CONTACTS)
def test_it_says_how_many_there_are(frame, two, contact):
    assert "2 submissions, the first received" in frame.post(HERE, {"contact": contact}).text


def test_nothing_found_is_said(frame, two):
    seen = frame.post(HERE, {"contact": "+7 916 0000000"}).text
    assert "Nothing here belongs to this phone number or email" in seen and "Delete" not in seen


@pytest.mark.parametrize("contact", ["", "Ines", "12"])
@pytest.mark.parametrize("path", ["", "export/", "erase/"])
def test_what_is_no_contact_is_refused(frame, two, path, contact):
    answer = frame.post(HERE + path, {"contact": contact})
    assert (answer.status_code, Submission.objects.count()) == (422, 3)
    assert error_of(answer.text, "visitor-contact").startswith("This is neither a phone number")


@pytest.mark.parametrize("contact", CONTACTS)
def test_hers_are_exported_and_nobody_elses(frame, two, contact):
    rows = json_lines(frame.post(HERE + "export/", {"contact": contact}))
    assert [(row["kind"], row["body"]["name"]) for row in rows] == [("submission", "Ines")] * 2
    assert [len(row["attempts"]) for row in rows] == [1, 0]


@pytest.mark.parametrize("contact", CONTACTS)
def test_hers_are_deleted_whatever_their_state_and_nobody_elses(frame, two, contact):
    answer = frame.post(HERE + "erase/", {"contact": contact})
    assert (answer.status_code, "2 submissions deleted." in answer.text) == (200, True)
    assert (hers(), Attempt.objects.count()) == (["Mines"], 0)


def test_what_is_being_sent_is_deleted_after_it_is_settled(frame, acme, two):
    batch = Batch.objects.create(portal=acme, lease_id="0" * 32, lease_until=NOW)
    Submission.objects.filter(pk=two[1].pk).update(state="sending", due_at=None, batch=batch)
    seen = frame.post(HERE + "erase/", {"contact": CONTACTS[0]}).text
    assert "1 more is being sent right now" in seen and hers() == ["Ines", "Mines"]
    Submission.objects.filter(pk=two[1].pk).update(state="delivered", batch=None)
    erasure.erase(NOW, thorough=False)
    assert hers() == ["Mines"]


def test_one_portals_visitors_are_not_the_others(frame, other, two):
    make_form(other)
    Submission.objects.update(portal=other)
    assert "Nothing here" in frame.post(HERE, {"contact": CONTACTS[0]}).text
    frame.post(HERE + "erase/", {"contact": CONTACTS[0]})
    assert Submission.objects.count() == 3


def test_counted_values_that_hold_the_contact_go(frame, acme, two):
    pairs = [("utm_source", "tel 8 916 123-45-67"), ("referrer", "x/?mail=INES@shop.example"), ("utm_source", "google")]
    unmatched.count(acme.pk, pairs, NOW)
    for field, value in pairs:
        acme.known_values.create(field=field, value=value)
    for contact in (CONTACTS[1], CONTACTS[2]):
        frame.post(HERE + "erase/", {"contact": contact})
    assert [row.value for row in (*Unmatched.objects.all(), *acme.known_values.all())] == ["google", "google"]


@pytest.mark.parametrize("path", ["export/", "erase/"])
def test_the_portal_is_asked_first_whether_the_reader_administers_it_still(frame, two, monkeypatch, path):
    monkeypatch.setattr(rights, "still_administers", lambda portal, session: False)
    answer = frame.post(HERE + path, {"contact": CONTACTS[0]})
    assert (answer.status_code, Submission.objects.count()) == (403, 3)


@pytest.mark.parametrize("path", ["", "export/", "erase/"])
def test_the_contact_stands_in_no_address_and_in_no_log(frame, two, caplog, path):
    caplog.set_level(logging.DEBUG)
    assert frame.get(HERE + path, {"contact": CONTACTS[2]}).status_code == 405
    caplog.clear()
    answer = frame.post(HERE + path, {"contact": CONTACTS[2].strip()})
    told = " ".join([caplog.text, *map(str, answer.headers.items())])
    assert "shop.example" not in told.lower()


def test_a_command_exports(two, acme, capsys):
    call_command("visitor_export", CONTACTS[0], portal=acme.member_id)
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["body"]["name"] for row in rows] == ["Ines", "Ines"]


def test_a_command_deletes_once_it_is_told_yes(two, acme, capsys):
    call_command("visitor_erase", CONTACTS[0], portal=acme.member_id)
    assert ("2 submissions" in capsys.readouterr().out, Submission.objects.count()) == (True, 3)
    call_command("visitor_erase", CONTACTS[0], portal=acme.member_id, yes=True)
    assert ("2 submissions were deleted" in capsys.readouterr().out, hers()) == (True, ["Mines"])


@pytest.mark.parametrize("command", ["visitor_export", "visitor_erase"])
@pytest.mark.parametrize(("portal", "contact"), [("nobody", CONTACTS[0]), ("acme", "Ines")])
def test_a_command_refuses_what_it_does_not_know(acme, command, portal, contact):
    with pytest.raises(CommandError):
        call_command(command, contact, portal=acme.member_id if portal == "acme" else portal)
