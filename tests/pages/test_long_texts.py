"""A text without a space, however long, makes no page wider: it is cut at sixty letters, and breaks where it must."""

import re

import pytest

from tests.fixtures.forms import make_form
from tests.pages.helpers import rule_of_style
from traces.models import SourceRule

pytestmark = pytest.mark.django_db
APP = "/b24/app/"
LONG = "W" * 180


def longest_word(page: str) -> int:
    """The length of the longest word that a reader sees."""
    main = page.split("<main", 1)[1]
    text = re.sub(r"<option.*?</option>|<code id=.*?</code>|<[^>]*>", " ", main, flags=re.DOTALL)
    return max(len(word) for word in text.split())


@pytest.fixture
def long_form(acme):
    """A form whose name is one long word."""
    return make_form(acme, name=LONG[:100])


def test_a_long_name_is_cut_in_the_list_and_whole_in_its_title(frame, long_form, receive):
    receive({"name": LONG, "email": f"{LONG[:60]}@shop.example"}, sender_form_name=LONG)
    page = frame.get(f"{APP}submissions/").text
    assert f'title="{LONG}">{"W" * 59}…' in page
    assert longest_word(page) <= 60


def test_a_long_source_is_cut(frame, receive):
    receive({"name": "Ines"}, state="delivered", due_at=None, source=LONG)
    assert longest_word(frame.get(f"{APP}submissions/").text) <= 60
    assert longest_word(frame.get(f"{APP}overview/").text) <= 60


def test_a_long_form_is_cut_in_the_list_of_forms(frame, long_form):
    assert longest_word(frame.get(f"{APP}forms/").text) <= 60


def test_a_long_value_of_a_rule_is_cut(frame, acme):
    facts = dict.fromkeys(("value", "utm_source", "crm_source", "crm_description"), LONG)
    SourceRule.objects.create(portal=acme, position=1, field="utm_source", **facts)
    assert longest_word(frame.get(f"{APP}sources/").text) <= 60


def test_every_cell_may_break_its_text():
    assert rule_of_style("td") == "overflow-wrap:anywhere"


def test_the_columns_of_the_list_do_not_depend_on_what_visitors_type():
    assert "table-layout:fixed" in rule_of_style(".submissions")
