"""What real senders post, through the public address to the sandbox portal: it arrives in the right fields."""

import base64
import io
import json
import re

import pytest
from django.conf import settings

from tests.fixtures.forms import make_form
from traces.delivery import drain
from traces.setup import rulebook

pytestmark = pytest.mark.django_db

DATA = settings.BASE_DIR / "tests" / "data"
CASES = [
    case
    for name in ("senders.json", "sender_variants.json")
    for case in json.loads((DATA / name).read_text(encoding="utf-8"))["cases"]
]


def digits(text):
    return re.sub(r"\D", "", text)


def body_of(case):
    body = case["body"] or ""
    return base64.b64decode(body) if case["body_encoding"] == "base64" else body.encode()


@pytest.fixture
def post(installed, client):
    """Post a case to a form of its own as its sender does; the form and the answers."""

    def post(case):
        form, raw = make_form(installed, **case["form"]), body_of(case)
        headers = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in case["headers"]}
        kind = headers.pop("HTTP_CONTENT_TYPE", "")
        extra = {**headers, "CONTENT_TYPE": kind}
        path, _, query = case["path"].replace("{KEY}", form.key).partition("?")
        answers = []
        for _ in range(case["repeat"]):
            facts = {**extra, "wsgi.input": io.BytesIO(raw), "CONTENT_LENGTH": str(len(raw)), "QUERY_STRING": query}
            if case["chunked"]:
                facts |= {"CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}
            answers.append(client.generic(case["method"], path, **facts))
        return form, answers

    return post


@pytest.fixture
def leads(installed, portal):
    """The leads on the portal, once everything due is delivered."""

    def leads():
        drain.drain(installed.pk)
        return [fields for (kind, number), fields in portal.entities.items() if kind == "LEAD" and number > 1]

    return leads


def check_answer(answer, expected):
    wanted = expected.get("status", "2xx")
    assert answer.status_code in wanted if isinstance(wanted, list) else answer.status_code // 100 == 2
    if "body_is" in expected:
        assert answer.content.decode() == expected["body_is"]
    assert expected.get("body_has", "") in answer.content.decode()
    for name, pattern in expected.get("headers", {}).items():
        assert re.fullmatch(pattern, answer.headers.get(name, ""))


def check_contacts(lead, expected):
    for name in ("NAME", "LAST_NAME", "COMPANY_TITLE"):
        if name in expected:
            assert (lead.get(name) or None) == expected[name]
    phones = [digits(entry["VALUE"]) for entry in lead.get("PHONE", [])]
    wanted = [digits(phone) for phone in expected.get("PHONE", [])]
    if expected.get("phone_prefix"):
        assert len(phones) == len(wanted) and all(map(str.startswith, phones, wanted))
    elif "PHONE" in expected:
        assert phones == wanted
    if "EMAIL" in expected:
        assert [entry["VALUE"] for entry in lead.get("EMAIL", [])] == expected["EMAIL"]


def check_comments(lead, expected):
    comments = lead.get("COMMENTS") or ""
    assert [text for text in expected.get("comment_has", []) if text not in comments] == []
    assert [text for text in expected.get("comment_lacks", []) if text in comments] == []


def check_trace(form, expected):
    prepared = rulebook.load(form.portal_id).prepare(form.submissions.get())
    sent = json.loads(prepared.trace)
    tags = sent["tags"]["list"]
    assert {name: tags.get(name) for name in expected.get("utm", {})} == expected.get("utm", {})
    if "page" in expected:
        assert sent["url"].partition("?")[0] == expected["page"]


def row(case):
    # A repeated insert that is refused would end a test's own transaction.
    marks = [pytest.mark.django_db(transaction=True)] if case["repeat"] > 1 else []
    return pytest.param(case, id=case["name"], marks=marks)


@pytest.mark.parametrize("case", [row(case) for case in CASES])
def test_it_arrives_as_its_owner_expects(post, leads, case):
    expected = case["expected"]
    form, answers = post(case)
    for answer in answers:
        check_answer(answer, expected)
    if "sender" in expected:
        assert form.submissions.get().sender == expected["sender"]
    for submission in form.submissions.all():
        assert submission.state == expected.get("state", submission.state)
        assert set(expected.get("repairs", ())) <= set(submission.repairs)
    stored = leads()
    assert len(stored) == expected["leads"]
    for lead in stored:
        check_contacts(lead, expected)
        check_comments(lead, expected)
        check_trace(form, expected)
