"""The sandbox portal's side of the frame protocol, in a real browser.

A stand-in for the application says whatever a test wants it to say.
"""

import json
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
import requests

from tests.fixtures.browser import BROWSER
from tests.fixtures.waiting import until_on

pytestmark = BROWSER
APP = "http://app.example"
STAND_IN = """<!doctype html><link rel="icon" href="data:,"><script>
window.heard = [];
addEventListener("message", (event) => heard.push([event.origin, event.data]));
</script>"""


@pytest.fixture
def posts(context):
    """The requests with which the application was opened."""
    found = []

    def answer(route):
        found.append(route.request)
        route.fulfill(body=STAND_IN, content_type="text/html")

    context.route(f"{APP}/**", answer)
    return found


@pytest.fixture
def frame(context, posts, portal):
    """The stand-in in the frame of a portal's page."""
    portal.app_url = APP
    page = context.new_page()
    page.goto(f"http://{portal.domain}/")
    page.locator("iframe").wait_for()
    until_on(page, lambda: page.frames[-1].url.startswith(APP))
    page.frames[-1].wait_for_function("window.heard")
    return page.frames[-1]


def sid(frame):
    return frame.name.split("|")[2]


def say(frame, *messages):
    """What the parent's window answers to messages, in order, until it has answered a last one that it must."""
    last = f"setScroll:{json.dumps({'scroll': 0})}:last:{sid(frame)}"
    said = "([all, to]) => { heard.length = 0; all.forEach((one) => parent.postMessage(one, to)); }"
    frame.evaluate(said, [[*messages, last], f"http://{frame.name.split('|')[0]}"])
    frame.wait_for_function("heard.some(([, data]) => data.startsWith('last:'))")
    return [tuple(one) for one in frame.evaluate("heard") if not one[1].startswith("last:")]


def answer(frame, command, params=None):
    """The value that the parent answers to a command."""
    text = "" if params is None else json.dumps(params) + ":"
    frame.evaluate("heard.length = 0")
    frame.evaluate("(text) => parent.postMessage(text, '*')", f"{command}:{text}cb7f:{sid(frame)}")
    frame.wait_for_function("heard.length")
    data = frame.evaluate("heard[0][1]")
    assert data.startswith("cb7f:")
    return json.loads(data.removeprefix("cb7f:"))


@pytest.mark.parametrize(("installed", "path"), [(True, "/b24/app/"), (False, "/b24/install/")])
def test_the_application_is_opened_by_a_hidden_forms_post(context, posts, portal, installed, path):
    portal.app_url, portal.installed = APP, installed
    page = context.new_page()
    page.goto(f"http://{portal.domain}/")
    until_on(page, lambda: page.locator("iframe").count() and posts)
    address, body = urlsplit(posts[0].url), dict(parse_qsl(posts[0].post_data))
    query = {name: values[0] for name, values in parse_qs(address.query).items()}
    assert (posts[0].method, address.path) == ("POST", path)
    assert posts[0].headers["content-type"] == "application/x-www-form-urlencoded"
    assert {**query, "APP_SID": ""} == {"DOMAIN": portal.domain, "PROTOCOL": "0", "LANG": "en", "APP_SID": ""}
    assert body["AUTH_ID"] in portal.access
    assert (body["member_id"], body["PLACEMENT"]) == (portal.member_id, "DEFAULT")
    frame = page.locator("iframe")
    assert frame.get_attribute("name") == f"{portal.domain}|0|{query['APP_SID']}"
    assert frame.get_attribute("allow") == "geolocation *; microphone *; camera *; autoplay *;"


def test_texts_and_objects_are_both_answered_by_a_text(frame, portal):
    heard = say(
        frame,
        f"setTitle:{json.dumps({'title': 'a:b'})}:one:{sid(frame)}",
        {"method": "setTitle", "params": {"title": "c"}, "callback": "two", "appSid": sid(frame)},
    )
    origin = f"http://{portal.domain}"
    assert heard == [(origin, 'one:{"title":"a:b"}'), (origin, 'two:{"title":"c"}')]
    assert frame.page.locator("#title").text_content() == "c"


def test_what_is_unknown_or_of_another_opening_gets_no_answer(frame):
    unknown = ["noSuchCommand", "constructor", "toString", "__proto__"]
    assert say(frame, *[f"{command}:cb:{sid(frame)}" for command in unknown]) == []
    assert say(frame, {"method": "constructor", "callback": "cb", "appSid": sid(frame)}) == []
    assert say(frame, "getInitData:cb:" + "0" * 32, "getInitData", {"method": "getInitData", "callback": "cb"}) == []
    assert say(frame, 7, None, ["getInitData"]) == []


def test_another_origin_is_not_heard_even_in_the_applications_frame(frame, context):
    context.route("http://other.example/**", lambda route: route.fulfill(body=STAND_IN, content_type="text/html"))
    said = f'setTitle:{{"title":"taken over"}}:cb:{sid(frame)}'
    frame.goto("http://other.example/")
    frame.evaluate("(text) => parent.postMessage(text, '*')", said)
    frame.page.wait_for_timeout(200)
    assert frame.evaluate("heard") == []
    assert frame.page.locator("#title").text_content() == "Trace Relay"


def test_the_initial_data_are_the_openings(frame, portal):
    data = answer(frame, "getInitData")
    assert (data["DOMAIN"], data["PROTOCOL"], data["LANG"]) == (portal.domain, 0, "en")
    assert (data["INSTALL"], data["FIRST_RUN"], data["IS_ADMIN"]) == (False, False, True)
    assert portal.access[data["AUTH_ID"]].user == 1
    assert data["MEMBER_ID"] == portal.member_id


def test_commands_do_what_they_say(frame, portal):
    tokens = answer(frame, "refreshAuth", {})
    assert tokens["AUTH_ID"] in portal.access
    assert answer(frame, "getInitData")["AUTH_ID"] == tokens["AUTH_ID"]
    assert answer(frame, "resizeWindow", {"width": "100%", "height": 777})["height"] == 777
    assert frame.evaluate("innerHeight") == 777
    assert answer(frame, "setAppOption", {"name": "ready", "value": "1"}) == portal.app_options == {"ready": "1"}
    assert answer(frame, "setUserOption", {"name": "at", "value": "1:2"}) == portal.user_options[1] == {"at": "1:2"}
    assert {"getInitData", "refreshAuth", "setInstallFinish"} <= set(answer(frame, "getInterface")["command"])
    assert answer(frame, "setInstall", {"install": True}) == {"install": True}


def test_the_end_of_the_installation_is_not_answered_but_opens_the_application_anew(frame, posts, portal):
    portal.installed = False
    before = len(posts)
    frame.evaluate("(text) => parent.postMessage(text, '*')", f"setInstallFinish:{{}}:cb:{sid(frame)}")
    until_on(frame.page, lambda: len(posts) > before)
    assert portal.installed
    assert urlsplit(posts[-1].url).path == "/b24/app/"


def test_an_ordinary_user_cannot_set_the_applications_options(frame, posts, portal):
    page, before = frame.page, len(posts)
    page.get_by_label("User").select_option("3")
    until_on(page, lambda: len(posts) > before and page.frames[-1].url == posts[-1].url)
    page.frames[-1].wait_for_function("window.heard")
    assert say(page.frames[-1], f'setAppOption:{{"name":"a","value":"b"}}:cb:{sid(page.frames[-1])}') == []
    assert portal.app_options == {}
    for name in ("Update to a new version", "Uninstall"):
        assert page.get_by_role("button", name=name).is_disabled()


def test_the_portal_opens_nothing_once_the_paid_period_is_over(context, portal):
    portal.payment_ended = True
    page = context.new_page()
    page.goto(f"http://{portal.domain}/")
    page.get_by_text("The paid period of the application has ended.").wait_for()
    assert page.locator("iframe").count() == 0


@pytest.mark.parametrize(
    ("action", "body", "kind", "status"),
    [
        ("uninstall", {"user": 1}, "text/plain", 415),  # all that another site's page could send
        ("uninstall", {"user": 3}, "application/json", 403),
        ("set_installed", {"user": 3}, "application/json", 403),
        ("open", {"user": 99, "lang": "en"}, "application/json", 400),
        ("no_such_action", {"user": 1}, "application/json", 400),
    ],
)
def test_the_pages_actions_refuse_whom_they_should(portal, action, body, kind, status):
    address = f"http://{portal.domain}/_page/{action}"
    answered = requests.post(address, data=json.dumps(body), headers={"Content-Type": kind}, timeout=10)
    assert answered.status_code == status
    assert portal.active and portal.installed
