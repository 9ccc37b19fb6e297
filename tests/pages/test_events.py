"""Events of the application's life: nothing is believed before it is proven."""

import pytest

from b24app.models import Portal, PortalEvent
from b24app.portal import events, install
from tests.fixtures.sandbox import event_body

pytestmark = pytest.mark.django_db


def test_the_install_event_before_any_opening_stores_the_portal(wired, portal):
    assert events.receive(event_body(portal, "ONAPPINSTALL"))
    assert Portal.objects.get().application_token == portal.application_token


def test_a_forged_install_event_stores_nothing(wired, portal):
    body = event_body(portal, "ONAPPINSTALL", **{"auth[access_token]": "invented"})
    assert not events.receive(body)
    assert not Portal.objects.exists()
    assert not PortalEvent.objects.exists()


def test_a_forged_install_event_does_not_replace_the_application_token(installed, portal):
    forged = {"auth[access_token]": "invented", "auth[application_token]": "mine"}
    events.receive(event_body(portal, "ONAPPINSTALL", **forged))
    installed.refresh_from_db()
    assert installed.application_token == portal.application_token


@pytest.mark.parametrize("token", ["wrong", ""])
def test_a_forged_uninstall_changes_nothing(installed, portal, token):
    assert not events.receive(event_body(portal, "ONAPPUNINSTALL", **{"auth[application_token]": token}))
    installed.refresh_from_db()
    assert installed.state == "active"
    assert installed.users.exists()


def test_an_empty_token_proves_nothing_where_none_is_stored(installed, portal):
    Portal.objects.update(application_token="")
    assert not events.receive(event_body(portal, "ONAPPUNINSTALL", **{"auth[application_token]": ""}))


def test_an_uninstall_of_an_unknown_portal_changes_nothing(wired, portal):
    assert not events.receive(event_body(portal, "ONAPPUNINSTALL"))


@pytest.mark.parametrize(("clean", "asked"), [("1", True), ("0", False)])
def test_a_proven_uninstall_deletes_the_tokens_at_once(installed, portal, clean, asked):
    assert events.receive(event_body(portal, "ONAPPUNINSTALL", {"CLEAN": clean}))
    installed.refresh_from_db()
    assert (installed.state, installed.clean_requested_at is not None) == ("uninstalled", asked)
    assert not installed.users.exists()


@pytest.mark.parametrize("event", ["ONAPPPAYMENT", "ONSUBSCRIPTIONRENEW"])
def test_a_renewed_subscription_resumes_the_queue(installed, portal, event):
    Portal.objects.update(state="held", hold_code="payment_required")
    assert events.receive(event_body(portal, event))
    installed.refresh_from_db()
    assert installed.state == "active"


def test_installing_again_brings_the_portal_back(installed, portal):
    events.receive(event_body(portal, "ONAPPUNINSTALL", {"CLEAN": "1"}))
    again = install.open_frame(install.claim_of_frame(*portal.frame_post())).portal
    assert (again.pk, again.state, again.clean_requested_at) == (installed.pk, "active", None)
