"""What was stored is told in today's words, in the reader's language, wherever a reason is shown."""

import csv
import io
import json
from dataclasses import replace

import pytest
from django.core.management import call_command
from django.utils import translation

from b24app.api.remedies import REMEDIES
from tests.fixtures.forms import SECRET
from tests.fixtures.product import Frame
from traces import sentences
from traces.history import csv_export, json_export
from traces.history.listing import Filter
from traces.sentences import failures

pytestmark = pytest.mark.django_db
CODES = {**sentences.FAILURES, **REMEDIES}


@pytest.fixture
def stored(make_submission):
    """A submission that failed with this code, and its attempt."""

    def store(code="error_core", **params):
        row = make_submission(state="failed", due_at=None, code=code, params=params)
        row.attempts.create(method="crm.lead.add", outcome="refused", code=code, params=params)
        return row

    return store


def of_intake(client, row):
    answer = client.get(f"/in/{row.form.key}/{row.pk}/", headers={"Authorization": f"Bearer {SECRET}"}).json()
    return [answer["reason"], answer["attempts"][0]["reason"]]


def of_csv(row):
    text = "".join(csv_export.lines(row.portal, Filter()))
    return [line["reason"] for line in csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""))]


def of_json(row):
    told = json.loads(list(json_export.lines(row.portal))[-1])
    return [told["reason"], told["attempts"][0]["reason"]]


def of_command(row, capsys):
    call_command("explain_submission", str(row.pk))
    return [line for line in capsys.readouterr().out.splitlines() if "Reworded." in line]


def test_a_reworded_sentence_is_shown_for_what_was_stored_before(stored, client, frame, monkeypatch, capsys):
    row = stored(words="No access.")
    reworded = replace(sentences.FAILURES["error_core"], happened="Reworded.")
    monkeypatch.setitem(sentences.FAILURES, "error_core", reworded)
    told = "Reworded. Bitrix24 said: “No access.”"
    assert (of_intake(client, row), of_csv(row), of_json(row)) == ([told, told], [told], [told, told])
    assert [told in line for line in of_command(row, capsys)] == [True, True]
    # Why it failed, with the portal's words below; and its attempt.
    page = frame.get(f"/b24/app/submissions/{row.pk}/").content.decode()
    assert (page.count("Reworded."), page.count(told)) == (2, 1)


@pytest.mark.parametrize("code", sorted(CODES.keys() - {""}))
def test_every_sentence_can_be_reworded(stored, monkeypatch, code):
    row = stored(code)
    table = REMEDIES if code in REMEDIES else sentences.FAILURES
    monkeypatch.setitem(table, code, replace(CODES[code], happened="Reworded."))
    row.refresh_from_db()
    assert (row.reason, row.attempts.get().reason) == ("Reworded.", "Reworded.")


def test_that_it_was_given_up_can_be_reworded(stored, monkeypatch):
    row = stored("timeout", gave_up=True)
    monkeypatch.setattr(failures, "GAVE_UP", "Reworded.")
    row.refresh_from_db()
    assert row.reason.startswith("Reworded. ")


def test_each_reader_has_it_in_his_own_language_and_a_program_in_english(stored, client, acme):
    row = stored("timeout", gave_up=True)
    page = Frame(client, acme, language="ru").get(f"/b24/app/submissions/{row.pk}/").content.decode()
    english = row.reason
    with translation.override("ru"):
        russian = row.reason
        exported = csv_export.lines(acme, Filter())
        assert (of_intake(client, row)[0], of_json(row)[0]) == (english, english)
    assert russian in page
    # A stream is read when the request is over.
    assert russian in "".join(exported)
