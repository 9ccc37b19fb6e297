"""The page of one submission: what came, how it went, why it failed; and every sentence for that."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone, translation

from tests.fixtures.product import Frame
from traces import sentences
from traces.models import Attempt, ShownState, SourceRule, Submission

pytestmark = pytest.mark.django_db
LIST = "/b24/app/submissions/"
WHO = {"name": "Ines Martin", "phone": "+7 (916) 123-45-67", "email": "ines@shop.example", "comment": "Two BIKES"}


@pytest.fixture
def came(make_submission):
    """A submission that came with this body."""

    def make(body, **facts):
        return make_submission(body=body, **facts)

    return make


def one(row):
    return f"{LIST}{row.pk}/"


def test_its_page_tells_what_came_and_the_visitors_path(frame, came):
    trace = {
        "ref": "https://www.google.com/",
        "tags": {"ts": 0, "list": {"utm_source": "google"}},
        "pages": {"list": [["https://shop.example/bikes", 1_795_500_000, "All bikes"]]},
        "device": {"isMobile": True},
        "previous": {"list": [{"ref": "https://ads.example/", "pages": {"list": []}}]},
    }
    seen = frame.get(one(came({**WHO, "colour": "red", "TRACE": trace}))).text
    for words in ("Ines Martin", "Two BIKES", "colour", "red", "https://www.google.com/", "utm_source", "All bikes"):
        assert words in seen
    assert "On a phone or a tablet" in seen
    _, former, last = re.split("An earlier visit|The visit with the submission", seen)
    assert ("https://ads.example/" in former, "All bikes" in former, "All bikes" in last) == (True, False, True)


def test_its_page_tells_which_rule_decided_and_what_the_portal_is_asked(frame, acme, came):
    SourceRule.objects.create(portal=acme, position=1, field="source", value="Fair", utm_source="fair")
    SourceRule.objects.create(portal=acme, position=2, field="any", utm_source="other")
    seen = frame.get(one(came({"source": "fair"}))).text
    assert "This rule matches and decides." in seen
    assert "An earlier rule has decided already." in seen
    assert "crm.tracking.trace.add" in seen


def test_its_page_opens_the_cards_that_the_portal_can_open(frame, came):
    made = [{"TYPE": "DEAL", "ID": 12}, {"TYPE": "QUOTE", "ID": 7}]
    seen = frame.get(one(came({}, state="delivered", trace_id=55, entities=made))).text
    assert re.findall('data-open-path="([^"]+)"', seen) == ["/crm/deal/details/12/"]
    assert ("Quote 7" in seen, "Trace 55" in seen) == (True, True)


def test_its_page_shows_the_attempts_in_their_order(frame, came):
    row = came({}, state="failed", code="error_core", params={"words": "Fill COMPANY."})
    Attempt.objects.create(submission=row, method="crm.lead.add", outcome="retry", code="timeout", milliseconds=812)
    Attempt.objects.create(submission=row, method="crm.lead.add", outcome="refused", params={"words": "Fill COMPANY."})
    seen = frame.get(one(row)).text
    assert seen.index("It could not be delivered now") < seen.index("The portal refuses it.")
    assert ("812 ms" in seen, "timeout" in seen) == (True, True)


def test_a_refused_one_says_what_happened_why_and_what_to_do(frame, came):
    row = came({}, state="failed", code="access_denied", params={"words": "No rights, <b>sorry</b>"})
    seen = frame.get(one(row)).text
    told = sentences.FAILURES["access_denied"]
    for words in (told.happened, told.why, told.todo):
        assert str(words).replace("'", "&#x27;") in seen
    assert "No rights, &lt;b&gt;sorry&lt;/b&gt;" in seen


def test_an_unknown_refusal_quotes_the_portal(frame, came):
    seen = frame.get(one(came({}, state="failed", code="moon_phase", params={"words": "Full moon"}))).text
    assert (str(sentences.UNKNOWN_FAILURE.happened) in seen, "Full moon" in seen) == (True, True)


def test_one_that_was_given_up_says_so_and_why_in_the_readers_language(client, acme, came):
    row = came({}, state="failed", code="timeout", params={"gave_up": True})
    for language in ("en", "ru"):
        seen = Frame(client, acme, language=language).get(one(row)).text
        with translation.override(language):
            told = str(sentences.GAVE_UP), str(sentences.FAILURES["timeout"].happened)
        assert [seen.count(sentence) for sentence in told] == [1, 1]


def test_a_waiting_one_says_when_it_is_tried_next(frame, came):
    row = came({}, state="queued", due_at=timezone.now() + timedelta(hours=1))
    assert "It is tried again at" in frame.get(one(row)).text


def test_one_of_a_held_portal_says_what_to_do(frame, acme, came):
    acme.state, acme.hold_code = "held", "payment_required"
    acme.save()
    assert "Renew it in Bitrix24." in frame.get(one(came({}, state="queued"))).text


def test_one_that_cannot_be_prepared_still_has_its_page(frame, came, monkeypatch):
    monkeypatch.setattr("traces.setup.rulebook.Rulebook.prepare", lambda *_: 1 / 0)
    answer = frame.get(one(came({"name": "Ines"})))
    assert (answer.status_code, "could not be prepared" in answer.text) == (200, True)


def test_its_page_takes_a_bounded_number_of_queries(frame, came, django_assert_max_num_queries):
    row = came(WHO)
    Attempt.objects.bulk_create(Attempt(submission=row, method="m", outcome="retry") for _ in range(300))
    with django_assert_max_num_queries(6):
        frame.get(one(row))


def test_what_a_visitor_sends_is_text_on_every_page(frame, came):
    row = came({"name": "<script>1</script>", "<i>x": "<b>y", "TRACE": {"url": "https://a.example/<b>z"}})
    for seen in (frame.get(LIST).text, frame.get(one(row)).text):
        assert [mark for mark in ("<script>1", "<i>x", "<b>y", "<b>z") if mark in seen] == []


def test_one_is_sent_again_from_its_page(frame, came):
    row = came({}, state="failed", due_at=None)
    assert "It is sent again." in frame.post(f"{one(row)}again/").text
    row.refresh_from_db()
    assert (row.state, row.due_at is not None) == ("queued", True)


def test_a_delivered_one_is_left_as_it_is(frame, came):
    row = came({}, state="delivered", due_at=None)
    assert frame.post(f"{one(row)}again/").status_code == 422
    row.refresh_from_db()
    assert row.state == "delivered"


def test_a_visitors_data_is_deleted_on_request(frame, came):
    row = came(WHO, state="queued")
    Attempt.objects.create(submission=row, method="m", outcome="retry")
    assert "are deleted." in frame.post(f"{one(row)}delete/").text
    assert (Submission.objects.count(), Attempt.objects.count()) == (0, 0)


def test_what_is_being_sent_is_not_deleted(frame, came):
    row = came({}, state="sending", due_at=None)
    assert frame.post(f"{one(row)}delete/").status_code == 422
    assert Submission.objects.filter(state="sending").count() == 1


ADDRESSES = ["", "again/", "delete/"]


@pytest.mark.parametrize("action", ADDRESSES)
def test_another_portals_submission_is_not_there(client, other, came, action):
    row = came(WHO, state="failed", due_at=None)
    method = Frame(client, other).post if action else Frame(client, other).get
    answer = method(f"{one(row)}{action}")
    assert (answer.status_code, "Ines" in answer.text) == (404, False)
    assert Submission.objects.get().state == "failed"


# --- Sentences ---


def test_every_state_is_shown():
    assert set(Submission.State.values) | {"held"} == set(ShownState.values)


@pytest.mark.parametrize(
    ("source", "label"),
    [
        ("utm_source:google", "google (UTM tag)"),
        ("referrer:www.bing.com", "From www.bing.com"),
        ("direct", "Direct visit"),
        ("", "Not known yet"),
    ],
)
def test_a_source_is_told_in_words(source, label):
    assert sentences.source_label(source) == label
