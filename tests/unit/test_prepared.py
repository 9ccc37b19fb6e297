"""What goes out for one submission, by its form and the portal's rules."""

import json

import pytest

from tests.fixtures.rules import DEFAULT, rule
from traces.compose import prepared, visitor
from traces.compose.matching import Matcher
from traces.compose.prepared import FormSettings
from traces.compose.records import KINDS

BODY = {
    "name": "Ines Moreau",
    "phone": "+33170000000",
    "email": "ines@mail.example",
    "company": "Moreau SARL",
    "source": "shop",
    "utm_source": "vk",
}


def prepare(kind, body=BODY, rules=(), mapping=None, **facts):
    form = FormSettings("key", "Shop", kind, mapping or {}, facts.pop("find_existing", False))
    return prepared.prepare(form, "7", body, 1_795_500_000, Matcher(rules), **facts)


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_of_form_fills_its_records(kind):
    found = prepare(kind)
    assert (found.kind, found.origin, tuple(found.records)) == (kind, "7", KINDS[kind])
    assert all(found.records.values())


@pytest.mark.parametrize("kind", KINDS)
def test_the_visitor_is_recognised_once_at_most(kind, monkeypatch):
    calls = []

    def recognise(body):
        calls.append(body)
        return visitor.recognise(body)

    monkeypatch.setattr(prepared, "recognise", recognise)
    prepare(kind, find_existing=True)
    assert calls == ([BODY] if KINDS[kind] else [])


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ({"message": "Hello"}, ["deal"]),
        ({"name": "Ines"}, ["contact", "deal"]),
        ({"company": "Moreau SARL"}, ["company", "deal"]),
    ],
)
def test_a_deal_has_no_contact_or_company_of_nothing(body, names):
    assert list(prepare("deal", body).records) == names


def test_the_first_rule_that_matches_gives_the_source():
    found = prepare("lead", rules=[rule(crm_source="ADV", crm_description="By rule"), DEFAULT])
    assert found.rule.id == 1
    assert json.loads(found.trace) == found.built
    assert (found.built["tags"]["list"], found.source) == ({"utm_source": "fb"}, "utm_source:fb")
    lead = found.records["lead"]
    assert (lead["SOURCE_ID"], lead["SOURCE_DESCRIPTION"]) == ("ADV", "By rule")


@pytest.mark.parametrize("kind", ["company", "quote"])
def test_a_record_without_a_source_is_given_none(kind):
    found = prepare(kind, rules=[rule(crm_source="ADV")])
    assert "SOURCE_ID" not in found.records[kind]


def test_without_a_rule_the_source_is_that_of_the_trace():
    found = prepare("lead")
    assert (found.rule, found.facts.utm_source, found.source) == (None, "vk", "utm_source:vk")


def test_a_lead_of_the_easiest_way_has_the_tags_as_fields():
    assert prepare("lead_utm", rules=[rule()]).records["lead"]["UTM_SOURCE"] == "fb"
    assert "UTM_SOURCE" not in prepare("lead").records["lead"]


@pytest.mark.parametrize("kind", ["trace", "link"])
def test_only_a_trace_alone_links_nothing(kind):
    found = prepare(kind, {"ENTITIES": [{"TYPE": "LEAD", "ID": "7"}]})
    assert list(found.entities) == ([] if kind == "trace" else [{"TYPE": "LEAD", "ID": 7}])


@pytest.mark.parametrize("find", [True, False])
def test_existing_ones_are_looked_for_where_the_form_says_so(find):
    found = prepare("deal", find_existing=find)
    assert (found.phones, found.emails) == ((("+33170000000",), ("ines@mail.example",)) if find else ((), ()))


def test_a_mapping_names_facts_beside_the_posted_fields():
    body = {**BODY, "page_url": "https://shop.example/cart", "name": "x" * 300}
    found = prepare("lead", body, mapping={"lead": {"TITLE": "{form} {page_host}{page_path} {company}"}})
    assert found.records["lead"]["TITLE"] == "Shop shop.example/cart Moreau SARL"


def test_each_repair_is_listed_once():
    body = {"name": "x" * 300 + " " + "y" * 300, "page_url": "https://shop.example/?token=planted&member=7"}
    found = prepare("deal", body, secret_names={"member"})
    assert found.repairs == ("secret_removed", "value_shortened")
    assert found.built["url"] == "https://shop.example/"
