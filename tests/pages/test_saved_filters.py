"""Filters of the list that a portal's administrators have saved."""

import re

import pytest

from tests.fixtures.product import Frame
from traces.models import Preferences
from traces.pages import submission_filters

pytestmark = pytest.mark.django_db
LIST = "/b24/app/submissions/"
SAVE, DELETE = f"{LIST}filters/save/", f"{LIST}filters/delete/"


def saved(portal):
    return Preferences.objects.get(portal=portal).saved_filters


def test_a_saved_filter_is_a_chip_that_asks_for_it_again(frame, acme, receive):
    receive({"name": "Otto"}, state="failed")
    assert "Filter saved." in frame.post(SAVE, {"name": "Broken", "state": "failed"}).text
    chip = re.search(
        r'<form method="post" action="[^"]+">([^<]*<input[^>]+>)\s*<button[^>]+>Broken<', frame.get(LIST).text
    )
    assert 'name="state" value="failed"' in chip[1]
    assert re.search(r'aria-current="true">Broken<', frame.post(LIST, {"state": "failed"}).text)


def test_what_was_looked_for_is_not_saved(frame, acme):
    frame.post(SAVE, {"name": "Otto's", "state": "failed", "text": "otto"})
    assert saved(acme) == {"Otto's": {"state": "failed"}}
    assert frame.post(SAVE, {"name": "Text", "text": "otto"}).status_code == 422


def test_a_saved_filter_is_deleted(frame, acme):
    for name in ("a", "b"):
        frame.post(SAVE, {"name": name, "state": "spam"})
    assert "Filter deleted." in frame.post(DELETE, {"name": "a"}).text
    assert list(saved(acme)) == ["b"]


def test_there_are_only_so_many(frame, acme, monkeypatch):
    monkeypatch.setattr(submission_filters, "MAX_SAVED", 1)
    answers = [frame.post(SAVE, {"name": name, "state": "spam"}).status_code for name in ("a", "a", "b")]
    assert (answers, list(saved(acme))) == ([200, 200, 422], ["a"])


def test_they_are_a_portals_own(client, frame, other):
    frame.post(SAVE, {"name": "Broken", "state": "failed"})
    assert "Broken" not in Frame(client, other).get(LIST).text
