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


# --- Spam ---


@pytest.fixture
def spam(receive):
    """A submission that looks like spam."""
    return receive({"name": "Buy now"}, state="spam", due_at=None, code="spam")


@pytest.mark.parametrize("action", ["again/", "again/all/"])
def test_no_action_on_several_sends_spam(frame, receive, spam, action):
    failed = receive(VISITOR, state="failed", due_at=None)
    frame.post(f"{LIST}{action}", {"id": [failed.pk, spam.pk]})
    assert {row.pk: row.state for row in Submission.objects.all()} == {failed.pk: "queued", spam.pk: "spam"}


@pytest.mark.parametrize("action", [f"{LIST}again/", f"{LIST}{{}}/again/"])
def test_its_own_button_sends_spam(frame, spam, action):
    frame.post(action.format(spam.pk), {"one": spam.pk})
    assert Submission.objects.get().state == "queued"


@pytest.mark.parametrize("asked", [{"all": "1"}, {}])
def test_the_question_counts_what_goes_and_what_stays(frame, receive, spam, asked):
    failed = receive(VISITOR, state="failed", due_at=None)
    kept_back = receive(VISITOR, state="failed", due_at=None, code="held_too_long")
    delivered = receive(VISITOR, state="delivered", due_at=None)
    ids = [row.pk for row in (failed, spam, kept_back, delivered)]
    answer = frame.post(f"{LIST}again/ask/", {"id": ids, **asked})
    assert "Send 1 submission again? 1 is spam and stays." in answer.text
    assert Submission.objects.get(pk=failed.pk).state == "failed"


def test_without_anything_to_send_the_question_has_no_button(frame, spam):
    answer = frame.post(f"{LIST}again/ask/", {"all": "1"})
    assert ("There is nothing to send again." in answer.text, "Send again" in answer.text) == (True, False)


def test_spam_is_found_by_its_own_state(frame, receive, spam):
    receive({"name": "Otto"}, state="failed", due_at=None)
    found = {state: frame.post(LIST, {"state": state}).text for state in ("spam", "failed")}
    assert ["Buy now" in text for text in found.values()] == [True, False]
    assert ["Delete all spam" in text for text in found.values()] == [True, False]


def test_all_spam_that_matches_is_deleted_and_nothing_else(frame, receive, spam):
    receive({"name": "Otto"}, state="failed", due_at=None)
    answer = frame.post(f"{LIST}delete/spam/", {"state": "spam"})
    assert "1 submission deleted." in answer.text
    assert Submission.objects.get().state == "failed"


def test_the_chosen_ones_are_deleted_unless_they_are_being_sent(frame, receive):
    sending = receive(VISITOR, state="sending", due_at=None)
    ids = [sending.pk, receive(VISITOR, state="spam", due_at=None).pk]
    kept = receive(VISITOR)
    frame.post(f"{LIST}delete/", {"id": ids})
    assert {row.pk for row in Submission.objects.all()} == {sending.pk, kept.pk}


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


@pytest.mark.parametrize("action", ["again/", "again/all/", "again/ask/", "delete/", "delete/spam/", "export/"])
def test_nothing_of_another_portal_is_sent_or_exported(client, other, receive, action):
    row = receive(VISITOR, state="failed", due_at=None)
    answer = Frame(client, other).post(f"{LIST}{action}", {"id": row.pk, "text": ""})
    seen = b"".join(answer.streaming_content).decode() if answer.streaming else answer.text
    assert "Ines" not in seen
    assert Submission.objects.get().state == "failed"


@pytest.mark.parametrize(
    "action", ["again/", "again/all/", "again/ask/", "delete/", "export/", "{}/again/", "{}/delete/"]
)
def test_who_is_no_administrator_changes_nothing(client, acme, receive, action):
    row = receive(VISITOR, state="failed", due_at=None)
    answer = Frame(client, acme, admin=False, user=3).post(f"{LIST}{action.format(row.pk)}", {"id": row.pk})
    assert (answer.status_code, "Ines" in answer.text) == (403, False)
    assert Submission.objects.get().state == "failed"
