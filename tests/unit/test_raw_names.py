"""A mapping that names a value as its sender does finds it, whatever the value is recognised as now."""

import json

import pytest

from tests.fixtures.senders import BODIES
from traces.compose import fields
from traces.compose.visitor import recognise
from traces.intake.raw_names import with_named
from traces.intake.reading import read
from traces.intake.senders import normalise
from traces.intake.senders.table import SENDERS

FORM = "application/x-www-form-urlencoded"


def mapped(raw, name, content_type="application/json"):
    """What a field gets that is mapped to a submitted name, and what one gets of a template with that name."""
    mapping = {"lead": {"UF_CRM_1": {"field": name}, "UF_CRM_2": f"<{{{name}}}>"}}
    tree = read(raw.encode(), content_type).fields
    body = with_named(mapping, tree, normalise(tree, query={}, headers={}))
    built = fields.build("lead", recognise(body), body, mapping, {}).values
    return built.get("UF_CRM_1"), built.get("UF_CRM_2")


@pytest.mark.parametrize(
    ("raw", "name", "value"),
    [
        ("your-name=Kim&your-email=k@b.example", "your-name", "Kim"),
        ("form_fields[name]=Kim&form_id=1", "form_fields[name]", "Kim"),
        ("fields[name][value]=Kim&fields[name][title]=Name&fields[name][raw_value]=Kim", "fields[name][value]", "Kim"),
        ("input_1.3=Kim&gform_submit=1", "input_1.3", "Kim"),
        ("wpforms[fields][0][first]=Kim&wpforms[id]=1", "wpforms[fields][0][first]", "Kim"),
        ("names[first_name]=Kim&__fluent_form_embded_post_id=1", "names[first_name]", "Kim"),
        ("Name=Kim&tranid=1&formid=f&formname=Cart", "formname", "Cart"),
        ("ORDER_PROP_1=Kim Ortiz", "ORDER_PROP_1", "Kim Ortiz"),
        ("form_text_1=Kim Ortiz&WEB_FORM_ID=1", "form_text_1", "Kim Ortiz"),
        ("No Label phone=555 010 0101&form_id=1&form_name=a", "No Label phone", "555 010 0101"),
        ("phone[]=1&phone[]=2", "phone[]", ["1", "2"]),
    ],
)
def test_a_form_finds_its_own_names(raw, name, value):
    text = value if isinstance(value, str) else ", ".join(value)
    found, filled = mapped(raw.replace(" ", "+"), name, FORM)
    assert found == value and filled in (f"<{text}>", f"<{text.rpartition(', ')[2]}>")


@pytest.mark.parametrize(
    ("tree", "name", "value"),
    [
        ({"data": {"Phone": "1"}, "name": "Form", "site": "s", "d": "x"}, "data[Phone]", "1"),
        ({"data": {"Phone": "1"}, "name": "Form", "site": "s", "d": "x"}, "Phone", "1"),
        ([{"customer": {"fullName": "Kim"}}], "customer.fullName", "Kim"),
        (
            {"user_column_data": [{"column_id": "FULL_NAME", "column_name": "Name", "string_value": "Kim"}]},
            "FULL_NAME",
            "Kim",
        ),
        (
            {"user_column_data": [{"column_id": "FULL_NAME", "column_name": "Name", "string_value": "Kim"}]},
            "Name",
            "Kim",
        ),
        ({"field_data": [{"name": "full_name", "values": ["Kim"]}], "form_id": "5"}, "full_name", "Kim"),
        ({"field_data": [{"name": "full_name", "values": ["Kim"]}], "form_id": "5"}, "form_id", "5"),
    ],
)
def test_json_has_the_names_of_its_paths_and_of_its_pairs(tree, name, value):
    assert mapped(json.dumps(tree), name) == (value, f"<{value}>")


def test_a_name_of_the_recognised_body_means_what_stands_there():
    assert mapped('{"name": "Kim", "your-name": "Ann"}', "name")[0] == ["Kim", "Ann"]


@pytest.mark.parametrize(
    ("tree", "name"),
    [
        (
            {"user_column_data": [{"column_id": "EMAIL", "string_value": "k@b.example"}], "google_key": "s3"},
            "google_key",
        ),
        ({"type": "lead_forms_new", "object": {"lead_id": 1, "form_id": 2}, "secret": "s3"}, "secret"),
        ({"Field1": "Kim", "EntryId": "1", "HandshakeKey": "s3"}, "HandshakeKey"),
        ({"name": "Kim", "auth": {"access_token": "s3"}}, "auth[access_token]"),
        ({"name": "Kim", "api_key": "s3"}, "api_key"),
    ],
)
def test_a_secret_is_kept_for_no_mapping(tree, name):
    assert mapped(json.dumps(tree), name) == (None, "<>")


@pytest.mark.parametrize("sender", [sender.key for sender in SENDERS])
def test_each_sender_has_its_names(sender):
    found = []
    for case in (case for case in BODIES if case["expected"]["sender"] == sender):
        posted = normalise(case["fields"], query={}, headers=case.get("headers", {}))
        wanted = {name for name in posted.names if name not in posted.body}
        body = with_named({"lead": {f"UF_{name}": {"field": name} for name in wanted}}, {}, posted)
        found += [(name, posted.names[name], body["_names"][name]) for name in wanted]
    assert found and all(texts == (value,) or list(texts) == value for _, texts, value in found)
