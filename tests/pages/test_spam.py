"""What keeps spam away: the field that no person sees, and the most submissions in a minute."""

import json
import time

import pytest
import redis as redis_client
import time_machine
from django.core.management import call_command
from django.utils import timezone

from b24app.pace import wakeups
from tests.fixtures.forms import SECRET
from tests.fixtures.redis import NOWHERE
from traces.compose.visitor import HONEYPOT, recognise
from traces.intake import spam
from traces.models import Form, Submission

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("woken")]
FILLED = {"name": "Buy now", HONEYPOT: "https://spam.example"}


@pytest.fixture
def careful(form):
    """A form that looks at the field that no person sees."""
    form.honeypot = True
    form.save()
    return form


@pytest.fixture
def minute():
    """The beginning of a minute that no run has counted in: the Redis may be one that stays."""
    return 60 * (time.time_ns() // 1000 % 10**8)


def test_who_fills_in_what_no_person_sees_is_kept_and_not_sent(post, careful, woken):
    post(FILLED)
    row = Submission.objects.get()
    assert (row.state, row.code, row.due_at, woken) == ("failed", "spam", None, [])
    assert row.body == FILLED
    assert row.params == {} and "looks like spam" in row.reason


def test_it_is_answered_like_any_other(post, careful):
    answer = post(FILLED)
    assert (answer.status_code, answer.json()["status"]) == (200, "queued")


def test_it_is_answered_like_any_other_of_a_held_portal(post, careful):
    careful.portal.state = "held"
    careful.portal.save()
    assert post(FILLED).json()["status"] == "held"


def test_a_plain_form_ends_on_the_thank_you_page_too(client, careful):
    answer = client.post(f"/in/{careful.key}/", FILLED, headers={"Accept": "text/html"})
    assert (answer.status_code, answer["Location"]) == (303, f"/in/{careful.key}/thanks/")


def test_who_holds_the_secret_learns_what_became_of_it(client, post, careful):
    address = f"/in/{careful.key}/{post(FILLED).json()['id']}/"
    assert client.get(address, headers={"Authorization": f"Bearer {SECRET}"}).json()["status"] == "failed"


@pytest.mark.parametrize("value", ["", "  ", None])
def test_the_field_left_empty_is_a_persons(post, careful, value):
    post({"name": "Ines", HONEYPOT: value})
    assert Submission.objects.get().state == "queued"


def test_a_form_that_does_not_look_takes_it(post):
    post(FILLED)
    assert Submission.objects.get().state == "queued"


def test_an_administrator_can_send_it_all_the_same(post, careful):
    post(FILLED)
    call_command("submissions_retry")
    row = Submission.objects.get()
    assert (row.state, row.code) == ("queued", "")
    assert row.due_at <= timezone.now()


def test_the_field_is_none_of_a_visitors(careful):
    assert recognise(FILLED).rest == ()


def test_a_submission_too_many_learns_when_to_come_again(redis, minute, post, form):
    Form.objects.update(max_per_minute=2)
    with time_machine.travel(minute + 15, tick=False):
        answers = [post({"a": 1}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2]["Content-Type"] == "application/problem+json"
    assert 0 < int(answers[2]["Retry-After"]) <= 60
    assert Submission.objects.count() == 2


def test_the_next_minute_begins_anew(redis, minute, form):
    form.max_per_minute = 1
    with time_machine.travel(minute + 35, tick=False):
        assert (spam.wait(form), spam.wait(form)) == (0, 25)
    with time_machine.travel(minute + 60, tick=False):
        assert spam.wait(form) == 0


def test_each_form_is_counted_by_itself(redis, minute, form, other):
    form.max_per_minute = 1
    another = Form(pk=form.pk + 1, portal=other, max_per_minute=1)
    with time_machine.travel(minute, tick=False):
        assert (spam.wait(form), spam.wait(another)) == (0, 0)


def test_what_was_counted_does_not_stay(redis):
    name = f"test:{timezone.now().timestamp()}"
    assert (wakeups.count(name, 120), wakeups.count(name, 120)) == (1, 2)
    assert 0 < redis.ttl(f"{wakeups.PREFIX}count:{name}") <= 120


def test_without_a_limit_nothing_is_counted(form, monkeypatch):
    monkeypatch.setattr(wakeups, "count", lambda *given: pytest.fail("counted"))
    assert spam.wait(form) == 0


def test_with_redis_away_everything_is_taken(settings, post, form):
    settings.REDIS_URL = NOWHERE
    Form.objects.update(max_per_minute=1)
    assert [post({"a": 1}).status_code for _ in range(3)] == [200, 200, 200]


def test_an_absent_redis_is_left_alone_for_a_while(monkeypatch):
    asked = []

    def connection():
        asked.append(1)
        raise redis_client.ConnectionError

    monkeypatch.setattr(wakeups, "connection", connection)
    assert (wakeups.count("x", 120), wakeups.count("x", 120), len(asked)) == (0, 0, 1)


def test_a_pages_script_can_read_when_to_come_again(redis, minute, post, form):
    Form.objects.update(max_per_minute=1)
    with time_machine.travel(minute + 15, tick=False):
        answer = [post({"a": 1}, Origin="https://shop.example") for _ in range(2)][1]
    assert answer["Access-Control-Expose-Headers"] == "Retry-After"
    assert json.loads(answer.content)["code"] == "too_many"
