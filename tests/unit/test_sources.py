"""The facts of a submission that rules look at, what no rule matched, and which rules may be stored."""

import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.fixtures.rules import DEFAULT, rule
from traces.compose import sources, trace
from traces.compose.matching import Matcher
from traces.compose.sources import Facts

EMPTY = {"device": {"isMobile": False}, "pages": {"list": []}, "previous": {"list": []}}


def from_trace(body=None, **parts):
    """The facts of a submission whose clean trace has these parts."""
    return sources.facts("key", "Shop", body or {}, {**EMPTY, **parts})


def test_facts_come_from_the_clean_trace_of_a_submission():
    tracker = {
        "url": "https://www.shop.example:8443/cart?x=1",
        "ref": "https://www.google.com/search",
        "tags": {"list": {"UTM_SOURCE": "google", "utm_medium": "cpc", "utm_campaign": "autumn"}},
    }
    clean = trace.prepare({"TRACE": tracker}, 0).trace
    assert sources.facts("key", "Shop", {"Source": " partner "}, clean, "6", ["gclid"]) == Facts(
        form=("key", "Shop"),
        source="partner",
        source_id="6",
        utm_source="google",
        utm_medium="cpc",
        utm_campaign="autumn",
        referrer="google.com",
        page_host="shop.example",
        page_path="/cart",
        click_ids=("gclid",),
    )


def test_nothing_known_is_no_fault():
    assert sources.facts("", "", {}, {}) == Facts()


@pytest.mark.parametrize(
    ("value", "text"), [(6, "6"), (True, ""), (None, ""), (["x"], ""), ("a\0b\ud800", "a\ufffdb?")]
)
def test_a_source_is_a_text_that_can_be_stored(value, text):
    assert from_trace({"SOURCE": value}).source == text


def test_without_an_address_the_newest_page_counts():
    pages = [["https://a.example/new", 30], ["https://a.example/old", 10], ["https://a.example/newest", 30]]
    assert from_trace(pages={"list": pages}).page_path == "/newest"


@pytest.mark.parametrize(
    ("url", "host", "path"),
    [
        ("https://shop.example", "shop.example", "/"),
        ("https://SHOP.example./A%20b", "shop.example", "/A b"),
        ("https://xn--e1afmkfd.xn--p1ai/%D0%B0", "пример.рф", "/а"),
        ("https://xn--a/", "xn--a", "/"),
        ("http://[", "", ""),
        ("/cart", "", ""),
    ],
)
def test_host_and_path_are_as_a_person_reads_them(url, host, path):
    facts = from_trace(url=url)
    assert (facts.page_host, facts.page_path) == (host, path)


CAME = Facts(
    source="s", source_id="6", utm_source="fb", referrer="vk.ru", page_host="shop.example", click_ids=("gclid",)
)


@pytest.mark.parametrize("rules", [[], [rule()], [rule(), DEFAULT]])
def test_what_no_rule_took_is_told(rules):
    assert sources.unmatched(Matcher(rules).match(CAME), CAME, ()) == (
        ("source", "s"),
        ("source_id", "6"),
        ("utm_source", "fb"),
        ("referrer", "vk.ru"),
        ("click_id", "gclid"),
    )


def test_what_a_rule_took_is_not_told():
    assert sources.unmatched(Matcher([rule("page_host", "shop.example")]).match(CAME), CAME, ()) == ()


@pytest.mark.parametrize(("known", "count"), [("fb", 0), ("FB", 5)])
def test_what_the_portal_knows_by_itself_is_not_told(known, count):
    assert len(sources.unmatched(None, CAME, {known})) == count


def test_a_source_that_is_not_there_is_not_known():
    assert sources.unmatched(None, Facts(source="s"), {""}) == (("source", "s"),)


def test_a_long_value_is_told_in_short():
    ((_, value),) = sources.unmatched(None, Facts(source="s" * 255), ())
    assert len(value) == sources.MAX_LENGTH


RULES = [rule(id=1), rule(id=2), DEFAULT]


@pytest.mark.parametrize(
    ("new", "position", "expected"),
    [(rule(), None, 2), (rule(), 1, 0), (rule(), 2, 1), (rule(), 9, 2), (rule("any"), None, 3), (rule("any"), 1, 3)],
)
def test_a_new_rule_stands_before_the_default_one(new, position, expected):
    assert sources.place(RULES, new, position) == expected


@pytest.mark.parametrize(
    "good",
    [
        rule(),
        DEFAULT,
        rule(utm_source="", crm_source="ADV"),
        rule(value="x" * 200),
        rule("page_path", "*/cart", "wildcard"),
        rule("page_path", "cart", "contains"),
        rule("referrer", "^https?/", "regex"),
        rule("referrer", "www.google.com"),
    ],
)
def test_a_good_rule_has_no_fault(good):
    assert sources.fault(good) == ""


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (rule("colour"), sources.FIELD_UNKNOWN),
        (rule(operator="almost"), sources.OPERATOR_UNKNOWN),
        (rule(value="  "), sources.VALUE_MISSING),
        (rule(utm_source="", crm_source=" ", crm_description="x"), sources.RESULT_MISSING),
        (rule("any", "", utm_source=""), sources.RESULT_MISSING),
        (rule(value="x" * 201), sources.TOO_LONG),
        (rule(crm_description="x" * 201), sources.TOO_LONG),
        (rule(value="a\0"), sources.NOT_PRINTABLE),
        (rule(value="\ud800"), sources.NOT_PRINTABLE),
        (rule("referrer", "https://www.google.com/"), sources.NOT_A_HOST),
        (rule("page_path", "cart"), sources.NOT_A_PATH),
        (rule("page_path", "/cart?x=1"), sources.NOT_A_PATH),
        (rule("page_path", "cart*", "wildcard"), sources.NOT_A_PATH),
        (rule(operator="regex", value="(a"), sources.NOT_A_REGEX),
        (rule(operator="regex", value=r"(a)\1"), sources.NOT_A_REGEX),
        (rule(operator="regex", value="(?=a)"), sources.NOT_A_REGEX),
        (rule(operator="regex", value=r"(\pL{50}){20}"), sources.NOT_A_REGEX),
    ],
)
def test_a_rule_that_cannot_be_stored_says_why(bad, why):
    assert sources.fault(bad) == why
    assert why in sources.FAULTS


@given(st.text(string.printable, max_size=12) | st.text(st.characters(exclude_categories=[]), max_size=12))
@example("a{1000}{1000}")
def test_no_expression_is_more_than_a_fault(value):
    assert sources.fault(rule(operator="regex", value=value)) in ("", *sources.FAULTS)
