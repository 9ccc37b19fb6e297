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
    form = FormSettings("key", "Shop", kind, mapping or {}, facts.pop("repeats", "new"))
    return prepared.prepare(form, "7", body, 1_795_500_000, Matcher(rules), **facts)


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_of_form_fills_its_records(kind):
    result = prepare(kind)
    assert (result.kind, result.origin, tuple(result.records)) == (kind, "7", KINDS[kind])
    assert all(result.records.values())


@pytest.mark.parametrize("kind", KINDS)
def test_the_visitor_is_recognised_once_at_most(kind, monkeypatch):
    calls = []

    def recognise(body):
        calls.append(body)
        return visitor.recognise(body)

    monkeypatch.setattr(prepared, "recognise", recognise)
    prepare(kind, repeats="find")
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
    result = prepare("lead", rules=[rule(crm_source="ADV", crm_description="By rule"), DEFAULT])
    assert result.rule.id == 1
    assert json.loads(result.trace) == result.built
    assert (result.built["tags"]["list"], result.source) == ({"utm_source": "fb"}, "utm_source:fb")
    lead = result.records["lead"]
    assert (lead["SOURCE_ID"], lead["SOURCE_DESCRIPTION"]) == ("ADV", "By rule")


@pytest.mark.parametrize("kind", ["company", "quote"])
def test_a_record_without_a_source_is_given_none(kind):
    result = prepare(kind, rules=[rule(crm_source="ADV")])
    assert "SOURCE_ID" not in result.records[kind]


def test_without_a_rule_the_source_is_that_of_the_trace():
    result = prepare("lead")
    assert (result.rule, result.facts.utm_source, result.source) == (None, "vk", "utm_source:vk")


def test_a_lead_of_the_easiest_way_has_the_tags_as_fields():
    assert prepare("lead_utm", rules=[rule()]).records["lead"]["UTM_SOURCE"] == "fb"
    assert "UTM_SOURCE" not in prepare("lead").records["lead"]


@pytest.mark.parametrize("kind", ["trace", "link"])
def test_only_a_trace_alone_links_nothing(kind):
    result = prepare(kind, {"ENTITIES": [{"TYPE": "LEAD", "ID": "7"}]})
    assert list(result.entities) == ([] if kind == "trace" else [{"TYPE": "LEAD", "ID": 7}])


@pytest.mark.parametrize("find", [True, False])
def test_existing_ones_are_looked_for_where_the_form_says_so(find):
    result = prepare("deal", repeats="find" if find else "new")
    assert (result.known.phones, result.known.emails) == (
        (("+33170000000",), ("ines@mail.example",)) if find else ((), ())
    )


def test_a_mapping_names_facts_beside_the_posted_fields():
    body = {**BODY, "page_url": "https://shop.example/cart", "name": "x" * 300}
    result = prepare("lead", body, mapping={"lead": {"TITLE": "{form} {page_host}{page_path} {company}"}})
    assert result.records["lead"]["TITLE"] == "Shop shop.example/cart Moreau SARL"


def test_each_repair_is_listed_once():
    body = {"name": "x" * 300 + " " + "y" * 300, "page_url": "https://shop.example/?token=planted&member=7"}
    result = prepare("deal", body, secret_names={"member"})
    assert result.repairs == ("secret_removed", "value_shortened")
    assert result.built["url"] == "https://shop.example/"


@pytest.mark.parametrize(("field", "value"), [("form_name", "Landing form"), ("form_id", "a1b2")])
def test_a_rule_may_tell_a_senders_forms_apart(field, value):
    by_form = rule(field=field, operator="equals", value=value, utm_source="lp")
    result = prepare("lead", rules=[by_form], sender_form=("Landing form", "a1b2"))
    assert (result.rule, prepare("lead", rules=[by_form]).rule) == (by_form, None)


def test_a_title_may_name_the_senders_form():
    mapping = {"lead": {"TITLE": "From {form_name}"}}
    result = prepare("lead", mapping=mapping, sender_form=("Landing form", "a1b2"))
    assert result.records["lead"]["TITLE"] == "From Landing form"
