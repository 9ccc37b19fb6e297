"""The CRM's records on the sandbox."""

from datetime import datetime, timedelta, timezone

import pytest


@pytest.fixture
def result(ask):
    return lambda method, **params: ask(method, **params).json()["result"]


def origin(number):
    return {"ORIGINATOR_ID": "acme", "ORIGIN_ID": f"msg-{number}"}


KINDS = ["lead", "deal", "contact", "company", "quote"]


@pytest.mark.parametrize("kind", KINDS)
def test_an_add_answers_with_a_bare_number(result, kind):
    number = result(f"crm.{kind}.add", fields={"TITLE": "x"})
    assert type(number) is int
    assert result(f"crm.{kind}.get", id=number)["ID"] == str(number)


@pytest.mark.parametrize("kind", ["lead", "deal", "contact", "company"])
def test_no_field_is_required_but_of_a_quote(ask, kind):
    assert ask(f"crm.{kind}.add", fields=[]).ok
    assert ask("crm.quote.add", fields=[]).json()["error"] == ""


def test_a_full_disk_refuses_every_new_record(ask, portal):
    portal.disk_full = True
    answer = ask("crm.lead.add", fields={"TITLE": "x"})
    assert (answer.status_code, answer.json()["error"]) == (400, "")
    assert ask("crm.lead.get", id=1).ok


@pytest.mark.parametrize("fields", [{}, {"fields": "TITLE"}, {"fields": ["x"]}])
def test_fields_must_be_an_array(ask, fields):
    answer = ask("crm.lead.add", **fields)
    text = "Parameter 'fields' must be array."
    assert (answer.status_code, answer.json()) == (400, {"error": "", "error_description": text})


@pytest.mark.parametrize(
    ("kind", "field", "kept"),
    [
        ("lead", "NAME", True),
        ("lead", "UF_CRM_1", True),
        ("lead", "NO_SUCH_FIELD", False),
        ("lead", "ID", False),
        ("lead", "TRACE", False),
        ("deal", "PHONE", False),
        ("quote", "ORIGIN_ID", False),
    ],
)
def test_fields_that_a_record_does_not_have_are_dropped(result, kind, field, kept):
    number = result(f"crm.{kind}.add", fields={"TITLE": "x", field: "value"})
    assert (result(f"crm.{kind}.get", id=number).get(field) == "value") is kept


def test_records_come_back_in_texts(result):
    number = result("crm.deal.add", fields={"OPPORTUNITY": 10.5, "OPENED": True})
    record = result("crm.deal.get", id=number)
    assert (record["OPPORTUNITY"], record["OPENED"], record["ASSIGNED_BY_ID"]) == ("10.5", "Y", "1")


def test_a_multifield_gets_an_id_and_its_type(result):
    number = result("crm.lead.add", fields={"PHONE": [{"VALUE": "+33170", "VALUE_TYPE": "HOME"}]})
    row = {"ID": "1", "VALUE_TYPE": "HOME", "VALUE": "+33170", "TYPE_ID": "PHONE"}
    assert result("crm.lead.get", id=number)["PHONE"] == [row]


def test_a_bad_address_of_mail_is_refused(ask):
    answer = ask("crm.contact.add", fields={"EMAIL": [{"VALUE": "nobody"}]})
    assert (answer.status_code, answer.json()["error"]) == (400, "ERROR_CORE")


@pytest.mark.parametrize("method", ["crm.lead.add", "crm.lead.list", "crm.status.list", "crm.duplicate.findbycomm"])
def test_no_right_to_the_crm_is_400_with_an_empty_error(ask, portal, method):
    portal.add_user(9, admin=False, name="Ola", crm=False)
    answer = ask(method, 9, fields={})
    assert (answer.status_code, answer.json()) == (400, {"error": "", "error_description": "Access denied."})


@pytest.mark.parametrize(("number", "text"), [(55, "Not found"), (0, "ID is not defined or invalid.")])
@pytest.mark.parametrize("verb", ["get", "update", "delete"])
def test_a_record_that_is_not_there_is_told(ask, verb, number, text):
    answer = ask(f"crm.lead.{verb}", id=number, fields={})
    assert (answer.status_code, answer.json()) == (400, {"error": "", "error_description": text})


def test_an_update_changes_what_is_given(result):
    result("crm.lead.update", id=1, fields={"TITLE": "new", "ID": 5})
    found = result("crm.lead.get", id=1)
    assert (found.pop("DATE_MODIFY") > "2026", found) == (True, {"ID": "1", "TITLE": "new"})


def test_a_deleted_number_is_not_given_again(result):
    result("crm.lead.delete", id=1)
    assert result("crm.lead.add", fields={}) == 2


# --- Lists --------------------------------------------------------------------------------------------------


def test_a_record_is_found_by_its_origin(result):
    numbers = [result("crm.lead.add", fields={"TITLE": "x", **origin(number)}) for number in (1, 2, 2)]
    assert result("crm.lead.list", filter=origin(2), select=["ID"], start=-1) == [{"ID": str(n)} for n in numbers[1:]]


@pytest.fixture
def many(portal):
    """Leads 1 to 121."""
    for number in range(2, 122):
        portal.entities["LEAD", number] = {"ID": str(number), "TITLE": f"LEAD {number}"}


@pytest.mark.parametrize(
    ("start", "count", "envelope"),
    [
        ({}, 50, {"total": 121, "next": 50}),
        ({"start": 50}, 50, {"total": 121, "next": 100}),
        ({"start": "100"}, 21, {"total": 121}),
        ({"start": -1}, 50, {}),
    ],
)
def test_a_list_comes_in_pages(ask, many, start, count, envelope):
    answer = ask("crm.lead.list", **start).json()
    assert len(answer.pop("result")) == count
    assert {name: answer[name] for name in answer if name != "time"} == envelope


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        ({"ID": 7}, 1),
        ({"=ID": "7"}, 1),
        ({"@ID": [7, 8, 500]}, 2),
        ({"ID": [7, 8]}, 2),
        ({"!ID": 7}, 120),
        ({"!@ID": [7, 8]}, 119),
        ({">ID": 100}, 21),
        ({">=ID": 100}, 22),
        ({"<ID": "10"}, 9),
        ({"<=ID": 10}, 10),
        ({"%TITLE": "d 12"}, 3),
        ({"=%TITLE": "LEAD 12%"}, 3),
        ({">ID": 10, "<ID": 13}, 2),
        ({"ORIGIN_ID": ""}, 121),
    ],
)
def test_a_filter_has_its_signs(ask, many, wanted, count):
    assert ask("crm.lead.list", filter=wanted).json()["total"] == count


OWN = {"ID", "TITLE", "ASSIGNED_BY_ID", "DATE_CREATE", "DATE_MODIFY", "STATUS_SEMANTIC_ID"}


@pytest.mark.parametrize(
    ("select", "names"),
    [
        (None, OWN),
        (["TITLE"], {"ID", "TITLE"}),
        (["*", "PHONE"], {*OWN, "PHONE"}),
        (["ID", "UF_*"], {"ID", "UF_A"}),
    ],
)
def test_user_fields_and_multifields_are_listed_only_where_named(result, select, names):
    number = result("crm.lead.add", fields={"TITLE": "x", "PHONE": [{"VALUE": "1"}], "UF_A": "y"})
    (found,) = result("crm.lead.list", filter={"ID": number}, select=select)
    assert set(found) == names


@pytest.mark.parametrize(
    ("order", "numbers"),
    [
        ({}, [1, 2, 3, 10]),
        ({"ID": "DESC"}, [10, 3, 2, 1]),
        ({"id": "asc"}, [1, 2, 3, 10]),
        ({"TITLE": "ASC"}, [3, 1, 2, 10]),
        ({"TITLE": "asc", "ID": "desc"}, [3, 10, 2, 1]),
        ("ID", [1, 2, 3, 10]),
    ],
)
def test_a_list_comes_in_the_order_asked_for(result, portal, order, numbers):
    for number, title in ((10, "b"), (2, "b"), (3, "a"), (1, "b")):
        portal.entities["LEAD", number] = {"ID": str(number), "TITLE": title}
    assert [row["ID"] for row in result("crm.lead.list", order=order)] == [str(number) for number in numbers]


def test_large_lists_are_read_by_their_ids_and_count_nothing(ask, portal):
    for number in range(2, 120):
        portal.entities["LEAD", number] = {"ID": str(number), "ORIGINATOR_ID": "us"}
    seen: list[int] = []
    while len(seen) % 50 == 0:
        wanted = {"ORIGINATOR_ID": "us", ">ID": seen[-1] if seen else 0}
        answer = ask("crm.lead.list", filter=wanted, order={"ID": "ASC"}, select=["ID"], start=-1).json()
        assert "total" not in answer and "next" not in answer
        seen += [int(row["ID"]) for row in answer["result"]]
    assert seen == list(range(2, 120))


@pytest.mark.parametrize(("stage", "semantic"), [("NEW", "P"), ("C1:WON", "S"), ("C2:LOSE", "F")])
def test_a_deal_tells_what_its_stage_means_and_when_it_was_closed(result, stage, semantic):
    number = result("crm.deal.add", fields={"TITLE": "x"})
    result("crm.deal.update", id=number, fields={"STAGE_ID": stage})
    (found,) = result("crm.deal.list", filter={"ID": number}, select=["STAGE_SEMANTIC_ID", "CLOSEDATE"])
    assert (found["STAGE_SEMANTIC_ID"], bool(found["CLOSEDATE"])) == (semantic, semantic != "P")


def test_what_was_changed_since_a_time_is_found_in_any_zone(result, sandbox, portal):
    old = result("crm.deal.add", fields={})
    sandbox.clock.ahead += 3600
    new = result("crm.deal.add", fields={})
    since = datetime.fromtimestamp(portal.clock.now() - 60, timezone(timedelta(hours=3))).isoformat()
    found = result("crm.deal.list", filter={">=DATE_MODIFY": since, "@ID": [old, new]}, select=["ID"])
    assert found == [{"ID": str(new)}]


# --- The rest -----------------------------------------------------------------------------------------------


def test_an_item_is_answered_whole(result):
    fields = {"title": "x", "utmSource": "fb", "originId": "7"}
    fields["fm"] = [{"typeId": "EMAIL", "valueType": "WORK", "value": "a@b.example"}]
    item = result("crm.item.add", entityTypeId=1, fields=fields)["item"]
    assert (item["id"], item["title"], item["utmSource"], item["originId"]) == (2, "x", "fb", "7")
    assert result("crm.lead.get", id=2)["EMAIL"][0]["VALUE"] == "a@b.example"


@pytest.mark.parametrize(
    ("params", "error"),
    [({}, "100"), ({"entityTypeId": 1}, "100"), ({"entityTypeId": 31, "fields": {}}, "NOT_FOUND")],
)
def test_an_item_has_typed_errors(ask, params, error):
    answer = ask("crm.item.add", **params)
    assert (answer.status_code, answer.json()["error"]) == (400, error)


def test_duplicates_are_found_by_phone_whatever_it_looks_like(result):
    fields = {"PHONE": [{"VALUE": "+33 (170) 00-00"}]}
    numbers = [result(f"crm.{kind}.add", fields=fields) for kind in ("lead", "contact")]
    found = result("crm.duplicate.findbycomm", type="PHONE", values=["331700000"])
    assert found == {"LEAD": [numbers[0]], "CONTACT": [numbers[1]]}


@pytest.mark.parametrize("kind", [None, "FAX", ["PHONE"], {"a": "PHONE"}])
def test_duplicates_are_sought_by_phone_or_mail_only(ask, kind):
    answer = ask("crm.duplicate.findbycomm", type=kind, values=["1"])
    assert (answer.status_code, answer.json()["error"]) == (400, "")


@pytest.mark.parametrize("values", [[331700000], ["none"], [""]])
def test_no_duplicates_are_an_empty_list(result, values):
    result("crm.lead.add", fields={"PHONE": [{"VALUE": "331700000"}]})
    assert result("crm.duplicate.findbycomm", type="PHONE", values=values) == []


def test_twenty_of_one_kind_end_the_search(result):
    for number in range(21):
        result("crm.lead.add", fields={"EMAIL": [{"VALUE": f"{number}@b.example"}]})
    result("crm.contact.add", fields={"EMAIL": [{"VALUE": "1@b.example"}]})
    found = result("crm.duplicate.findbycomm", type="EMAIL", values=[f"{number}@B.example" for number in range(21)])
    assert {kind: len(numbers) for kind, numbers in found.items()} == {"LEAD": 20}


def test_the_directory_of_sources_is_given_at_once(ask):
    answer = ask("crm.status.list", filter={"ENTITY_ID": "SOURCE"}).json()
    assert (len(answer["result"]), answer["total"], "next" in answer) == (12, 12, False)
    assert answer["result"][2]["STATUS_ID"] == "WEB"


@pytest.mark.parametrize("kind", KINDS)
def test_the_fields_of_a_kind_are_described(result, kind):
    fields = result(f"crm.{kind}.fields")
    assert fields["ID"]["isReadOnly"] is True
    assert ("ORIGIN_ID" in fields) is (kind != "quote")


@pytest.mark.parametrize("kind", KINDS)
def test_fields_that_an_administrator_has_made_are_described_as_well(result, kind):
    made = {name: facts for name, facts in result(f"crm.{kind}.fields").items() if name.startswith("UF_CRM_")}
    assert [facts["title"] for facts in made.values()] == list(made)
    assert [facts["formLabel"] for facts in made.values() if facts["isRequired"]] == ["Region"]
    (choice,) = [facts for facts in made.values() if facts["type"] == "enumeration"]
    assert choice["items"][0] == {"ID": "44", "VALUE": "1 to 9"}
