"""The steps that SECURITY.md gives for each leak, walked to their end: what leaked is worth nothing then."""

import pytest
import requests
from django.contrib.auth.models import User

from b24app.api import errors, rest
from b24app.portal import events, install, tokens
from tests.fixtures.delivery import drained
from tests.fixtures.product import Frame
from tests.fixtures.sandbox import event_body
from tests.sandbox import events as sandbox_events
from traces.setup import forms

pytestmark = pytest.mark.django_db
OVERVIEW = "/b24/app/overview/"


def opening(portal, user=1):
    return install.open_frame(install.claim_of_frame(*portal.frame_post(user_id=user)))


def reinstall(portal):
    """Uninstall on the portal without deleting the data, and install again at once."""
    body = event_body(portal, "ONAPPUNINSTALL", {"CLEAN": "0"})
    sandbox_events.uninstall(portal, clean=False, silent=True)
    assert events.receive(body)
    portal.activate()
    sandbox_events.finish_install(portal)
    return opening(portal).portal


def test_a_portals_token(installed, portal, make_submission):
    leaked, waiting = installed.users.get(), make_submission()
    after = reinstall(portal)
    with pytest.raises(errors.PortalError):
        rest.call(after.client_endpoint, "profile", {}, token=leaked.access_token)
    assert requests.post(portal.rest_url + "profile", json={"auth": leaked.access_token}).status_code == 401
    drained(waiting)
    assert waiting.state == "delivered"


def test_a_session_of_the_frame(client, installed, portal):
    leaked = Frame(client, installed)
    reinstall(portal)
    assert leaked.get(OVERVIEW).status_code == 401


def test_one_administrators_token(installed, portal, make_submission):
    leaked = opening(portal, user=2)
    assert tokens.forget(installed, leaked.user_id)
    waiting = make_submission()
    drained(waiting)
    assert (waiting.state, list(installed.users.values_list("user_id", flat=True))) == ("delivered", [1])


def test_a_forms_secret(client, acme):
    form, leaked = forms.create(acme, name="Shop", creates="lead")
    fresh = forms.renew_secret(form, at_once=True)
    address, body = f"/in/{form.key}/", {"NAME": "Ines", "ENTITIES": [{"TYPE": "LEAD", "ID": 1}]}
    answers = [
        client.post(address, body, "application/json", headers={"Authorization": f"Bearer {secret}"}).status_code
        for secret in (leaked, fresh)
    ]
    assert (answers[0] in (401, 403), answers[1]) == (True, 200)


def test_the_signing_secret(client, installed, settings):
    frame = Frame(client, installed)
    leaked = frame.headers
    assert client.get(OVERVIEW, headers=leaked).status_code == 200
    settings.SECRET_KEY = "another-one-0123456789-abcdefghijklmnopqrstuvwxyz"
    assert client.get(OVERVIEW, headers=leaked).status_code == 401


def test_an_operators_password(client, db):
    operator = User.objects.create_superuser("op", password="a long one for this test")
    client.login(username="op", password="a long one for this test")
    assert client.get("/admin/").status_code == 200
    operator.set_password("another long one for it")  # `manage.py changepassword`
    operator.save()
    assert client.get("/admin/").status_code == 302
