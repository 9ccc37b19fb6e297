"""The first run in the portal's frame, by clicks alone, until the page names the site's own first request."""

import re

import pytest
import requests

from tests.fixtures.browser import BROWSER, application, fits, install, wait_for_erasure

pytestmark = BROWSER
PATIENCE = 30_000  # milliseconds
PROBE = {"test": "test"}
REQUEST = {
    "Name": "Анна Орлова",
    "Phone": "+7 (900) 000-00-12",
    "Email": "anna@mail.example",
    "COOKIES": "_ga=GA1.1.1.1700000000; TILDAUTM=utm_source%3Dyandex%7C%7C%7Cutm_campaign%3Dkuhni_msk%7C%7C%7C",
    "tranid": "1234567:890002",
    "formid": "form555000111",
}
WORDS = {
    "en": {
        "make": "Create form",
        "question": "Where do your submissions come from?",
        "waiting": "Waiting for the first submission…",
        "probed": "Connection works",
        "arrived": "A submission from Tilda has arrived.",
        "recognised": "Recognised: Full name, Phone, Email.",
        "details": "View details",
    },
    "ru": {
        "make": "Создать форму",
        "question": "Откуда приходят ваши заявки?",
        "waiting": "Ждём первую заявку…",
        "probed": "Связь работает",
        "arrived": "Пришла заявка из Tilda.",
        "recognised": "Распознано: Имя, Телефон, E-mail.",
        "details": "Подробнее",
    },
}


def send(address, fields):
    """Post as Tilda's server does: the fields of a form."""
    requests.post(address, data=fields, timeout=30).raise_for_status()


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("lang", WORDS)
def test_the_first_run_ends_with_the_sites_own_request_recognised(page, stack, lang, width):
    from playwright.sync_api import expect

    words, frame = WORDS[lang], application(page)
    wait_for_erasure(stack)
    page.set_viewport_size({"width": width, "height": 2400})  # or the portal's list of traces could cover a button
    page.get_by_label("Language").select_option(lang)
    install(page)
    frame.get_by_role("button", name=words["make"]).click()
    frame.get_by_role("tablist", name=words["question"]).get_by_role("tab", name="Tilda", exact=True).click()
    steps, arrival = frame.get_by_role("tabpanel", name="Tilda", exact=True), frame.locator("#arrival")
    expect(steps.get_by_role("listitem")).to_have_count(3, timeout=PATIENCE)
    expect(arrival).to_contain_text(words["waiting"], timeout=PATIENCE)
    fits(frame)
    address = steps.locator("code").inner_text()

    send(address, PROBE)
    expect(arrival.locator(".badge.good")).to_have_text(words["probed"], timeout=PATIENCE)
    expect(arrival).to_contain_text(words["waiting"])

    send(address, REQUEST)
    notice = arrival.locator(".notice.good")
    expect(notice).to_contain_text(words["arrived"], timeout=PATIENCE)
    expect(notice).to_contain_text(words["recognised"])
    expect(arrival).not_to_contain_text(words["waiting"])

    notice.get_by_role("link", name=words["details"]).click()
    expect(frame.locator("#main")).to_contain_text(re.compile("yandex.*kuhni_msk", re.DOTALL), timeout=PATIENCE)
    fits(frame)
