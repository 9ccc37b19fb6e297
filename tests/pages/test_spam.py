"""What keeps spam away: the field that no person sees."""

import pytest
from django.core.management import call_command
from django.utils import timezone

from tests.fixtures.forms import SECRET
from traces.compose.submitted import honeypot_of
from traces.compose.visitor import HONEYPOT, recognise
from traces.models import Submission

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("woken")]
FILLED = {"name": "Buy now", HONEYPOT: "https://spam.example"}


@pytest.fixture
def careful(form):
    """A form that looks at the field that no person sees."""
    form.honeypot = True
    form.save()
    return form


def test_who_fills_in_what_no_person_sees_is_kept_and_not_sent(post, careful, woken):
    post(FILLED)
    row = Submission.objects.get()
    assert (row.state, row.code, row.due_at, woken) == ("spam", "spam", None, [])
    assert row.body == FILLED
    assert row.params == {} and "looks like spam" in row.reason


def test_each_form_has_a_name_of_its_own_for_it(post, careful, lead):
    assert honeypot_of(careful.key) != honeypot_of(lead.key)
    post({"name": "Buy now", honeypot_of(careful.key): "https://spam.example"})
    post({"name": "Ines", honeypot_of(lead.key): "https://shop.example"})
    assert {(row.code, row.body["name"]) for row in Submission.objects.all()} == {("spam", "Buy now"), ("", "Ines")}


def test_its_own_name_is_none_of_a_visitors_either(careful):
    assert recognise({"name": "Ines", honeypot_of(careful.key): "https://spam.example"}).rest == ()


@pytest.mark.parametrize(("told", "code"), [("0.4", "spam"), ("2.0", ""), (None, ""), ("soon", ""), ("nan", "")])
def test_what_comes_too_soon_after_a_page_was_opened_is_kept_and_not_sent(post, form, told, code):
    form.min_seconds = 2
    form.save()
    post({"name": "Ines", **({"_seconds": told} if told else {})})
    row = Submission.objects.get()
    assert (row.code, row.body) == (code, {"name": "Ines"})


def test_the_script_tells_the_time_where_the_form_asks(client, form):
    asks = '"timed": true'
    assert asks not in client.get(f"/in/{form.key}.js").text
    form.min_seconds = 2
    form.save()
    assert asks in client.get(f"/in/{form.key}.js").text


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
    assert client.get(address, headers={"Authorization": f"Bearer {SECRET}"}).json()["status"] == "spam"


@pytest.mark.parametrize("value", ["", "  ", None])
def test_the_field_left_empty_is_a_persons(post, careful, value):
    post({"name": "Ines", HONEYPOT: value})
    assert Submission.objects.get().state == "queued"


def test_a_form_that_does_not_look_takes_it(post):
    post(FILLED)
    assert Submission.objects.get().state == "queued"


def test_an_operator_sends_it_only_by_its_own_name(post, careful):
    post(FILLED)
    call_command("submissions_retry")
    assert Submission.objects.get().state == "spam"
    call_command("submissions_retry", "--state", "spam")
    row = Submission.objects.get()
    assert (row.state, row.code) == ("queued", "")
    assert row.due_at <= timezone.now()


def test_the_field_is_none_of_a_visitors(careful):
    assert recognise(FILLED).rest == ()
