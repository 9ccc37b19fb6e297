"""The sandbox' OAuth server: both grants, rotation, expiry, each error, and what is said about a token."""

from urllib.parse import parse_qsl

import pytest
import requests


@pytest.fixture(params=["GET", "POST"])
def server(request, sandbox):
    """Ask the token endpoint, by each verb."""

    def ask(**params):
        params = {"client_id": sandbox.client_id, "client_secret": sandbox.client_secret, **params}
        address = f"{sandbox.oauth_url}/oauth/token/"
        if request.param == "GET":
            return requests.get(address, params=params)
        return requests.post(address, data=params)

    return ask


def refresh(server, pair):
    return server(grant_type="refresh_token", refresh_token=pair["refresh_token"])


def test_a_refresh_gives_a_new_pair_of_the_same_user(server, portal):
    old = portal.issue_tokens(2)
    new = refresh(server, old).json()
    assert (new["user_id"], new["member_id"]) == (2, portal.member_id)
    assert new["access_token"] != old["access_token"]
    assert new["refresh_token"] != old["refresh_token"]


def test_a_code_gives_a_pair(server, portal):
    assert server(grant_type="authorization_code", code=portal.issue_code(2)).json()["user_id"] == 2


def test_the_answer_has_every_field_in_its_type(server, portal, sandbox):
    answer = refresh(server, portal.issue_tokens()).json()
    assert {name for name in answer if isinstance(answer[name], int)} == {"expires", "expires_in", "user_id"}
    assert answer["client_endpoint"] == portal.rest_url
    assert answer["server_endpoint"] == f"{sandbox.oauth_url}/rest/"
    assert answer["domain"] == sandbox.oauth_url.removeprefix("http://")
    assert (answer["scope"], answer["status"], answer["expires_in"]) == ("crm,placement,im", "L", 3600)


def test_a_refresh_token_is_good_once(server, portal):
    pair = portal.issue_tokens()
    refresh(server, pair)
    answer = refresh(server, pair)
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_grant"})


def test_the_former_access_token_stays_good(server, portal):
    pair = portal.issue_tokens()
    refresh(server, pair)
    assert requests.post(f"{portal.rest_url}profile", json={"auth": pair["access_token"]}).ok


def test_a_code_is_good_once(server, portal):
    code = portal.issue_code()
    server(grant_type="authorization_code", code=code)
    assert server(grant_type="authorization_code", code=code).json()["error"] == "invalid_grant"


@pytest.mark.parametrize(("seconds", "good"), [(25, True), (31, False)])
def test_a_code_is_good_for_half_a_minute(server, portal, sandbox, seconds, good):
    code = portal.issue_code()
    sandbox.clock.advance(seconds)
    assert server(grant_type="authorization_code", code=code).ok is good


@pytest.mark.parametrize(("days", "good"), [(179, True), (181, False)])
def test_a_refresh_token_is_good_for_half_a_year(server, portal, sandbox, days, good):
    pair = portal.issue_tokens()
    sandbox.clock.advance(days * 24 * 3600)
    assert refresh(server, pair).ok is good


@pytest.mark.parametrize(("seconds", "good"), [(3590, True), (3601, False)])
def test_an_access_token_is_good_for_an_hour(portal, sandbox, seconds, good):
    token = portal.issue_tokens()["access_token"]
    sandbox.clock.advance(seconds)
    answer = requests.post(f"{portal.rest_url}profile", json={"auth": token})
    assert (answer.status_code, answer.json().get("error")) == ((200, None) if good else (401, "expired_token"))


@pytest.mark.parametrize(
    ("changed", "status", "error"),
    [
        ({"client_id": "other"}, 200, "wrong_client"),
        ({"client_secret": "wrong"}, 400, "invalid_client"),
        ({"refresh_token": "junk"}, 400, "invalid_grant"),
        ({"grant_type": "password"}, 400, "invalid_request"),
        ({"grant_type": None}, 400, "invalid_request"),
        ({"client_secret": None}, 400, "invalid_request"),
        ({"refresh_token": None}, 400, "invalid_request"),
    ],
)
def test_each_wrong_request_has_its_error(server, portal, changed, status, error):
    pair = portal.issue_tokens()
    answer = server(**{"grant_type": "refresh_token", "refresh_token": pair["refresh_token"], **changed})
    assert (answer.status_code, answer.json()) == (status, {"error": error})


@pytest.mark.parametrize(
    ("fact", "value", "error"), [("active", False, "NOT_INSTALLED"), ("payment_ended", True, "PAYMENT_REQUIRED")]
)
def test_a_portal_that_is_closed_gives_no_tokens_and_loses_none(server, portal, fact, value, error):
    pair = portal.issue_tokens()
    setattr(portal, fact, value)
    answer = refresh(server, pair)
    assert (answer.status_code, answer.json()["error"]) == (401, error)
    setattr(portal, fact, not value)
    assert refresh(server, pair).ok


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("invalid_request", 400),
        ("invalid_client", 401),
        ("wrong_client", 200),
        ("invalid_grant", 400),
        ("bad_verification_code", 400),
        ("insufficient_scope", 403),
        ("invalid_scope", 403),
        ("PAYMENT_REQUIRED", 401),
        ("NOT_INSTALLED", 401),
        ("ERROR_OAUTH", 401),
    ],
)
def test_each_error_can_be_had_on_demand(server, sandbox, code, status):
    sandbox.faults.add("error", method="oauth/token", code=code, status=status)
    answer = server(grant_type="refresh_token", refresh_token="x")
    assert (answer.status_code, answer.json()["error"]) == (status, code)


@pytest.mark.parametrize("path", ["/rest/app.info", "/rest/app.info/"])
def test_a_token_is_described(sandbox, portal, path):
    token = portal.issue_tokens(2)["access_token"]
    result = requests.get(sandbox.oauth_url + path, params={"auth": token}).json()["result"]
    assert (result["client_id"], result["scope"], result["user_id"]) == (sandbox.client_id, "crm,placement,im", 2)
    assert result["expires"].endswith("+00:00")
    install = result["install"]
    assert (install["installed"], install["version"], install["status"]) == (True, 1, "L")
    assert (install["domain"], install["member_id"]) == (portal.domain, portal.member_id)
    assert (install["client_endpoint"], install["uri"]) == (portal.rest_url, f"http://{portal.domain}")
    assert set(install) >= {"scope", "member_type"}


def test_a_token_in_the_header_is_described_as_well(sandbox, portal):
    headers = {"Authorization": f"Bearer {portal.issue_tokens()['access_token']}"}
    assert requests.get(f"{sandbox.oauth_url}/rest/app.info", headers=headers).json()["result"]["user_id"] == 1


def test_a_junk_token_is_an_invalid_client(sandbox):
    answer = requests.get(f"{sandbox.oauth_url}/rest/app.info", params={"auth": "0" * 70})
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_client"})


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda portal: portal.expire_tokens(), "expired_token"),
        (lambda portal: setattr(portal, "active", False), "NOT_INSTALLED"),
        (lambda portal: setattr(portal, "payment_ended", True), "PAYMENT_REQUIRED"),
    ],
)
def test_a_token_that_is_no_longer_good_is_not_described(sandbox, portal, change, error):
    token = portal.issue_tokens()["access_token"]
    change(portal)
    answer = requests.get(f"{sandbox.oauth_url}/rest/app.info", params={"auth": token})
    assert (answer.status_code, answer.json()["error"]) == (401, error)


def test_a_new_installation_voids_the_tokens_of_the_former_one(server, sandbox, portal):
    pair = portal.issue_tokens()
    sandbox.uninstall(portal)
    sandbox.install(portal)
    assert refresh(server, pair).json()["error"] == "invalid_grant"


def authorize(sandbox, portal, client_id):
    params = {"client_id": client_id, "state": "s&s"}
    return requests.get(f"http://{portal.domain}/oauth/authorize/", params=params, allow_redirects=False)


def test_a_portal_sends_the_browser_back_with_a_code(server, sandbox, portal):
    answer = authorize(sandbox, portal, sandbox.client_id)
    address, _, query = answer.headers["Location"].partition("?")
    found = dict(parse_qsl(query))
    assert (answer.status_code, address.startswith(sandbox.app_url), found["state"]) == (302, True, "s&s")
    assert (found["domain"], found["member_id"], found["scope"]) == (
        portal.domain,
        portal.member_id,
        "crm,placement,im",
    )
    assert server(grant_type="authorization_code", code=found["code"]).ok


@pytest.mark.parametrize(("client_id", "active"), [("other", True), ("local.sandbox", False)])
def test_a_failed_authorization_stays_on_the_portals_page(sandbox, portal, client_id, active):
    portal.active = active
    answer = authorize(sandbox, portal, client_id)
    assert (answer.status_code, "Location" in answer.headers, portal.codes) == (200, False, {})
