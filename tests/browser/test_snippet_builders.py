"""What the website snippet sees of form builders that send by a script of their own, in a real browser."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.browser import BROWSER
from tests.fixtures.website import FAILURE, SILENCE, STAYS, TAG, document, form

pytestmark = BROWSER
CASES = json.loads((Path(__file__).parents[1] / "data" / "form_builders.json").read_text())["cases"]
# As much of jQuery as builders use: `trigger` reaches what was added with `on`, and no native listener.
JQUERY = """<script>
    const listeners = [];
    window.jQuery = () => ({ on(names, heard) { listeners.push([names.split(" "), heard]); } });
    const trigger = (target, type, ...given) => {
        for (const [names, heard] of listeners) if (names.includes(type)) heard({ target, type }, ...given); };
    const fire = (target, type, detail) => target.dispatchEvent(new CustomEvent(type, { bubbles: true, detail }));
    const clear = (form) => form.querySelectorAll("input").forEach((input) => input.value = "");
</script>"""
BUILDER = """<script>{
    const form = document.querySelector("form");
    let answers = 0;
    const answer = () => setTimeout(() => { SENT; window.answers = (answers += 1); }, 50);
    form.addEventListener("EVENT", (event) => { if (ON) { DO; answer(); } });
}</script>"""


def page(case, script=TAG):
    """A page on which a builder's script sends its form at the first press, and ignores those while it sends."""
    event, what = ("click", case["press"]) if "press" in case else ("submit", case["submit"])
    ignoring = "event.target.matches('button') && (event.preventDefault(), !window.busy) && (window.busy = true)"
    parts = {"EVENT": event, "ON": ignoring if event == "click" else "true", "DO": what, "SENT": case["sent"]}
    builder = BUILDER
    for place, text in parts.items():
        builder = builder.replace(place, text, 1)
    return document(script=JQUERY + script, form=case["html"] + builder)


each_builder = pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])


@each_builder
def test_it_is_sent_with_the_values_before_the_form_is_cleared(site, case):
    site.html = page(case)
    site.open()
    body = site.submit()
    assert {name: body.get(name) for name in ("NAME", "form_id", "form_name")} == {
        "NAME": "Ines",
        "form_id": case.get("form_id"),
        "form_name": case["form_name"],
    }
    assert not [name for name in body if name.startswith(("tildaspec-", "form-spec-"))]


@each_builder
def test_it_is_sent_once_at_a_double_click_and_several_events(site, case):
    site.html = page(case)
    site.statuses = [SILENCE] * 4  # one that is sent would still be kept
    site.open()
    site.page.get_by_role("button", name="Send").dblclick()
    site.page.wait_for_function("window.answers")
    assert len(site.kept()) == 1


@each_builder
def test_it_is_kept_while_the_relay_is_away(site, case):
    site.html = page(case)
    site.statuses = [FAILURE]
    site.open()
    site.submit()
    site.told("kept")
    site.open("/next")
    site.told("sent")
    assert (site.posts[0], site.kept()) == (site.posts[1], [])


def test_a_builders_form_that_is_not_sent_is_no_submission(site):
    site.html = page(CASES[0] | {"sent": "fire(form, 'tildaform:aftererror')"})
    site.statuses = [SILENCE]
    site.open()
    site.press()
    site.page.wait_for_function("window.answers")
    assert site.kept() == []


# What the builders' scripts do where their own server cannot be reached.
UNREACHED = {
    "tilda": (CASES[0], "fire(form, 'tildaform:aftererror')"),
    "tilda-jquery": (CASES[1] | {"press": CASES[0]["press"]}, "trigger(form, 'tildaform:aftererror')"),
    "wpforms": (CASES[6], "trigger(form, 'wpformsAjaxSubmitError', {}, 'error', '')"),
}


@pytest.fixture
def offline(site):
    """Take the site's browser off the network."""
    yield lambda: site.page.context.set_offline(True)
    site.page.context.set_offline(False)


@pytest.mark.parametrize("name", UNREACHED)
def test_a_builders_form_is_kept_where_the_browser_is_offline(site, offline, name):
    case, sent = UNREACHED[name]
    site.html = page(case | {"sent": sent})
    site.statuses = [SILENCE]
    site.open()
    offline()
    site.press()
    site.page.wait_for_function("window.answers")
    assert len(site.kept()) == 1


def test_a_wrong_value_of_a_tilda_form_is_no_submission_offline_either(site, offline):
    site.html = page(CASES[0] | {"press": "event.preventDefault()", "sent": UNREACHED["tilda"][1]})
    site.open()
    offline()
    site.press()
    site.page.wait_for_function("window.answers")
    assert site.kept() == []


def test_one_that_was_kept_is_not_sent_once_more_where_the_builder_sends_it_later(site):
    again = "trigger(form, 'wpformsAjaxSubmitSuccess', {})"
    error = UNREACHED["wpforms"][1]
    site.html = page(CASES[6] | {"sent": f"{error}; window.busy = false; setTimeout(() => {{ {again} }}, 50)"})
    site.statuses = [SILENCE] * 2
    site.open()
    site.press()
    site.page.wait_for_function("window.answers")
    site.press()
    site.page.wait_for_function("window.answers > 1")
    assert len(site.kept()) == 1


def test_the_goods_of_a_tilda_cart_are_sent(site):
    added = "form.insertAdjacentHTML('beforeend', '<input type=hidden name=tildapayment[amount] value=12>');"
    site.html = page(CASES[0] | {"press": f"event.preventDefault(); {added} fire(form, 'tildaform:beforesend')"})
    site.open()
    assert site.submit()["tildapayment[amount]"] == "12"


def test_jquery_that_comes_after_the_page_is_heard(site):
    late = "<script>const later = jQuery; delete window.jQuery; addEventListener('load', () => setTimeout(() => {"
    site.html = page(CASES[1], script=f"{TAG}{late} window.jQuery = later; window.late = true; }}, 100));</script>")
    site.open()
    site.page.wait_for_function("window.late")
    assert site.submit()["NAME"] == "Ines"


def test_the_portals_own_form_is_left_to_the_portal(site):
    site.html = document(form=f'<div class="b24-form"><div>{form()}</div></div>')
    site.statuses = [SILENCE]
    site.open()
    site.press()
    site.page.evaluate("dispatchEvent(new CustomEvent('b24:form:submit', { detail: { object: {} } }))")
    assert site.kept() == []


def test_a_name_is_at_most_a_hundred_characters(site):
    site.html = document(form=form(attributes=f'method="post" name="{"n" * 101}" {STAYS}'))
    site.open()
    assert site.submit()["form_name"] == "n" * 100


# --- Quizzes ---------------------------------------------------------------------------------------------

TOLD = """([origin, data]) => dispatchEvent(new MessageEvent("message", { origin, data }))"""
QUIZ: dict[str, Any] = {"type": "marquizContactFormSubmit", "data": {"name": "Ines", "phone": "+351 912 345 678"}}
MARQUIZ = "https://quiz.marquiz.ru"


@pytest.mark.parametrize("data", [QUIZ, json.dumps(QUIZ), {"event": QUIZ["type"], **QUIZ["data"]}])
def test_a_quiz_tells_the_page_what_the_visitor_left(site, data):
    site.open()
    site.page.evaluate(TOLD, [MARQUIZ, data])
    site.page.evaluate(TOLD, [MARQUIZ, data])
    site.told("sent")
    body = site.posts[0][1]
    assert (body["phone"], body["form_name"]) == (QUIZ["data"]["phone"], "Marquiz")
    assert len({key for key, _ in site.posts}) == 1


def test_a_quiz_may_say_it_by_an_event(site):
    site.open()
    site.page.evaluate("({ type, data }) => document.dispatchEvent(new CustomEvent(type, { detail: data }))", QUIZ)
    site.told("sent")
    assert site.posts[0][1]["phone"] == QUIZ["data"]["phone"]


@pytest.mark.parametrize(
    ("origin", "data"),
    [
        ("https://marquiz.ru.example", QUIZ),
        (MARQUIZ, {"type": "marquizOpen", "data": QUIZ["data"]}),
        (MARQUIZ, {"type": QUIZ["type"], "id": "5b7c"}),
        (MARQUIZ, "text"),
        (MARQUIZ, None),
        (MARQUIZ, 7),
        (MARQUIZ, []),
    ],
)
def test_other_messages_are_none(site, origin, data):
    site.statuses = [SILENCE]
    site.open()
    site.page.evaluate(TOLD, [origin, data])
    assert site.kept() == []
