"""Tokens, secrets and visitors' data reach no log and no answer, whatever goes wrong."""

import logging

import pytest
from django.db import DataError, IntegrityError, OperationalError

from b24app.api.errors import PortalError
from b24app.models import Portal
from b24app.portal import calls, install
from traces.compose import trace
from traces.delivery import drain
from traces.intake import inserts
from traces.models import Attempt, Form, Submission

pytestmark = pytest.mark.django_db
VISITOR = {"NAME": "Planted-Name", "PHONE": "+19998887766", "TRACE": '{"url":"https://shop.example/?planted-address"}'}


@pytest.fixture
def secrets_of(sandbox, portal, installed):
    """All that must stay secret at the end of a test."""

    def secrets():
        user = installed.users.first()
        pair = [user.access_token, user.refresh_token] if user else []
        return {*pair, *portal.access, sandbox.client_secret, portal.application_token, portal.webhook_code}

    return secrets


FAULTS = [
    {"kind": "html_502"},
    {"kind": "close_after"},
    {"kind": "expired_token"},
    {"kind": "error", "code": "PAYMENT_REQUIRED", "status": 401},
    {"kind": "error", "code": "ERROR_CORE", "description": "Planted-Name is refused"},
    {"kind": "error", "code": "invalid_token", "status": 401},
    {"kind": "redirect", "url": "https://evil.example/rest/"},
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.get("code", fault["kind"]))
def test_no_failing_delivery_writes_a_secret_to_the_log(installed, sandbox, secrets_of, caplog, fault):
    caplog.set_level(logging.DEBUG)
    sandbox.faults.add(**fault, times=2, method="crm.tracking.trace.add")
    form = Form.objects.create(portal=installed, name="Shop", secret_hash="0")
    Submission.objects.create(portal=installed, form=form, body=VISITOR, body_hash="0")
    drain.drain(installed.pk)
    leaked = [
        text for text in {*secrets_of(), *VISITOR.values(), "planted-address", "Planted-Name"} if text in caplog.text
    ]
    assert Attempt.objects.exists() and leaked == []


@pytest.mark.parametrize("kind", ["html_502", "close_after", "empty"])
def test_no_failing_refresh_writes_a_secret_to_the_log(installed, portal, sandbox, secrets_of, caplog, kind):
    caplog.set_level(logging.DEBUG)
    known = secrets_of()
    portal.expire_tokens()
    sandbox.faults.add(kind, method="oauth/token")
    with pytest.raises(PortalError) as caught:
        calls.call(installed, "profile", {})
    assert [text for text in known | secrets_of() if text in caplog.text + repr(caught.value)] == []


def test_no_failing_webhook_writes_its_code_to_the_log(wired, portal, sandbox, caplog):
    caplog.set_level(logging.DEBUG)
    row = Portal.objects.create(member_id="w", domain=portal.domain, webhook_url=portal.webhook_url)
    sandbox.faults.add("close_before", method="profile")
    with pytest.raises(PortalError):
        calls.call(row, "profile", {})
    assert portal.webhook_code not in caplog.text


@pytest.mark.parametrize("path", ["/b24/install/", "/b24/app/"])
@pytest.mark.parametrize("kind", ["none", "html_502", "close_after"])
def test_no_page_holds_a_secret(wired, portal, sandbox, client, caplog, path, kind):
    caplog.set_level(logging.DEBUG)
    query, body = portal.frame_post()
    if kind != "none":
        sandbox.faults.add(kind, method="app.info")
    answer = client.post(path, body, query_params=query)
    planted = [body["AUTH_ID"], body["REFRESH_ID"], body["APPLICATION_TOKEN"], sandbox.client_secret]
    assert [text for text in planted if text in answer.content.decode() + str(answer.headers) + caplog.text] == []


def test_no_event_writes_a_secret_to_the_log(wired, portal, client, caplog):
    from tests.sandbox import events

    caplog.set_level(logging.DEBUG)
    install.open_frame(install.claim_of_frame(*portal.frame_post()))
    for event in ("ONAPPINSTALL", "ONAPPUNINSTALL"):
        body = events.body(portal, event, {})
        client.post("/b24/events/", body, content_type="application/x-www-form-urlencoded")
    assert [text for text in {*portal.access, *portal.refresh, portal.application_token} if text in caplog.text] == []


def test_the_operators_pages_hide_tokens_and_visitors(installed, admin_client, secrets_of):
    form = Form.objects.create(portal=installed, name="Shop", secret_hash="planted-hash")
    row = Submission.objects.create(
        portal=installed, form=form, body=VISITOR, body_hash="0", idempotency_key="planted-key"
    )
    pages = [f"b24app/portal/{installed.pk}", f"traces/form/{form.pk}", f"traces/submission/{row.pk}"]
    text = "".join(admin_client.get(f"/admin/{page}/change/").content.decode() for page in pages)
    assert "Shop" in text
    assert [one for one in {*secrets_of(), *VISITOR.values(), "planted-hash", "planted-key"} if one in text] == []


BEARER = {"Authorization": "Bearer planted-secret", "Idempotency-Key": "planted-key"}
JSON = "application/json"


@pytest.mark.parametrize(
    ("body", "kind", "headers", "status"),
    [
        ("planted-address", JSON, {}, 200),
        ({**VISITOR, "a": ["x"] * 6000}, JSON, {}, 422),
        ("planted-address" * 29999, JSON, {}, 413),
        ("planted-address", "text/plain", {}, 200),
        (VISITOR, JSON, BEARER, 401),
        ({**VISITOR, "ENTITIES": "planted-address"}, JSON, {}, 403),
        (VISITOR, JSON, {"Idempotency-Key": "planted-key" * 99}, 400),
        (VISITOR, JSON, {"Idempotency-Key": "planted-key"}, 200),
    ],
)
def test_no_submission_writes_a_secret_to_the_log(client, form, caplog, body, kind, headers, status):
    caplog.set_level(logging.DEBUG)
    answer = client.post(f"/in/{form.key}/", body, content_type=kind, headers=headers)
    assert answer.status_code == status
    assert "lanted" not in caplog.text + answer.content.decode()


@pytest.mark.parametrize(("kind", "status"), [(OperationalError, 503), (DataError, 422), (IntegrityError, 503)])
def test_what_the_database_says_of_a_row_stays_with_us(client, form, caplog, monkeypatch, kind, status):
    def fail(*args, **kwargs):
        raise kind(f"Failing row contains ({VISITOR})")

    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(inserts, "_run_insert", fail)
    answer = client.post(f"/in/{form.key}/", VISITOR, content_type=JSON)
    assert (answer.status_code, "the database" in caplog.text) == (status, True)
    assert "lanted" not in caplog.text + answer.content.decode()


def test_a_fault_of_ours_is_logged_without_the_visitors_data(acme, make_submission, caplog, monkeypatch):
    def fail(*args):
        raise RuntimeError(f"cannot build {VISITOR}")

    monkeypatch.setattr(trace, "prepare", fail)
    row = make_submission(body=VISITOR)
    drain.drain(acme.pk)
    text = "".join(record.getMessage() for record in caplog.records)
    assert (str(row.pk) in text, "RuntimeError" in text, "lanted" in caplog.text) == (True, True, False)


def test_no_code_of_an_authorization_is_logged_or_shown(wired, sandbox, client, caplog):
    caplog.set_level(logging.DEBUG)
    answer = client.get("/b24/oauth/callback/", {"code": "planted-code", "state": "planted-state"})
    assert answer.status_code == 403
    assert "lanted" not in caplog.text + answer.content.decode()


def test_the_owners_question_shows_no_visitor(client, make_submission):
    row = make_submission(body=VISITOR)
    headers = {"Authorization": f"Bearer {row.form.secret}"}
    answer = client.get(f"/in/{row.form.key}/{row.pk}/", headers=headers)
    assert (answer.status_code, "lanted" in answer.content.decode()) == (200, False)
