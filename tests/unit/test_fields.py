"""The fields of each record: what comes without a mapping, and what a mapping makes of it."""

import pytest
from django.utils.functional import Promise
from hypothesis import given
from hypothesis import strategies as st

from traces import sentences
from traces.compose import fields, visitor
from traces.compose.records import BY_NAME
from traces.compose.visitor import HONEYPOT, recognise

BODY = {
    "name": "Ines Moreau",
    "phone": "+33170000000",
    "email": "ines@mail.example",
    "company": "Moreau SARL",
    "message": "Call <me>",
    "budget": "5000",
}
FACTS = {"form": "Shop", "page_host": "shop.example"}
PHONE = [{"VALUE": "+33170000000", "VALUE_TYPE": "WORK"}]
EMAIL = [{"VALUE": "ines@mail.example", "VALUE_TYPE": "WORK"}]


def values(entity, mapping=None, body=BODY, beside=()):
    return fields.build(entity, recognise(body), body, {entity: mapping or {}}, FACTS, beside=beside).values


def test_a_lead_needs_no_mapping():
    assert values("lead") == {
        "TITLE": "Shop: Ines Moreau",
        "NAME": "Ines",
        "LAST_NAME": "Moreau",
        "PHONE": PHONE,
        "EMAIL": EMAIL,
        "COMPANY_TITLE": "Moreau SARL",
        "COMMENTS": "Call &lt;me&gt;<br>budget: 5000",
    }


@pytest.mark.parametrize("entity", ["deal", "quote"])
def test_a_deal_and_a_quote_have_no_multifields(entity):
    assert set(values(entity)) == {"TITLE", "COMMENTS"}


def test_a_company_has_its_name_and_the_person_keeps_the_phone():
    assert values("company", beside=("contact", "deal")) == {"TITLE": "Moreau SARL"}


def test_a_company_without_a_person_has_phone_and_email():
    company = values("company", body={**BODY, "name": ""}, beside=("deal",))
    assert (company["PHONE"], company["EMAIL"]) == (PHONE, EMAIL)


def test_a_record_of_nothing_has_a_title():
    assert values("quote", body={}) == {"TITLE": "Shop"}


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        ("Request from {page_host}", "Request from shop.example"),
        ("{budget} {nothing}{name}", "5000 Ines Moreau"),
        ("{name.__class__}", None),
        ({"field": "budget"}, "5000"),
        ({"field": "nothing"}, None),
        (7, 7),
        ("", None),
    ],
)
def test_a_mapping_gives_a_field_its_value(rule, value):
    assert values("lead", {"UF_CRM_1": rule}).get("UF_CRM_1") == value


def test_a_list_stays_one():
    assert values("lead", {"UF_CRM_1": {"field": "sizes"}}, {"sizes": ["38", "40"]})["UF_CRM_1"] == ["38", "40"]


def test_an_empty_rule_takes_a_default_away():
    assert "COMMENTS" not in values("lead", {"COMMENTS": ""})


def test_a_mapped_phone_has_the_form_of_one():
    assert values("lead", {"PHONE": {"field": "number"}}, {"number": "112"})["PHONE"] == [
        {"VALUE": "112", "VALUE_TYPE": "WORK"}
    ]


def test_a_mapped_email_that_is_none_does_not_cost_the_record():
    assert "EMAIL" not in values("lead", {"EMAIL": {"field": "x"}}, {"x": "call me"})


def test_a_long_text_is_cut_and_told():
    body = {"name": "x" * 300}
    built = fields.build("lead", recognise(body), body, {}, FACTS)
    assert (len(built.values["NAME"]), built.repairs) == (255, ("value_shortened",))


@pytest.mark.parametrize(
    "mapping",
    [
        [],
        {"invoice": {}},
        {"lead": []},
        {"lead": {"title": "x"}},
        {"lead": {"TRACE": "x"}},
        {"lead": {"TITLE": None}},
        {"lead": {"TITLE": {"field": 1}}},
        {"lead": {f"UF_{number}": "x" for number in range(101)}},
    ],
)
def test_a_mapping_that_cannot_be_used_is_refused_in_a_sentence(mapping):
    assert sentences.mapping_fault(fields.fault(mapping)).endswith(".")


def test_the_field_that_no_person_sees_reaches_no_record():
    assert "UF_CRM_1" not in values("lead", {"UF_CRM_1": {"field": HONEYPOT}}, {HONEYPOT: "x"})


@pytest.mark.parametrize("entity", BY_NAME)
def test_what_needs_no_mapping_is_what_a_visitor_fills(entity):
    assert {"TITLE", "COMMENTS", "LAST_NAME", "PHONE"} & fields.usual(entity)


def test_why_a_mapping_cannot_be_used_is_told_in_the_readers_language():
    assert all(isinstance(text, Promise) for text in sentences.MAPPING.values())


def test_required_fields_without_a_value_are_named():
    described = {
        "TITLE": {"isRequired": True},
        "UF_CRM_1": {"isRequired": True},
        "UF_CRM_2": {"isRequired": True},
        "UF_CRM_3": {"isRequired": False},
        "UF_CRM_4": {"isRequired": True, "isReadOnly": True},
    }
    assert fields.missing({"UF_CRM_2": "x"}, described) == ("UF_CRM_1",)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=300),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=10,
)
rules = st.text(max_size=20) | st.integers() | st.fixed_dictionaries({"field": st.sampled_from(["email", "name", "x"])})


@given(
    st.sampled_from(list(BY_NAME)),
    st.dictionaries(st.sampled_from(["name", "email", "phone", "x", "имя"]), anything),
    st.dictionaries(st.sampled_from(["TITLE", "PHONE", "EMAIL", "UF_CRM_1", "COMMENTS"]), rules),
)
def test_whatever_comes_the_fields_have_the_portals_form(entity, body, mapping):
    assert fields.fault({entity: mapping}) is None
    built = fields.build(entity, recognise(body), body, {entity: mapping}, FACTS).values
    for name in ("PHONE", "EMAIL"):
        for entry in built.get(name, []):
            assert set(entry) == {"VALUE", "VALUE_TYPE"}
            assert name == "PHONE" or visitor.EMAIL.fullmatch(entry["VALUE"])
