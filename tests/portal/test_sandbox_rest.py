"""REST on the sandbox: forms of a request, order of the checks, shapes of the answers."""

import json
import xml.etree.ElementTree

import pytest
import requests


@pytest.fixture
def token(portal):
    return portal.issue_tokens()["access_token"]


@pytest.fixture
def ask(portal, token):
    """Send parameters as JSON, with a good token unless another is given."""

    def ask(method, **params):
        return requests.post(portal.rest_url + method, json={"auth": token, **params})

    return ask


@pytest.mark.parametrize("method", ["profile", "profile.json", "PROFILE", "Profile.JSON", "profile/", "profile.json/"])
def test_a_method_is_found_in_every_form_of_its_name(ask, method):
    assert ask(method).json()["result"]["ID"] == "1"


@pytest.mark.parametrize("verb", ["GET", "POST", "PUT"])
def test_every_verb_is_equal(portal, token, verb):
    assert requests.request(verb, f"{portal.rest_url}profile?auth={token}").ok


FORMS = {
    "query": lambda token, trace: {"params": {"auth": token, "TRACE": trace}},
    "form": lambda token, trace: {"data": {"auth": token, "TRACE": trace}},
    "multipart": lambda token, trace: {"files": {"auth": (None, token), "TRACE": (None, trace)}},
    "json": lambda token, trace: {"json": {"auth": token, "TRACE": trace}},
    "access_token": lambda token, trace: {"json": {"access_token": token, "TRACE": trace}},
    "header": lambda token, trace: {"json": {"TRACE": trace}, "headers": {"Authorization": f"Bearer {token}"}},
}


@pytest.mark.parametrize("form", FORMS)
def test_parameters_travel_in_every_form(portal, token, form):
    sent = FORMS[form](token, '{"tags":{"list":{"utm_source":"fb"}}}')
    assert requests.post(f"{portal.rest_url}crm.tracking.trace.add", **sent).json()["result"] == 1
    assert portal.traces[0].tags == {"UTM_SOURCE": "fb"}


@pytest.mark.parametrize("place", ["params", "data", "json"])
def test_a_text_arrives_as_it_was_sent(portal, token, place):
    text = "a&b=c+d %26 [x] #y ?z \\ é 😀"
    fields = {"fields": {"TITLE": text}} if place == "json" else {"fields[TITLE]": text}
    answer = requests.post(f"{portal.rest_url}crm.lead.add", **{place: {"auth": token, **fields}})
    assert portal.entities["LEAD", answer.json()["result"]]["TITLE"] == text


def test_a_json_type_with_a_suffix_counts(portal, token):
    headers = {"Content-Type": "application/vnd.api+json; charset=utf-8"}
    assert requests.post(f"{portal.rest_url}profile", data=json.dumps({"auth": token}), headers=headers).ok


def test_the_body_wins_over_the_query(portal, token):
    answer = requests.post(f"{portal.rest_url}profile?auth=wrong", json={"auth": token})
    assert answer.ok


def test_the_header_wins_over_the_body(portal, token):
    answer = requests.post(f"{portal.rest_url}profile", json={"auth": token}, headers={"Authorization": "Bearer no"})
    assert answer.json()["error"] == "invalid_token"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ('{"auth": "TOKEN"', "application/json"),
        ('"TOKEN"', "application/json"),
        ("TOKEN", "application/json"),
        ('{"auth": NaN}', "application/json"),
        ('{"auth": "TOKEN", "x": "\\ud800"}', "application/json"),
        ("[" * 5000, "application/json"),
        ('{"auth": "TOKEN"}', "text/plain"),
        ('{"auth": "TOKEN"}', "application/x-www-form-urlencoded"),
        ("auth=TOKEN", ""),
        ("auth=", "application/x-www-form-urlencoded"),
        ("auth[]=TOKEN", "application/x-www-form-urlencoded"),
    ],
)
def test_a_body_that_is_not_understood_is_silently_nothing(portal, token, body, kind):
    answer = requests.post(
        f"{portal.rest_url}profile", data=body.replace("TOKEN", token).encode(), headers={"Content-Type": kind}
    )
    assert (answer.status_code, answer.json()["error"]) == (401, "NO_AUTH_FOUND")


@pytest.mark.parametrize("method", ["no.such.method", "", "crm/lead/add", "download"])
def test_an_unknown_method_is_404_before_any_token(portal, method):
    answer = requests.post(portal.rest_url + method, json={"auth": "junk"})
    assert (answer.status_code, answer.json()["error"]) == (404, "ERROR_METHOD_NOT_FOUND")


def test_a_webhook_needs_no_token(portal):
    assert requests.get(f"{portal.webhook_url}profile.json").json()["result"]["ID"] == "1"


@pytest.mark.parametrize("hook", ["1/wrong", "9/{code}", "99999999999999999999/{code}"])
def test_a_wrong_webhook_is_refused(portal, hook):
    answer = requests.get(f"{portal.rest_url}{hook.format(code=portal.webhook_code)}/profile")
    assert (answer.status_code, answer.json()["error"]) == (401, "INVALID_CREDENTIALS")


def test_a_webhook_cannot_bind_events(portal):
    answer = requests.post(f"{portal.webhook_url}event.bind", json={"EVENT": "ONAPPUNINSTALL"})
    assert (answer.status_code, answer.json()["error"]) == (403, "WRONG_AUTH_TYPE")


# In the order of the checks: each stands above those after it, and all above an expired token.
CLOSED = [
    ("stopped", 403, "PORTAL_DELETED"),
    ("oauth_unreachable", 401, "CONNECTION_ERROR"),
    ("payment_ended", 401, "PAYMENT_REQUIRED"),
    ("blocked", 401, "OVERLOAD_LIMIT"),
    ("plan_without_rest", 401, "ACCESS_DENIED"),
]


@pytest.mark.parametrize(("flag", "status", "error"), CLOSED)
def test_a_closed_portal_says_why_before_it_looks_at_the_expiry(ask, portal, flag, status, error):
    for name, _, _ in CLOSED[[one[0] for one in CLOSED].index(flag) :]:
        setattr(portal, name, True)
    portal.active = False
    portal.expire_tokens()
    answer = ask("profile")
    assert (answer.status_code, answer.json()["error"]) == (status, error)


def test_an_application_that_is_gone_is_not_found_before_the_expiry(ask, portal):
    portal.active = False
    portal.expire_tokens()
    assert ask("profile").json()["error"] == "APPLICATION_NOT_FOUND"


def test_an_expired_token_is_told_before_a_missing_scope(ask, portal):
    portal.expire_tokens()
    answer = ask("user.current")
    assert (answer.status_code, answer.json()["error"]) == (401, "expired_token")


def test_a_missing_scope_is_told_before_a_dismissed_user(ask, portal):
    portal.fire_user(1)
    answer = ask("user.current")
    assert (answer.status_code, answer.json()["error"]) == (401, "insufficient_scope")


@pytest.mark.parametrize(("fact", "error"), [("active", "authorization_error"), ("allowed", "user_access_error")])
def test_a_user_who_may_not_is_refused(ask, portal, fact, error):
    setattr(portal.users[1], fact, False)
    answer = ask("profile")
    assert (answer.status_code, answer.json()["error"]) == (401, error)


def test_an_error_has_no_time_and_no_result(ask):
    assert set(ask("crm.tracking.trace.add").json()) == {"error", "error_description"}


def test_an_argument_error_names_its_argument(ask):
    answer = ask("event.bind", EVENT="ONAPPINSTALL")
    assert (answer.status_code, answer.json()["argument"]) == (400, "HANDLER")


def test_a_success_has_its_time(ask):
    figures = ask("profile").json()["time"]
    assert {type(figures[name]) for name in ("start", "processing", "operating_reset_at")} == {int}
    assert figures["finish"] >= figures["start"]


def test_text_is_escaped_as_php_does(ask, portal):
    portal.users[1].name = "<a href='/x'>\"é\" & \u2028</a>"
    escaped = r"\u003Ca href=\u0027\/x\u0027\u003E\u0022é\u0022 \u0026 \u2028\u003C\/a\u003E"
    answer = ask("profile")
    assert f'"NAME":"{escaped}"' in answer.content.decode()
    assert answer.json()["result"]["NAME"] == portal.users[1].name


def test_xml_is_given_where_the_name_asks_for_it(ask, portal):
    portal.users[1].name = "<&>"
    answer = ask("profile.xml")
    assert answer.headers["Content-Type"] == "text/xml; charset=utf-8"
    assert xml.etree.ElementTree.fromstring(answer.text).findtext("result/NAME") == "<&>"


def test_an_error_is_given_as_xml_as_well(ask):
    answer = ask("crm.tracking.trace.add.xml")
    assert xml.etree.ElementTree.fromstring(answer.text).findtext("error") == "ERROR_CORE"


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Access-Control-Allow-Origin", "*"),
        ("Access-Control-Allow-Headers", "origin, content-type, accept"),
        ("Content-Type", "application/json; charset=utf-8"),
        ("X-Content-Type-Options", "nosniff"),
        ("X-Bitrix-Rest-Application", "local.sandbox"),
    ],
)
def test_an_answer_has_the_headers_of_a_portal(ask, header, value):
    assert ask("profile").headers[header] == value


def test_a_browser_may_ask_before_it_sends(portal):
    answer = requests.options(f"{portal.rest_url}profile")
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (200, "*")


def test_start_is_no_parameter_of_the_method(ask, portal):
    ask("im.notify", start=5, state="x", USER_ID=1, MESSAGE="m")
    assert portal.notices == [{"USER_ID": 1, "MESSAGE": "m"}]


def test_a_result_that_looks_like_an_error_is_given_as_it_is(ask, portal):
    portal.app_options = {"error": "E", "error_description": "D"}
    answer = ask("app.option.get")
    assert (answer.status_code, answer.json()) == (200, {"error": "E", "error_description": "D"})


def test_a_large_body_is_taken(ask):
    assert ask("crm.tracking.trace.add", TRACE=json.dumps({"x": "y" * 3_000_000})).ok


def test_a_renamed_portal_redirects_from_each_of_its_former_addresses(portal, sandbox, token):
    addresses = [portal.rest_url]
    for _ in range(2):
        sandbox.rename(portal)
        addresses.append(portal.rest_url)
    for verb in ("GET", "POST"):
        for address in addresses[:2]:
            answer = requests.request(verb, f"{address}profile?a=1", data=b"", allow_redirects=False)
            assert (answer.status_code, answer.headers["Location"]) == (302, f"{addresses[2]}profile?a=1")
    assert requests.post(f"{addresses[2]}profile", json={"auth": token}).ok


def test_a_call_longer_than_its_time_is_dropped_after_it_was_done(ask, portal):
    portal.command_seconds, portal.cut_after = 5, 0.05
    with pytest.raises(requests.ConnectionError):
        ask("crm.tracking.trace.add", TRACE="{}")
    assert len(portal.traces) == 1


def test_a_type_error_of_the_sandbox_itself_is_not_taken_for_phps(ask, portal, capfd):
    portal.app_options = 5
    assert ask("app.option.set", options={"a": 1}).status_code == 500
    assert "TypeError" in capfd.readouterr().err


def test_a_fault_of_the_sandbox_itself_is_one_bad_answer(ask, portal, capfd):
    del portal.users[1]
    answer = ask("profile")
    assert (answer.status_code, answer.headers["Content-Type"]) == (500, "text/html; charset=utf-8")
    assert "KeyError" in capfd.readouterr().err
    assert ask("no.such").status_code == 404
