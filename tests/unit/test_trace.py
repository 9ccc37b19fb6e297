"""Building a TRACE: whatever comes in, what goes out is clean, and what was clean means the same."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fixtures.golden import BETTER, CASES, FILE
from tests.fixtures.traces import RECEIVED, build, built
from tests.sandbox import tracking
from tests.sandbox.portal import SITES
from traces.compose import trace, trace_repair
from traces.compose.addresses import UTM


def stored(text):
    return tracking.load(text, FILE["sources"], SITES, RECEIVED).as_golden()


STORED = [case for case in CASES if (case["stored"] or {}).get("source_id") is not None and case["name"] not in BETTER]


@pytest.mark.parametrize("name", BETTER)
def test_what_the_portal_would_lose_it_gets(name):
    (case,) = (case for case in CASES if case["name"] == name)
    after = stored(build(TRACE=case["request"]["TRACE"]).text)
    assert [[page["URL"], page["DATE_INSERT"], page["TITLE"]] for page in after["pages"]] == BETTER[name]


@pytest.mark.parametrize("case", STORED, ids=[case["name"] for case in STORED])
def test_what_the_portal_could_read_it_reads_still(case):
    text = case["request"]["TRACE"]
    after, before = stored(build(TRACE=text).text), stored(text)
    assert {**after, "tags": {key: str(tag) for key, tag in after["tags"].items()}} == {
        **before,
        "tags": {key: str(tag) for key, tag in before["tags"].items()},
    }


STOPPED = [case for case in CASES if "http_status" in (case["stored"] or {}) or "error" in (case["stored"] or {})]


@pytest.mark.parametrize("case", STOPPED, ids=[case["name"] for case in STOPPED])
def test_what_stopped_the_portal_does_not_any_more(case):
    assert stored(build(TRACE=dict(case["request"] or {}).get("TRACE")).text)


def test_utm_fields_count_in_any_case():
    tags = built(UTM_SOURCE="google", utm_medium="cpc")["tags"]["list"]
    assert tags == {"utm_source": "google", "utm_medium": "cpc"}


def test_the_traces_own_tags_win():
    assert built(TRACE='{"tags":{"list":{"utm_source":"fb"}}}', utm_source="google")["tags"]["list"] == {
        "utm_source": "fb"
    }


def test_tags_are_found_in_the_pages_address():
    assert built(page_url="https://shop.example/?utm_source=google")["tags"]["list"] == {"utm_source": "google"}


def test_the_page_is_taken_with_the_time_of_the_submission():
    assert built(page_url="https://shop.example/")["pages"]["list"] == [["https://shop.example/", RECEIVED]]


@pytest.mark.parametrize(
    ("referrer", "is_taken"),
    [("https://www.google.com/", True), ("https://shop.example/cart", False), ("", False), ("nonsense", False)],
)
def test_only_a_foreign_referrer_is_taken(referrer, is_taken):
    assert ("ref" in built(page_url="https://shop.example/", referrer=referrer)) is is_taken


def test_a_dollar_sign_is_escaped_and_means_the_same():
    result = build(utm_source="$result[t0]")
    assert "$" not in result.text
    assert json.loads(result.text)["tags"]["list"]["utm_source"] == "$result[t0]"


@pytest.mark.parametrize("referrer", ["http://[", "https://www.google.com:99999999/", "//"])
def test_an_address_that_no_parser_takes_costs_nothing(referrer):
    assert built(page_url="http://[", referrer=referrer)["url"] == "http://["


# Half surrogates too: a JSON escape can hold them.
any_text = st.text(st.characters(exclude_categories=[]))
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | any_text,
    lambda children: st.lists(children, max_size=7) | st.dictionaries(st.text(max_size=8), children, max_size=5),
    max_leaves=30,
)
KEYS = ["url", "ref", "gid", "device", "tags", "client", "pages", "channels", "previous", "order", "PAGES"]
INNER = ["list", "ts", "isMobile", "gaId", "utm_source", "UTM_SOURCE", "code", "value", "gclid"]
inner_values = st.recursive(
    json_values,
    lambda children: st.dictionaries(st.sampled_from(INNER), children, max_size=4) | st.lists(children, max_size=8),
    max_leaves=20,
)
traces_given = st.dictionaries(st.sampled_from(KEYS), inner_values) | json_values


def assert_is_clean(visit):
    """Only the keys that the portal reads, each of its type and within its bounds."""
    assert set(visit) <= set(KEYS) - {"order", "PAGES"}
    for key in {"url", "ref", "gid"} & set(visit):
        assert type(visit[key]) is str and 0 < len(visit[key]) <= trace_repair.MAX_URL_LENGTH
    assert type(visit["device"]["isMobile"]) is bool
    if "tags" in visit:
        assert type(visit["tags"]["ts"]) is int and set(visit["tags"]["list"]) <= set(UTM)
        assert all(
            type(tag) is str and 0 < len(tag) <= trace_repair.MAX_TAG_LENGTH for tag in visit["tags"]["list"].values()
        )
    assert len(visit["pages"]["list"]) <= trace_repair.MAX_PAGES
    for url, seconds, *title in visit["pages"]["list"]:
        assert type(url) is str and 0 < len(url) <= trace_repair.MAX_URL_LENGTH and type(seconds) is int
        assert all(type(text) is str and len(text) <= trace_repair.MAX_TITLE_LENGTH for text in title)
    for channel in visit.get("channels", []):
        assert {key: type(value) for key, value in channel.items()} == {"code": str, "value": str}


@pytest.mark.slow
@given(traces_given)
def test_whatever_is_given_the_portal_can_store_it(value):
    text = build(TRACE=value, page_url=value, utm_source=value, referrer=value).text
    result = json.loads(text)
    for visit in (result, *result["previous"]["list"]):
        assert_is_clean(visit)
    assert len(result["previous"]["list"]) <= trace_repair.MAX_VISITS
    assert text.encode() and "$" not in text
    assert stored(text)


@pytest.mark.slow
@given(traces_given)
def test_a_built_trace_is_not_changed_again(value):
    once = build(TRACE=value)
    twice = build(TRACE=once.text)
    assert (json.loads(twice.text), twice.repairs) == (json.loads(once.text), ())


words = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=20)
addresses = st.builds(
    lambda host, path: f"https://{host}.example/{path}", st.sampled_from("abc"), st.sampled_from("xyz")
)
moments = st.integers(1_500_000_000, 1_900_000_000)


def clean_traces(**more):
    return st.fixed_dictionaries(
        {
            "url": addresses,
            "device": st.fixed_dictionaries({"isMobile": st.booleans()}),
            "tags": st.fixed_dictionaries(
                {"ts": moments, "list": st.dictionaries(st.sampled_from(UTM), words), "gclid": st.none()}
            ),
            "client": st.just({}),
            "pages": st.fixed_dictionaries(
                {"list": st.lists(st.tuples(addresses, moments, words).map(list), max_size=5)}
            ),
            "gid": st.none(),
            **more,
        },
        optional={"ref": addresses},
    )


@given(clean_traces(previous=st.fixed_dictionaries({"list": st.lists(clean_traces(), max_size=5)})))
def test_a_clean_trace_means_the_same_to_the_portal(value):
    text = json.dumps(value)
    result = build(TRACE=text)
    assert stored(result.text) == stored(text)
    assert result.repairs == ()


def test_tags_are_found_in_the_newest_page_that_has_some():
    pages = [[f"https://a.example/?utm_source={name}", 1790000000] for name in ("old", "new")]
    tags = built(TRACE={"pages": {"list": [*pages, ["https://a.example/", 1790000001]]}})["tags"]["list"]
    assert tags == {"utm_source": "new"}


def test_click_ids_are_named():
    assert build(page_url="https://a.example/?gclid=x&yclid=1").click_ids == ("gclid", "yclid")
    assert build(TRACE={"tags": {"list": {}, "gclid": "x"}}).click_ids == ("gclid",)


def test_a_rule_replaces_the_source_and_leaves_the_other_tags():
    clean = build(utm_source="fb", utm_medium="cpc").trace
    assert trace.with_source(clean, "google")["tags"]["list"] == {"utm_source": "google", "utm_medium": "cpc"}
