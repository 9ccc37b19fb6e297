"""What is done with the submissions of the list: sent again, exported; and by whom."""

import csv
import io

import pytest

from tests.fixtures.product import Frame
from tests.pages.helpers import VISITOR, hidden_fields
from traces.history import csv_export, listing, resending
from traces.history.listing import Filter
from traces.models import Source, Submission

pytestmark = pytest.mark.django_db
LIST = "/b24/app/submissions/"


def address(row):
    return f"{LIST}{row.pk}/"


# --- Sending again ---


def test_the_chosen_ones_are_sent_again_and_the_filter_stays(frame, receive):
    rows = [receive(VISITOR, state="failed", due_at=None), receive(VISITOR, state="delivered", due_at=None)]
    left_alone = receive(VISITOR, state="failed", due_at=None)
    answer = frame.post(f"{LIST}again/", {"id": [row.pk for row in rows], "text": "ines"})
    assert "Sending 1 submission again. 1 left unchanged" in answer.text
    assert hidden_fields(answer.text)["text"] == "ines"
    assert Submission.objects.get(state="failed").pk == left_alone.pk


def test_the_button_of_a_row_sends_that_row_alone(frame, receive):
    one_row, chosen = (receive({}, state="failed", due_at=None) for _ in range(2))
    frame.post(f"{LIST}again/", {"one": one_row.pk, "id": [chosen.pk]})
    assert Submission.objects.get(state="queued").pk == one_row.pk


def test_nothing_chosen_is_told(frame):
    answer = frame.post(f"{LIST}again/", {"id": ["x"]})
    assert (answer.status_code, "Select at least one submission first." in answer.text) == (422, True)


def test_all_that_match_are_sent_again_step_by_step(frame, acme, fail_many, monkeypatch):
    monkeypatch.setattr(listing, "CHUNK_ROWS", 4)
    monkeypatch.setattr(resending, "STEP_SECONDS", 0.0)
    fail_many(9)
    fail_many(2, state="delivered")
    fields, answers = {}, []
    while not answers or 'hx-trigger="load' in answers[-1]:
        answer = frame.post(f"{LIST}again/all/", fields)
        fields, answers = hidden_fields(answer.text), [*answers, answer.text]
    assert '<progress max="11" value="4"' in answers[0]
    assert len(answers) == 3
    assert "Sending 9 submissions again. 2 left unchanged" in answers[-1]
    assert Submission.objects.filter(state="queued").count() == 9


def test_all_that_match_are_those_of_the_filter(frame, receive):
    row = receive(VISITOR, state="failed", due_at=None)
    receive({"name": "Otto"}, state="failed", due_at=None)
    frame.post(f"{LIST}again/all/", {"text": "ines"})
    assert Submission.objects.get(state="queued").pk == row.pk


def test_the_portal_is_woken_when_something_is_sent_again(frame, receive, monkeypatch):
    woken = []
    monkeypatch.setattr("traces.delivery.wake.wake", woken.append)
    frame.post(f"{LIST}again/all/")
    assert woken == []
    row = receive({}, state="failed", due_at=None)
    frame.post(f"{LIST}again/all/")
    frame.post(f"{address(row)}again/")
    assert woken == [row.portal_id]


# --- Export ---


def exported(frame, asked=None):
    answer = frame.post(f"{LIST}export/", asked or {})
    assert "attachment" in answer["Content-Disposition"]
    raw = b"".join(answer.streaming_content).decode()
    assert raw.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(raw[1:])))


def test_what_matches_is_exported(frame, receive):
    row = receive(
        {**VISITOR, "UTM_SOURCE": "google"}, state="delivered", trace_id=5, entities=[{"TYPE": "LEAD", "ID": 9}]
    )
    receive({"name": "Otto"})
    (line,) = exported(frame, {"text": "ines"})
    assert (line["id"], line["form"], line["state"], line["records"]) == (str(row.pk), "Shop", "delivered", "LEAD 9")
    assert (line["email"], line["utm_source"], line["trace_id"]) == ("ines@shop.example", "google", "5")


@pytest.mark.parametrize("begins", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_becomes_a_formula(receive, acme, begins):
    receive({"company": "x"})
    Source.objects.create(portal=acme, digest=1, text=f"{begins}SUM(A1)")
    Submission.objects.update(source=Source.objects.get())
    line = list(csv.DictReader(io.StringIO("".join(csv_export.lines(acme, Filter())), newline="")))[0]
    assert line["source"] == f"'{begins}SUM(A1)"


def test_a_long_export_is_read_in_chunks(acme, fail_many, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(listing, "CHUNK_ROWS", 4)
    fail_many(10)
    with django_assert_num_queries(4):
        assert len(list(csv_export.lines(acme, Filter()))) == 11


# --- Those who have no business here ---


@pytest.mark.parametrize("action", ["again/", "again/all/", "export/"])
def test_nothing_of_another_portal_is_sent_or_exported(client, other, receive, action):
    row = receive(VISITOR, state="failed", due_at=None)
    answer = Frame(client, other).post(f"{LIST}{action}", {"id": row.pk, "text": ""})
    seen = b"".join(answer.streaming_content).decode() if answer.streaming else answer.text
    assert "Ines" not in seen
    assert Submission.objects.get().state == "failed"


@pytest.mark.parametrize("action", ["again/", "again/all/", "export/", "{}/again/", "{}/delete/"])
def test_who_is_no_administrator_changes_nothing(client, acme, receive, action):
    row = receive(VISITOR, state="failed", due_at=None)
    answer = Frame(client, acme, admin=False, user=3).post(f"{LIST}{action.format(row.pk)}", {"id": row.pk})
    assert (answer.status_code, "Ines" in answer.text) == (403, False)
    assert Submission.objects.get().state == "failed"
