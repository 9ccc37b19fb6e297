"""The overview."""

import html
import re
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from b24app.pace import usage
from tests.fixtures.forms import make_form
from tests.fixtures.portals import make_portal
from tests.fixtures.product import Frame
from traces.delivery import findable, unmatched
from traces.models import Preferences, Unmatched

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def with_redis(redis):
    """The figures come from it, too."""


def show(frame):
    return frame.get(reverse("overview")).text


@pytest.fixture
def unheard(acme):
    week = unmatched.monday(timezone.now())
    facts = {"field": "utm_source", "value": "unheard-of", "count": 3, "last_at": timezone.now()}
    return Unmatched.objects.create(portal=acme, week=week, **facts)


def test_without_a_form_it_leads_to_the_first_one(frame):
    assert reverse("start") in show(frame)


def test_with_a_form_and_nothing_sent_it_says_so(frame, form):
    assert "No submissions yet" in show(frame)


def test_what_failed_today_is_told_in_the_first_line(frame, make_submission):
    make_submission(state="failed", due_at=None, code="error_core")
    assert "1 submission was not delivered today." in show(frame)


def test_spam_is_no_trouble(frame, make_submission):
    make_submission(state="spam", due_at=None, code="spam")
    assert "was not delivered today" not in show(frame)


def test_a_held_portal_is_told_in_the_first_line(frame, acme, make_submission):
    make_submission()
    acme.state, acme.hold_code = "held", "payment_required"
    acme.save()
    answer = show(frame)
    assert "has expired" in answer and reverse("health") in answer


def test_a_value_that_no_rule_knows_has_a_button(frame, unheard):
    assert "unheard-of" in show(frame) and reverse("source-new") in show(frame)


def test_a_viewer_sees_figures_and_nothing_of_a_visitor(client, acme, make_submission, unheard):
    make_submission(body={"name": "Ines"})
    Preferences.objects.create(portal=acme, viewers=True)
    answer = show(Frame(client, acme, admin=False))
    assert "Queued now" in answer
    assert [
        word for word in ("Ines", "unheard-of", reverse("source-new"), reverse("submissions")) if word in answer
    ] == []


@pytest.mark.parametrize(("days", "shown"), [("90", 90), ("14", 14), ("1000000", 14), ("7", 7)])
def test_the_days_are_chosen(frame, make_submission, days, shown):
    make_submission()
    answer = frame.get(reverse("overview-figures"), {"days": days}).text
    assert f"Submissions in {shown} days" in answer


def test_the_choice_of_days_is_in_the_readers_language(client, acme, make_submission):
    make_submission()
    assert "30 дней" in Frame(client, acme, language="ru").get(reverse("overview")).text


def test_it_asks_a_bounded_number_of_questions(frame, make_submission, django_assert_max_num_queries):
    for number in range(20):
        make_submission(state="delivered", source=f"utm_source:{number}")
    with django_assert_max_num_queries(16):
        show(frame)


@pytest.mark.parametrize(("used", "told"), [(120, False), (400, True)])
def test_limits_are_told_only_where_the_portal_is_close_to_one(frame, make_submission, monkeypatch, used, told):
    make_submission()
    method = usage.Method("crm.lead.add", used, 480, timezone.now())
    monkeypatch.setattr(usage, "of", lambda *_: usage.Usage(0, 50, [method]))
    assert ("API usage" in show(frame)) is told
    assert "API usage" in frame.get(reverse("health")).text


def test_each_day_of_the_chart_leads_to_what_came_on_it(frame, make_submission):
    now = timezone.now()
    make_submission(received_at=now, body={"name": "Ines"})
    make_submission(received_at=now - timedelta(days=3), body={"name": "Otto"})
    day = timezone.localdate().isoformat()
    (link,) = re.findall(rf'<a href="([^"]+)" id="day-{day}"', show(frame))
    answer = frame.get(html.unescape(link)).text
    assert ("Ines" in answer, "Otto" in answer) == (True, False)


def test_what_failed_today_leads_to_todays_failures(frame, make_submission):
    make_submission(state="failed", due_at=None, code="error_core", body={"name": "Ines"})
    late = timezone.now() - timedelta(days=3)
    make_submission(state="failed", due_at=None, code="error_core", body={"name": "Otto"}, received_at=late)
    (link,) = re.findall(r'id="line-link" href="([^"]+)"', show(frame))
    answer = frame.get(html.unescape(link)).text
    assert ("Ines" in answer, "Otto" in answer) == (True, False)


def test_a_website_is_named_without_www(frame, make_submission):
    make_submission(state="delivered", source="referrer:www.bing.com")
    assert ">bing.com</a> <small>website</small>" in show(frame)


def test_a_marketer_sees_campaigns_with_their_trend(frame, make_submission):
    facts = {"state": "delivered", "source": "utm_source:google", "medium": "cpc", "campaign": "spring-sale"}
    for days in (0, 1, 2, 15, 16):
        make_submission(received_at=timezone.now() - timedelta(days=days), **facts)
    answer = show(frame)
    assert [
        word for word in ("spring-sale", "cpc", "+50 %", ">google</a> <small>UTM tag</small>") if word not in answer
    ] == []


def test_a_row_leads_to_its_submissions_and_its_address_holds_nothing_typed(frame, make_submission):
    make_submission(state="delivered", source="direct", campaign="spring-sale", body={"name": "Ines"})
    make_submission(state="delivered", source="direct", body={"name": "Otto"})
    (link,) = re.findall(r'href="([^"]+)">spring-sale</a>', show(frame))
    assert "spring-sale" not in link
    answer = frame.get(html.unescape(link)).text
    assert ("Ines" in answer, "Otto" in answer) == (True, False)


def test_a_row_without_a_campaign_leads_to_those_that_have_none(frame, make_submission):
    make_submission(state="delivered", source="direct", campaign="spring-sale", body={"name": "Ines"})
    make_submission(state="delivered", source="direct", body={"name": "Otto"})
    links = re.findall(r'href="([^"]+campaign=-[^"]*)"', show(frame))
    answer = frame.get(html.unescape(links[0])).text
    assert ("Ines" in answer, "Otto" in answer) == (False, True)


def test_a_number_of_another_portals_source_asks_for_nothing(frame, make_submission):
    foreign = findable.sources(make_portal("globex").pk, ["theirs"])["theirs"]
    make_submission(state="delivered", source="direct", body={"name": "Ines"})
    assert "theirs" not in frame.get(reverse("submissions"), {"campaign": foreign}).text


def test_days_of_ones_own_are_chosen(frame, make_submission):
    make_submission(received_at=datetime(2026, 3, 5, 12, tzinfo=UTC))
    asked = {"days": "dates", "since": "2026-03-01", "until": "2026-03-10"}
    assert "Submissions in 10 days. Delivered: 0, queued: 1" in frame.get(reverse("overview-figures"), asked).text


def test_dates_in_the_wrong_order_are_told(frame, make_submission):
    make_submission()
    asked = {"days": "dates", "since": "2026-03-10", "until": "2026-03-01"}
    assert "The end date is before the start date." in frame.get(reverse("overview-figures"), asked).text


def test_the_figures_are_those_of_the_form_that_is_chosen(frame, acme, form, make_submission):
    make_submission(state="delivered", source="direct")
    make_submission(form=make_form(acme), state="delivered", source="direct")
    answer = frame.get(reverse("overview-figures"), {"days": "7", "form": form.pk}).text
    assert "Submissions in 7 days. Delivered: 1," in answer
