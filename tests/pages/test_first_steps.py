"""Where requests come from: the steps for each sender, and the page that waits for the first request."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.urls import reverse
from django.utils import timezone

from tests.fixtures.forms import make_form
from traces.history import statistics
from traces.intake.senders.table import BY_KEY
from traces.models import Submission
from traces.pages import start
from traces.setup import first_steps

pytestmark = pytest.mark.django_db
GUIDES = [guide for tab in first_steps.TABS for guide in tab.guides]
OWN = {"script", "tag_manager", "server"}
TEN_MINUTES_AND_MORE = 601


@pytest.fixture
def arrival(frame, form):
    """What the page is told that has waited for so many seconds."""

    def arrival(seconds=60, **asked):
        since = int((timezone.now() - timedelta(seconds=seconds)).timestamp())
        return frame.get(reverse("form-arrival", args=[form.pk]), {"since": since, **asked})

    return arrival


def steps(page):
    """The numbered steps on a page, one list for each guide."""
    lists = re.findall(r'<div class="first-steps">\s*<ol>(.*?)</ol>', page, re.DOTALL)
    return [re.findall("<li>(.*?)</li>", one, re.DOTALL) for one in lists]


# --- The steps ---


def test_each_guide_is_for_a_sender_that_is_recognised():
    assert {guide.key for guide in GUIDES} - OWN <= set(BY_KEY)


@pytest.mark.parametrize("guide", GUIDES, ids=[guide.key for guide in GUIDES])
def test_each_guide_names_the_address_once(guide):
    assert len(re.findall(r"%\((?:url|snippet)\)s", "".join(map(str, guide.steps)))) == 1


@pytest.mark.parametrize("drawing", first_steps.DRAWINGS)
def test_each_drawing_is_there_and_needs_nothing_from_elsewhere(drawing):
    path = finders.find(f"traces/steps/{drawing}.svg")
    assert path and drawing in {guide.drawing for guide in GUIDES}
    text = Path(path).read_text().replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert not re.search("style|script|href|://", text)


@pytest.mark.parametrize("page", ["codes", "start"])
def test_a_page_shows_three_steps_for_each_sender_with_the_forms_own_address(frame, form, settings, page):
    settings.APP_URL = "https://relay.example"
    text = frame.get(reverse("start") if page == "start" else reverse("form-codes", args=[form.pk])).text
    shown = steps(text)
    assert [len(one) for one in shown] == [3] * len(GUIDES)
    address = re.compile(rf"https://relay\.example/in/{form.key}(/|\.js)")
    assert all(len(address.findall("".join(one))) == 1 for one in shown)
    copied = re.findall(r'data-copy="#(copy-[\w-]+)"', text)
    assert len(set(copied)) == len(GUIDES) and all(f'<code id="{name}">' in text for name in copied)
    assert f"/in/{form.key}/?confirmation=CODE" in text


def test_every_drawing_is_described_and_every_tab_has_its_panel(frame, form):
    text = frame.get(reverse("form-codes", args=[form.pk])).text
    assert len(re.findall(r'<img [^>]*steps/[\w-]+(?:\.\w+)?\.svg" alt="[^"]{20,}"', text)) == len(GUIDES)
    tabs = re.findall(r'id="from-(\w+)" aria-controls="steps-(\w+)"', text)
    assert tabs == [(tab.key, tab.key) for tab in first_steps.TABS]
    assert all(f'id="steps-{key}" aria-labelledby="from-{key}"' in text for key, _ in tabs)


def test_only_a_server_is_shown_for_a_form_that_only_a_server_may_send_to(acme):
    assert [tab.key for tab in first_steps.tabs(make_form(acme, creates="link"))] == ["server"]


# --- Waiting ---


def test_the_page_begins_to_wait_by_itself(frame, form):
    address = reverse("form-arrival", args=[form.pk])
    assert f'hx-get="{address}" hx-trigger="load"' in frame.get(reverse("form-codes", args=[form.pk])).text
    answer = frame.get(address).text
    assert "Waiting for the first submission" in answer and "every 2s" in answer


def test_while_nothing_comes_nothing_is_said(arrival):
    assert (arrival().status_code, arrival().content) == (204, b"")


def test_what_came_before_is_not_waited_for(frame, form, make_submission):
    make_submission(received_at=timezone.now() - timedelta(hours=1))
    assert "Waiting for the next submission" in frame.get(reverse("form-arrival", args=[form.pk])).text


def test_the_first_request_ends_the_waiting_and_says_what_was_recognised(arrival, make_submission):
    body = {"name": "Ines", "phone": "+49 30 1234567", "colour": "red"}
    row = make_submission(body=body, sender="tilda", sender_form_name="Order <now>")
    answer = arrival().text
    assert "notice good" in answer and "every 2s" not in answer
    assert "A submission from Tilda has arrived." in answer and "“Order &lt;now&gt;”" in answer
    assert "Recognised: Full name, Phone." in answer and reverse("submission", args=[row.pk]) in answer


def test_a_request_without_known_fields_leads_to_the_fields(arrival, form, make_submission):
    make_submission(body={"colour": "red"})
    answer = arrival().text
    assert "A submission has arrived." in answer and reverse("form-fields", args=[form.pk]) in answer


def test_a_probe_says_that_the_connection_works_and_the_page_waits_on(arrival, make_submission):
    make_submission(state="test", due_at=None, body={})
    answer = arrival().text
    assert "Connection works" in answer and "probed=1" in answer and "every 2s" in answer
    assert arrival(probed="1").status_code == 204


def test_the_test_of_the_first_run_is_no_request(arrival, acme, make_submission):
    make_submission(body={"page_url": start.test_address(acme)}, sender="test")
    assert arrival().status_code == 204


def test_after_ten_minutes_the_page_says_how_to_go_on(arrival, form):
    answer = arrival(TEN_MINUTES_AND_MORE).text
    assert "every 2s" not in answer and "Repeat the three steps" in answer
    assert f'hx-get="{reverse("form-arrival", args=[form.pk])}"' in answer


@pytest.mark.parametrize("since", ["", "soon", "-1", "9" * 30])
def test_a_time_that_cannot_be_read_begins_anew(frame, form, since):
    assert frame.get(reverse("form-arrival", args=[form.pk]), {"since": since}).status_code in {200, 204}


# --- Where senders and probes are shown, and where they do not count ---


@pytest.mark.parametrize("page", ["list", "submission"])
def test_the_sender_and_its_form_are_shown(frame, make_submission, page):
    row = make_submission(sender="tilda", sender_form_name="Order")
    where = reverse("submissions") if page == "list" else reverse("submission", args=[row.pk])
    assert "Tilda · Order" in frame.get(where).text


def test_a_probe_is_listed_and_explained(frame, make_submission):
    row = make_submission(state="test", due_at=None, body={})
    assert '<span class="badge ">Connection works</span>' in frame.get(reverse("submissions"), {"state": "test"}).text
    assert "Nothing from this test goes to Bitrix24." in frame.get(reverse("submission", args=[row.pk])).text


def test_probes_count_in_no_figure(frame, acme, form, make_submission):
    make_submission(state="test", due_at=None, body={})
    assert Submission.objects.count() == 1
    (today,) = statistics.by_day(acme, statistics.last_days(1))
    assert today.is_empty and statistics.by_form([form.pk], 1) == {form.pk: [0]}
    assert not statistics.has_any(acme) and statistics.waiting(acme) == 0
