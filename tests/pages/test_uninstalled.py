"""The form and its script after the application was removed from the portal, and after it has come back."""

import pytest

from b24app.models import Portal
from traces.models import Submission

pytestmark = pytest.mark.django_db
BODY = "NAME=Planted-Name&PHONE=%2B4930123456"
URLENCODED = "application/x-www-form-urlencoded"


@pytest.fixture
def removed(form):
    """The form of a portal whose administrator has removed the application."""
    Portal.objects.update(state=Portal.State.UNINSTALLED)
    return form


def test_a_sender_is_told_that_the_form_is_closed(removed, post):
    answer = post(b'{"NAME": "Planted-Name"}')
    assert (answer.status_code, answer["Content-Type"], answer.json()["code"]) == (
        *(410, "application/problem+json"),
        "uninstalled",
    )


def test_nothing_is_stored(removed, post):
    post(b'{"NAME": "Planted-Name"}')
    assert not Submission.objects.exists()


@pytest.mark.parametrize("method", ["get", "head", "put"])
def test_every_way_of_asking_gets_the_same_answer(client, removed, method):
    assert getattr(client, method)(f"/in/{removed.key}/").status_code == 410


def test_a_pages_script_may_read_the_answer(removed, post):
    answer = post(b"{}", Origin="https://shop.example")
    assert (answer.status_code, answer["Access-Control-Allow-Origin"]) == (410, "https://shop.example")


def test_a_pages_script_may_still_ask_whether_it_may_send(client, removed):
    answer = client.options(f"/in/{removed.key}/", headers={"Origin": "https://shop.example"})
    assert (answer.status_code, answer["Access-Control-Allow-Origin"]) == (204, "https://shop.example")


@pytest.mark.parametrize(("language", "text"), [("en", "This form is closed"), ("ru", "Форма закрыта")])
def test_a_visitor_reads_it_in_the_browsers_language(removed, post, language, text):
    answer = post(BODY, URLENCODED, Accept="text/html", **{"Accept-Language": language})
    assert (answer.status_code, text in answer.text) == (410, True)


def test_the_visitors_page_repeats_nothing_of_what_was_typed(removed, post):
    page = post(BODY, URLENCODED, Accept="text/html").text
    assert [word for word in ("Planted-Name", "4930123456", removed.portal.domain, removed.key) if word in page] == []


def test_the_script_does_nothing_and_is_kept_for_a_minute(client, removed):
    answer = client.get(f"/in/{removed.key}.js")
    assert (answer.status_code, answer["Cache-Control"]) == (200, "public, max-age=60")
    assert [line for line in answer.text.splitlines() if not line.startswith("//")] == []


def test_after_a_reinstallation_both_work_under_the_same_key(client, removed, post):
    Portal.objects.update(state=Portal.State.ACTIVE)
    assert post(b'{"NAME": "Ann"}').status_code == 200
    assert f'"form": "{removed.key}"' in client.get(f"/in/{removed.key}.js").text
