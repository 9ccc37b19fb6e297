"""Source rules: the first that matches decides, whatever a visitor sent and whatever an administrator wrote."""

import fnmatch
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fixtures.rules import DEFAULT, rule
from traces.compose import sources
from traces.compose.matching import Matcher, explain
from traces.compose.sources import Facts, Rule


def matches(rule, **facts):
    return Matcher([rule]).match(Facts(**facts)) is rule


@pytest.mark.parametrize(
    ("operator", "value", "text", "expected"),
    [
        ("equals", "Partner", "pARTNER", True),
        ("equals", "STRASSE", "straße", True),
        ("equals", " partner ", "partner", True),
        ("equals", "partner", "partners", False),
        ("contains", "ART", "partner", True),
        ("contains", "part-", "partner", False),
        ("wildcard", "P?RT*", "partner", True),
        ("wildcard", "part", "partner", False),
        ("wildcard", "[ab]", "a", False),
        ("wildcard", "[AB]*", "[ab]c", True),
        ("wildcard", "a*b", "a\nb", True),
        ("regex", "^part", "partner", True),
        ("regex", "rtn", "partner", True),
        ("regex", "^Part", "partner", False),
        ("regex", "(?i)^Part", "partner", True),
        ("regex", "^партнёр.$", "партнёр1", True),
        ("regex", "(", "(", False),
        ("regex", "^a.b$", "a\ud800b", True),
    ],
)
def test_a_value_is_compared_as_the_rule_says(operator, value, text, expected):
    assert matches(rule(operator=operator, value=value), source=text) is expected


@pytest.mark.parametrize("field", [field for field in sources.FIELDS if field not in ("form", "click_id", "any")])
def test_each_field_is_looked_at(field):
    assert matches(rule(field), **{field: "shop"})
    assert not matches(rule(field), **{name: "shop" for name in Facts.__slots__[1:-1] if name != field})


@pytest.mark.parametrize("value", ["k3y", "Our shop"])
def test_a_form_is_known_by_its_key_or_its_name(value):
    assert matches(rule("form", value), form=("k3y", "Our shop"))


@pytest.mark.parametrize(
    ("field", "brought"), [("utm_source", "fair"), ("referrer", "news.example"), ("click_id", "gclid")]
)
def test_a_rule_may_ask_for_an_empty_field(field, brought):
    facts = {"click_ids": (brought,)} if field == "click_id" else {field: brought}
    empty = rule(field, "", "empty")
    assert (matches(empty), matches(empty, **facts), sources.fault(empty)) == (True, False, "")


def test_a_form_is_never_empty():
    assert sources.fault(rule("form", "", "empty")) == sources.OPERATOR_UNKNOWN


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, True),
        ({"utm_medium": "cpc"}, True),
        ({"utm_source": "google"}, False),
        ({"referrer": "news.example", "page_host": "shop.example"}, False),
        ({"referrer": "shop.example", "page_host": "shop.example"}, True),
    ],
)
def test_a_default_rule_may_leave_known_sources_alone(facts, expected):
    only_unknown = replace(DEFAULT, also_known=False)
    assert matches(only_unknown, **facts) is expected
    assert explain([only_unknown], Facts(**facts))[0].because == ("default" if expected else "known")


def test_one_click_id_of_several_is_enough():
    assert matches(rule("click_id", "yclid"), click_ids=("gclid", "yclid"))


def test_the_default_rule_needs_nothing():
    assert matches(DEFAULT)


@pytest.mark.parametrize("field", sources.HOSTS)
@pytest.mark.parametrize(
    ("operator", "value"),
    [
        ("equals", "google.com"),
        ("equals", "www.Google.com"),
        ("wildcard", "www.google.*"),
        ("wildcard", "*.google.com"),
        ("wildcard", "google.*"),
        ("contains", "google"),
        ("regex", r"^www\.google\.com$"),
        ("regex", r"^google\.com$"),
    ],
)
def test_www_before_a_host_does_not_count(field, operator, value):
    assert matches(rule(field, value, operator), **{field: "google.com"})


def test_a_host_may_be_written_in_either_alphabet():
    assert matches(rule("referrer", "xn--e1afmkfd.xn--p1ai"), referrer="пример.рф")


@pytest.mark.parametrize("operator", [operator for operator in sources.OPERATORS if operator != "empty"])
def test_what_did_not_come_matches_nothing(operator):
    assert not matches(rule(value="*" if operator == "wildcard" else "", operator=operator))


def test_the_first_rule_that_matches_decides():
    first, second = rule(value="x*", operator="wildcard", id=1), rule(value="xy", id=2)
    assert Matcher([rule(id=3), first, second, DEFAULT]).match(Facts(source="xy")) is first


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+$", "(.*a){20}$", "^(([a-z])+.)+[A-Z]([a-z])+$"])
@pytest.mark.timeout(5)
def test_no_expression_can_stop_a_worker(pattern):
    assert not matches(rule(operator="regex", value=pattern), source="a" * 50_000 + "b")


@pytest.mark.timeout(5)
def test_no_wildcard_can_stop_a_worker():
    assert not matches(rule(operator="wildcard", value="*a" * 100 + "c"), source="a" * 50_000 + "b")


letters = st.text("aAbß[]!-*?.\n", max_size=8)


@given(letters, letters)
def test_a_wildcard_is_what_a_shell_understands(value, text):
    pattern = value.strip().casefold().replace("[", "[[]")
    expected = bool(text) and fnmatch.fnmatchcase(text.casefold(), pattern)
    assert matches(rule(operator="wildcard", value=value), source=text) is expected


@given(letters, letters, letters)
def test_a_star_stands_for_anything(before, between, after):
    assert matches(rule(operator="wildcard", value=f"x{before}*{after}x"), source=f"x{before}{between}{after}x")


any_text = st.text(st.characters(exclude_categories=[]), max_size=12)
short = st.sampled_from(["a", "ab", "b", "A*", "?", "^a", "("]) | any_text
any_rule = st.builds(
    Rule,
    id=st.integers(),
    field=st.sampled_from(sources.FIELDS),
    operator=st.sampled_from(sources.OPERATORS),
    value=short,
    also_known=st.booleans(),
)
any_facts = st.builds(
    Facts,
    form=st.tuples(short, short),
    click_ids=st.lists(short, max_size=3).map(tuple),
    **{name: st.just("") | short for name in Facts.__slots__[1:-1]},
)


@given(st.lists(any_rule, max_size=6), any_facts)
def test_the_explanation_agrees_with_the_match(rules, facts):
    explained = explain(rules, facts)
    assert [reason.rule for reason in explained] == rules
    matched = Matcher(rules).match(facts)
    assert [reason.rule for reason in explained if reason.matched] == ([matched] if matched else [])


def naively(rule, facts):
    """Whether a rule matches, as one would say it without a thought for speed."""
    if rule.field == sources.ANY:
        return rule.also_known or not (facts.utm_source or facts.referrer not in ("", facts.page_host))
    texts = {"form": facts.form, "click_id": facts.click_ids}.get(rule.field) or (getattr(facts, rule.field, ""),)
    if rule.field in sources.HOSTS:
        texts = [text for host in texts if host for text in (host, f"www.{host}")]
    if rule.operator == "empty":
        return not any(texts)
    value = rule.value.strip().casefold()
    if rule.field in sources.HOSTS and rule.operator == "equals":
        value = value.rstrip(".").removeprefix("www.")
    compare = {
        "equals": lambda text: text.casefold() == value,
        "contains": lambda text: value in text.casefold(),
        "wildcard": lambda text: fnmatch.fnmatchcase(text.casefold(), value.replace("[", "[[]")),
        "regex": lambda text: re.search(rule.value, text) is not None,
    }[rule.operator]
    return any(compare(text) for text in texts if text)


plain = st.text("abc.*? ", max_size=4)
plain_rule = st.builds(
    Rule,
    id=st.integers(1, 9),
    field=st.sampled_from(sources.FIELDS),
    operator=st.sampled_from([*sources.OPERATORS[:3], "empty"]),
    value=plain,
    also_known=st.booleans(),
) | st.builds(
    Rule,
    id=st.integers(1, 9),
    field=st.sampled_from(sources.FIELDS),
    operator=st.just("regex"),
    value=st.sampled_from(["a+", "^b", "c$", "a|b", "^$", "[ab]{2}"]),
)
plain_facts = st.builds(
    Facts,
    form=st.tuples(plain, plain),
    click_ids=st.lists(plain, max_size=3).map(tuple),
    **{name: st.just("") | plain for name in Facts.__slots__[1:-1]},
)


@given(st.lists(plain_rule, max_size=30), st.lists(plain_facts, min_size=10, max_size=20))
def test_the_matcher_finds_what_a_naive_one_does(rules, many):
    matcher = Matcher(rules)
    for facts in many:
        assert matcher.match(facts) == next((rule for rule in rules if naively(rule, facts)), None)


@given(st.lists(any_rule, max_size=6), any_facts)
def test_what_comes_after_the_match_changes_nothing(rules, facts):
    matched = Matcher(rules).match(facts)
    assert Matcher([*rules, DEFAULT]).match(facts) is (matched or DEFAULT)


@given(any_rule)
def test_a_rule_that_may_be_stored_can_be_used(rule):
    rule = replace(rule, utm_source="fb")
    if not sources.fault(rule):
        assert explain([rule], Facts())[0].because != "unusable"


def test_an_explanation_says_what_came_and_why_it_was_not_enough():
    rules = [
        rule("utm_source", "vk"),
        rule("source", "shop"),
        rule("source", "(", "regex"),
        rule("click_id", "gclid"),
        rule("form", "key"),
        rule("form", "key"),
    ]
    facts = Facts(form=("key", "Shop"), source="x", click_ids=("yclid", "fbclid"))
    assert [(reason.because, reason.found) for reason in explain(rules, facts)] == [
        ("no_value", ""),
        ("differs", "x"),
        ("unusable", "x"),
        ("differs", "yclid, fbclid"),
        ("matches", "Shop"),
        ("after_match", "Shop"),
    ]


def test_the_default_rule_is_explained_as_such():
    assert explain([DEFAULT], Facts())[0].because == "default"


@pytest.mark.slow
def test_expressions_that_are_too_large_together_are_searched_one_by_one():
    rules = [rule(operator="regex", value=rf"^{number}x\pL{{40}}$", id=number) for number in range(100)]
    assert [sources.fault(large) for large in rules] == [""] * 100
    assert Matcher(rules).match(Facts(source="42x" + "я" * 40)) is rules[42]
    assert Matcher(rules).match(Facts(source="42x")) is None
