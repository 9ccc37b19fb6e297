"""What a rule would have changed is told before it is saved."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from traces.history import rule_effect
from traces.models import Form, SourceRule, Submission

pytestmark = pytest.mark.django_db
WEBSITE = {"field": "any", "utm_source": "website"}


@pytest.fixture
def came(acme):
    """Store a submission from a page with this query."""
    form = Form.objects.create(portal=acme, name="Effect", creates="trace")

    def came(query="", **facts):
        body = {"page_url": f"https://shop.example/{query}"}
        return Submission.objects.create(portal=acme, form=form, body=body, body_hash="", **facts)

    return came


def plain(answer):
    """The text of an answer, without its tags."""
    return re.sub(r"<[^>]*>", "", answer)


def test_a_rule_tells_what_it_would_have_changed_and_is_not_stored(frame, acme, came):
    came("?utm_source=google"), came("?utm_source=google"), came()
    answer = frame.post(reverse("source-effect"), {**WEBSITE, "also_known": "on"}).text
    assert "would have changed 3 of 3 submissions" in answer
    assert "google → website (2)" in plain(answer) and "No source → website (1)" in plain(answer)
    assert not acme.source_rules.exists()


def test_everything_else_without_its_tick_changes_what_is_unknown(frame, came):
    came("?utm_source=google"), came()
    assert "changed 1 of 2 submissions" in frame.post(reverse("source-effect"), WEBSITE).text


def test_a_changed_rule_is_compared_with_itself_as_it_is(frame, acme, came):
    came("?utm_source=google")
    row = SourceRule.objects.create(portal=acme, position=1, field="utm_source", value="google", utm_source="ads")
    typed = {"field": "utm_source", "operator": "equals", "value": "google"}
    url = reverse("source-effect", args=[row.pk])
    assert "changed 0 of 1 submission" in frame.post(url, {**typed, "utm_source": "ads"}).text
    assert "ads → AdWords" in plain(frame.post(url, {**typed, "utm_source": "AdWords"}).text)


def test_tests_old_ones_and_emptied_ones_are_left_out(frame, acme, came):
    came(state="test"), came(received_at=timezone.now() - timedelta(days=15)), came(emptied_at=timezone.now())
    assert rule_effect.effect(acme, SourceRule(field="any", utm_source="x")).total == 0


def test_only_the_newest_are_read(acme, came, monkeypatch):
    monkeypatch.setattr(rule_effect, "MAX_SUBMISSIONS", 2)
    came(), came(), came()
    assert rule_effect.effect(acme, SourceRule(field="any", utm_source="x")).total == 2


def test_a_rule_that_lacks_something_says_what(frame):
    answer = frame.post(reverse("source-effect"), {"field": "utm_source", "operator": "equals", "value": "x"})
    assert (answer.status_code, "utm_source or CRM source to set" in answer.text) == (200, True)


def test_another_portals_submissions_do_not_count(acme, other, came):
    came()
    assert rule_effect.effect(other, SourceRule(field="any", utm_source="x")).total == 0


def test_of_more_than_can_be_read_the_newest_are_told(frame, came, monkeypatch):
    monkeypatch.setattr(rule_effect, "MAX_SUBMISSIONS", 2)
    came(), came(), came()
    assert "changed 2 of the newest 2 submissions" in frame.post(reverse("source-effect"), WEBSITE).text


def test_spam_is_not_compared(acme, came):
    came(state="spam")
    assert rule_effect.effect(acme, SourceRule(field="any", utm_source="x")).total == 0


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        (
            {"field": "utm_campaign", "operator": "contains", "value": "spring", "utm_source": "spring-2026"},
            "When utm_campaign contains “spring”, set utm_source spring-2026.",
        ),
        (
            {"field": "utm_source", "operator": "empty", "crm_source": "WEB", "crm_description": "Fair"},
            "When utm_source is empty, set CRM source WEB (Fair).",
        ),
        (WEBSITE, "came from no other website, set utm_source website."),
        ({**WEBSITE, "also_known": "on"}, "also where the visitor&#x27;s source is known."),
    ],
)
def test_a_rule_is_said_in_words_while_it_is_typed(frame, typed, words):
    assert words in frame.post(reverse("source-words"), typed).text


def test_half_a_rule_is_not_said(frame):
    assert not plain(frame.post(reverse("source-words"), {"field": "utm_source", "operator": "equals"}).text).strip()


def test_what_half_a_rule_lacks_is_not_said_while_it_is_typed(frame):
    answer = frame.post(reverse("source-effect"), {"field": "utm_source", "quiet": "1"})
    assert (answer.status_code, plain(answer.text).strip()) == (200, "")
