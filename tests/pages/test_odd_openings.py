"""Whatever stands in an opening, an event or a code: the answer is a refusal, never a fault of ours."""

from urllib.parse import parse_qsl

import pytest

from tests.sandbox import events

pytestmark = pytest.mark.django_db
# What parsers of addresses, numbers and texts stumble over.
ODD = ["http://[", "//\u2100", "http://a:b]/", "\0", "\ufffd\u202e", "9" * 9000, "-1", "\r\n", "%zz", "é" * 300, ""]


@pytest.mark.parametrize("path", ["/b24/install/", "/b24/app/"])
@pytest.mark.parametrize("value", ODD, ids=ascii)
def test_no_odd_value_of_an_opening_is_a_fault(wired, portal, client, path, value):
    query, body = portal.frame_post()
    statuses = {client.post(path, {**body, name: value}, query_params=query).status_code for name in body}
    statuses |= {client.post(path, body, query_params={**query, name: value}).status_code for name in query}
    assert statuses <= {200, 403}


@pytest.mark.parametrize("value", ODD, ids=ascii)
def test_no_odd_value_of_an_event_is_a_fault(wired, portal, client, value):
    fields = dict(parse_qsl(events.body(portal, "ONAPPINSTALL", {"VERSION": 1})))
    answers = [client.post("/b24/events/", {**fields, name: value}) for name in fields]
    assert {answer.status_code for answer in answers} <= {200, 403}


@pytest.mark.parametrize("value", ODD, ids=ascii)
def test_no_odd_value_of_a_code_is_a_fault(wired, client, value):
    fields = {"code": "a", "state": "b", "server_domain": "", "domain": "c", "member_id": "d"}
    answers = [client.get("/b24/oauth/callback/", {**fields, name: value}) for name in fields]
    assert {answer.status_code for answer in answers} <= {400, 403}
