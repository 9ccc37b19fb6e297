"""Who sees a page inside the portal: the session in its token, and what each kind of reader gets."""

import pytest
import time_machine

from b24app.frame import session
from tests.fixtures.product import Frame
from traces.models import Preferences

pytestmark = pytest.mark.django_db
PAGES = ["overview", "sources", "forms", "submissions", "settings", "health"]


@pytest.mark.parametrize("page", [*PAGES, "start"])
def test_an_administrator_sees_every_page(frame, page):
    answer = frame.get(f"/b24/app/{page}/")
    assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store")
    assert "frame-ancestors https://acme.example" in answer["Content-Security-Policy"]


def test_each_answer_renews_the_session(frame):
    renewed = frame.get("/b24/app/overview/")["X-Frame-Session"]
    assert frame.client.get("/b24/app/overview/", headers={"X-Frame-Session": renewed}).status_code == 200


@pytest.mark.parametrize("token", ["", "forged", "a:b:c"])
def test_without_a_session_of_ours_the_page_reloads_itself(client, acme, token):
    answer = client.get("/b24/app/overview/", headers={"X-Frame-Session": token})
    assert (answer.status_code, "data-reload" in answer.content.decode()) == (401, True)
    assert "acme" not in answer.content.decode()


@pytest.mark.parametrize("seconds", [session.IDLE_SECONDS + 5, session.MAX_SECONDS + 5])
def test_a_session_ends(frame, seconds):
    token = frame.headers
    with time_machine.travel(frame.session.began + seconds, tick=False):
        assert frame.client.get("/b24/app/overview/", headers=token).status_code == 401


def test_a_session_in_use_ends_as_well(frame):
    with time_machine.travel(frame.session.began + session.MAX_SECONDS + 5, tick=False):
        assert frame.get("/b24/app/overview/").status_code == 401


def test_the_session_ends_with_the_installation(frame):
    frame.portal.state = "uninstalled"
    frame.portal.save()
    assert frame.get("/b24/app/overview/").status_code == 401


@pytest.mark.parametrize("page", PAGES)
def test_a_user_who_is_no_administrator_sees_nothing_at_first(client, acme, page):
    answer = Frame(client, acme, admin=False, user=3).get(f"/b24/app/{page}/")
    assert (answer.status_code, "for Bitrix24 administrators" in answer.content.decode()) == (403, True)


def test_an_administrator_may_show_the_overview_to_all(client, acme):
    Preferences.objects.create(portal=acme, viewers=True)
    seen = [page for page in PAGES if Frame(client, acme, admin=False).get(f"/b24/app/{page}/").status_code == 200]
    assert seen == ["overview"]


def test_a_page_is_in_the_language_of_its_reader(client, acme):
    assert 'lang="' not in Frame(client, acme).get("/b24/app/overview/").content.decode()
    assert "Обзор" in Frame(client, acme, language="ru").get("/b24/app/overview/").content.decode()
