"""Reports of others on real portals (docs/field-reports.md), as far as an answer's meaning goes; each by its number."""

import time

import pytest
from django.utils import timezone

from b24app.api import batch, errors, oauth, remedies, rest
from b24app.models import Portal
from b24app.portal import calls, hold, install
from tests.fixtures.forms import make_form
from tests.fixtures.odd_servers import OK, serving, trickle
from traces.delivery import drain
from traces.models import Attempt, Submission

pytestmark = pytest.mark.django_db
METHOD = "crm.tracking.trace.add"


@pytest.fixture
def by_webhook(wired, portal, db):
    """The sandbox portal, connected by a webhook of its user 1."""
    return Portal.objects.create(member_id="webhook", domain=portal.domain, webhook_url=portal.webhook_url)


def held(portal):
    portal.refresh_from_db()
    return portal.hold_code


def asked(portal, method=METHOD, **params):
    return rest.call(portal.rest_url, method, params, token=portal.issue_tokens()["access_token"], read_seconds=3)


def test_10_a_403_page_is_about_the_message_until_others_are_turned_away_too(wired, sandbox, portal):
    """Row 10 (helpdesk.bitrix24.de 17056172, the server's filter.php): the firewall blocked one visitor's text, and
    the portal was held for ever."""
    sandbox.faults.add("html_403")
    with pytest.raises(errors.Poison) as caught:
        asked(portal, TRACE="{}")
    assert (caught.value.code, caught.value.status) == ("forbidden", 403)


def test_11_a_method_that_is_missing_holds_itself_alone(installed, sandbox, portal):
    """Row 11 (course 99, lesson 5074): one method is absent on an older portal, and leads were held too."""
    sandbox.faults.add("error", code="ERROR_METHOD_NOT_FOUND", description="Method not found!", status=404)
    with pytest.raises(errors.Stop) as caught:
        asked(portal)
    assert hold.obey(installed, caught.value, METHOD) == 0.0
    assert (held(installed), list(installed.held_methods)) == ("", [METHOD])


@pytest.mark.parametrize("travels", ["alone", "in a batch"])
def test_12_a_user_without_rights_is_not_the_message(installed, portal, travels):
    """Row 12 (crest#16, b24restdocs#5): the token's user lost the CRM rights, and every submission failed at once."""
    portal.users[1].crm = False
    command = batch.Command("crm.lead.add", {"fields": {"NAME": "Anna"}})
    if travels == "alone":
        with pytest.raises(errors.OtherUser) as caught:
            asked(portal, command.method, **command.params)
        error = caught.value
    else:
        body = asked(portal, "batch", **batch.request({"c0": command})).result
        error = batch.read(body, {"c0": command}).errors["c0"]
    assert (type(error), error.code, error.lasts) == (errors.OtherUser, "no_rights", False)


def test_14_a_user_who_may_not_work_in_this_context_is_not_the_plan(wired, sandbox, portal):
    """Row 14 (the server's auth.php:269): one user was turned away, and the portal was held as "plan"."""
    text = "Current user can't be authorized in this context"
    sandbox.faults.add("error", code="ACCESS_DENIED", description=text, status=401)
    with pytest.raises(errors.OtherUser) as caught:
        asked(portal)
    assert (caught.value.code, caught.value.lasts) == ("not_allowed", False)


def test_15_a_webhook_whose_owner_was_dismissed_is_held_at_once(by_webhook, sandbox, portal, make_submission):
    """Row 15 (bitrix24-php-sdk#215, the server's apauth/auth.php): 18 requests in 20 s for one submission, and after
    three days it failed with a text about a portal that moved."""
    sandbox.faults.add("error", times=0, code="authorization_error", description="Unable to authorize user", status=401)
    make_submission(form=make_form(by_webhook))
    drain.drain(by_webhook.pk)
    assert (held(by_webhook), len(portal.hits)) == ("webhook_owner_gone", 1)
    assert "another user" in str(remedies.of("webhook_owner_gone", by_webhook=True).todo)


OWN = ("/bitrix/coupon_activation.php", "http://{domain}/bitrix/coupon_activation.php")


@pytest.mark.parametrize("location", OWN, ids=["relative", "absolute"])
def test_23_a_licence_that_has_ended_is_told_as_that(installed, sandbox, portal, make_submission, location):
    """Row 23 (b24phpsdk#372): the portal redirects everything to the page for a new licence key; a relative one was
    taken for a move, an absolute one ended in 18 requests to the portal and 18 to the OAuth server in 25 s."""
    sandbox.faults.add("redirect", times=0, portal=portal.name, url=location.format(domain=portal.domain))
    make_submission(form=make_form(installed))
    portal.hits.clear()
    drain.drain(installed.pk)
    assert (held(installed), len(portal.hits), len(sandbox.refreshes)) == ("licence", 1, 0)


def test_25_a_portal_that_turns_our_own_questions_away_is_held(installed):
    """Row 25 (bitrix24-php-sdk#40): a deleted portal answers with a 403 page, whatever it is asked."""
    hold.obey(installed, errors.Poison("forbidden", status=403), "")
    assert held(installed) == "forbidden"
    assert "deleted" in str(remedies.REMEDIES["forbidden"].happened)


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("REST is available only by subscription.", "market_subscription"),
        ("REST is available only on commercial plans.", "plan"),
    ],
)
def test_26_a_missing_market_subscription_is_told(by_webhook, sandbox, make_submission, text, code, status):
    """Row 26 (access-to-rest-api.md, MarketOption.php): on a paid plan REST needs a Market subscription; the advice was
    to change the plan and to open an application that a webhook does not have."""
    sandbox.faults.add("error", times=0, code="ACCESS_DENIED", description=text, status=status)
    make_submission(form=make_form(by_webhook))
    drain.drain(by_webhook.pk)
    remedy = remedies.of(held(by_webhook), by_webhook=True)
    assert by_webhook.hold_code == code
    assert "Market" in f"{remedy.todo}" and "application" not in f"{remedy.todo}"


def test_27_a_certificate_is_a_reason_of_its_own():
    """Row 27 (b24phpsdk#87): an expired certificate was retried for three days as "could not be reached".

    `test_transport.py` has the certificates, `test_remedies.py` the way out.
    """
    assert {"certificate", "certificate_authority"} <= set(remedies.REMEDIES)


def test_a_portal_on_http_is_told_that_it_needs_https(wired, settings, portal, monkeypatch):
    """It was told that the opening could not be confirmed, and to try again."""
    claim = install.claim_of_frame(*portal.frame_post())
    info = oauth.app_info(wired.oauth_url, claim.access_token)
    settings.B24_ALLOW_INSECURE_PORTALS = False
    monkeypatch.setattr(oauth, "app_info", lambda *_: info)
    with pytest.raises(errors.Stop, match="plain_http"):
        install.prove(claim)


@pytest.mark.parametrize("times", [1, 2])
def test_29_a_stale_token_is_renewed_once(installed, sandbox, times):
    """Row 29 (bitrix24_cloud_api#7, system-errors.md): 401 NO_AUTH_FOUND for a stale token was retried for three days
    without a renewal."""
    fault = {"code": "NO_AUTH_FOUND", "description": "Wrong authorization data", "status": 401}
    sandbox.faults.add("error", times=times, method=METHOD, **fault)
    if times == 1:
        assert calls.call(installed, METHOD, {"TRACE": "{}"}).result == 1
    else:
        with pytest.raises(errors.Transient):
            calls.call(installed, METHOD, {"TRACE": "{}"})
    assert len(sandbox.refreshes) == 1


def test_the_reason_of_a_hold_follows_the_portals_answer(installed, sandbox, make_submission):
    """A portal that is held for its plan and then turned off for want of payment says so (review P3)."""
    make_submission(form=make_form(installed))
    for code in ("ACCESS_DENIED", "PAYMENT_REQUIRED"):
        sandbox.faults.add("error", method="batch", code=code, status=401)
        drain.drain(installed.pk)
        Portal.objects.update(probe_at=timezone.now())
    assert held(installed) == "payment_required"
    assert list(Attempt.objects.order_by("pk").values_list("code", flat=True)) == ["plan", "payment_required"]


def test_a_portal_that_answers_byte_by_byte_gives_its_worker_back(installed, settings, make_submission):
    """Review P1: each worker that met such a portal waited for it as long as it liked."""
    settings.B24_HTTP_TIMEOUT = 0.4
    make_submission(form=make_form(installed))
    began = time.monotonic()
    with serving(trickle(OK + b"Content-Length: 100000\r\n\r\n")) as port:
        Portal.objects.update(client_endpoint=f"http://127.0.0.1:{port}/rest/", receipt_option_sets=0)
        drain.drain(installed.pk)
        took = time.monotonic() - began
    assert took < 3.0
    assert Attempt.objects.get().outcome == Attempt.Outcome.UNKNOWN
    assert Submission.objects.get().state == Submission.State.QUEUED
