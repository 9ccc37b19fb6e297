"""Who a sandbox portal is: its names, its registration, its webhook's owner, and whom it lets in."""

import requests


def profile(portal, user=1):
    token = portal.issue_tokens(user)["access_token"]
    return requests.post(f"{portal.rest_url}profile", json={"auth": token})


def test_it_is_opened_by_any_name_and_called_at_the_registered_one(portal):
    query, _body = portal.frame_post(domain="intranet.local:8080")
    assert (query["DOMAIN"], portal.issue_tokens()["client_endpoint"]) == ("intranet.local:8080", portal.rest_url)


def test_a_new_registration_has_another_member_id_at_the_same_address_and_voids_the_tokens(portal, sandbox):
    member_id, address, token = portal.member_id, portal.domain, portal.issue_tokens()["access_token"]
    portal.register_anew()
    assert (portal.member_id == member_id, portal.domain) == (False, address)
    answer = requests.post(f"{portal.rest_url}profile", json={"auth": token})
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")
    assert requests.get(f"{sandbox.oauth_url}/rest/app.info", {"auth": token}).json() == {"error": "invalid_client"}


def test_whoever_edits_a_webhook_owns_it(portal):
    former = portal.webhook_url
    portal.edit_webhook(2)
    assert requests.get(f"{former}profile").json()["error"] == "INVALID_CREDENTIALS"
    assert requests.get(f"{portal.webhook_url}profile").json()["result"]["ID"] == "2"


def test_the_webhook_of_a_dismissed_owner_cannot_be_used(portal):
    portal.fire_user(1)
    answer = requests.get(f"{portal.webhook_url}profile")
    assert (answer.status_code, answer.json()["error"]) == (401, "authorization_error")


def test_one_user_may_be_kept_out_of_the_context(portal):
    portal.users[1].in_context = False
    answer = profile(portal)
    assert (answer.status_code, answer.json()["error"]) == (401, "ACCESS_DENIED")
    assert profile(portal, 2).ok
