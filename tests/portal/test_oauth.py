"""Code exchange, refresh and app.info, with the traps of requests-oauthlib kept shut."""

import warnings

import pytest
import requests

from b24app.api import errors, oauth, transport

pytestmark = pytest.mark.usefixtures("wired")


def test_a_refresh_brings_a_new_pair(sandbox, portal):
    old = portal.issue_tokens()
    new = oauth.refresh(sandbox.oauth_url, old["refresh_token"])
    assert new.refresh_token != old["refresh_token"]
    assert (new.member_id, new.client_endpoint, new.user_id) == (portal.member_id, portal.rest_url, 1)


def test_a_code_brings_a_pair(sandbox, portal):
    assert oauth.exchange(sandbox.oauth_url, portal.issue_code()).member_id == portal.member_id


def test_a_scope_separated_by_commas_does_not_warn(sandbox, portal):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert oauth.refresh(sandbox.oauth_url, portal.issue_tokens()["refresh_token"]).access_token


def test_an_answer_with_less_in_it_is_a_pair_too(sandbox, portal, monkeypatch):
    """Row 35 of the field reports (bitrix-tools/b24-rest-docs#285): no `expires`, no `user_id`, a scope with spaces."""
    old, issue = portal.issue_tokens(), portal.issue_tokens

    def issue_less(*args, **kwargs):
        answer = issue(*args, **kwargs)
        return {name: value for name, value in answer.items() if not name.startswith("expires") and name != "user_id"}

    monkeypatch.setattr(
        portal, "issue_tokens", lambda *args, **kwargs: {**issue_less(*args, **kwargs), "scope": "crm im"}
    )
    new = oauth.refresh(sandbox.oauth_url, old["refresh_token"])
    assert (new.member_id, new.user_id) == (portal.member_id, 0)


@pytest.mark.parametrize("operation", [oauth.refresh, oauth.exchange])
def test_the_secret_travels_in_a_post_body_only(sandbox, portal, monkeypatch, operation):
    sent = []
    original = requests.Session.send

    def record(session, request, **kwargs):
        sent.append(request)
        return original(session, request, **kwargs)

    monkeypatch.setattr(requests.Session, "send", record)
    operation(
        sandbox.oauth_url, portal.issue_tokens()["refresh_token"] if operation is oauth.refresh else portal.issue_code()
    )
    (request,) = sent
    assert request.method == "POST"
    assert sandbox.client_secret in request.body
    assert sandbox.client_secret not in request.url
    assert "Authorization" not in request.headers


@pytest.mark.parametrize(
    ("fault", "meaning"),
    [
        ({"kind": "html_502"}, errors.Ambiguous),
        ({"kind": "empty"}, errors.Ambiguous),
        ({"kind": "close_after"}, errors.Ambiguous),
        ({"kind": "error", "code": "invalid_grant"}, errors.OtherUser),
        ({"kind": "error", "code": "wrong_client", "status": 200}, errors.Stop),
        ({"kind": "error", "code": "invalid_client"}, errors.Stop),
        ({"kind": "error", "code": "PAYMENT_REQUIRED", "status": 401}, errors.Stop),
    ],
)
def test_each_answer_of_the_oauth_server_means_what_it_should(sandbox, portal, fault, meaning):
    sandbox.faults.add(**fault, method="oauth/token")
    with pytest.raises(meaning):
        oauth.refresh(sandbox.oauth_url, portal.issue_tokens()["refresh_token"])


def test_an_oauth_server_out_of_reach_is_transient(settings):
    settings.B24_OAUTH_HOSTS = ["http://127.0.0.1:9"]
    with pytest.raises(errors.Transient):
        oauth.refresh("http://127.0.0.1:9", "token")


def test_a_redirect_is_not_followed_with_the_secret(sandbox, portal):
    elsewhere = sandbox.add_portal("elsewhere", plan=None)
    sandbox.faults.add("redirect", method="oauth/token", url=elsewhere.rest_url + "profile")
    with pytest.raises(errors.PortalError):
        oauth.refresh(sandbox.oauth_url, portal.issue_tokens()["refresh_token"])
    assert elsewhere.hits == []


def test_a_host_that_is_not_trusted_gets_nothing(monkeypatch):
    monkeypatch.setattr(transport, "equip", lambda session: pytest.fail("a session was made"))
    with pytest.raises(errors.Refused):
        oauth.refresh("https://evil.example", "token")


@pytest.mark.parametrize(
    "endpoint",
    ["https://evil.example/rest/", "http://oauth.bitrix.info.evil.example/rest/", "javascript:alert(1)", "https://["],
)
def test_only_listed_oauth_hosts_are_trusted(endpoint):
    assert oauth.allowed_host(endpoint) is None


def test_app_info_tells_whose_a_token_is(sandbox, portal):
    info = oauth.app_info(sandbox.oauth_url, portal.issue_tokens(2)["access_token"])
    assert (info.client_id, info.member_id, info.domain, info.user_id) == (
        sandbox.client_id,
        portal.member_id,
        portal.domain,
        2,
    )
