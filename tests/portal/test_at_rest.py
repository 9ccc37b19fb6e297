"""What visitors sent stands encrypted in every table, is found all the same, and outlives a change of keys."""

import json
import subprocess
from datetime import timedelta

import pytest
from cryptography.fernet import Fernet
from django.core.checks import Tags, run_checks
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from tests.fixtures.delivery import drained
from tests.fixtures.forms import make_form
from tests.fixtures.planted import database_files
from traces.delivery import drain, findable, unmatched
from traces.history import attribution, json_export, listing, rotation, visitor_requests, visitors
from traces.history.listing import Filter
from traces.intake import accept
from traces.intake.senders import normalise
from traces.models import Preferences, Source, Submission, Unmatched

OLD, NEW, LOST = (Fernet.generate_key().decode() for _ in range(3))
pytestmark = pytest.mark.django_db
BODY = {
    "NAME": "Plantedname Secondname",
    "PHONE": "+7 (916) 555-73-21",
    "EMAIL": "Planted.Mail@visitor.example",
    "COMPANY_TITLE": "Plantedcompany",
    "COMMENTS": "Plantedmessage",
    "TRACE": json.dumps({"url": "https://shop.example/", "tags": {"list": {"utm_source": "plantedtag"}}}),
}
PLANTED = ("planted", "secondname", "5557321", "555-73-21", "visitor.example")


@pytest.fixture(autouse=True)
def old_key(settings):
    settings.FIELD_ENCRYPTION_KEYS = [OLD]


def send(form, body=BODY, key="planted-key"):
    return accept.accept(form, normalise(body, query={}, headers={}), fields=body, key=key, trusted=True).submission


def everything():
    """All that every table of the database holds."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            found += [repr(row).lower() for row in cursor.fetchall()]
    return "\n".join(found)


def planted_in(text):
    return [word for word in PLANTED if word in text]


@pytest.fixture
def sent(installed, portal):
    """A submission that was delivered, with what comes of it, and one that the portal has refused."""
    form = make_form(installed, creates="lead")
    row = send(form)
    drained(row)
    assert row.state == "delivered"
    refused = send(form, {**BODY, "PHONE": "+7 916 555 73 22"}, "planted-key-2")
    told = {"words": "Planted.Mail@visitor.example is no address"}
    refused.attempts.create(method="crm.lead.add", outcome="refused", code="error_core", params=told)
    Submission.objects.filter(pk=refused.pk).update(state="failed", due_at=None, code="error_core", params=told)
    unmatched.count(installed.pk, [("utm_source", "plantedtag")], timezone.now())
    Preferences.objects.create(portal=installed, notify_email="planted@visitor.example")
    findable.make(Submission.objects.all())
    return row


def test_no_table_holds_a_visitors_value_in_the_clear(sent):
    assert Source.objects.get().text == "utm_source:plantedtag"
    assert Unmatched.objects.get(digest__gt=0).value == "plantedtag"
    assert planted_in(everything()) == []


def test_the_walk_finds_what_stands_in_the_clear(sent):
    Submission.objects.filter(pk=sent.pk).update(sender_form_name="Plantedname")
    assert planted_in(everything()) == ["planted"]


@pytest.mark.parametrize("text", ["plantedname", "PLANTED.mail@visitor.example", "916 5557321", "plantedtag"])
def test_it_is_found_all_the_same(sent, installed, text):
    assert sent in listing.matching(installed, Filter(text=text))


def test_what_is_exported_counted_and_offered_is_as_it_was(sent, installed):
    (ranked,) = attribution.of(installed, timezone.now() - timedelta(days=7)).rankings["source"].top
    assert ranked.label == "utm_source:plantedtag"
    assert listing.recent(installed)["source"] == ["utm_source:plantedtag", ""]
    assert list(listing.matching(installed, Filter(source="utm_source:plantedtag"))) == [sent]
    lines = [json.loads(line) for line in json_export.lines(installed)]
    assert [line["source"] for line in lines if line["kind"] == "submission"] == ["utm_source:plantedtag", ""]


def test_after_a_rotation_everything_is_read_and_found_by_the_new_key_alone(sent, installed, settings):
    Submission.objects.filter(pk=sent.pk).update(terms="")
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    call_command("rotate_keys")
    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    assert sent.body
    assert Submission.objects.get(pk=sent.pk).body == sent.body
    assert sent in listing.matching(installed, Filter(text="plantedname"))
    assert list(listing.matching(installed, Filter(source="utm_source:plantedtag"))) == [sent]
    unmatched.count(installed.pk, [("utm_source", "plantedtag")], timezone.now())
    assert list(Unmatched.objects.filter(digest__gt=0).values_list("count", flat=True)) != [1]
    assert run_checks(tags=[Tags.database], databases=["default"]) == []


def test_while_keys_are_rotated_submissions_are_taken_delivered_and_found(installed, settings, monkeypatch):
    form = make_form(installed)
    rows = [send(form, {**BODY, "NAME": f"Name {number}"}, f"key {number}") for number in range(6)]
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    monkeypatch.setattr(rotation, "CHUNK", 2)
    for number, _progress in enumerate(rotation.rotate(Submission)):
        if number < 3:
            rows.append(send(form, {**BODY, "NAME": f"New {number}"}, f"new {number}"))
            drain.drain(installed.pk)
    call_command("rotate_keys")
    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    drain.drain(installed.pk)
    for row in rows:
        row.refresh_from_db()
    assert {row.state for row in rows} == {"delivered"}
    assert all(row.body for row in rows)
    assert listing.matching(installed, Filter(text="plantedtag")).count() == len(rows)


def test_a_submission_that_no_key_reads_waits_and_takes_no_other_with_it(installed, settings):
    form = make_form(installed)
    row = send(form, key="a")
    foreign = Fernet(LOST).encrypt(b'{"NAME": "x"}').decode()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE traces_submission SET body = %s", [foreign])
    other = send(form, {**BODY, "NAME": "Other"}, "b")
    drain.drain(installed.pk)
    row.refresh_from_db(), other.refresh_from_db()
    assert (row.state, row.code, other.state) == ("queued", "submission_unreadable", "delivered")
    assert "read this submission" in row.reason
    (warning,) = run_checks(tags=[Tags.database], databases=["default"])
    assert (warning.id, "traces.submission.body" in warning.msg) == ("b24app.W003", True)
    settings.FIELD_ENCRYPTION_KEYS = [OLD, LOST]
    Submission.objects.filter(pk=row.pk).update(due_at=timezone.now())
    drained(row)
    assert (row.state, row.body) == ("delivered", {"NAME": "x"})


def test_what_was_stored_before_it_was_encrypted_is_read_and_encrypted(installed, form):
    row = send(form)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE traces_submission SET body = %s, params = '{}'", [json.dumps(BODY)])
    assert Submission.objects.get().body == BODY
    call_command("rotate_keys")
    assert planted_in(everything()) == []
    assert Submission.objects.get(pk=row.pk).body == BODY


@pytest.mark.parametrize(
    "contact", ["+79165557321", "8 (916) 555-73-21", "007 916 555 73 21", "planted.mail@VISITOR.example"]
)
def test_a_visitors_submissions_are_found_before_they_have_terms_too(installed, form, acme, contact):
    mine = send(form)
    send(form, {"PHONE": "+7 916 555 73 29", "EMAIL": "other@visitor.example"}, "2")
    send(make_form(acme), BODY, "3")
    assert list(visitors.submissions_of(installed, contact)) == [mine]


def stolen():
    """SQLite's file with its journal, or a dump of PostgreSQL."""
    if connection.vendor == "sqlite":
        return database_files()
    facts = connection.settings_dict
    place = ["-h", facts["HOST"], "-p", str(facts["PORT"]), "-U", facts["USER"], facts["NAME"]]
    return subprocess.run(["pg_dump", *place], capture_output=True, text=True, check=True).stdout


@pytest.mark.django_db(transaction=True)
def test_a_stolen_file_tells_of_no_visitor_and_keeps_nothing_that_was_deleted(sent, installed):
    with connection.cursor() as cursor:
        cursor.execute("SELECT body FROM traces_submission")
        bodies = [body for (body,) in cursor.fetchall()]
    file = stolen()
    assert planted_in(file.lower()) == []
    assert len(bodies) == 2 and all(body in file for body in bodies)
    visitor_requests.erase(installed, BODY["EMAIL"])
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert [body for body in bodies if body in stolen()] == []
