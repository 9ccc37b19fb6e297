"""The official client works against the sandbox, and finds its own errors there."""

# mypy: disable-error-code="import-untyped"

import sys

import pytest
from b24pysdk import Client
from b24pysdk import errors as sdk
from b24pysdk.api.requesters import bitrix_oauth_requester
from b24pysdk.credentials import BitrixApp, BitrixToken
from b24pysdk.errors import oauth as sdk_oauth

REQUESTER = bitrix_oauth_requester.BitrixOAuthRequester


@pytest.fixture
def token(sandbox, portal, monkeypatch):
    """A token of the client. Only its fixed https scheme and its fixed OAuth host are changed."""
    caller = sys.modules["b24pysdk.api.callers.call_method"]._MethodCaller
    monkeypatch.setattr(caller, "_base_url", property(lambda self: f"http://{self._domain}/rest"))
    monkeypatch.setattr(REQUESTER, "_OAUTH_TOKEN_URL", f"{sandbox.oauth_url}/oauth/token/")
    monkeypatch.setattr(REQUESTER, "_APP_INFO_URL", f"{sandbox.oauth_url}/rest/app.info/")
    pair = portal.issue_tokens()
    app = BitrixApp(client_id=sandbox.client_id, client_secret=sandbox.client_secret)
    return BitrixToken(
        domain=portal.domain, auth_token=pair["access_token"], refresh_token=pair["refresh_token"], bitrix_app=app
    )


def test_it_adds_a_trace(token, portal):
    trace = '{"tags":{"list":{"utm_source":"google"}}}'
    assert Client(token).crm.tracking.trace.add(trace=trace).response.result == 1
    assert portal.traces[0].source_id == 1


def test_it_renews_an_expired_token(token, portal, sandbox):
    portal.expire_tokens()
    assert token.call_method("crm.tracking.trace.add", {"TRACE": "{}"})["result"] == 1
    assert len(sandbox.refreshes) == 1


def test_it_reads_a_batch_with_one_failing_command(token):
    methods = {"good": ("crm.tracking.trace.add", {"TRACE": "{}"}), "bad": ("crm.tracking.trace.add", {"TRACE": "no"})}
    result = token.call_batch(methods)["result"]
    assert result["result"] == {"good": 1}
    assert result["result_error"]["bad"]["error"] == "ERROR_CORE"


def test_it_verifies_a_token_by_app_info(token, portal):
    assert token.get_app_info().result.install.member_id == portal.member_id


@pytest.mark.parametrize(
    ("code", "status", "error"),
    [
        ("invalid_token", 401, sdk.BitrixAPIInvalidToken),
        ("NO_AUTH_FOUND", 401, sdk.BitrixAPIUnauthorized),
        ("authorization_error", 401, sdk.BitrixAPIAuthorizationError),
        ("user_access_error", 403, sdk.BitrixAPIUserAccessError),
        ("ACCESS_DENIED", 403, sdk.BitrixAPIAccessDenied),
        ("insufficient_scope", 401, sdk.BitrixAPIInsufficientScope),
        ("APPLICATION_NOT_FOUND", 401, sdk.BitrixAPIApplicationNotFound),
        ("ERROR_OAUTH", 401, sdk.BitrixAPIErrorOAuth),
        ("PAYMENT_REQUIRED", 401, sdk.BitrixAPIPaymentRequired),
        ("OPERATION_TIME_LIMIT", 429, sdk.BitrixAPIOperationTimeLimit),
    ],
)
def test_it_knows_the_errors_of_a_portal(token, sandbox, code, status, error):
    sandbox.faults.add("error", times=0, method="profile", code=code, description="x", status=status)
    with pytest.raises(error):
        token.call_method("profile")


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda portal: setattr(portal, "stopped", True), sdk.BitrixAPIPortalDeleted),
        (lambda portal: setattr(portal, "payment_ended", True), sdk.BitrixAPIPaymentRequired),
        (lambda portal: setattr(portal, "blocked", True), sdk.BitrixAPIOverloadLimit),
        (lambda portal: setattr(portal, "plan_without_rest", True), sdk.BitrixAPIAccessDenied),
        (lambda portal: setattr(portal, "active", False), sdk.BitrixAPIApplicationNotFound),
        (lambda portal: setattr(portal, "scope", "placement"), sdk.BitrixAPIInsufficientScope),
        (lambda portal: portal.fire_user(1), sdk.BitrixAPIAuthorizationError),
        (lambda portal: setattr(portal.users[1], "allowed", False), sdk.BitrixAPIUserAccessError),
        (lambda portal: portal.access.clear(), sdk.BitrixAPIInvalidToken),
    ],
)
def test_it_knows_what_a_closed_portal_says(token, portal, change, error):
    change(portal)
    with pytest.raises(error):
        token.call_method("crm.lead.list")


@pytest.mark.parametrize(
    ("code", "status", "error"),
    [
        ("wrong_client", 200, sdk_oauth.BitrixOauthWrongClient),
        ("invalid_client", 400, sdk_oauth.BitrixOAuthInvalidClient),
        ("invalid_grant", 400, sdk_oauth.BitrixOAuthInvalidGrant),
        ("invalid_request", 400, sdk_oauth.BitrixOAuthInvalidRequest),
        ("NOT_INSTALLED", 401, sdk_oauth.BitrixOAuthNotInstalled),
        ("insufficient_scope", 403, sdk_oauth.BitrixOAuthInsufficientScope),
        ("invalid_scope", 403, sdk_oauth.BitrixOAuthInvalidScope),
    ],
)
def test_it_knows_the_errors_of_the_oauth_server(token, sandbox, code, status, error):
    sandbox.faults.add("error", method="oauth/token", code=code, status=status)
    with pytest.raises(error):
        token.refresh_oauth_token()
