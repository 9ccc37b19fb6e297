"""What the website snippet sends, in a real browser, and which forms it leaves alone."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings

from tests.fixtures.browser import BROWSER
from tests.fixtures.waiting import until_on
from tests.fixtures.website import KEY, NAME, SHOP, SILENCE, STAYS, TAG, document, form
from traces.intake import snippet

pytestmark = BROWSER


def test_a_submission_goes_with_its_page_referrer_and_key(site):
    site.open("/contact?a=1", referer="https://blog.example/")
    body = site.submit()
    assert body.pop("TRACE")
    assert body == {"NAME": "Ines", "page_url": f"{SHOP}/contact?a=1", "referrer": "https://blog.example/"}
    detail = {"form": KEY, "key": site.posts[0][0], "status": 200, "id": "1f"}
    assert (len(detail["key"]), site.told("sent"), site.kept()) == (32, detail, [])


def test_a_forms_own_way_goes_on(site):
    site.html = document(form=form(attributes='method="post" action="/thanks"'))
    site.pages["/thanks"] = document(title="Thanks", form="")
    site.open()
    with site.page.expect_request(f"{SHOP}/thanks") as own:
        site.press()
    site.page.wait_for_url(f"{SHOP}/thanks")
    until_on(site.page, lambda: site.posts and not site.kept())
    assert own.value.post_data == "NAME=Ines"
    assert len({key for key, _ in site.posts}) == 1  # what was under way when the page was left may come twice


def test_a_form_that_posts_to_the_relay_gets_the_trace_and_goes_by_itself(site):
    site.html = document(form=form(attributes=f'method="post" action="{site.intake}"'))
    site.open("/?utm_source=google")
    body = site.submit()
    assert json.loads(body["TRACE"])["tags"]["list"] == {"utm_source": "google"}
    assert (body["NAME"], body["page_url"], len(site.posts)) == ("Ines", f"{SHOP}/?utm_source=google", 1)
    assert site.posts[0][0] is None


def test_fields_are_sent_as_text_without_files_passwords_and_tokens(site):
    site.html = document(
        script=TAG.replace("<script", '<script data-form=".lead"', 1),
        form=form(
            """<input name="topic" value="a"><input name="topic" value="b"><input name="action" value="ask">
            <input name="matches" value="2"><input name="csrf_token" value="x"><input type="file" name="cv">
            <input type="password" name="new" value="x"><input name="unchecked" type="checkbox">""",
            f'class="lead" {STAYS}',
            '<button name="plan" value="pro">Send</button>',
        ),
    )
    site.open()
    body = {name: value for name, value in site.submit().items() if name not in {"TRACE", "page_url"}}
    assert body == {"topic": "a, b", "action": "ask", "matches": "2", "plan": "pro"}


LEFT_ALONE = [
    form(f'{NAME}<input type="password" name="p">'),
    form(f'{NAME}<input name="p" autocomplete="current-password">'),
    form(f'{NAME}<input name="card_number">'),
    form(f'{NAME}<input name="n" autocomplete="cc-number">'),
    form(attributes=f'method="post" data-trace-relay="off" {STAYS}'),
    form(attributes=f'method="get" {STAYS}'),
    form(attributes=f'action="/search" {STAYS}'),
    form(attributes=f'method="post" role="search" {STAYS}'),
]


def test_a_form_that_logs_in_pays_or_searches_is_left_alone(site):
    site.html = document(form="".join(LEFT_ALONE))
    site.statuses = [SILENCE] * len(LEFT_ALONE)  # one that is sent would still be kept
    site.open()
    site.page.evaluate("for (const button of document.querySelectorAll('button')) button.click()")
    assert (site.kept(), site.posts) == ([], [])


def test_a_form_that_only_a_script_can_send_counts(site):
    site.html = document(form=form(attributes=f'action="#" {STAYS}'))
    site.open()
    assert site.submit()["NAME"] == "Ines"


def test_a_form_counts_that_the_sites_own_script_sends_and_hides(site):
    site.html = document(form=form(attributes='onsubmit="event.preventDefault(); event.stopImmediatePropagation()"'))
    site.open()
    assert site.submit()["NAME"] == "Ines"


@pytest.mark.parametrize(("attributes", "sent"), [("", True), (STAYS, False)])
def test_where_the_sites_own_script_checks_what_it_stops_is_not_sent(site, attributes, sent):
    site.html = document(
        form=form('<input name="NAME" required>', f'method="post" action="/thanks" novalidate {attributes}')
    )
    site.statuses = [SILENCE]
    site.open()
    site.press()
    assert bool(site.kept()) == sent


def test_a_double_click_sends_once_and_a_changed_form_again(site):
    site.open()
    site.page.evaluate("Date.now = (now => () => now)(Date.now())")  # however long the machine takes between the clicks
    site.page.get_by_role("button", name="Send").dblclick()
    site.page.locator("[name=NAME]").fill("Ivo")
    site.submit(2)
    assert [body["NAME"] for _, body in site.posts] == ["Ines", "Ivo"]


@pytest.mark.parametrize(("length", "keepalive"), [(1000, True), (62_000, False)])
def test_a_large_submission_goes_without_keepalive(site, length, keepalive):
    watched = "<script>const all = fetch; fetch = (to, how) => (window.asked = how.keepalive, all(to, how))</script>"
    site.html = document(script=watched + TAG, form=form(f'<input name="NAME" value="{"x" * length}">'))
    site.open()
    site.submit()
    assert site.page.evaluate("asked") is keepalive


@pytest.mark.parametrize(
    "script",
    [
        TAG.replace("<script", '<script data-consent="missing"', 1),
        "<script>window.b24Tracker = { guest: { getTrace() { throw new Error() } } }</script>" + TAG,
        """<script>localStorage.setItem("b24_crm_guest_pages", "[1, {}]");
        localStorage.setItem("b24_crm_guest_utm", "null");
        localStorage.setItem("tracerelay:the-form:1", "{");</script>"""
        + TAG,
        TAG + TAG,
    ],
)
def test_what_is_broken_around_it_stops_no_submission(site, script):
    site.html = document(script=script)
    site.open("/?utm_source=%E0%A4%A&utm_medium=%")
    assert site.submit()["NAME"] == "Ines"


PROVIDER = """{library} = {{
  ready: (done) => done(), reset: () => {{ field.value = "second"; }},
  execute: () => Promise.resolve("first"),
  render: (place) => {{
    window.field = Object.assign(document.createElement("input"), {{ type: "hidden", name: "{name}", value: "first" }});
    place.append(field);
    return 7;
  }},
}};
{called}();"""
LIBRARIES = {
    "turnstile": ("https://challenges.cloudflare.com/turnstile/v0/api.js", "turnstile", "cf-turnstile-response"),
    "hcaptcha": ("https://js.hcaptcha.com/1/api.js", "hcaptcha", "h-captcha-response"),
    "recaptcha": ("https://www.google.com/recaptcha/api.js", "grecaptcha", "g-recaptcha-response"),
    "recaptcha3": ("https://www.google.com/recaptcha/api.js", "grecaptcha", "g-recaptcha-response"),
}


@pytest.fixture
def guarded(site):
    """A site whose form has a captcha; `asked` are the addresses that its provider was asked for."""

    def guarded(provider):
        address, library, name = LIBRARIES[provider]
        text = snippet.script(KEY, captcha=(provider, "site-key"))
        site.script = text.replace(f"{settings.APP_URL}/in/{KEY}/", site.intake)
        asked = []

        def answer(route):
            asked.append(route.request.url)
            called = parse_qs(urlsplit(route.request.url).query)["onload"][0]
            body = PROVIDER.format(library=f"window.{library}", name=name, called=called)
            route.fulfill(body=body, content_type="text/javascript")

        site.context.route(f"{address}*", answer)
        return asked, name

    yield guarded
    for address, _, _ in LIBRARIES.values():
        site.context.unroute(f"{address}*")


@pytest.mark.parametrize("provider", sorted(LIBRARIES))
def test_a_captcha_is_loaded_when_a_form_is_begun_and_its_token_goes_along(site, guarded, provider):
    asked, name = guarded(provider)
    site.open()
    assert asked == []
    site.page.locator("[name=NAME]").focus()
    until_on(site.page, lambda: filled(site, name))
    body = site.submit()
    assert (body["_captcha"], name in body, len(asked)) == ("first", False, 1)
    assert ("render=site-key" if provider == "recaptcha3" else "render=explicit") in asked[0]


def filled(site, name):
    return site.page.evaluate("(name) => (document.getElementsByName(name)[0] || {}).value === 'first'", name)


def test_a_captcha_waits_for_consent(site, guarded):
    asked, _ = guarded("turnstile")
    site.html = document(script=TAG.replace("<script", '<script data-consent="agreed"', 1))
    site.open()
    site.page.locator("[name=NAME]").focus()
    assert "_captcha" not in site.submit()
    assert asked == []
