"""A form's captcha: what each answer of its provider makes of a submission, and what never leaves the intake."""

import json
import re
from urllib.parse import parse_qs

import pytest
from django.db import connection

from tests.fixtures.forms import SECRET
from tests.fixtures.odd_servers import OK, serving
from traces.intake import captcha
from traces.models import Submission
from traces.setup import embed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("woken")]
KEY_PAIR = {"captcha_site_key": "site-key", "captcha_secret": "planted-secret"}
PASSED, DUPLICATE = {"success": True}, {"success": False, "error-codes": ["timeout-or-duplicate"]}


class Provider:
    """What the provider answers next, and what it was asked."""

    def __init__(self):
        self.says, self.asked = PASSED, []

    def answer(self, connection, asked, over):
        length = int(re.search(rb"Content-Length: (\d+)", asked)[1])
        while len(asked.partition(b"\r\n\r\n")[2]) < length:
            asked += connection.recv(65536)
        body = asked.partition(b"\r\n\r\n")[2].decode()
        self.asked.append({name: values[0] for name, values in parse_qs(body).items()})
        text = self.says if isinstance(self.says, bytes) else json.dumps(self.says).encode()
        connection.sendall(OK + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(text) + text)


@pytest.fixture
def provider(settings, monkeypatch):
    """All providers, in a server on this machine."""
    settings.B24_ALLOW_INSECURE_PORTALS = True
    monkeypatch.setattr(captcha, "_resting_until", {})
    fake = Provider()
    with serving(fake.answer) as port:
        for name, one in captcha.PROVIDERS.items():
            there = captcha.Provider(one.field, f"http://127.0.0.1:{port}/{name}")
            monkeypatch.setitem(captcha.PROVIDERS, name, there)
        yield fake


@pytest.fixture
def guarded(form, provider):
    """A form with a captcha."""

    def guarded(name="turnstile"):
        for field, value in {"captcha": name, **KEY_PAIR}.items():
            setattr(form, field, value)
        form.save()
        return form

    guarded()
    return guarded


def row():
    return Submission.objects.get()


FIELDS = [
    ("turnstile", "cf-turnstile-response"),
    ("hcaptcha", "h-captcha-response"),
    ("recaptcha", "g-recaptcha-response"),
]


@pytest.mark.parametrize(("name", "field"), [*FIELDS, *[(name, "_captcha") for name, _ in FIELDS]])
def test_a_good_token_lets_a_submission_pass_and_is_no_part_of_it(guarded, provider, post, name, field):
    guarded(name)
    assert post({"name": "Ines", field: "token-of-the-visit"}).status_code == 200
    assert (row().state, row().body, row().repairs) == ("queued", {"name": "Ines"}, [])
    site = {"sitekey": "site-key"} if name == "hcaptcha" else {}
    assert provider.asked == [{"secret": "planted-secret", "response": "token-of-the-visit", **site}]


@pytest.mark.parametrize("fields", [{}, {"_captcha": ""}, {"_captcha": ["a"]}, {"h-captcha-response": "of another"}])
def test_without_a_token_of_its_own_it_is_kept_and_not_sent(guarded, provider, post, fields):
    answer = post({"name": "Ines", **fields})
    assert (row().state, row().code, row().body) == ("spam", "spam", {"name": "Ines"})
    assert (answer.json()["status"], provider.asked) == ("queued", [])


@pytest.mark.parametrize(
    "says",
    [DUPLICATE, {"success": False}, {"success": False, "error-codes": ["invalid-input-response"]}],
)
def test_a_token_that_is_refused_puts_it_aside(guarded, provider, post, says):
    provider.says = says
    post({"name": "Ines", "_captcha": "token"})
    assert (row().state, row().code) == ("spam", "spam")


@pytest.mark.parametrize(("score", "state"), [(0.9, "queued"), (0.5, "queued"), (0.3, "spam"), (None, "spam")])
def test_version_three_goes_by_its_score(guarded, provider, post, score, state):
    guarded("recaptcha3")
    provider.says = {"success": True, "score": score, "action": "submit"}
    post({"name": "Ines", "_captcha": "token"})
    assert row().state == state


@pytest.mark.parametrize(
    "says",
    [
        b"<html>away</html>",
        b"[]",
        b'{"success": "yes"}',
        {"success": False, "error-codes": ["invalid-input-secret"]},
        {"success": False, "error-codes": ["internal-error"]},
    ],
)
def test_a_provider_that_cannot_say_loses_nothing(guarded, provider, post, says):
    provider.says = says
    post({"name": "Ines", "_captcha": "token"})
    assert (row().state, row().repairs) == ("queued", ["captcha_unverified"])


def test_a_provider_that_is_away_is_left_alone_for_a_while(guarded, provider, post):
    provider.says = b"away"
    for number in range(3):
        post({"name": f"Ines {number}", "_captcha": "token"})
    assert len(provider.asked) == 1
    assert Submission.objects.filter(state="queued").count() == 3


def test_a_provider_that_never_ends_holds_nobody(guarded, provider, post, monkeypatch):
    monkeypatch.setattr(captcha, "SECONDS", 0.2)
    provider.answer_slowly = lambda connection, asked, over: over.wait(5)
    with serving(provider.answer_slowly) as port:
        there = captcha.Provider("cf-turnstile-response", f"http://127.0.0.1:{port}/")
        monkeypatch.setitem(captcha.PROVIDERS, "turnstile", there)
        post({"name": "Ines", "_captcha": "token"})
    assert (row().state, row().repairs) == ("queued", ["captcha_unverified"])


def test_few_wait_for_a_provider_at_the_same_time(guarded, provider, post, monkeypatch):
    monkeypatch.setattr(captcha, "_waiting", captcha.threading.BoundedSemaphore(1))
    with captcha._waiting:
        answer = post({"name": "Ines", "_captcha": "token"})
    assert (answer.status_code, answer["Retry-After"], provider.asked) == (429, "2", [])
    assert post({"name": "Ines", "_captcha": "token"}).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_a_repeated_request_needs_no_second_token(guarded, provider, post):
    first = post({"name": "Ines", "_captcha": "token"}, **{"Idempotency-Key": "once"})
    provider.says = DUPLICATE
    again = post({"name": "Ines", "_captcha": "token"}, **{"Idempotency-Key": "once"})
    other = post({"name": "Bot", "_captcha": "token"}, **{"Idempotency-Key": "twice"})
    assert first.json()["id"] == again.json()["id"] != other.json()["id"]
    assert Submission.objects.get(pk=other.json()["id"]).code == "spam"


def test_a_server_with_the_forms_secret_needs_no_token(guarded, provider, post):
    post({"name": "Ines"}, Authorization=f"Bearer {SECRET}")
    assert (row().state, provider.asked) == ("queued", [])


def test_a_form_without_one_asks_nobody_and_keeps_no_token(provider, post):
    post({"name": "Ines", "cf-turnstile-response": "token", "_captcha": "token"})
    assert (row().state, row().body, provider.asked) == ("queued", {"name": "Ines"}, [])


def test_neither_the_secret_nor_the_token_is_logged(guarded, provider, post, caplog):
    caplog.set_level("DEBUG")
    provider.says = {"success": False, "error-codes": ["invalid-input-secret"]}
    post({"name": "Ines", "_captcha": "planted-token"})
    assert "invalid-input-secret" in caplog.text and "planted" not in caplog.text


def test_the_script_has_it_only_where_the_form_does(client, form, guarded):
    assert '"captcha": ["turnstile", "site-key"]' in client.get(f"/in/{form.key}.js").text
    assert "planted-secret" not in client.get(f"/in/{form.key}.js").text
    guarded("")
    without = client.get(f"/in/{form.key}.js").text
    assert "challenges.cloudflare.com" not in without and "google.com/recaptcha" not in without


@pytest.mark.parametrize(("name", "shows"), [("turnstile", True), ("recaptcha3", False), ("", False)])
def test_the_code_of_a_plain_form_shows_it(guarded, name, shows):
    html = next(one.text for one in embed.examples(guarded(name)) if one.id == "html")
    assert ('<div class="cf-turnstile" data-sitekey="site-key"></div>' in html) is shows


# --- The page of the form's settings ------------------------------------------------------------

CHOSEN = {
    "name": "Orders",
    "creates": "lead",
    "active": "1",
    "repeats": "new",
    "join_repeats_minutes": "10",
    "captcha": "hcaptcha",
    "captcha_site_key": "site-key",
}


@pytest.fixture
def save(frame, form):
    """What the page answers to what an administrator typed."""
    return lambda **typed: frame.post(f"/b24/app/forms/{form.pk}/", {**CHOSEN, **typed})


def stored(form):
    form.refresh_from_db()
    return form.captcha, form.captcha_site_key, form.captcha_secret


def test_an_administrator_chooses_one(save, form):
    assert save(captcha_secret="planted-secret").status_code == 200
    assert stored(form) == ("hcaptcha", "site-key", "planted-secret")


def test_the_secret_is_never_shown_and_stays_unless_another_is_typed(save, form, frame):
    save(captcha_secret="planted-secret")
    assert "planted-secret" not in frame.get(f"/b24/app/forms/{form.pk}/").text
    save(captcha_site_key="other")
    assert stored(form) == ("hcaptcha", "other", "planted-secret")


def test_without_a_captcha_no_key_is_kept(save, form):
    save(captcha_secret="planted-secret")
    save(captcha="")
    assert stored(form) == ("", "", "")


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({}, "captcha_secret"),
        ({"captcha_site_key": "", "captcha_secret": "a"}, "captcha_site_key"),
        ({"captcha_site_key": "a b", "captcha_secret": "a"}, "captcha_site_key"),
        ({"captcha": "another", "captcha_secret": "a"}, "captcha"),
    ],
)
def test_what_cannot_work_is_refused_beside_its_field(save, form, typed, field):
    answer = save(**typed)
    assert answer.status_code == 422 and f'id="form-{field}_error"' in answer.text
    assert stored(form)[0] == ""


def test_the_secret_is_not_readable_in_the_database(save, form):
    save(captcha_secret="planted-secret")
    with connection.cursor() as cursor:
        cursor.execute("SELECT captcha_secret FROM traces_form")
        assert "planted" not in cursor.fetchone()[0]
