"""The page "what it earns", and the switch that leaves it off."""

import json
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.fixtures.product import Frame
from traces.delivery import findable
from traces.history import erasure, json_export
from traces.models import CrmLook, CrmRecord, Preferences

pytestmark = pytest.mark.django_db


@pytest.fixture
def earn(acme, form):
    """A deal that came so many days ago by this source and campaign, won a week later unless it is told otherwise."""

    def earn(source, campaign, amount=0, semantic="S", days=20, currency="EUR"):
        numbers = findable.sources(acme.pk, [source, campaign])
        now = timezone.now()
        return CrmRecord.objects.create(
            portal=acme, form=form, record="deal", number=CrmRecord.objects.count() + 1, amount=amount,
            source_id=numbers[source], campaign_id=numbers[campaign], semantic=semantic, currency=currency,
            came_at=now - timedelta(days=days), closed_on=(now - timedelta(days=days - 7)).date(), looked_at=now,
        )  # fmt: skip

    return earn


def show(frame, days=None):
    return frame.get(reverse("earnings-figures" if days else "earnings"), {"days": days} if days else None).text


def test_the_campaign_that_earned_most_comes_first_with_its_money_and_its_days(frame, earn):
    earn("utm_source:google", "spring", 100)
    earn("utm_source:fair", "autumn", 2500)
    earn("utm_source:fair", "autumn", semantic="P")
    text = show(frame)
    campaigns = text[text.index("By campaign") : text.index("By form")]
    assert campaigns.index("autumn") < campaigns.index("spring")
    assert "2,500 EUR" in campaigns and "1 <small>50 %</small>" in campaigns
    assert "fair (UTM tag)" in text and '<td data-label="Days to win" class="number">7</td>' in text


def test_each_currency_stands_for_itself(frame, earn):
    earn("direct", "autumn", 100)
    earn("direct", "autumn", 70, currency="USD")
    assert "100 EUR<br>70 USD" in show(frame)


def test_the_days_are_chosen(frame, earn):
    earn("direct", "long ago", 100, days=200)
    assert "No leads or deals in this period." in show(frame)
    assert "long ago" in show(frame, days=365)


def test_it_shows_nothing_of_another_portal(frame, earn, other):
    earn("direct", "autumn", 100)
    CrmRecord.objects.update(portal=other)
    assert "No leads or deals yet." in show(frame)


def test_why_the_crm_could_not_be_read_is_told(frame, acme):
    CrmLook.objects.create(portal=acme, code="no_rights")
    assert "may not read leads or deals" in show(frame)


def test_it_is_read_now_when_an_administrator_wants_it(frame, acme):
    CrmLook.objects.create(portal=acme, next_at=timezone.now() + timedelta(hours=9))
    assert "within a minute" in frame.post(reverse("earnings-look")).text
    assert CrmLook.objects.get().next_at <= timezone.now()


def test_what_is_read_now_appears_by_itself_and_is_then_asked_for_no_more(frame, acme):
    CrmLook.objects.create(portal=acme, next_at=timezone.now() + timedelta(hours=9))
    assert "every 5s" in frame.post(reverse("earnings-look")).text
    CrmLook.objects.update(next_at=timezone.now() + timedelta(hours=9), began_at=None)
    assert "every 5s" not in show(frame, days=365)


def test_it_is_not_read_again_and_again(frame, acme):
    later = timezone.now() + timedelta(hours=9)
    CrmLook.objects.create(portal=acme, next_at=later, finished_at=timezone.now())
    frame.post(reverse("earnings-look"))
    assert CrmLook.objects.get().next_at == later


def test_turned_off_it_says_so_and_the_figures_are_deleted(frame, acme, earn):
    earn("direct", "autumn", 100)
    CrmLook.objects.create(portal=acme)
    frame.post(reverse("settings-crm"), {"places": "on"})
    assert (CrmRecord.objects.count(), CrmLook.objects.count(), Preferences.objects.get().earnings) == (0, 0, False)
    assert "This report is off." in show(frame)


def test_the_menu_of_the_analytics_opens_it(client, installed, portal):
    Preferences.objects.create(portal=installed, welcomed=True)
    query, body = portal.frame_post(placement="CRM_ANALYTICS_MENU")
    assert "What it earns</h1>" in client.post("/b24/app/?LANG=en&PROTOCOL=0&DOMAIN=" + query["DOMAIN"], body).text


def test_the_tabs_are_turned_off_in_the_settings(client, installed, portal):
    frame = Frame(client, installed)
    assert "Saved" in frame.post(reverse("settings-crm"), {"earnings": "on"}).text
    assert portal.placements == []


def test_a_portal_that_does_not_change_its_cards_is_told_of(client, installed, sandbox):
    sandbox.faults.add("html_502", method="placement.get")
    answer = Frame(client, installed).post(reverse("settings-crm"), {"earnings": "on"})
    assert answer.status_code == 422 and "did not change its cards" in answer.text


def test_it_asks_a_bounded_number_of_questions(frame, earn, django_assert_max_num_queries):
    for number in range(20):
        earn(f"utm_source:{number}", f"campaign {number}", 10)
    with django_assert_max_num_queries(12):
        show(frame)


def test_the_export_of_the_data_has_the_records_too(frame, earn, acme):
    earn("utm_source:fair", "autumn", 100)
    (line,) = [line for line in map(json.loads, json_export.lines(acme)) if line["kind"] == "crm_record"]
    assert (line["source"], line["campaign"], line["amount"]) == ("utm_source:fair", "autumn", "100.00")


def test_texts_of_records_outlive_the_submissions_that_had_them(frame, earn, acme):
    earn("utm_source:fair", "autumn", 100)
    erasure.erase_old_notes(timezone.now())
    assert "fair (UTM tag)" in show(frame)
