"""What attempts keep of what was asked of the portal and answered, along a real delivery."""

import json

import pytest

from tests.fixtures.delivery import drained
from tests.fixtures.forms import make_form

pytestmark = pytest.mark.django_db
BODY = {"NAME": "Planted-Name", "PHONE": "+493012345678", "MESSAGE": "Planted-Message"}


@pytest.fixture
def row(installed, make_submission):
    """A visitor's submission to a form that makes leads."""
    return make_submission(form=make_form(installed, creates="lead"), body=BODY)


def kept(row):
    return [json.loads(attempt.exchange) for attempt in row.attempts.all()]


def test_a_delivered_submission_keeps_what_was_asked_and_answered(row):
    drained(row)
    assert row.state == "delivered"
    assert [one["method"] for one in kept(row)] == list(row.attempts.values_list("method", flat=True))
    (lead,) = [one for one in kept(row) if one["method"] == "crm.lead.add"]
    assert lead["answered"] == {"status": 200, "result": row.entities[0]["ID"]}
    assert {"NAME", "PHONE", "COMMENTS"} <= set(lead["asked"]["fields"])


def test_nothing_of_the_visitor_and_no_secret_is_in_it(row, installed):
    drained(row)
    text = "".join(row.attempts.values_list("exchange", flat=True))
    tokens = [value for user in installed.users.all() for value in (user.access_token, user.refresh_token)]
    assert [word for word in (*BODY.values(), "lanted", "3012345678", *tokens) if word in text] == []


@pytest.mark.parametrize(
    ("code", "status", "answered"),
    [
        ("ERROR_CORE", 400, {"status": 400, "error": "error_core"}),
        ("CONNECTION_ERROR", 401, {"status": 401, "error": "connection_error"}),
    ],
)
def test_a_refusal_and_a_failure_keep_the_portals_code(row, sandbox, code, status, answered):
    sandbox.faults.add("error", code=code, status=status)
    drained(row)
    last = kept(row)[-1]
    assert {name: last["answered"][name] for name in answered} == answered
    assert last["asked"]


def test_where_nothing_was_asked_nothing_is_kept(row, installed):
    installed.users.all().delete()
    drained(row)
    assert list(row.attempts.values_list("outcome", "code", "exchange")) == [("held", "no_administrator", None)]


def test_a_message_that_is_turned_away_keeps_the_status_of_the_page(row, sandbox):
    sandbox.faults.add("html_403")
    drained(row)
    assert kept(row)[-1]["answered"]["status"] == 403
