"""Events of the application's life: nothing is believed before it is proven."""

import time

import pytest
import time_machine
from django.utils import timezone

from b24app.api import errors
from b24app.models import Portal, PortalEvent
from b24app.portal import events, install
from tests.fixtures.sandbox import event_body
from traces.history import erasure

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


@pytest.mark.parametrize("name", ["auth[member_id]", "auth[application_token]", "data[LANGUAGE_ID]"])
def test_a_value_that_no_database_takes_is_a_forgery(installed, portal, client, name):
    body = event_body(portal, "ONAPPUNINSTALL", **{name: "a\0b"})
    assert client.post("/b24/events/", body).status_code in (200, 403)


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


def late_uninstall(portal, seconds=60):
    """The event of an uninstallation that was sent so long ago."""
    return event_body(portal, "ONAPPUNINSTALL", {"CLEAN": "1"}, ts=str(int(time.time()) - seconds))


def test_an_uninstall_that_comes_after_the_new_installation_changes_nothing(installed, portal):
    assert not events.receive(late_uninstall(portal))
    installed.refresh_from_db()
    assert (installed.state, installed.clean_requested_at, installed.users.count()) == ("active", None, 1)


def test_one_by_a_slow_clock_is_believed_where_the_tokens_are_void(installed, portal):
    body = late_uninstall(portal)
    portal.active = False
    assert events.receive(body)
    installed.refresh_from_db()
    assert installed.state == "uninstalled"


def test_one_that_cannot_be_checked_changes_nothing(installed, portal, sandbox):
    sandbox.faults.add("html_502", method="app.info")
    with pytest.raises(errors.Ambiguous):
        events.receive(late_uninstall(portal))
    installed.refresh_from_db()
    assert installed.state == "active"


def test_an_uninstall_that_has_looked_before_a_new_installation_does_not_undo_it(installed, portal, monkeypatch):
    """P7: the row was read without a lock, and the event went on with what it had read."""
    look, body = events._newer_pair, event_body(portal, "ONAPPUNINSTALL", {"CLEAN": "1"})

    def interrupted(row, sent_at):
        monkeypatch.setattr(events, "_newer_pair", look)
        seen = look(row, sent_at)
        with time_machine.travel(time.time() + 5):
            install.open_frame(install.claim_of_frame(*portal.frame_post()))
        return seen

    monkeypatch.setattr(events, "_newer_pair", interrupted)
    assert not events.receive(body)
    installed.refresh_from_db()
    assert (installed.state, installed.users.count()) == ("active", 1)


def test_an_uninstall_whose_application_token_was_replaced_meanwhile_changes_nothing(installed, portal, monkeypatch):
    body, is_good = late_uninstall(portal), events._is_good

    def interrupted(row, token):
        Portal.objects.update(application_token="of-the-new-installation")
        portal.active = False
        return is_good(row, token)

    monkeypatch.setattr(events, "_is_good", interrupted)
    assert not events.receive(body)
    installed.refresh_from_db()
    assert installed.state == "active"


@pytest.fixture
def overtaken(portal, monkeypatch):
    """Have the application removed, with its data, while an opening asks who its user is; then do something more."""

    def overtake(then):
        ask = install.profile_of

        def interrupted(info, token):
            profile = ask(info, token)
            monkeypatch.setattr(install, "profile_of", ask)
            events.receive(event_body(portal, "ONAPPUNINSTALL", {"CLEAN": "1"}))
            then()
            return profile

        monkeypatch.setattr(install, "profile_of", interrupted)

    return overtake


def test_an_opening_that_an_uninstall_overtakes_does_not_bring_the_portal_back(installed, portal, overtaken, client):
    overtaken(lambda: setattr(portal, "active", False))
    query, body = portal.frame_post()
    assert client.post("/b24/app/", body, query_params=query).status_code == 403
    installed.refresh_from_db()
    assert (installed.state, installed.clean_requested_at is not None) == ("uninstalled", True)


def test_nor_does_it_where_the_data_is_deleted_already(installed, portal, overtaken, client):
    def erase():
        portal.active = False
        Portal.objects.all().delete()

    overtaken(erase)
    query, body = portal.frame_post()
    assert client.post("/b24/app/", body, query_params=query).status_code == 403
    assert not Portal.objects.exists()


def test_an_install_event_that_an_uninstall_overtakes_does_not_bring_it_back_either(installed, portal, overtaken):
    overtaken(lambda: setattr(portal, "active", False))
    assert not events.receive(event_body(portal, "ONAPPINSTALL"))
    assert Portal.objects.get().state == "uninstalled"


def test_an_install_event_of_an_installation_made_meanwhile_is_proven_again(installed, portal, overtaken):
    overtaken(lambda: None)
    assert events.receive(event_body(portal, "ONAPPINSTALL"))
    assert Portal.objects.get().state == "active"


def test_an_opening_of_an_installation_made_meanwhile_is_proven_again(installed, portal, overtaken):
    overtaken(lambda: None)  # removed, and installed again before the event came: the opening's token is good
    assert install.open_frame(install.claim_of_frame(*portal.frame_post())).portal.state == "active"


def sent_again(portal, body, **changes):
    """Install the application again, then receive an event of before. Returns whether it was believed."""
    install.open_frame(install.claim_of_frame(*portal.frame_post()))
    return events.receive({**body, **changes})


@pytest.fixture
def uninstalled(installed, portal):
    """The event by which the application was removed, with its data."""
    body = event_body(portal, "ONAPPUNINSTALL", {"CLEAN": "1"})
    assert events.receive(body)
    return body


REPEATED = [{}, {"event": "onappuninstall"}, {"data[CLEAN]": "0"}, {"event_handler_id": "99"}, {"more": "x"}]


@pytest.mark.parametrize("changes", REPEATED)
def test_a_recorded_uninstall_sent_again_after_a_reinstallation_changes_nothing(
    installed, portal, uninstalled, changes
):
    assert not sent_again(portal, uninstalled, **changes)
    installed.refresh_from_db()
    assert (installed.state, installed.clean_requested_at, installed.users.count()) == ("active", None, 1)


@pytest.mark.parametrize("ts", ["", "0", "-5", "not a time", "9" * 30, "99999999999"])
def test_nor_does_one_without_a_time_that_can_be_believed(installed, portal, uninstalled, ts):
    assert not sent_again(portal, uninstalled, ts=ts)
    installed.refresh_from_db()
    assert installed.state == "active"


@pytest.mark.parametrize("days", [0.02, 400])
def test_nor_does_one_that_is_sent_again_much_later(installed, portal, sandbox, uninstalled, days):
    sandbox.clock.ahead = days * 24 * 3600
    with time_machine.travel(time.time() + days * 24 * 3600):
        assert not sent_again(portal, uninstalled)
    installed.refresh_from_db()
    assert installed.state == "active"


def test_nor_does_one_of_which_the_journal_knows_nothing_any_more(installed, portal, sandbox, uninstalled):
    sandbox.clock.ahead = 201 * 24 * 3600
    with time_machine.travel(time.time() + 201 * 24 * 3600):
        install.open_frame(install.claim_of_frame(*portal.frame_post()))
        erasure.erase_old_events(timezone.now())
        assert not PortalEvent.objects.exists()
        assert not sent_again(portal, uninstalled)
    installed.refresh_from_db()
    assert installed.state == "active"


def test_the_application_can_be_removed_once_more(installed, portal, uninstalled):
    with time_machine.travel(time.time() + 2):
        assert sent_again(portal, event_body(portal, "ONAPPUNINSTALL"), ts=str(int(time.time()) + 3))
    installed.refresh_from_db()
    assert installed.state == "uninstalled"


@pytest.mark.parametrize("event", ["ONAPPINSTALL", "ONSUBSCRIPTIONRENEW"])
def test_a_recorded_pair_sent_again_takes_no_newer_ones_place(installed, portal, event):
    body = event_body(portal, event)
    assert events.receive(body)
    install.open_frame(install.claim_of_frame(*portal.frame_post()))
    newest = installed.users.get().access_token
    assert events.receive(body)
    assert installed.users.get().access_token == newest


def test_nor_does_a_pair_of_which_the_journal_knows_nothing_any_more(installed, portal, sandbox):
    body = event_body(portal, "ONAPPINSTALL")
    assert events.receive(body)
    sandbox.clock.ahead = 201 * 24 * 3600
    with time_machine.travel(time.time() + 201 * 24 * 3600):
        install.open_frame(install.claim_of_frame(*portal.frame_post()))
        newest = installed.users.get().access_token
        erasure.erase_old_events(timezone.now())
        events.receive(body)
    assert installed.users.get().access_token == newest
