"""Every address of the application inside the portal, asked by those who have no business there."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.urls import URLPattern

from b24app.frame import session
from b24app.models import Portal
from tests.fixtures.forms import make_form
from tests.fixtures.portals import make_portal
from tests.fixtures.product import Frame
from traces.models import Attempt, Batch, Form, Preferences, SourceRule, Submission, Unmatched
from traces.pages import urls

pytestmark = pytest.mark.django_db
MARK = "Acme-only"
PATTERNS = [pattern for pattern in urls.urlpatterns if pattern.name != "app"]
# What users who do not administer the portal may see once they are let.
OPEN = {"overview", "overview-figures"}


@pytest.fixture
def things(acme, make_submission):
    """Something of everything, of acme's; the ids by the names that addresses and forms use for them."""
    form = make_form(acme, name=MARK)
    body = {"NAME": MARK, "PHONE": "+49 30 1234567", "TRACE": "{}"}
    facts = {"code": "error_core", "params": {"words": MARK}}
    failed = make_submission(form=form, state="failed", body=body, **facts)
    Attempt.objects.create(submission=failed, method="crm.lead.add", outcome="refused", **facts)
    rule = SourceRule.objects.create(portal=acme, position=1, field="utm_source", value=MARK, utm_source=MARK)
    Preferences.objects.create(portal=acme, notify_email=f"{MARK}@acme.example")
    user = acme.users.create(user_id=2, access_token=MARK, refresh_token=MARK)
    former = make_portal("acmes-former")
    make_form(former, name=MARK)
    Portal.objects.filter(pk=former.pk).update(
        domain=acme.domain, client_endpoint=acme.client_endpoint, installed_at=acme.installed_at - timedelta(days=9)
    )
    return {"form": form.pk, "submission": failed.pk, "rule": rule.pk, "user": user.pk, "portal": former.pk}


def address(pattern: URLPattern, things):
    """The pattern's address, with acme's ids in it."""
    filled = pattern.pattern
    values = {}
    for name in filled.converters:
        kind = name.removesuffix("_id")
        values[name] = things.get(kind, "lead")
    route = str(filled)
    for name, value in values.items():
        start, end = route.index(f":{name}>"), route.index(f":{name}>") + len(name) + 2
        route = route[: route.rindex("<", 0, start)] + str(value) + route[end:]
    return f"/b24/app/{route}"


def sent(things):
    """A body with acme's ids under every name that a page might look at."""
    ids = {name: str(number) for name, number in things.items()}
    more = {f"{name}_id": number for name, number in ids.items()}
    return {
        **ids,
        **more,
        "id": ids["submission"],
        "ids": ids["submission"],
        "selected": ids["submission"],
        "all": "1",
        "confirm": "on",
        "sure": "on",
        "name": "Taken over",
        "position": "1",
    }


def all_of(portal):
    """All that is stored of a portal."""
    portal.refresh_from_db()
    tables = (Form, SourceRule, Preferences, Submission, Batch, Unmatched)
    stored = {table.__name__: list(table.objects.filter(portal=portal).order_by("pk").values()) for table in tables}
    attempts = list(Attempt.objects.filter(submission__portal=portal).values())
    users = list(portal.users.order_by("pk").values())
    return {**stored, "Attempt": attempts, "users": users, "tariff": portal.tariff, "state": portal.state}


def text_of(answer):
    return b"".join(answer.streaming_content).decode() if answer.streaming else answer.content.decode()


def visit(reader, pattern, things):
    """The answers to GET and POST; a page that asks the portal finds no network."""
    where = address(pattern, things)
    return [reader.get(where), reader.post(where, sent(things))]


@pytest.fixture(autouse=True)
def nobody_answers(answers):
    """No portal answers; scripted failures without end."""
    from b24app.api import errors

    answers._next = Endless(errors.Transient("unreachable"))


class Endless(list[Any]):
    def __init__(self, item):
        self.item = item

    def pop(self, index=-1):
        return self.item


@pytest.mark.parametrize("pattern", PATTERNS, ids=[str(pattern.name) for pattern in PATTERNS])
class TestEveryAddress:
    def test_another_portals_administrator_sees_and_changes_nothing(self, client, acme, other, things, pattern):
        before = all_of(acme)
        for answer in visit(Frame(client, other), pattern, things):
            assert answer.status_code < 500
            assert MARK not in text_of(answer)
        assert all_of(acme) == before

    def test_a_user_who_is_no_administrator_sees_and_changes_nothing(self, client, acme, things, pattern):
        before = all_of(acme)
        answers = visit(Frame(client, acme, admin=False, user=3), pattern, things)
        assert {answer.status_code for answer in answers} <= {403, 405}
        assert [MARK for answer in answers if MARK in text_of(answer)] == []
        assert all_of(acme) == before

    def test_a_user_who_may_see_the_overview_sees_no_more(self, client, acme, things, pattern):
        Preferences.objects.update(viewers=True)
        before = all_of(acme)
        answers = visit(Frame(client, acme, admin=False, user=3), pattern, things)
        good = [answer for answer in answers if answer.status_code == 200]
        assert (not good) or pattern.name in OPEN
        assert [MARK for answer in answers if f"{MARK}@" in text_of(answer)] == []
        assert all_of(acme) == before

    @pytest.mark.parametrize("token", ["", "forged", "old", "others"])
    def test_without_a_good_session_nothing_is_shown_or_changed(self, client, acme, other, things, pattern, token):
        before = all_of(acme)
        reader = Frame(client, acme)
        if token == "others":  # a token of other's, with the portal's number replaced in the text
            token = (
                reader.headers["X-Frame-Session"].split(":")[0]
                + ":"
                + Frame(client, other).headers["X-Frame-Session"].split(":", 1)[1]
            )
        elif token == "old":
            with time_machine.travel(reader.session.began - session.MAX_SECONDS - 60):
                token = reader.headers["X-Frame-Session"]
        for ask in (client.get, client.post):
            answer = ask(address(pattern, things), headers={"X-Frame-Session": token})
            assert answer.status_code in {401, 405}
            assert MARK not in text_of(answer)
        assert all_of(acme) == before
