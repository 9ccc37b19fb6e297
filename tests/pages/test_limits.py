"""How many submissions are taken: from an address, by a form; with Redis and without it."""

import json
import re
from html import unescape

import pytest
import time_machine

from b24app.pace import counters, wakeups
from tests.fixtures.forms import SECRET
from tests.pages.helpers import hidden_fields
from traces.models import Form, Submission

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("woken", "clock", "few", "from_outside")]
NOON = 1_796_000_415.0  # a quarter past a minute
PERSON = {"Accept": "text/html"}


@pytest.fixture(params=["redis", "alone"])
def clock(request):
    """Time that moves by hand, with Redis and without it."""
    if request.param == "redis":
        request.getfixturevalue("redis")
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


@pytest.fixture
def from_outside(client):
    """Requests come from another machine: this one's own are not counted by address."""
    client.defaults["REMOTE_ADDR"] = "203.0.113.7"


@pytest.fixture
def few(settings):
    """Limits that a test reaches."""
    settings.ADDRESS_BURST, settings.ADDRESS_RATE = 2, 0.1
    settings.FORM_BURST, settings.FORM_RATE = 4, 0.2


@pytest.fixture
def send(client, form):
    """Post a submission from an address; returns the status."""

    def send(address="203.0.113.7", body=None, *, to=None, **headers):
        answer = client.post(
            f"/in/{(to or form).key}/",
            {"a": 1} if body is None else body,
            content_type="application/json",
            headers=headers,
            REMOTE_ADDR=address,
        )
        return answer.status_code

    return send


def test_an_address_may_send_a_burst_and_then_learns_when_to_come_again(client, form):
    answers = [client.post(f"/in/{form.key}/", {"a": 1}, content_type="application/json") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert (answers[2]["Retry-After"], answers[2].json()["code"]) == ("10", "too_many")
    assert answers[2]["Content-Type"] == "application/problem+json"
    assert Submission.objects.count() == 2


def test_what_is_told_of_the_wait_is_true(send, clock):
    assert [send(), send(), send()] == [200, 200, 429]
    clock.shift(9.9)
    assert send() == 429
    clock.shift(0.2)
    assert [send(), send()] == [200, 429]


def test_a_program_on_this_machine_is_counted_for_the_form_alone(send):
    assert [send("127.0.0.1") for _ in range(5)] == [200, 200, 200, 200, 429]


def test_each_address_is_counted_by_itself(send):
    assert [send("203.0.113.7"), send("203.0.113.7"), send("203.0.113.8")] == [200, 200, 200]


def test_a_network_of_ipv6_is_one_address(send):
    hosts = [f"2001:db8:1:2::{n}" for n in range(3)]
    assert [*map(send, hosts), send("2001:db8:1:3::1")] == [200, 200, 429, 200]


def test_all_addresses_together_fill_the_form(send, clock):
    assert [send(f"203.0.113.{n}") for n in range(5)] == [200, 200, 200, 200, 429]
    clock.shift(5.1)
    assert send("203.0.113.9") == 200


def test_each_form_is_counted_by_itself(send, lead):
    assert [send(), send(), send(), send(to=lead)] == [200, 200, 429, 200]


def test_what_an_address_has_too_many_costs_the_form_nothing(send):
    assert [send() for _ in range(10)].count(200) == 2
    assert [send("203.0.113.8"), send("203.0.113.9"), send("203.0.113.9")] == [200, 200, 429]


@pytest.mark.parametrize("bad", [b"{" * 40, b'{"ENTITIES": [1]}'], ids=["unreadable", "forbidden"])
def test_what_is_refused_uses_nothing_up(send, bad):
    assert not {send(body=bad) for _ in range(9)} & {200, 429}
    assert [send(), send()] == [200, 200]


@pytest.mark.django_db(transaction=True)
def test_what_was_stored_before_uses_nothing_up(send):
    assert [send(**{"Idempotency-Key": "k"}) for _ in range(5)] == [200] * 5
    assert [send(body={"b": 1}, **{"Idempotency-Key": "k"}) for _ in range(5)] == [409] * 5
    assert [send(), send()] == [200, 429]


def test_who_shows_the_secret_is_not_limited_by_address(send):
    shown = {"Authorization": f"Bearer {SECRET}"}
    assert [send(**shown) for _ in range(5)] == [200, 200, 200, 200, 429]


def test_a_wrong_secret_is_no_way_around(send):
    assert {send(Authorization="Bearer x") for _ in range(3)} == {401}


def test_a_forms_own_minute_counts_for_everybody(send, clock):
    Form.objects.update(max_per_minute=1)
    shown = {"Authorization": f"Bearer {SECRET}"}
    assert [send(**shown), send(**shown), send("203.0.113.8")] == [200, 429, 429]
    clock.shift(45)
    assert send(**shown) == 200


@pytest.mark.parametrize("names", [("ADDRESS_BURST", "FORM_BURST"), ("ADDRESS_RATE", "FORM_RATE")])
def test_a_zero_is_no_limit(send, settings, names):
    for name in names:
        setattr(settings, name, 0)
    assert {send() for _ in range(12)} == {200}


def test_a_proxy_that_nobody_told_of_is_no_visitor(send):
    through = {"X-Forwarded-For": "203.0.113.1"}
    assert [send("127.0.0.1", **through) for _ in range(4)] == [200] * 4


def test_a_pages_script_can_read_when_to_come_again(post):
    answer = [post({"a": 1}, Origin="https://shop.example") for _ in range(3)][2]
    assert answer["Access-Control-Allow-Origin"] == "https://shop.example"
    assert answer["Access-Control-Expose-Headers"] == "Retry-After"
    assert json.loads(answer.content)["code"] == "too_many"


TYPED = {
    "name": 'Ines "<b>',
    "comments": "two\r\nlines & more",
    "csrf_token": "planted-token",
    "website_confirm": "",
    "TRACE": '{"url": "https://shop.example/"}',
}


@pytest.fixture
def refused(client, form, send):
    """The page that a visitor gets whose plain form is one too many."""
    send(), send()
    return client.post(
        f"/in/{form.key}/?utm_source=a%22b", TYPED, headers={**PERSON, "Referer": "https://shop.example/buy?utm_term=x"}
    )


def test_a_visitor_finds_the_fields_on_the_page(refused):
    assert (refused.status_code, refused["Retry-After"]) == (429, "10")
    kept = {name: unescape(value) for name, value in hidden_fields(refused.content.decode()).items()}
    assert kept == {
        **{k: v for k, v in TYPED.items() if k != "csrf_token"},
        "page_url": "https://shop.example/buy?utm_term=x",
    }
    assert "planted-token" not in refused.content.decode() and "<b>" not in refused.content.decode()


def test_send_again_brings_what_was_typed(client, form, refused, clock):
    form.origins = ["https://shop.example"]
    form.save()
    page = refused.content.decode()
    fields = {name: unescape(value) for name, value in hidden_fields(page).items()}
    address = unescape(re.search(r'<form method="post" action="([^"]+)"', page)[1])
    clock.shift(10.1)
    ours = {**PERSON, "Origin": "http://127.0.0.1:8000", "Referer": f"http://127.0.0.1:8000/in/{form.key}/"}
    assert client.post(address, fields, headers=ours).status_code == 303
    body = Submission.objects.order_by("received_at").last().body
    assert (body["name"], body["page_url"]) == ('Ines "<b>', "https://shop.example/buy?utm_term=x")


def test_the_button_may_lead_to_the_sites_own_page(refused):
    assert "form-action https: http:" in refused["Content-Security-Policy"]


def test_the_page_is_in_the_visitors_language(client, form, send):
    send(), send()
    answer = client.post(f"/in/{form.key}/", TYPED, headers={**PERSON, "Accept-Language": "ru"})
    assert "Отправить снова" in answer.content.decode()


def test_more_than_a_page_should_hold_is_not_kept(client, form, send):
    send(), send()
    answer = client.post(f"/in/{form.key}/", {"comments": "x" * 70_000}, headers=PERSON)
    assert (answer.status_code, "Go back in your browser" in answer.content.decode()) == (429, True)
    assert len(answer.content) < 10_000


def test_addresses_stay_unknown_to_redis(request, send):
    send("203.0.113.7")
    if "redis" not in request.fixturenames:
        return
    keys = b" ".join(wakeups.connection().keys())
    assert b"203.0.113" not in keys


def test_a_wake_up_is_asked_for_in_the_same_question(redis, form, monkeypatch):
    asked = []
    run = wakeups.connection().execute_command
    monkeypatch.setattr(wakeups.connection(), "execute_command", lambda *a, **k: asked.append(a[0]) or run(*a, **k))
    limit = counters.Limit("x", 5, 1.0)
    counters.take([limit], wakes=form.portal_id)
    asked.clear()
    assert counters.take([limit], wakes=form.portal_id).is_first is False
    assert asked == ["EVALSHA"]
    assert not wakeups.first_to_wake(form.portal_id)


@pytest.mark.parametrize("rate", [0.1, 0.0])
def test_what_is_given_back_is_not_counted(clock, rate):
    limit = counters.Limit("x", 1, rate)
    assert not counters.take([limit]).full
    counters.give_back([limit])
    assert not counters.take([limit]).full
    assert counters.take([limit]).full


def test_a_process_by_itself_forgets_the_oldest_of_very_many(monkeypatch):
    monkeypatch.setattr(counters.Local, "MAX_KEYS", 10)
    alone = counters.Local()
    for n in range(50):
        alone.take([counters.Limit(f"x{n}", 1, 0.1)], NOON)
    assert len(alone._values) == 10
