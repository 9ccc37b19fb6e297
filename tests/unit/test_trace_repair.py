"""Repairing a trace: each fault of what came, what becomes of it, and what is told of it."""

import html
import json
from urllib.parse import quote

import pytest

from tests.fixtures.traces import RECEIVED, build, built, repairs
from traces.compose import trace_repair

NOTHING = {
    "device": {"isMobile": False},
    "tags": {"ts": 0, "list": {}},
    "pages": {"list": []},
    "previous": {"list": []},
}


@pytest.mark.parametrize("value", ["not json", "[]", "42", "null", "[" * 100_000, 5, [1]])
def test_an_unreadable_trace_is_told_and_replaced(value):
    assert repairs(TRACE=value) == ("trace_unreadable",)
    assert built(TRACE=value) == NOTHING


@pytest.mark.parametrize("value", [None, ""])
def test_a_missing_trace_is_nothing_to_tell(value):
    assert (built(TRACE=value), repairs(TRACE=value)) == (NOTHING, ())


@pytest.mark.parametrize("half", ["\\ud800", "\\udfff"])
def test_half_a_surrogate_pair_is_replaced_and_told(half):
    result = build(TRACE=f'{{"url":"https://a.example/{half}"}}')
    assert result.repairs == ("characters_replaced",)
    assert json.loads(result.text)["url"] == "https://a.example/?"


def test_a_whole_surrogate_pair_stays():
    result = build(TRACE='{"url":"https://a.example/\\ud83d\\ude00"}')
    assert (json.loads(result.text)["url"], result.repairs) == ("https://a.example/\U0001f600", ())


def test_what_is_too_long_is_cut():
    page = [["https://a.example/" + "x" * 9999, 1, "T" * 999]]
    result = built(utm_source="s" * 999, page_url="https://a.example/" + "x" * 9999, TRACE={"pages": {"list": page}})
    assert len(result["tags"]["list"]["utm_source"]) == trace_repair.MAX_TAG_LENGTH
    assert [len(part) for part in result["pages"]["list"][0][::2]] == [
        trace_repair.MAX_URL_LENGTH,
        trace_repair.MAX_TITLE_LENGTH,
    ]
    assert len(result["url"]) == trace_repair.MAX_URL_LENGTH


def test_the_last_five_visits_are_kept():
    visits = [{"url": f"https://a.example/{number}"} for number in range(7)]
    trace = built(TRACE={"previous": {"list": visits}})
    assert [visit["url"][-1] for visit in trace["previous"]["list"]] == ["2", "3", "4", "5", "6"]


def test_a_former_visit_has_none_of_its_own():
    visit = {"url": "https://a.example/", "previous": {"list": [{"url": "https://b.example/"}]}}
    assert "previous" not in built(TRACE={"previous": {"list": [visit]}})["previous"]["list"][0]


def test_at_most_five_pages_are_kept_the_last_ones():
    pages = [[f"https://shop.example/{number}", number, ""] for number in range(7)]
    result = built(TRACE={"pages": {"list": pages}})
    assert [page[1] for page in result["pages"]["list"]] == [2, 3, 4, 5, 6]
    assert repairs(TRACE={"pages": {"list": pages}}) == ("trace_as_text", "pages_shortened")


def test_milliseconds_become_seconds():
    body = {"TRACE": '{"pages":{"list":[["https://a.example/",1790000000123,"A"]]}}'}
    assert (built(**body)["pages"]["list"][0][1], repairs(**body)) == (1790000000, ("time_converted",))


def test_a_date_as_text_becomes_seconds():
    result = built(TRACE={"pages": {"list": [["https://a.example/", "2024-04-03T10:26:32+01:00", "A"]]}})
    assert result["pages"]["list"] == [["https://a.example/", 1712136392, "A"]]


def test_a_trace_of_objects_is_taken_as_well_as_text():
    assert built(TRACE={"url": "https://a.example/"})["url"] == "https://a.example/"


OLD = {
    "SOURCE_ID": "6",
    "SOURCE_DESC": "Sales",
    "PAGES": [{"URL": "https://a.example/", "DATE": "2026-01-05T10:00:00"}],
}


@pytest.mark.parametrize("value", [OLD, json.dumps(OLD)])
def test_the_old_form_gives_its_pages_and_hands_its_source_on(value):
    clean = build(TRACE=value)
    assert clean.trace["pages"]["list"] == [["https://a.example/", 1767607200]]
    assert clean.source_id == "6"
    assert {"old_form", "time_converted"} <= set(clean.repairs)


RIGHT = '{"url":"https://a.example/","pages":{"list":[["https://a.example/",1790000000,"A"]]}}'


@pytest.mark.parametrize("wrapped", [json.dumps(RIGHT), quote(RIGHT), html.escape(RIGHT)])
def test_a_trace_that_was_wrapped_once_too_often_is_unpacked(wrapped):
    assert build(TRACE=wrapped).trace == build(TRACE=RIGHT).trace
    assert repairs(TRACE=wrapped) == ("trace_unwrapped",)


def test_keys_in_capital_letters_are_understood():
    assert built(TRACE={"URL": "https://a.example/", "REF": "https://b.example/"})["ref"] == "https://b.example/"


def test_tags_without_a_list_are_understood():
    assert built(TRACE={"tags": {"utm_source": "fb"}})["tags"]["list"] == {"utm_source": "fb"}


@pytest.mark.parametrize("when", ["yesterday", [1], True])
def test_an_unreadable_time_is_that_of_the_submission(when):
    body = {"TRACE": {"pages": {"list": [["https://a.example/", when, "A"]]}}}
    assert built(**body)["pages"]["list"][0][1] == RECEIVED
    assert repairs(**body) == ("trace_as_text", "time_unreadable")


def test_secrets_are_taken_out_of_every_address():
    secret = "https://me:pw@a.example/?a=1&access_token=planted&x=ines@mail.example#auth=planted"
    visit = {"url": secret, "ref": secret, "pages": {"list": [[secret, 1790000000]]}}
    clean = build(TRACE={**visit, "previous": {"list": [visit]}}, page_url=secret, referrer=secret)
    assert not any(secret in clean.text for secret in ("planted", "mail.example", "me:pw"))
    assert (clean.trace["url"], clean.repairs) == ("https://a.example/?a=1", ("trace_as_text", "secret_removed"))


@pytest.mark.parametrize(
    ("tags", "kept"),
    [
        ({"utm_source": "vk", "UTM_SOURCE": "ok"}, "ok"),
        ({"UTM_SOURCE": "ok", "utm_source": "vk"}, "vk"),
        ({"utm_source": "vk", "UTM_SOURCE": ""}, "vk"),
    ],
)
def test_of_a_tag_in_two_spellings_the_last_counts(tags, kept):
    assert built(TRACE={"tags": {"list": tags}})["tags"]["list"] == {"utm_source": kept}
