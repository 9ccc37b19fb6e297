"""What every place says of a submission whose visitor's fields were deleted when their time was over."""

import csv
import io
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from tests.fixtures.forms import SECRET
from tests.pages.helpers import json_lines
from traces.history import erasure

pytestmark = pytest.mark.django_db
LIST = "/b24/app/submissions/"
NOW = timezone.now()
GONE = "Data deleted"


@pytest.fixture
def emptied(receive):
    """A failed submission of 31 days ago, after a sweep."""
    facts = {"due_at": None, "received_at": NOW - timedelta(days=31), "consent": "given", "code": "error_argument"}
    row = receive({"NAME": "Ines", "utm_source": "fair"}, state="failed", params={"words": "Ines is wrong"}, **facts)
    erasure.empty_old(NOW)
    row.refresh_from_db()
    return row


def test_the_list_says_so_and_offers_no_sending(frame, emptied):
    seen = frame.get(LIST).text
    assert GONE in seen
    assert f'name="one" value="{emptied.pk}"' not in seen


def test_its_page_says_so_and_why_it_cannot_be_sent_again(frame, emptied):
    seen = frame.get(f"{LIST}{emptied.pk}/").text
    assert GONE in seen and "data was deleted on" in seen
    assert "This submission can" in seen and "then resend the submission" not in seen
    assert "This is a fault in Trace Relay" not in seen


def test_sending_it_again_is_refused_with_the_reason(frame, emptied):
    answer = frame.post(f"{LIST}{emptied.pk}/again/")
    assert (answer.status_code, "This submission can" in answer.text) == (422, True)
    emptied.refresh_from_db()
    assert emptied.state == "failed"


def test_the_csv_file_says_when(frame, emptied):
    answer = frame.post(f"{LIST}export/")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(text))
    assert (row["emptied_at"], row["name"], row["consent"], row["utm_source"]) == (NOW.isoformat(), "", "given", "")


def test_the_export_of_everything_says_when(frame, emptied):
    (row,) = [line for line in json_lines(frame.post("/b24/app/settings/export/")) if line["kind"] == "submission"]
    assert (row["body"], row["consent"], row["emptied_at"][:19]) == ({}, "given", NOW.isoformat()[:19])


def test_the_forms_owner_is_told(client, emptied):
    answer = client.get(f"/in/{emptied.form.key}/{emptied.pk}/", headers={"Authorization": f"Bearer {SECRET}"}).json()
    assert (answer["emptied_at"], answer["consent"], answer["status"]) == (NOW.isoformat(), "given", "failed")


def test_the_operators_command_says_so(emptied, capsys):
    call_command("explain_submission", str(emptied.pk))
    text = capsys.readouterr().out
    assert "data was deleted on" in text and "Trace" not in text


@pytest.mark.parametrize("path", ["", "sources/", "forms/", "overview/", "health/", "overview/figures/"])
def test_the_figures_go_on(frame, emptied, path):
    assert frame.get(f"/b24/app/{path or 'submissions/'}").status_code == 200


def test_one_that_comes_again_afterwards_is_a_new_one(post, make_submission):
    row = make_submission(state="delivered", due_at=None, received_at=NOW - timedelta(days=31), idempotency_key="k")
    erasure.empty_old(NOW)
    assert post({"NAME": "Ines"}, **{"Idempotency-Key": "k"}).json()["id"] != str(row.pk)
