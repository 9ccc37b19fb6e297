"""Many source rules: found, counted, turned off, duplicated, and brought back after they were removed."""

import re
from datetime import timedelta
from urllib.parse import urlencode

import pytest
import time_machine
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone

from b24app.api import errors
from tests.pages.helpers import hidden_fields
from traces import sentences
from traces.models import SourceRule, Submission
from traces.pages import source_undo
from traces.setup import rulebook, rules

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_remembered():
    cache.clear()


@pytest.fixture
def three(acme):
    """Three rules of acme's."""
    facts = [("fair", "WEB"), ("spring", ""), ("partner", "PARTNER")]
    return rules.replace(
        acme, [SourceRule(field="source", value=value, utm_source="ads", crm_source=crm) for value, crm in facts]
    )


def values(portal):
    rows = list(portal.source_rules.all())
    assert [row.position for row in rows] == list(range(1, len(rows) + 1))
    return [row.value for row in rows]


def send(frame, name, **typed):
    """Post a form as it stands on the page."""
    return frame.client.post(
        reverse(name), urlencode(typed), "application/x-www-form-urlencoded", headers=frame.headers
    )


def list_of(frame):
    return frame.get(reverse("source-rules")).text


def test_rules_are_found_by_any_of_their_texts(frame, three):
    for text, number in (("SPRING", 1), ("partner", 1), ("ads", 3), ("nothing", 0)):
        answer = frame.post(reverse("source-rules"), {"find": text}).text
        assert answer.count('<li id="rule-') == number


def test_what_is_found_is_not_moved(frame, three):
    answer = frame.post(reverse("source-rules"), {"find": "spring"}).text
    assert "1 rule contains “spring”." in answer and reverse("source-move", args=[three[1].pk]) not in answer


def test_of_many_that_are_found_the_first_are_shown(frame, acme):
    rules.replace(acme, [SourceRule(field="source", value=f"v{n}", utm_source="y") for n in range(60)])
    answer = frame.post(reverse("source-rules"), {"find": "v"}).text
    assert "60 rules contain “v”. The first 50 are shown." in answer


def test_a_rule_says_how_often_it_matched_lately(frame, three, acme, make_submission):
    now = timezone.now()
    for days in (0, 3, 31):
        make_submission(state="delivered", rule=three[0], received_at=now - timedelta(days=days))
    answer = list_of(frame)
    assert "2 matches in 30 days, the last on" in answer and answer.count("No matches in 30 days") == 2


def test_another_portals_submissions_are_not_counted(frame, three, other, make_submission):
    make_submission(state="delivered", rule=three[0])
    Submission.objects.update(portal=other)
    assert list_of(frame).count("No matches in 30 days") == 3


def test_a_rule_is_turned_off_and_on(frame, three, acme):
    off = frame.post(reverse("source-switch", args=[three[0].pk])).text
    assert "Rule turned off." in off and "Turn on rule 1" in off
    assert [rule.value for rule in rulebook.load(acme.pk).rules] == ["spring", "partner"]
    assert "Rule turned on." in frame.post(reverse("source-switch", args=[three[0].pk]), {"active": "on"}).text
    assert len(rulebook.load(acme.pk).rules) == 3


def test_an_edited_rule_stays_off(frame, three, acme):
    rules.switch(acme, three[0].pk, active=False)
    typed = {"field": "source", "operator": "equals", "value": "else", "utm_source": "ads"}
    frame.post(reverse("source-edit", args=[three[0].pk]), typed)
    assert acme.source_rules.values_list("value", "active")[0] == ("else", False)


def test_a_rule_that_is_gone_is_not_turned(frame, three, acme):
    acme.source_rules.all().delete()
    assert frame.post(reverse("source-switch", args=[three[0].pk])).status_code == 404


def test_a_duplicate_goes_behind_its_original(frame, three, acme):
    begun = frame.get(reverse("source-new"), {"like": three[0].pk}).text
    assert 'value="fair"' in begun and hidden_fields(begun)["position"] == "2"
    typed = {"field": "source", "operator": "equals", "value": "fair 2", "utm_source": "ads", "position": "2"}
    frame.post(reverse("source-add"), typed)
    assert values(acme) == ["fair", "fair 2", "spring", "partner"]


def test_a_new_rule_begins_above_the_others(frame, three):
    page = frame.get(reverse("source-new")).text
    assert page.index('class="begun"') < page.index('class="rules"')


def test_a_removed_rule_comes_back_to_its_place_under_its_number(frame, three, acme):
    rules.switch(acme, three[1].pk, active=False)
    undo = hidden_fields(frame.post(reverse("source-remove", args=[three[1].pk])).text)["undo"]
    assert values(acme) == ["fair", "partner"]
    for _ in range(2):  # a second click changes nothing
        assert "The rule is back." in send(frame, "source-undo", undo=undo).text
    assert [(row.pk, row.active) for row in acme.source_rules.all()] == [(row.pk, row != three[1]) for row in three]


def test_after_a_minute_it_is_gone_for_good(frame, three, acme):
    undo = hidden_fields(frame.post(reverse("source-remove", args=[three[1].pk])).text)["undo"]
    with time_machine.travel(timezone.now() + timedelta(seconds=90)):
        answer = send(frame, "source-undo", undo=undo)
    assert (answer.status_code, "for a minute only" in answer.text, len(values(acme))) == (422, True, 2)


@pytest.mark.parametrize("name", ["source-undo", "source-import-undo"])
def test_what_the_page_did_not_give_brings_nothing_back(frame, three, acme, other, name):
    for undo in ("", "x", source_undo.token(other, [three[0]])):
        assert "for a minute only" in send(frame, name, undo=undo).text
    assert len(values(acme)) == 3


FILE = "match,value,utm_source,active\nsource,spring,ads,\nsource,new,ads,no\n"


def test_an_import_asks_with_numbers_first(frame, three, acme):
    answer = send(frame, "source-import", text=FILE)
    assert answer.status_code == 200 and "Replace 3 rules with 2" in answer.text
    assert reverse("source-export") in answer.text and values(acme) == ["fair", "spring", "partner"]


def test_without_rules_it_asks_nothing(frame, acme):
    assert "Rules imported." in send(frame, "source-import", text=FILE).text
    assert list(acme.source_rules.values_list("value", "active")) == [("spring", True), ("new", False)]


def test_an_imported_rule_that_was_there_keeps_its_number(frame, three, acme):
    send(frame, "source-import", text=FILE, sure="1")
    assert acme.source_rules.get(value="spring").pk == three[1].pk


def test_an_import_is_taken_back(frame, three, acme):
    undo = hidden_fields(send(frame, "source-import", text=FILE, sure="1").text)["undo"]
    assert "The former rules are back." in send(frame, "source-import-undo", undo=undo).text
    assert list(acme.source_rules.all()) == three and values(acme) == ["fair", "spring", "partner"]


def test_what_was_changed_since_the_import_stays(frame, three, acme):
    undo = hidden_fields(send(frame, "source-import", text=FILE, sure="1").text)["undo"]
    rules.add(acme, SourceRule(field="source", value="later", utm_source="ads"))
    assert "have changed since the import" in send(frame, "source-import-undo", undo=undo).text
    assert values(acme) == ["spring", "new", "later"]


def test_the_list_has_the_crms_names_once_they_are_known(frame, three, answers):
    assert "CRM source WEB" in list_of(frame)
    answers.say({"result": [{"STATUS_ID": "WEB", "NAME": "Website"}]})
    part = frame.post(reverse("source-crm-names"), {"at": "1"}).text
    assert f'id="given-{three[0].pk}" hx-swap-oob="true">utm_source ads, CRM source Website<' in part
    later = list_of(frame)
    assert "CRM source Website" in later and reverse("source-crm-names") not in later


def test_where_the_crm_does_not_answer_codes_stay(frame, three, answers):
    answers.fail(errors.Transient("unreachable"))
    answer = frame.post(reverse("source-crm-names"), {"at": "1"})
    assert (answer.status_code, answer.text) == (200, "")


def test_a_description_like_the_name_is_said_once(acme):
    row = SourceRule(field="source", value="x", crm_source="WEB", crm_description="Website")
    assert sentences.given(row.rule(), "Website") == "CRM source Website"


def test_a_utm_source_that_is_not_known_is_marked(frame, three, acme):
    acme.known_values.create(field="utm_source", value="google")
    assert list_of(frame).count("Not among your utm_source names") == 3
    acme.known_values.create(field="utm_source", value="ads")
    assert "Not among" not in list_of(frame)


def test_the_list_needs_no_inline_script_or_style(frame, three):
    assert not re.search(r"style=|onclick=|<script", list_of(frame))
