"""The public pages: what Bitrix24, a moderator and a visitor find without opening the application."""

import re

import pytest
from django.core.checks import run_checks

from tests.fixtures.product import Frame

pytestmark = pytest.mark.django_db
PUBLIC = ["/", "/privacy/", "/license/", "/help/", "/help/start/"]
VENDOR = {
    "VENDOR_NAME": "Lighthouse <Software> Ltd",
    "VENDOR_EMAIL": "help@vendor.example",
    "VENDOR_SITE": "https://vendor.example/",
    "VENDOR_ADDRESS": "1 Quay Street, Dublin",
    "VENDOR_PHONE": "+353 1 555 01 00",
    "VENDOR_HOURS": "Monday to Friday, 9 to 18",
    "VENDOR_DATA_LOCATION": "Ireland",
    "VENDOR_LAW": "the law of Ireland",
}


@pytest.fixture
def named(settings):
    """The vendor's settings filled in, at a public address."""
    settings.APP_URL = "https://relay.example"
    for name, value in VENDOR.items():
        setattr(settings, name, value)


@pytest.fixture
def text(client):
    """The text of a page, asked for by a browser of a language."""

    def read(path, language=""):
        return client.get(path, headers={"Accept-Language": language} if language else {}).content.decode()

    return read


@pytest.mark.parametrize("path", [*PUBLIC, "/b24/app/", "/b24/install/", "/b24/events/", "/b24/oauth/callback/"])
def test_every_address_of_the_card_answers_head_before_there_is_a_client_id(client, settings, path):
    settings.B24_CLIENT_ID = settings.B24_CLIENT_SECRET = ""
    answer = client.head(path)
    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize("path", PUBLIC)
def test_a_page_has_the_houses_headers_and_sets_no_cookie(client, path):
    answer = client.get(path)
    assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]
    assert answer["Referrer-Policy"] == "same-origin"
    assert not answer.cookies


@pytest.mark.parametrize("path", PUBLIC)
def test_a_page_speaks_the_browsers_language(client, path):
    answer = client.get(path, headers={"Accept-Language": "de,ru-RU;q=0.9,en;q=0.8"})
    assert answer["Content-Language"] == "ru"
    assert "Accept-Language" in answer["Vary"]
    assert "Политика конфиденциальности" in answer.content.decode()


def test_the_switch_of_languages_has_precedence_and_every_link_keeps_it(client):
    page = client.get("/help/?lang=en", headers={"Accept-Language": "ru"}).content.decode()
    assert '<a href="?lang=ru" lang="ru"' in page
    assert set(re.findall(r'href="/[^"]*\?lang=(\w+)"', page)) == {"en"}


def test_an_unknown_language_reads_english(client):
    assert client.get("/", headers={"Accept-Language": "pl"})["Content-Language"] == "en"


@pytest.mark.parametrize("topic", ["nothing", "README", "privacy"])
def test_what_is_no_topic_is_not_found(client, topic):
    assert client.get(f"/help/{topic}/").status_code == 404


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("path", ["/privacy/", "/license/"])
def test_a_legal_page_names_the_vendor(named, text, path, language):
    page = text(path, language)
    assert "Lighthouse &lt;Software&gt; Ltd" in page
    assert '<a href="mailto:help@vendor.example">help@vendor.example</a>' in page
    assert "{{" not in page and "VENDOR_" not in page


def test_the_privacy_policy_says_for_how_long_this_installation_keeps_data(named, text, settings):
    settings.UNINSTALLED_DAYS, settings.HELD_DAYS = 21.0, 77.0
    page = text("/privacy/")
    assert "21 days after the uninstallation" in page
    assert "77 days at most" in page


def test_an_operator_on_this_machine_reads_what_is_empty(text):
    page = text("/license/")
    assert "<code>VENDOR_NAME</code>" in page
    assert "<mark>VENDOR_LAW</mark>" in page


def test_nobody_else_does(named, text, settings):
    settings.VENDOR_NAME = settings.VENDOR_LAW = ""
    page = text("/license/")
    assert "VENDOR_" not in page
    assert "the operator of relay.example" in page


def test_a_public_address_without_a_vendor_is_warned_of(named, settings):
    def found():
        return [message for message in run_checks() if message.id == "b24app.W004"]

    assert found() == []
    settings.VENDOR_EMAIL = ""
    assert [message.msg for message in found()] == ["The vendor is not named in full: VENDOR_EMAIL not set."]


def test_the_home_page_says_how_to_go_on_without_a_client_id(text, settings):
    settings.APP_URL, settings.B24_CLIENT_ID = "https://relay.example", ""
    page = text("/")
    assert "https://relay.example/b24/app/" in page
    assert "B24_CLIENT_ID" in page
    settings.B24_CLIENT_ID, settings.B24_CLIENT_SECRET = "app.1", "secret"
    assert "B24_CLIENT_ID" not in text("/")


def test_an_opening_without_a_client_id_says_who_does_what(client, settings):
    settings.B24_CLIENT_ID = ""
    answer = client.post("/b24/app/?DOMAIN=acme.example", {"member_id": "y"})
    assert answer.status_code == 403
    assert "B24_CLIENT_ID" in answer.content.decode()


@pytest.mark.parametrize(
    ("path", "topic"),
    [
        ("/b24/app/start/", "/help/start/"),
        ("/b24/app/overview/", "/help/overview/"),
        ("/b24/app/sources/", "/help/sources/"),
        ("/b24/app/forms/", "/help/forms/"),
        ("/b24/app/forms/FORM/fields/", "/help/fields/"),
        ("/b24/app/forms/FORM/codes/", "/help/websites/"),
        ("/b24/app/submissions/", "/help/submissions/"),
        ("/b24/app/settings/", "/help/settings/"),
        ("/b24/app/health/", "/help/health/"),
    ],
)
@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_question_mark_of_a_page_leads_to_its_help(client, acme, form, path, topic, language):
    page = Frame(client, acme, language=language).get(path.replace("FORM", str(form.pk))).content.decode()
    assert f'<a class="help" href="{topic}?lang={language}" target="_blank" rel="noopener"' in page
    assert client.get(topic).status_code == 200


def test_a_language_without_help_reads_it_in_english(client, acme):
    page = Frame(client, acme, language="de").get("/b24/app/overview/").content.decode()
    assert 'href="/help/overview/?lang=en"' in page
