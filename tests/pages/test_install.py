"""Installation and opening: nothing is believed before it is proven."""

import dataclasses

import pytest

from b24app.api import errors, rest
from b24app.models import Portal, PortalUser
from b24app.portal import event_bindings, install

pytestmark = pytest.mark.django_db


def frame(portal, **kwargs):
    return install.claim_of_frame(*portal.frame_post(**kwargs))


def test_an_administrators_opening_installs_the_portal(wired, portal):
    opening = install.open_frame(frame(portal))
    assert (opening.is_admin, opening.portal.domain, opening.portal.state) == (True, portal.domain, "active")
    assert opening.portal.application_token == portal.application_token


def test_older_portals_that_send_less_are_installed_too(wired, portal):
    assert install.open_frame(frame(portal, legacy=True)).portal.client_endpoint == portal.rest_url


@pytest.mark.parametrize("options", ["undefined", "", "[]", "{", None])
@pytest.mark.parametrize("language", ["de", "br", "zz", "", "EN", "\u0000"])
def test_an_opening_with_odd_values_opens(wired, portal, client, options, language):
    """Row 36 of the field reports (b24phpsdk's tests): PLACEMENT_OPTIONS `undefined`, languages of all kinds."""
    query, body = portal.frame_post()
    body |= {} if options is None else {"PLACEMENT_OPTIONS": options}
    assert client.post("/b24/app/", body, query_params={**query, "LANG": language}).status_code == 200


def test_the_tests_begin_with_what_an_opening_leaves(installed, portal):
    def stored():
        (row,) = Portal.objects.values()
        return {name: value for name, value in row.items() if name != "id" and not name.endswith("_at")}

    before, places = stored(), [(one["placement"], one["handler"]) for one in portal.placements]
    installed.delete()
    portal.bindings.clear(), portal.placements.clear()
    install.open_frame(frame(portal))
    assert (stored(), [(one["placement"], one["handler"]) for one in portal.placements]) == (before, places)


def test_opening_twice_changes_nothing_but_the_tokens(wired, portal):
    install.open_frame(frame(portal))
    install.open_frame(frame(portal))
    assert (Portal.objects.count(), PortalUser.objects.count()) == (1, 1)


def test_all_events_are_bound_once(wired, portal):
    install.open_frame(frame(portal))
    install.open_frame(frame(portal))
    assert sorted(binding["event"] for binding in portal.bindings) == sorted(event_bindings.EVENTS)


def test_a_second_administrators_tokens_are_kept_as_well(wired, portal):
    install.open_frame(frame(portal))
    install.open_frame(frame(portal, user_id=2))
    assert PortalUser.objects.count() == 2


def test_an_ordinary_user_stores_no_token(installed, portal):
    opening = install.open_frame(frame(portal, user_id=3))
    assert not opening.is_admin
    assert not PortalUser.objects.filter(user_id=3).exists()


def test_an_ordinary_user_cannot_install(wired, portal):
    with pytest.raises(install.NotAdministrator):
        install.open_frame(frame(portal, user_id=3))
    assert not Portal.objects.exists()


def test_an_ordinary_user_is_told_who_can_install(wired, portal, client):
    query, body = portal.frame_post(user_id=3)
    answer = client.post("/b24/install/", body, query_params=query)
    assert (answer.status_code, "Only a Bitrix24 administrator" in answer.content.decode()) == (403, True)


@pytest.mark.parametrize(
    "forged",
    [
        {"access_token": "invented"},
        {"access_token": ""},
        {"member_id": "0" * 32},
        {"server_endpoint": "https://evil.example/rest/"},
    ],
)
def test_a_forged_opening_stores_nothing(wired, portal, forged):
    with pytest.raises(install.Unproven):
        install.open_frame(dataclasses.replace(frame(portal), **forged))
    assert not Portal.objects.exists()


def test_a_foreign_oauth_server_is_never_asked(wired, sandbox, portal):
    other = sandbox.add_portal("evil", plan=None)
    with pytest.raises(install.Unproven):
        install.open_frame(dataclasses.replace(frame(portal), server_endpoint=other.rest_url))
    assert other.hits == []


def test_a_token_of_another_application_is_refused(wired, portal, settings):
    claim = frame(portal)
    settings.B24_CLIENT_ID = "local.other"
    with pytest.raises(install.Unproven):
        install.open_frame(claim)


def test_an_oauth_server_that_is_away_is_no_proof_of_forgery(wired, sandbox, portal):
    claim = frame(portal)
    sandbox.faults.add("html_502", method="app.info")
    with pytest.raises(errors.Ambiguous):
        install.open_frame(claim)


def test_an_opening_of_a_portal_that_sends_us_elsewhere_is_told_what_to_do(wired, sandbox, portal, client):
    sandbox.faults.add("redirect", times=0, portal=portal.name, url="http://elsewhere.example/rest/")
    query, body = portal.frame_post()
    page = client.post("/b24/install/", body, query_params=query)
    assert (page.status_code, "address that the authorization server" in page.content.decode()) == (403, True)


def test_events_that_cannot_be_bound_do_not_stop_the_installation(wired, sandbox, portal):
    sandbox.faults.add("html_502", method="event.get")
    assert install.open_frame(frame(portal)).portal.pk
    install.open_frame(frame(portal))
    assert len(portal.bindings) == len(event_bindings.EVENTS)


def test_opening_the_application_resumes_the_queue(installed, portal):
    Portal.objects.update(state="held", hold_code="no_administrator")
    assert install.open_frame(frame(portal)).portal.state == "active"


def test_a_code_from_the_authorization_page_connects_the_portal(wired, sandbox, portal, client):
    query = {"code": portal.issue_code(), "server_domain": sandbox.oauth_url[7:], "member_id": portal.member_id}
    assert client.get("/b24/oauth/callback/", query).status_code == 200
    assert Portal.objects.get().member_id == portal.member_id


def test_a_used_code_connects_nothing(wired, sandbox, portal, client):
    assert client.get("/b24/oauth/callback/", {"code": "used"}).status_code == 403


@pytest.mark.parametrize("path", ["/b24/install/", "/b24/app/", "/b24/events/"])
@pytest.mark.parametrize("method", ["get", "head"])
def test_a_look_without_a_body_is_harmless(client, path, method):
    assert getattr(client, method)(path).status_code == 200


def test_only_the_verified_portal_may_frame_the_page(wired, portal, client):
    query, body = portal.frame_post()
    answer = client.post("/b24/install/", body, query_params=query)
    assert f"frame-ancestors http://{portal.domain}" in answer["Content-Security-Policy"]
    assert "X-Frame-Options" not in answer
    assert answer["Cache-Control"] == "no-store"


def test_no_token_stands_in_the_page(wired, portal, client):
    query, body = portal.frame_post()
    text = client.post("/b24/install/", body, query_params=query).content.decode()
    assert not [
        value for key, value in body.items() if key in {"AUTH_ID", "REFRESH_ID", "APPLICATION_TOKEN"} and value in text
    ]


@pytest.mark.parametrize("number", ["abc", "-1", "1.5", "9" * 30, "٣", [], {"x": 1}])
def test_a_portal_that_names_no_user_is_not_proven(wired, portal, client, monkeypatch, number):
    """P14: a portal may say anything; that was a page with status 500."""
    call = rest.call

    def strange(endpoint, method, *args, **kwargs):
        told = rest.Reply({"ID": number, "ADMIN": True})
        return told if method == "profile" and number else call(endpoint, method, *args, **kwargs)

    monkeypatch.setattr(rest, "call", strange)
    query, body = portal.frame_post()
    assert client.post("/b24/app/", body, query_params=query).status_code == (403 if number else 200)


@pytest.mark.parametrize("profile", [[], None, "x", {"ADMIN": True}, {"ID": None, "ADMIN": True}])
def test_without_a_number_in_the_profile_the_oauth_servers_is_taken(wired, portal, monkeypatch, profile):
    monkeypatch.setattr(rest, "call", lambda *args, **kwargs: rest.Reply(profile))
    monkeypatch.setattr(event_bindings, "bind", lambda *args: None)
    query, body = portal.frame_post()
    info = install.prove(install.claim_of_frame(query, body)).info
    assert install.profile_of(info, body["AUTH_ID"]).user_id == 1
