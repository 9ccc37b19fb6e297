"""Traces on the sandbox: what is checked, what is linked, and what a record's add leaves."""

import json

import pytest

from tests.sandbox.tracking import TYPES

GOOGLE = json.dumps({"tags": {"list": {"utm_source": "google", "utm_medium": "cpc"}}})


@pytest.fixture
def add(ask):
    """Add a trace and return its number."""

    def add(trace=GOOGLE, user=1, **entity):
        params = {"ENTITIES": [entity]} if entity else {}
        return ask("crm.tracking.trace.add", user, TRACE=trace, **params).json()["result"]

    return add


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({}, "Parameter `TRACE` required."),
        ({"TRACE": ""}, "Parameter `TRACE` required."),
        ({"TRACE": "0"}, "Parameter `TRACE` required."),
        ({"TRACE": None}, "Parameter `TRACE` required."),
        ({"trace": "{}"}, "Parameter `TRACE` required."),
        ({"TRACE": "{"}, "Can not parse JSON in parameter `TRACE`."),
        ({"TRACE": "{", "ENTITIES": [{"TYPE": "X"}]}, "Can not parse JSON in parameter `TRACE`."),
        ({"ENTITIES": [{"TYPE": "lead", "ID": 1}]}, "TYPE"),
        ({"ENTITIES": [{"ID": 1}]}, "TYPE"),
        ({"ENTITIES": ["LEAD"]}, "TYPE"),
        ({"ENTITIES": {"TYPE": "LEAD", "ID": 1}}, "TYPE"),
        ({"ENTITIES": [{"TYPE": "LEAD", "ID": 0}]}, "Wrong ID in parameter `ENTITIES`."),
        ({"ENTITIES": [{"TYPE": "LEAD", "ID": "x1"}]}, "Wrong ID in parameter `ENTITIES`."),
        ({"ENTITIES": [{"TYPE": "LEAD"}]}, "Wrong ID in parameter `ENTITIES`."),
        ({"ENTITIES": [{"TYPE": "LEAD", "ID": 900000}]}, "You have no access to entity `LEAD` with ID `900000`."),
    ],
)
def test_each_wrong_parameter_has_its_error(ask, portal, params, text):
    params = {"TRACE": "{}", **params} if "ENTITIES" in params else params
    text = (
        "Wrong TYPE in parameter `ENTITIES`. Allowed types: COMPANY,CONTACT,DEAL,LEAD,QUOTE" if text == "TYPE" else text
    )
    answer = ask("crm.tracking.trace.add", **params)
    assert (answer.status_code, answer.json()) == (400, {"error": "ERROR_CORE", "error_description": text})
    assert portal.traces == []


def test_one_bad_entity_costs_the_whole_call(ask, portal):
    ask("crm.tracking.trace.add", TRACE=GOOGLE, ENTITIES=[{"TYPE": "LEAD", "ID": 1}, {"TYPE": "LEAD", "ID": 0}])
    assert (portal.traces, portal.entities["LEAD", 1].get("UTM_SOURCE")) == ([], None)


@pytest.mark.parametrize("entities", ["LEAD", 5, None])
def test_entities_that_are_no_array_count_as_none(ask, portal, entities):
    assert ask("crm.tracking.trace.add", TRACE="{}", ENTITIES=entities).ok


@pytest.mark.parametrize("trace", [{"url": "https://x"}, ["x"]])
def test_a_trace_that_is_no_text_stops_php(ask, portal, trace):
    answer = ask("crm.tracking.trace.add", TRACE=trace)
    assert (answer.status_code, answer.headers["Content-Type"]) == (500, "text/html; charset=utf-8")


@pytest.mark.parametrize("trace", ["42", "null", "[]", "{}"])
def test_json_that_is_no_object_is_an_empty_trace(add, portal, trace):
    add(trace)
    assert (portal.traces[0].tags, portal.traces[0].pages, portal.traces[0].source_id) == ({}, [], 0)


def test_the_same_call_twice_makes_two_traces(add):
    assert [add(), add()] == [1, 2]


def test_former_visits_are_traces_of_their_own(add, portal):
    visits = [{"tags": {"list": {"utm_source": name}}} for name in ("a", "google", "fb", "b", "c", "d")]
    add(json.dumps({"previous": {"list": visits}}), TYPE="LEAD", ID=1)
    assert [trace.parent for trace in portal.traces] == [0, 1, 1, 1, 1, 1]
    assert [trace.source_id for trace in portal.traces[0].previous] == [1, 2, 0, 0, 0]
    assert all(trace.entities == [[1, 1]] for trace in portal.traces)


def test_a_record_that_does_not_exist_is_skipped_without_a_word(add, portal):
    assert add(TYPE="LEAD", ID=77) == 1
    assert portal.traces[0].entities == []


def test_a_user_who_is_no_administrator_is_refused_it(ask):
    answer = ask("crm.tracking.trace.add", 3, TRACE="{}", ENTITIES=[{"TYPE": "LEAD", "ID": 77}])
    assert answer.json()["error_description"] == "You have no access to entity `LEAD` with ID `77`."


def test_a_quote_is_linked_unchecked(add, portal):
    add(TYPE="QUOTE", ID=77)
    assert portal.traces[0].entities == [[7, 77]]


def test_an_id_in_text_counts_by_its_whole_part(add, portal):
    add(TYPE="LEAD", ID="1.5")
    assert portal.traces[0].entities == [[1, 1]]


def test_the_tags_are_copied_to_a_record_without_utm(add, portal):
    add(TYPE="LEAD", ID=1)
    assert portal.entities["LEAD", 1]["UTM_MEDIUM"] == "cpc"


def test_the_tags_are_not_copied_to_a_record_with_any_utm(add, portal):
    portal.entities["LEAD", 1]["UTM_TERM"] = "x"
    add(TYPE="LEAD", ID=1)
    assert "UTM_SOURCE" not in portal.entities["LEAD", 1]


def test_no_rights_are_needed_without_entities(add, portal):
    portal.add_user(9, admin=False, name="Ola", crm=False)
    assert add(user=9) == 1


@pytest.mark.parametrize("code", ["none", ["form"], {"a": "form"}, 5, None])
def test_a_channel_of_unknown_code_is_skipped(add, portal, code):
    add(json.dumps({"channels": [{"code": code, "value": "7"}, {"code": "form", "value": "8"}]}))
    assert portal.traces[0].channels == [["form", "8"]]


# --- Deleting -----------------------------------------------------------------------------------------------


def test_a_deleted_trace_is_gone_with_its_links(add, ask, portal):
    add(TYPE="LEAD", ID=1)
    assert ask("crm.tracking.trace.delete", id=1).json()["result"] is None
    assert (portal.traces[0].id, portal.traces[0].entities) == (0, [])


def test_the_numbers_of_the_others_stay(add, ask):
    add()
    ask("crm.tracking.trace.delete", id="1")
    assert add() == 2


def test_a_link_that_may_not_be_changed_keeps_the_trace(add, ask, portal):
    add(TYPE="LEAD", ID=1)
    portal.traces[0].entities.append([1, 900001])
    ask("crm.tracking.trace.delete", id=1)
    assert (portal.traces[0].id, portal.traces[0].entities) == (1, [[1, 900001]])


def test_deleting_what_does_not_exist_is_a_success(ask):
    assert ask("crm.tracking.trace.delete", id=55).ok


@pytest.mark.parametrize("params", [{}, {"id": 0}, {"id": ""}, {"ID": 1}])
def test_deleting_needs_an_id(ask, params):
    answer = ask("crm.tracking.trace.delete", **params)
    assert answer.json() == {"error": "ERROR_CORE", "error_description": "Parameter `id` required."}


# --- What the CRM's own methods leave -----------------------------------------------------------------------


@pytest.fixture
def create(ask):
    def create(kind="lead", **fields):
        return ask(f"crm.{kind}.add", fields={"TITLE": "x", **fields}).json()["result"]

    return create


@pytest.mark.parametrize("kind", TYPES)
def test_every_add_leaves_a_trace(create, portal, kind):
    number = create(kind.lower(), TRACE=GOOGLE)
    assert portal.traces[0].as_golden()["entities"] == [[TYPES[kind], number]]
    assert (portal.traces[0].source_id, portal.traces[0].channels) == (1, [["rest", ""]])


@pytest.mark.parametrize("trace", [None, "", "no json", {"url": "https://x"}, "{}"])
def test_without_a_good_trace_an_empty_one_is_left(create, portal, trace):
    create(TRACE=trace)
    assert (portal.traces[0].tags, portal.traces[0].source_id) == ({}, 0)


def test_a_number_is_an_existing_trace(add, create, portal):
    number = create(TRACE=add())
    assert (len(portal.traces), portal.traces[0].entities) == (1, [[1, number]])


def test_an_unknown_number_leaves_a_new_trace(create, portal):
    create(TRACE=55)
    assert len(portal.traces) == 1


def test_a_deals_contact_is_linked_and_its_company_as_a_contact(create, portal):
    portal.entities["CONTACT", 4] = {"ID": "4"}
    number = create("deal", CONTACT_ID=3, COMPANY_ID=4)
    assert portal.traces[0].entities == [[2, number], [3, 3], [3, 4]]


def test_a_type_error_comes_after_the_record_is_there(ask, portal):
    answer = ask("crm.lead.add", fields={"TITLE": "x", "TRACE": '{"ref":["x"]}'})
    assert (answer.status_code, portal.entities["LEAD", 2]["TITLE"]) == (500, "x")


def test_utm_fields_overwrite_tags_and_not_the_source(create, portal):
    create(TRACE=GOOGLE, UTM_SOURCE="fb", UTM_TERM="shoes")
    tags = {"UTM_SOURCE": "fb", "UTM_MEDIUM": "cpc", "UTM_TERM": "shoes"}
    assert (portal.traces[0].tags, portal.traces[0].source_id) == (tags, 1)


def test_utm_fields_give_the_source_where_the_trace_has_none(create, portal):
    create(UTM_SOURCE="fb")
    assert portal.traces[0].source_id == 2


def test_the_tags_of_a_trace_become_the_records(create, portal):
    number = create(TRACE=GOOGLE)
    assert portal.entities["LEAD", number]["UTM_SOURCE"] == "google"


def test_no_method_gives_a_trace_back(create, ask):
    assert "TRACE" not in ask("crm.lead.get", id=create(TRACE=GOOGLE)).json()["result"]
    assert "TRACE" not in ask("crm.lead.fields").json()["result"]


def test_an_item_leaves_no_trace(ask, portal):
    ask("crm.item.add", entityTypeId=1, fields={"title": "x", "utmSource": "fb", "trace": GOOGLE, "TRACE": GOOGLE})
    assert (portal.traces, portal.entities["LEAD", 2]["UTM_SOURCE"]) == ([], "fb")


@pytest.mark.parametrize(
    ("kind", "fields", "left"),
    [
        ("lead", {"TRACE": GOOGLE}, []),
        ("lead", {"UTM_SOURCE": "unknown"}, []),
        ("lead", {"UTM_SOURCE": "fb"}, [2]),
        ("quote", {"UTM_SOURCE": "fb"}, []),
    ],
)
def test_an_update_leaves_a_trace_only_for_another_source(ask, portal, kind, fields, left):
    for _ in range(2):
        ask(f"crm.{kind}.update", id=5 if kind == "quote" else 1, fields=fields)
    assert [trace.source_id for trace in portal.traces] == left
