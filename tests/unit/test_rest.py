"""One call to a portal: what is sent, and what every kind of answer means."""

import pytest
import requests

from b24app.api import errors, rest

ENDPOINT = "https://acme.example/rest/"


def call(**more):
    return rest.call(ENDPOINT, "crm.tracking.trace.add", {"TRACE": "{}"}, token="planted-token", **more)


def test_the_token_travels_in_the_body_never_in_the_address(answers):
    answers.say({"result": 7})
    call()
    ((method, url, request),) = answers.calls
    assert (method, url) == ("POST", "https://acme.example/rest/crm.tracking.trace.add")
    assert request["json"] == {"TRACE": "{}", "auth": "planted-token"}


def test_a_webhook_needs_no_token(answers):
    answers.say({"result": 7})
    rest.call("https://acme.example/rest/1/code/", "profile", {})
    assert answers.calls[0][2]["json"] == {}


@pytest.mark.parametrize("seconds", [1.5, 15.0])
def test_who_calls_says_how_long_it_waits(answers, seconds):
    answers.say({"result": 7})
    call(read_seconds=seconds)
    assert answers.calls[0][2]["read_seconds"] == seconds


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        ({"error": "expired_token"}, 401, errors.Renew),
        ({"error": "wrong_client"}, 200, errors.Stop),
        ({"error": "ERROR_CORE", "error_description": None}, 400, errors.Refused),
        ({"error": ["x"], "error_description": {"a": 1}}, 400, errors.Transient),
        ({"result": 1, "error": ""}, 400, errors.Refused),
        ({}, 200, errors.Ambiguous),
        ([], 200, errors.Ambiguous),
        (None, 200, errors.Ambiguous),
        (b"", 200, errors.Ambiguous),
        (b"<html>", 200, errors.Ambiguous),
        (b"<html>", 403, errors.Poison),
        (b"<html>", 502, errors.Ambiguous),
        (b"<html>", 503, errors.Transient),
        (b'{"result": 1', 200, errors.Ambiguous),
        (b"\xff\xfe\xff", 200, errors.Ambiguous),
        (b'{"result": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", 200, errors.Ambiguous),
        (b'{"result": ' + b"[" * 60 + b"]" * 60 + b"}", 200, errors.Ambiguous),
        (b'{"result": [' + b"{}," * 300_000 + b"0]}", 200, errors.Ambiguous),
        (b'{"result": ' + b"7" * 60 + b"}", 200, errors.Ambiguous),
        (b'{"result": 1e999}', 200, errors.Ambiguous),
        (b'{"result": NaN}', 200, errors.Ambiguous),
    ],
)
def test_an_answer_is_an_error_of_ours(answers, body, status, kind):
    answers.say(body, status)
    with pytest.raises(errors.PortalError) as caught:
        call()
    assert type(caught.value) is kind


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_told_and_not_followed(answers, status):
    answers.say(b"", status, Location="https://new.example/rest/")
    with pytest.raises(errors.Moved) as caught:
        call()
    assert (caught.value.location, len(answers.calls)) == ("https://new.example/rest/", 1)


def test_a_redirect_on_the_same_host_is_no_move(answers):
    answers.say(b"", 302, Location="/bitrix/coupon_activation.php")
    with pytest.raises(errors.Stop, match="licence"):
        call()


@pytest.mark.parametrize("result", [0, None, False, [], {}, ""])
def test_an_empty_result_is_a_result(answers, result):
    answers.say({"result": result})
    assert call().result == result


@pytest.mark.parametrize("error", [None, "", []])
def test_an_empty_error_beside_a_result_is_none(answers, error):
    answers.say({"result": 7, "error": error, "error_description": ""})
    assert call().result == 7


@pytest.mark.parametrize(("header", "seconds"), [("30", 30.0), ("", 1.0), ("Wed, 21 Oct 2026 07:28:00 GMT", 1.0)])
def test_what_stands_before_the_portal_may_say_how_long_to_wait(header, seconds):
    response = requests.Response()
    response.status_code, response._content, response.headers["Retry-After"] = 429, b"<html>", header
    with pytest.raises(errors.Wait) as caught:
        rest.read(response, "crm.lead.add", ENDPOINT)
    assert caught.value.seconds == seconds
