"""Source rules: the first that matches decides, whatever a visitor sent and whatever an administrator wrote."""

import fnmatch
import re
import string
from dataclasses import replace
from fnmatch import fnmatchcase

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from traces.compose import sources, trace
from traces.compose.sources import Facts, Rule

EMPTY = {"device": {"isMobile": False}, "pages": {"list": []}, "previous": {"list": []}}


def rule(field="source", value="shop", how="equals", **more):
    return Rule(**{"id": 1, "field": field, "how": how, "value": value, "utm_source": "fb", **more})


DEFAULT = rule("any", "", id=99)


def matches(rule, **facts):
    return sources.match([rule], Facts(**facts)) is rule


def from_trace(body=None, **given):
    """The facts of a submission whose clean trace has these parts."""
    return sources.facts("key", "Shop", body or {}, {**EMPTY, **given})


def test_facts_come_from_the_clean_trace_of_a_submission():
    given = {
        "url": "https://www.shop.example:8443/cart?x=1",
        "ref": "https://www.google.com/search",
        "tags": {"list": {"UTM_SOURCE": "google", "utm_medium": "cpc", "utm_campaign": "autumn"}},
    }
    clean = trace.prepare({"TRACE": given}, 0).trace
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
    ("given", "kept"), [(6, "6"), (True, ""), (None, ""), (["x"], ""), ("a\0b\ud800", "a\ufffdb?")]
)
def test_a_source_is_a_text_that_can_be_stored(given, kept):
    assert from_trace({"SOURCE": given}).source == kept


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
    found = from_trace(url=url)
    assert (found.page_host, found.page_path) == (host, path)


@pytest.mark.parametrize(
    ("how", "value", "text", "expected"),
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
def test_a_value_is_compared_as_the_rule_says(how, value, text, expected):
    assert matches(rule(how=how, value=value), source=text) is expected


@pytest.mark.parametrize("field", [field for field in sources.FIELDS if field not in ("form", "click_id", "any")])
def test_each_field_is_looked_at(field):
    assert matches(rule(field), **{field: "shop"})
    assert not matches(rule(field), **{name: "shop" for name in Facts.__slots__[1:-1] if name != field})


@pytest.mark.parametrize("value", ["k3y", "Our shop"])
def test_a_form_is_known_by_its_key_or_its_name(value):
    assert matches(rule("form", value), form=("k3y", "Our shop"))


def test_one_click_id_of_several_is_enough():
    assert matches(rule("click_id", "yclid"), click_ids=("gclid", "yclid"))


def test_the_default_rule_needs_nothing():
    assert matches(DEFAULT)


@pytest.mark.parametrize("field", sources.HOSTS)
@pytest.mark.parametrize(
    ("how", "value"),
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
def test_www_before_a_host_does_not_count(field, how, value):
    assert matches(rule(field, value, how), **{field: "google.com"})


def test_a_host_may_be_written_in_either_alphabet():
    assert matches(rule("referrer", "xn--e1afmkfd.xn--p1ai"), referrer="пример.рф")


@pytest.mark.parametrize("how", sources.HOWS)
def test_what_did_not_come_matches_nothing(how):
    assert not matches(rule(value="*" if how == "wildcard" else "", how=how))


def test_the_first_rule_that_matches_decides():
    first, second = rule(value="x*", how="wildcard", id=1), rule(value="xy", id=2)
    assert sources.match([rule(id=3), first, second, DEFAULT], Facts(source="xy")) is first


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+$", "(.*a){20}$", "^(([a-z])+.)+[A-Z]([a-z])+$"])
@pytest.mark.timeout(5)
def test_no_expression_can_stop_a_worker(pattern):
    assert not matches(rule(how="regex", value=pattern), source="a" * 50_000 + "b")


@pytest.mark.timeout(5)
def test_no_wildcard_can_stop_a_worker():
    assert not matches(rule(how="wildcard", value="*a" * 100 + "c"), source="a" * 50_000 + "b")


letters = st.text("aAbß[]!-*?.\n", max_size=8)


@given(letters, letters)
def test_a_wildcard_is_what_a_shell_understands(value, text):
    pattern = value.strip().casefold().replace("[", "[[]")
    expected = bool(text) and fnmatchcase(text.casefold(), pattern)
    assert matches(rule(how="wildcard", value=value), source=text) is expected


@given(letters, letters, letters)
def test_a_star_stands_for_anything(before, between, after):
    assert matches(rule(how="wildcard", value=f"x{before}*{after}x"), source=f"x{before}{between}{after}x")


any_text = st.text(st.characters(exclude_categories=[]), max_size=12)
short = st.sampled_from(["a", "ab", "b", "A*", "?", "^a", "("]) | any_text
any_rule = st.builds(
    Rule, id=st.integers(), field=st.sampled_from(sources.FIELDS), how=st.sampled_from(sources.HOWS), value=short
)
any_facts = st.builds(
    Facts,
    form=st.tuples(short, short),
    click_ids=st.lists(short, max_size=3).map(tuple),
    **{name: st.just("") | short for name in Facts.__slots__[1:-1]},
)


@given(st.lists(any_rule, max_size=6), any_facts)
def test_the_explanation_agrees_with_the_match(rules, facts):
    explained = sources.explain(rules, facts)
    assert tuple(one.rule for one in explained) == tuple(rules)
    matched = sources.matcher(tuple(rules))(facts)
    assert [one.rule for one in explained if one.matched] == [rule for rule in [matched] if rule]


def naively(rule, facts):
    """Whether a rule matches, as one would say it without a thought for speed."""
    if rule.field == sources.ANY:
        return True
    came = {"form": facts.form, "click_id": facts.click_ids}.get(rule.field) or (getattr(facts, rule.field, ""),)
    if rule.field in sources.HOSTS:
        came = [text for host in came if host for text in (host, f"www.{host}")]
    value = rule.value.strip().casefold()
    if rule.field in sources.HOSTS and rule.how == "equals":
        value = value.rstrip(".").removeprefix("www.")
    says = {
        "equals": lambda text: text.casefold() == value,
        "contains": lambda text: value in text.casefold(),
        "wildcard": lambda text: fnmatch.fnmatchcase(text.casefold(), value.replace("[", "[[]")),
        "regex": lambda text: re.search(rule.value, text) is not None,
    }[rule.how]
    return any(says(text) for text in came if text)


plain = st.text("abc.*? ", max_size=4)
plain_rule = st.builds(
    Rule,
    id=st.integers(1, 9),
    field=st.sampled_from(sources.FIELDS),
    how=st.sampled_from(sources.HOWS[:3]),
    value=plain,
) | st.builds(
    Rule,
    id=st.integers(1, 9),
    field=st.sampled_from(sources.FIELDS),
    how=st.just("regex"),
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
    quick = sources.matcher(tuple(rules))
    for facts in many:
        wanted = next((rule for rule in rules if naively(rule, facts)), None)
        assert quick(facts) is wanted or quick(facts) == wanted
        assert sources.match(rules, facts) == wanted


@given(st.lists(any_rule, max_size=6), any_facts)
def test_what_comes_after_the_match_changes_nothing(rules, facts):
    matched = sources.match(rules, facts)
    assert sources.match([*rules, DEFAULT], facts) is (matched or DEFAULT)


@given(any_rule)
def test_a_rule_that_may_be_stored_can_be_used(given):
    given = replace(given, utm_source="fb")
    if not sources.fault(given):
        assert [one.because for one in sources.explain([given], Facts())] != ["unusable"]


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
    assert [(one.because, one.found) for one in sources.explain(rules, facts)] == [
        ("no_value", ""),
        ("differs", "x"),
        ("unusable", "x"),
        ("differs", "yclid, fbclid"),
        ("matches", "Shop"),
        ("after_match", "Shop"),
    ]


def test_the_default_rule_is_explained_as_such():
    assert sources.explain([DEFAULT], Facts())[0].because == "default"


CAME = Facts(
    source="s", source_id="6", utm_source="fb", referrer="vk.ru", page_host="shop.example", click_ids=("gclid",)
)


@pytest.mark.parametrize("rules", [[], [rule()], [rule(), DEFAULT]])
def test_what_no_rule_took_is_told(rules):
    assert sources.unmatched(sources.match(rules, CAME), CAME, ()) == (
        ("source", "s"),
        ("source_id", "6"),
        ("utm_source", "fb"),
        ("referrer", "vk.ru"),
        ("click_id", "gclid"),
    )


def test_what_a_rule_took_is_not_told():
    assert sources.unmatched(sources.match([rule("page_host", "shop.example")], CAME), CAME, ()) == ()


@pytest.mark.parametrize(("known", "told"), [("fb", 0), ("FB", 5)])
def test_what_the_portal_knows_by_itself_is_not_told(known, told):
    assert len(sources.unmatched(None, CAME, {known})) == told


def test_a_source_that_is_not_there_is_not_known():
    assert sources.unmatched(None, Facts(source="s"), {""}) == (("source", "s"),)


def test_a_long_value_is_told_in_short():
    ((_, value),) = sources.unmatched(None, Facts(source="s" * 255), ())
    assert len(value) == sources.MAX_LENGTH


RULES = [rule(id=1), rule(id=2), DEFAULT]


@pytest.mark.parametrize(
    ("given", "position", "expected"),
    [(rule(), None, 2), (rule(), 1, 0), (rule(), 2, 1), (rule(), 9, 2), (rule("any"), None, 3), (rule("any"), 1, 3)],
)
def test_a_new_rule_stands_before_the_default_one(given, position, expected):
    assert sources.place(RULES, given, position) == expected


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
        (rule(how="almost"), sources.HOW_UNKNOWN),
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
        (rule(how="regex", value="(a"), sources.NOT_A_REGEX),
        (rule(how="regex", value=r"(a)\1"), sources.NOT_A_REGEX),
        (rule(how="regex", value="(?=a)"), sources.NOT_A_REGEX),
        (rule(how="regex", value=r"(\pL{50}){20}"), sources.NOT_A_REGEX),
    ],
)
def test_a_rule_that_cannot_be_stored_says_why(bad, why):
    assert sources.fault(bad) == why
    assert why in sources.FAULTS


@given(st.text(string.printable, max_size=12) | any_text)
@example("a{1000}{1000}")
def test_no_expression_is_more_than_a_fault(value):
    assert sources.fault(rule(how="regex", value=value)) in ("", *sources.FAULTS)
