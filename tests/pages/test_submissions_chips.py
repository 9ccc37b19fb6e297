"""The list of submissions as people work with it: presets and chips, records, and what is new."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from tests.fixtures.product import Frame
from tests.pages.conftest import NOON
from traces.history.listing import Cursor

pytestmark = pytest.mark.django_db
LIST = "/b24/app/submissions/"
LIVE = f"{LIST}live/"


def links(page, css):
    """Text and address of the links of this class."""
    return {text: href for href, text in re.findall(rf'<a class="{css}" href="([^"]+)"[^>]*>([^<]+)</a>', page)}


def place(row):
    return str(Cursor(row.received_at, row.pk))


@pytest.mark.parametrize(
    ("preset", "found"),
    [("Not delivered", "Otto"), ("Queued", "Ines"), ("Spam", "Buy"), ("Tests", "Probe"), ("Today", "Ines")],
)
def test_a_preset_is_one_click(frame, receive, preset, found):
    names = {"Otto": "failed", "Ines": "queued", "Buy": "spam", "Probe": "test"}
    for name, state in names.items():
        receive({"name": name}, state=state, received_at=timezone.now() if name == "Ines" else NOON)
    seen = frame.get(links(frame.get(LIST).text, "chip")[preset]).text
    assert [name for name in names if f">{name}</span>" in seen] == [found]
    assert re.search(rf'aria-current="true">{preset}<', seen)


def test_what_is_asked_for_stands_in_chips_that_take_it_away(frame, receive):
    receive({"name": "Otto"}, state="failed", code="error_core")
    seen = frame.post(LIST, {"text": "otto", "state": "failed"}).text
    chips = re.findall(r'<li><form method="post" action="[^"]+">(.*?)</form></li>', seen, re.DOTALL)
    assert len(chips) == 2
    assert ('name="state" value="failed"' in chips[0], 'name="text"' in chips[0], "otto" in chips[0]) == (
        True,
        False,
        True,
    )


def test_it_finds_by_the_reason_whatever_its_code(frame, receive):
    receive({"name": "Otto"}, state="failed", code="unreachable")
    receive({"name": "Ines"}, state="failed", code="connection_error")
    receive({"name": "Anna"}, state="failed", code="error_core")
    seen = frame.get(LIST, {"reason": "connection_error"}).text
    assert [name in seen for name in ("Otto", "Ines", "Anna")] == [True, True, False]
    assert "Reason: Bitrix24 could not be reached." in seen
    assert seen.count(">Bitrix24 could not be reached.</option>") == 1


def test_a_refusal_without_a_code_is_a_reason_too(frame, receive):
    receive({"name": "Otto"}, state="failed", code="")
    receive({"name": "Ines"}, state="delivered", code="")
    seen = frame.get(LIST, {"reason": "refused"}).text
    assert ("Otto" in seen, "Ines" in seen) == (True, False)


def test_a_search_announces_what_it_found(frame, receive):
    receive({"name": "Otto"})
    told = [re.search(r"data-announce>([^<]*)<", frame.post(LIST, {"text": text}).text)[1] for text in ("otto", "ines")]
    assert told == ["Submissions found: 1", "No matches."]


def test_a_row_opens_its_record_and_is_quiet_once_delivered(frame, receive):
    receive({"name": "Otto"}, state="delivered", entities=[{"TYPE": "LEAD", "ID": 6}])
    seen = frame.get(LIST).text
    assert re.search(r'data-open-path="/crm/lead/details/6/">Lead 6<', seen)
    assert ('class="badge' in seen, '<span class="visually-hidden">Delivered</span>' in seen) == (False, True)


# --- What is new ---


def test_what_has_come_since_is_counted_once(frame, receive):
    first = receive({"name": "Otto"}, received_at=NOON)
    asked = {"counted": "1", "first": place(first)}
    assert frame.post(LIVE, asked).status_code == 204
    receive({"name": "Ines"}, received_at=NOON + timedelta(minutes=1))
    assert "1 new – show" in frame.post(LIVE, asked).text
    assert frame.post(LIVE, {**asked, "new": "1"}).status_code == 204


def test_what_does_not_match_is_not_new(frame, receive):
    first = receive({"name": "Otto"}, state="failed", received_at=NOON)
    receive({"name": "Ines"}, state="delivered", received_at=NOON + timedelta(minutes=1))
    assert frame.post(LIVE, {"counted": "1", "first": place(first), "state": "failed"}).status_code == 204


def test_a_row_under_way_is_renewed_once_it_has_ended(frame, receive):
    row = receive({"name": "Otto"}, state="sending", due_at=None)
    assert f'name="way" value="{row.pk}"' in frame.get(LIST).text
    assert frame.post(LIVE, {"way": [row.pk]}).status_code == 204
    row.state = "failed"
    row.save()
    seen = frame.post(LIVE, {"way": [row.pk]}).text
    assert re.search(rf'<template><tr id="row-{row.pk}" hx-swap-oob="true">', seen)
    assert 'name="way"' not in seen


def test_nothing_new_costs_three_queries(frame, receive, django_assert_max_num_queries):
    row = receive({"name": "Otto"}, received_at=NOON)
    with django_assert_max_num_queries(3):
        frame.post(LIVE, {"counted": "1", "first": place(row), "way": [row.pk]})


def test_another_portals_rows_are_not_renewed(client, other, receive):
    row = receive({"name": "Otto"}, state="failed")
    assert Frame(client, other).post(LIVE, {"way": [row.pk]}).status_code == 204
