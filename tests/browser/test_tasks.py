"""What a marketer comes for, by clicks alone, in two languages, at a desk and on a phone."""

import re
from typing import Any

import pytest
import requests

from tests.fixtures.browser import BROWSER, application, fits, go_to
from tests.fixtures.waiting import until

pytestmark = BROWSER
PATIENCE = 30_000  # milliseconds
WRONG_PHONE, PHONE = "000-00-13", "+49 30 7654321"
RULES = """
from b24app.models import Portal
for position, (value, given) in enumerate([("fair", "expo"), ("letter", "mail")], start=1):
    Portal.objects.get().source_rules.create(
        position=position, field="utm_source", operator="equals", value=value, utm_source=given)
"""
LOOK = """
from django.utils import timezone
from b24app.models import Portal
from traces.history import crm_look
crm_look.begin_now(Portal.objects.get())
crm_look.look(timezone.now())
"""
WORDS = {
    "en": {
        "submissions": "Submissions",
        "why": "Why this source",
        "brought": "The visitor brought utm_source “fair”",
        "rule": "Rule 1 set the source to “expo”",
        "received": "Bitrix24 received: expo",
        "failed": "Not delivered",
        "edit": "Edit and resend",
        "send": "Save and resend",
        "delivered": "Delivered",
        "sources": "Sources",
        "change": "Edit rule 2",
        "given": "Set utm_source to",
        "effect": "In the last 14 days this rule would have changed 1 of",
        "save": "Save rule",
        "saved": "Rule saved.",
        "earns": "What it earns",
        "campaigns": "By campaign",
        "money": "2,500 EUR",
    },
    "ru": {
        "submissions": "Заявки",
        "why": "Почему такой источник",
        "brought": "Посетитель принёс utm_source «fair»",
        "rule": "Источник «expo» задало правило 1",
        "received": "Битрикс24 получил: expo",
        "failed": "Не доставлено",
        "edit": "Исправить и отправить снова",
        "send": "Сохранить и отправить снова",
        "delivered": "Доставлено",
        "sources": "Источники",
        "change": "Изменить правило 2",
        "given": "Задать utm_source",
        "effect": "За последние 14 дней это правило изменило бы 1 из",
        "save": "Сохранить правило",
        "saved": "Правило изменено",
        "earns": "Что это приносит",
        "campaigns": "По кампаниям",
        "money": "2 500 EUR",
    },
}
CASES = [(lang, width) for lang in WORDS for width in (1280, 360)]


@pytest.fixture(scope="module")
def used(stack):
    """A portal with two rules, a won deal of each of two campaigns, and for each case a submission that failed."""
    stack.sandbox("POST", "/portals/acme/install")
    stack.install()
    stack.run("shell", "-v", "0", "-c", RULES)
    form = stack.create_form("Shop", "deal")
    refusal: dict[str, Any] = {"code": "ERROR_CORE", "description": "Wrong phone number.", "times": 0}
    stack.sandbox("POST", "/faults", kind="error", containing=WRONG_PHONE, **refusal)
    post(form, name="Ines", utm_source="fair", utm_campaign="autumn")
    post(form, name="Otto", utm_source="letter", utm_campaign="spring")
    for lang, width in CASES:
        post(form, name=f"Anna {lang} {width}", phone=WRONG_PHONE)
    until(lambda: (stack.counts()["states"]["delivered"], stack.counts()["states"]["failed"]) == (2, len(CASES)))
    win(stack, "autumn", 2500)
    win(stack, "spring", 100)
    stack.run("shell", "-v", "0", "-c", LOOK)


def post(form, **fields):
    """Send a submission through a form."""
    fields["page_url"] = "https://shop.example/offer/"
    requests.post(form["url"], json=fields, timeout=30).raise_for_status()


def win(stack, campaign, amount):
    """Win the deal of a campaign, as a salesman does."""
    (deal,) = ask(stack, "crm.deal.list", filter={"UTM_CAMPAIGN": campaign})
    fields = {"STAGE_ID": "WON", "OPPORTUNITY": str(amount), "CURRENCY_ID": "EUR"}
    ask(stack, "crm.deal.update", id=deal["ID"], fields=fields)


def ask(stack, method, **params):
    """What the portal answers a user."""
    tokens = stack.sandbox("POST", "/portals/acme/issue_tokens")
    asked = {"auth": tokens["access_token"], **params}
    return requests.post(f"{tokens['client_endpoint']}{method}", json=asked, timeout=30).json()["result"]


@pytest.fixture(params=CASES, ids=str)
def case(request):
    """The language and the width of the window."""
    return request.param


@pytest.fixture
def words(case):
    """What the pages say in the language of the case."""
    return WORDS[case[0]]


@pytest.fixture
def desk(used, context, stack, case):
    """The portal's page with the application open; nothing in it is wider than the window in the end."""
    lang, width = case
    page = context.new_page()
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(stack.portal_page)
    page.get_by_label("Language").select_option(lang)
    application(page).locator(f"html[lang={lang}]").wait_for(state="attached")
    yield page
    fits(application(page))


def test_why_a_submission_has_its_source(desk, words):
    go_to(desk, words["submissions"])
    application(desk).get_by_role("link", name="Ines").click()
    why = application(desk).get_by_role("region", name=words["why"])
    for text in ("brought", "rule", "received"):
        why.get_by_text(words[text]).wait_for()


def test_a_failed_one_is_found_mended_and_delivered(desk, words, case):
    frame = application(desk)
    go_to(desk, words["submissions"])
    frame.get_by_role("link", name=words["failed"], exact=True).click()
    frame.get_by_role("link", name="Anna {} {}".format(*case)).click()
    frame.get_by_text("Wrong phone number.").first.wait_for()
    frame.get_by_text(words["edit"]).click()
    frame.get_by_role("textbox", name="phone", exact=True).fill(PHONE)
    frame.get_by_role("button", name=words["send"]).click()
    frame.locator(".badge", has_text=words["delivered"]).wait_for(timeout=PATIENCE)


def test_a_changed_rule_says_what_it_would_have_changed_while_it_is_typed(desk, words, case):
    frame, given = application(desk), "mail-{}-{}".format(*case)
    go_to(desk, words["sources"])
    frame.get_by_role("button", name=words["change"]).click()
    typed = frame.get_by_label(words["given"], exact=True)
    typed.fill("")
    typed.press_sequentially(given, delay=30)  # as a person types: the first letter may come before the page listens
    effect = frame.locator("#rule-effect")
    effect.get_by_text(words["effect"]).wait_for()
    assert f"→ {given} (1)" in effect.inner_text()
    fits(frame)
    frame.get_by_role("button", name=words["save"]).click()
    frame.get_by_text(words["saved"]).wait_for()


def test_the_campaign_that_earned_most_stands_first(desk, words):
    go_to(desk, words["earns"])
    best = application(desk).get_by_role("region", name=words["campaigns"]).locator("tbody tr").first
    assert re.search("autumn.*" + words["money"], best.inner_text().replace("\xa0", " "), re.DOTALL)
