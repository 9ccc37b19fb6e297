"""What a form's public address answers besides: the page that says thank you, and how a submission goes."""

import json

import pytest

from b24app.models import Portal
from tests.fixtures.forms import SECRET
from traces.models import Attempt, Form, Submission

pytestmark = pytest.mark.django_db
BEARER = {"Authorization": f"Bearer {SECRET}"}


@pytest.mark.parametrize(
    ("asked", "lang", "text"),
    [
        ("ru-RU,ru;q=0.9", "ru", "Спасибо"),
        ("en", "en", "Thank you"),
        ("xx", "en", "Thank you"),
        ("", "en", "Thank you"),
    ],
)
def test_the_thank_you_page_is_in_the_visitors_language(client, form, asked, lang, text):
    answer = client.get(f"/in/{form.key}/thanks/", headers={"Accept-Language": asked})
    assert f'<html lang="{lang}">' in answer.text
    assert f"<h1>{text}</h1>" in answer.text
    assert "Accept-Language" in answer["Vary"]


def test_the_thank_you_page_tells_a_visitor_nothing_of_us(client, form):
    page = client.get(f"/in/{form.key}/thanks/").text
    assert not any(word in page for word in ("Trace Relay", "Bitrix24", form.name, form.portal.domain, form.key))


@pytest.fixture
def row(form):
    return Submission.objects.create(portal=form.portal, form=form, body={"NAME": "Ines"}, body_hash="0")


def status_of(client, row, **headers):
    return client.get(f"/in/{row.form.key}/{row.pk}/", headers=headers or BEARER)


def test_the_owner_sees_how_a_submission_goes(client, row):
    Attempt.objects.create(
        submission=row, method="crm.tracking.trace.add", outcome="retry", code="c", params={"words": "r"}
    )
    found = status_of(client, row).json()
    assert set(found) == {
        "id", "status", "received_at", "delivered_at", "trace_id", "entities", "repairs", "attempts", "reason",
    }  # fmt: skip
    assert set(found["attempts"][0]) == {"at", "method", "outcome", "code", "reason"}
    assert "Ines" not in json.dumps(found)


def test_nobody_else_sees_it(client, row):
    assert client.get(f"/in/{row.form.key}/{row.pk}/").status_code == 401
    assert status_of(client, row, Authorization="Bearer wrong").status_code == 401


def test_a_submission_of_another_form_is_unknown(client, row, form):
    other = Form.objects.create(portal=form.portal, name="Other", secret_hash=form.secret_hash)
    assert client.get(f"/in/{other.key}/{row.pk}/", headers=BEARER).status_code == 404


def test_a_queued_submission_of_a_held_portal_is_held(client, row):
    Portal.objects.update(state="held", hold_code="plan")
    assert status_of(client, row).json()["status"] == "held"


def test_a_held_one_tells_the_reason_of_now_and_what_to_do(client, row):
    Submission.objects.update(code="plan", params={"words": "on commercial plans"})
    Portal.objects.update(state="held", hold_code="licence")
    told = status_of(client, row).json()["reason"]
    assert ("license" in told, "Renew the license" in told, "commercial" in told) == (True, True, False)


def test_a_webhooks_portal_is_not_told_of_an_application(client, row):
    Portal.objects.update(webhook_url="https://acme.example/rest/1/code/", state="held", hold_code="no_rights")
    assert "user who owns the webhook" in status_of(client, row).json()["reason"]


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({}, 401, "secret_required"),
        ({"Authorization": "Bearer x"}, 401, "wrong_secret"),
        (BEARER, 404, "unknown_submission"),
    ],
)
def test_a_question_that_is_refused_is_a_problem_too(client, form, headers, status, code):
    answer = client.get(f"/in/{form.key}/00000000-0000-7000-8000-000000000000/", headers=headers)
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    assert answer.json()["code"] == code


def test_an_answer_with_the_secret_is_not_cached(client, row):
    assert status_of(client, row)["Cache-Control"] == "no-store"


def test_telling_how_one_goes_costs_the_same_however_many_attempts(client, row, django_assert_num_queries):
    for _ in range(20):
        Attempt.objects.create(submission=row, method="m", outcome="retry")
    with django_assert_num_queries(3):  # the form, the submission, its attempts
        status_of(client, row)
