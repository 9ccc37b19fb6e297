"""The page of one submission: what receive, how it went, why it failed; and every sentence for that."""

import json
import re
import shlex
from datetime import timedelta
from html import unescape

import pytest
from django.utils import timezone, translation

from b24app.portal import hold
from tests.fixtures.product import Frame
from tests.pages.helpers import VISITOR
from traces import sentences
from traces.models import Attempt, ShownState, SourceRule, Submission

pytestmark = pytest.mark.django_db
LIST = "/b24/app/submissions/"


def address(row):
    return f"{LIST}{row.pk}/"


def test_its_page_tells_what_came_and_the_visitors_path(frame, receive):
    trace = {
        "ref": "https://www.google.com/",
        "tags": {"ts": 0, "list": {"utm_source": "google"}},
        "pages": {"list": [["https://shop.example/bikes", 1_795_500_000, "All bikes"]]},
        "device": {"isMobile": True},
        "previous": {"list": [{"ref": "https://ads.example/", "pages": {"list": []}}]},
    }
    seen = frame.get(address(receive({**VISITOR, "colour": "red", "TRACE": trace}))).text
    for words in ("Ines Martin", "Two BIKES", "colour", "red", "https://www.google.com/", "utm_source", "All bikes"):
        assert words in seen
    assert "Phone or tablet" in seen
    _, former, last = re.split("Earlier visit|Visit with this submission", seen)
    assert ("https://ads.example/" in former, "All bikes" in former, "All bikes" in last) == (True, False, True)


def test_its_page_tells_which_rule_decided_and_what_the_portal_is_asked(frame, acme, receive):
    SourceRule.objects.create(portal=acme, position=1, field="source", value="Fair", utm_source="fair")
    SourceRule.objects.create(portal=acme, position=2, field="any", utm_source="other")
    seen = frame.get(address(receive({"source": "fair"}))).text
    assert "This rule matches and sets the source." in seen
    assert "An earlier rule already set the source." in seen
    assert "crm.tracking.trace.add" in seen


def test_its_page_opens_the_cards_that_the_portal_can_open(frame, receive):
    made = [{"TYPE": "DEAL", "ID": 12}, {"TYPE": "QUOTE", "ID": 7}]
    seen = frame.get(address(receive({}, state="delivered", trace_id=55, entities=made))).text
    assert re.findall('data-open-path="([^"]+)"', seen) == ["/crm/deal/details/12/"]
    assert ("Quote 7" in seen, "Trace 55" in seen) == (True, True)


def test_its_page_shows_the_attempts_in_their_order(frame, receive):
    row = receive({}, state="failed", code="error_core", params={"words": "Fill COMPANY."})
    Attempt.objects.create(submission=row, method="crm.lead.add", outcome="retry", code="timeout", milliseconds=812)
    Attempt.objects.create(submission=row, method="crm.lead.add", outcome="refused", params={"words": "Fill COMPANY."})
    seen = frame.get(address(row)).text
    assert seen.index("Delivery failed") < seen.index("Bitrix24 rejected it.")
    assert ("812 ms" in seen, "timeout" in seen) == (True, True)


def test_a_refused_one_says_what_happened_why_and_what_to_do(frame, receive):
    row = receive({}, state="failed", code="access_denied", params={"words": "No rights, <b>sorry</b>"})
    seen = frame.get(address(row)).text
    told = sentences.FAILURES["access_denied"]
    for words in (told.happened, told.why, told.todo):
        assert str(words).replace("'", "&#x27;") in seen
    assert "No rights, &lt;b&gt;sorry&lt;/b&gt;" in seen


def test_an_unknown_refusal_quotes_the_portal(frame, receive):
    seen = frame.get(address(receive({}, state="failed", code="moon_phase", params={"words": "Full moon"}))).text
    assert (str(sentences.UNKNOWN_FAILURE.happened) in seen, "Full moon" in seen) == (True, True)


def test_one_that_was_given_up_says_so_and_why_in_the_readers_language(client, acme, receive):
    row = receive({}, state="failed", code="timeout", params={"gave_up": True})
    for language in ("en", "ru"):
        seen = Frame(client, acme, language=language).get(address(row)).text
        with translation.override(language):
            told = str(sentences.GAVE_UP), str(sentences.FAILURES["timeout"].happened)
        assert [seen.count(sentence) for sentence in told] == [1, 1]


def test_a_waiting_one_says_when_it_is_tried_next(frame, receive):
    row = receive({}, state="queued", due_at=timezone.now() + timedelta(hours=1))
    assert "Next attempt at" in frame.get(address(row)).text


def test_one_of_a_held_portal_says_what_to_do(frame, acme, receive):
    acme.state, acme.hold_code = "held", "payment_required"
    acme.save()
    assert "Renew it in Bitrix24." in frame.get(address(receive({}, state="queued"))).text


def test_one_that_waits_for_a_missing_method_says_what_to_do(frame, acme, receive):
    hold.hold_method(acme, "crm.quote.add", "method_missing")
    for code, told in (("method_missing", True), ("timeout", False)):
        page = frame.get(address(receive({}, state="queued", code=code, due_at=timezone.now() + timedelta(hours=1))))
        assert ("Turn on the CRM" in page.text) is told


def test_one_that_cannot_be_prepared_still_has_its_page(frame, receive, monkeypatch):
    monkeypatch.setattr("traces.setup.rulebook.Rulebook.prepare", lambda *_: 1 / 0)
    answer = frame.get(address(receive({"name": "Ines"})))
    assert (answer.status_code, "prepare this submission" in answer.text) == (200, True)


def test_its_page_takes_a_bounded_number_of_queries(frame, receive, django_assert_max_num_queries):
    row = receive(VISITOR)
    Attempt.objects.bulk_create(Attempt(submission=row, method="m", outcome="retry") for _ in range(300))
    with django_assert_max_num_queries(8):
        frame.get(address(row))


def test_what_a_visitor_sends_is_text_on_every_page(frame, receive):
    row = receive({"name": "<script>1</script>", "<i>x": "<b>y", "TRACE": {"url": "https://a.example/<b>z"}})
    for seen in (frame.get(LIST).text, frame.get(address(row)).text):
        assert [mark for mark in ("<script>1", "<i>x", "<b>y", "<b>z") if mark in seen] == []


def test_one_is_sent_again_from_its_page(frame, receive):
    row = receive({}, state="failed", due_at=None)
    assert "Sending again…" in frame.post(f"{address(row)}again/").text
    row.refresh_from_db()
    assert (row.state, row.due_at is not None) == ("queued", True)


def test_a_delivered_one_is_left_as_it_is(frame, receive):
    row = receive({}, state="delivered", due_at=None)
    assert frame.post(f"{address(row)}again/").status_code == 422
    row.refresh_from_db()
    assert row.state == "delivered"


def test_a_visitors_data_is_deleted_on_request(frame, receive):
    row = receive(VISITOR, state="queued")
    Attempt.objects.create(submission=row, method="m", outcome="retry")
    assert "were deleted." in frame.post(f"{address(row)}delete/").text
    assert (Submission.objects.count(), Attempt.objects.count()) == (0, 0)


def test_what_is_being_sent_is_not_deleted(frame, receive):
    row = receive({}, state="sending", due_at=None)
    assert frame.post(f"{address(row)}delete/").status_code == 422
    assert Submission.objects.filter(state="sending").count() == 1


ADDRESSES = ["", "again/", "delete/"]


@pytest.mark.parametrize("action", ADDRESSES)
def test_another_portals_submission_is_not_there(client, other, receive, action):
    row = receive(VISITOR, state="failed", due_at=None)
    method = Frame(client, other).post if action else Frame(client, other).get
    answer = method(f"{address(row)}{action}")
    assert (answer.status_code, "Ines" in answer.text) == (404, False)
    assert Submission.objects.get().state == "failed"


# --- Sentences ---


def test_every_state_is_shown():
    assert set(Submission.State.values) | {"held"} == set(ShownState.values)


@pytest.mark.parametrize(
    ("source", "label"),
    [
        ("utm_source:google", "google (UTM tag)"),
        ("referrer:www.bing.com", "From bing.com"),
        ("direct", "Direct visit"),
        ("", "Unknown yet"),
    ],
)
def test_a_source_is_told_in_words(source, label):
    assert sentences.source_label(source) == label


def test_what_was_asked_and_answered_is_shown_folded(frame, make_submission):
    row = make_submission(state="delivered", due_at=None)
    row.attempts.create(
        method="crm.lead.add",
        outcome="delivered",
        exchange='{"method":"crm.lead.add","asked":{"fields":{"TITLE":"text(9)"}},"answered":{"status":200,"result":17}}',
    )
    page = frame.get(f"{LIST}{row.pk}/").text
    assert "<details><summary>Request and response</summary>" in page
    assert "text(9)" in page and "&quot;result&quot;: 17" in page


def test_an_attempt_whose_exchange_is_too_old_is_shown_without_it(frame, make_submission):
    row = make_submission(state="delivered", due_at=None)
    row.attempts.create(method="crm.lead.add", outcome="delivered")
    assert "<summary>What was asked and answered" not in frame.get(f"{LIST}{row.pk}/").text


# --- Why it has its source ---


def why(page):
    """What stands under “Why this source”, tags left out."""
    return re.sub(r"\s+", " ", re.sub("<[^>]*>", "", page.split('id="why-title"', 1)[1].split("</section>", 1)[0]))


def test_one_sentence_says_why_it_has_its_source(frame, acme, receive):
    SourceRule.objects.create(portal=acme, position=1, field="utm_medium", value="cpc", utm_source="google")
    row = receive({"utm_source": "adwords", "utm_medium": "cpc", "referrer": "https://www.shop.example/"})
    told = why(frame.get(address(row)).text)
    assert "The visitor brought utm_source “adwords”, utm_medium “cpc” and came from shop.example." in told
    assert "Rule 1 set the source to “google”: utm_medium is “cpc”." in told
    assert "Bitrix24 will receive: google (UTM tag)." in told


def test_it_leads_to_the_rules_and_the_form(frame, acme, receive):
    SourceRule.objects.create(portal=acme, position=1, field="source", value="Fair", utm_source="fair")
    row = receive({"source": "Fair"})
    seen = frame.get(address(row)).text
    for link in ("/b24/app/sources/", f"/b24/app/forms/{row.form_id}/"):
        assert f'<a class="button small" href="{link}"' in seen


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({}, "The visitor brought no UTM tags and no referring website."),
        ({"referrer": "https://shop.example/"}, "The visitor came from shop.example, without UTM tags."),
        ({"utm_source": "fair"}, "The visitor brought utm_source “fair”. None of your rules matched."),
    ],
)
def test_what_the_visitor_brought_is_told(frame, receive, body, told):
    assert told in why(frame.get(address(receive(body))).text)


def test_what_was_told_stays_what_it_was_after_the_rules_have_changed(frame, acme, receive):
    row = receive({"utm_source": "fb"}, state="delivered", due_at=None, source="utm_source:facebook")
    told = why(frame.get(address(row)).text)
    assert "Bitrix24 received: facebook (UTM tag). Your rules have changed since then" in told


# --- Its neighbours, its copies, and its way while it is under way ---


def test_it_leads_to_its_neighbours(frame, receive):
    rows = [receive({"name": str(number)}, received_at=timezone.now()) for number in range(3)]
    links = [re.findall(r'(?:newer|older)/" hx-include="#filter">(\w+)<', frame.get(address(row)).text) for row in rows]
    assert links == [["Newer"], ["Newer", "Older"], ["Older"]]


def test_its_id_its_json_and_its_request_can_be_copied(frame, receive):
    row = receive({"name": "O'Neil"})
    seen = unescape(frame.get(address(row)).text)
    copied = {name: seen.split(f'id="submission-{name}">', 1)[1].split("</", 1)[0] for name in ("id", "json", "curl")}
    assert copied["id"] == str(row.pk)
    assert json.loads(copied["json"]) == {"name": "O'Neil"}
    words = shlex.split(copied["curl"].replace("\\\n", " "))
    assert (words[0], words[1].endswith(f"/in/{row.form.key}/"), json.loads(words[-1])) == ("curl", True, row.body)


@pytest.mark.parametrize(
    ("facts", "polls"),
    [
        ({}, True),
        ({"state": "sending", "due_at": None}, True),
        ({"state": "delivered", "due_at": None}, False),
        ({"due_at": timezone.now() + timedelta(days=30)}, False),
        ({"trying_since": timezone.now() - timedelta(hours=1)}, False),
    ],
)
def test_its_page_waits_for_it_while_it_is_under_way(frame, receive, facts, polls):
    row = receive(VISITOR, **facts)
    assert (f'hx-post="{address(row)}watch/"' in frame.get(address(row)).text) == polls


def test_what_has_changed_is_shown_and_nothing_until_then(frame, receive):
    row = receive(VISITOR, state="sending", due_at=None)
    before = frame.post(f"{address(row)}watch/", {"state": "sending"})
    Submission.objects.update(state="delivered")
    after = frame.post(f"{address(row)}watch/", {"state": "sending"})
    assert (before.status_code, after.status_code, "Delivered" in after.text) == (204, 200, True)
