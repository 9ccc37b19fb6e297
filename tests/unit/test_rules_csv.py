"""The file of a portal's source rules."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traces.compose import sources
from traces.compose.sources import Rule
from traces.setup import rules, rules_csv

TEXTS = st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), max_size=20)
RULES = st.builds(
    Rule,
    id=st.just(0),
    field=st.sampled_from([field for field in sources.FIELDS if field != sources.ANY]),
    operator=st.sampled_from(sources.OPERATORS),
    value=TEXTS,
    utm_source=TEXTS.map(str.strip),
    crm_source=TEXTS.map(str.strip),
    crm_description=TEXTS.map(str.strip),
    active=st.booleans(),
).filter(lambda rule: not sources.fault(rule) and (rule.operator != "empty" or not rule.value))


@given(st.lists(RULES, max_size=5))
def test_what_is_written_is_read_as_the_same(listed):
    assert rules_csv.read(rules_csv.write(listed)) == (listed, [])


def test_no_cell_begins_like_a_formula():
    text = rules_csv.write([Rule(0, "source", "equals", "=1+1", "fb")])
    assert "'=1+1" in text


def test_a_spreadsheets_semicolons_are_read():
    found, faults = rules_csv.read("match;how;value;utm_source\nsource;;Fair;google\n")
    assert (found, faults) == ([Rule(0, "source", "equals", "Fair", "google")], [])


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", (1, "no_head")),
        ("a,b\n1,2\n", (1, "no_head")),
        ("match,value,utm_source\nsource,x,y\nsource,,y\n", (3, "value_missing")),
        ("match,value,utm_source\nany,,y\nany,,z\n", (3, "second_default")),
        ("match,value,utm_source\n" + "source,x,y\n" * (rules.MAX_RULES + 1), (rules.MAX_RULES + 2, "too_many")),
        ("match,value\n" + "x" * rules_csv.MAX_SIZE, (1, "too_large")),
        ("match,value\n" + "x" * 140_000, (2, "unreadable")),
    ],
)
def test_what_is_wrong_is_told_by_its_line(text, fault):
    assert rules_csv.read(text)[1][0] == fault


@pytest.mark.parametrize("also_known", [True, False])
def test_a_default_rule_keeps_its_tick(also_known):
    default = Rule(0, "any", "equals", "", "fb", also_known=also_known)
    assert rules_csv.read(rules_csv.write([default])) == ([default], [])


def test_a_file_of_before_overwrites_known_sources_as_before():
    assert rules_csv.read("match,value,utm_source\nany,,y\n")[0][0].also_known


def test_an_empty_field_needs_no_value():
    found, faults = rules_csv.read("match,how,value,utm_source\nutm_source,empty,x,y\n")
    assert (found, faults) == ([Rule(0, "utm_source", "empty", "", "y")], [])


def test_the_default_rule_needs_no_value():
    found, _ = rules_csv.read("match,value,utm_source\nAny,whatever,y\n")
    assert found == [replace(found[0], field="any", value="")]


def test_a_file_without_the_column_has_its_rules_on():
    assert rules_csv.read("match,value,utm_source\nsource,x,y\n")[0][0].active
