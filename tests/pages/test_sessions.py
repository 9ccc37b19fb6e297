"""A session ends with the right that it stands for: the application's, or its administrator's."""

import pytest

from b24app.api import errors
from b24app.portal import events, install, tokens
from tests.fixtures.forms import make_form
from tests.fixtures.product import Frame
from tests.fixtures.sandbox import event_body
from traces.models import Preferences

pytestmark = pytest.mark.django_db
OVERVIEW, EXPORT, ERASE = "/b24/app/overview/", "/b24/app/settings/export/", "/b24/app/settings/erase/"
SECOND = 2  # an administrator of the sandbox, as its first user


def opening(portal, user=1):
    return install.open_frame(install.claim_of_frame(*portal.frame_post(user_id=user)))


@pytest.fixture
def first(client, installed):
    return Frame(client, installed)


@pytest.fixture
def second(client, installed, portal):
    """Another administrator, who has opened the application too."""
    portal.users[SECOND].admin = True
    return Frame(client, opening(portal, SECOND).portal, user=SECOND)


def status_of(frame, path=OVERVIEW):
    return frame.get(path).status_code


def test_a_session_from_before_an_uninstall_is_not_good_after_the_reinstallation(first, portal):
    events.receive(event_body(portal, "ONAPPUNINSTALL"))
    assert opening(portal).portal.pk == first.portal.pk
    assert status_of(first) == 401


def test_nor_is_that_of_a_user_who_may_see_the_overview(client, installed, portal):
    Preferences.objects.create(portal=installed, viewers=True)
    viewer = Frame(client, installed, admin=False, user=3)
    assert status_of(viewer) == 200
    events.receive(event_body(portal, "ONAPPUNINSTALL"))
    opening(portal)
    assert status_of(viewer) == 401


def test_a_session_of_after_the_reinstallation_is_good(client, installed, portal):
    events.receive(event_body(portal, "ONAPPUNINSTALL"))
    assert status_of(Frame(client, opening(portal).portal)) == 200


def test_a_removed_administrators_session_ends_and_no_other(first, second):
    assert first.post(f"/b24/app/settings/administrators/{SECOND}/remove/").status_code == 200
    assert (status_of(second), status_of(first)) == (401, 200)


def test_opening_the_application_again_gives_a_removed_administrator_a_new_one(client, installed, portal, second):
    tokens.forget(installed, SECOND)
    assert status_of(Frame(client, opening(portal, SECOND).portal, user=SECOND)) == 200


def test_an_opening_without_the_right_ends_the_sessions_with_it(second, first, portal):
    portal.users[SECOND].admin = False
    assert not opening(portal, SECOND).is_admin
    assert (status_of(second), status_of(first)) == (401, 200)


def dangerous(form):
    return [
        EXPORT,
        ERASE,
        "/b24/app/submissions/export/",
        f"/b24/app/forms/{form.pk}/secret/",
        "/b24/app/settings/administrators/1/remove/",
        "/b24/app/submissions/00000000-0000-0000-0000-000000000000/delete/",
    ]


@pytest.mark.parametrize("number", range(6))
def test_a_demoted_administrator_can_do_nothing_that_cannot_be_undone(installed, second, portal, number):
    form = make_form(installed)
    portal.users[SECOND].admin = False
    answer = second.post(dangerous(form)[number], {"sure": "1", "at_once": "on"})
    secret = form.secret_hash
    form.refresh_from_db()
    assert (answer.status_code, form.secret_hash, installed.users.count()) == (403, secret, 2)
    assert not Preferences.objects.filter(erase_before__isnull=False).exists()


def test_and_the_session_ends_with_the_attempt(second, portal):
    portal.users[SECOND].admin = False
    second.post(EXPORT)
    assert status_of(second) == 401


def test_who_administers_the_portal_still_may(first):
    assert (first.post(EXPORT).status_code, first.post(ERASE, {"sure": "1"}).status_code) == (200, 200)


def test_an_expired_token_is_renewed_to_ask(first, sandbox):
    sandbox.clock.ahead = 2 * 3600
    assert first.post(EXPORT).status_code == 200


def test_a_user_whose_token_works_no_more_has_to_open_the_application_anew(second, portal):
    portal.users[SECOND].active = False
    assert second.post(EXPORT).status_code == 401


def test_where_the_portal_cannot_be_asked_nothing_is_done(first, sandbox):
    sandbox.faults.add("error", method="profile", code=errors.of_unreadable(503, "profile").code, status=503)
    answer = first.post(ERASE, {"sure": "1"})
    assert (answer.status_code, "confirm with Bitrix24" in answer.text) == (403, True)
    assert not Preferences.objects.filter(erase_before__isnull=False).exists()
