"""What the sandbox knows of returning visitors: open records, timelines, portals without leads, lists of users."""

import pytest

PERSON = {"NAME": "Ines", "PHONE": [{"VALUE": "+33170000000"}]}


@pytest.fixture
def result(ask):
    return lambda method, **params: ask(method, **params).json()["result"]


@pytest.mark.parametrize(
    ("kind", "stage", "semantic"),
    [
        ("lead", {"STATUS_ID": "IN_PROCESS"}, "P"),
        ("lead", {"STATUS_ID": "JUNK"}, "F"),
        ("lead", {"STATUS_ID": "CONVERTED"}, "S"),
        ("deal", {}, "P"),
        ("deal", {"STAGE_ID": "C2:WON"}, "S"),
        ("deal", {"STAGE_ID": "LOSE"}, "F"),
    ],
)
def test_a_stage_says_whether_the_record_is_open(result, kind, stage, semantic):
    number = result(f"crm.{kind}.add", fields={"TITLE": "x", **stage})
    name = "STATUS_SEMANTIC_ID" if kind == "lead" else "STAGE_SEMANTIC_ID"
    found = {letter: result(f"crm.{kind}.list", filter={"@ID": [number], name: letter}) for letter in "PSF"}
    assert [letter for letter, rows in found.items() if rows] == [semantic]


def test_a_comment_goes_into_a_timeline(result):
    number = result("crm.lead.add", fields={})
    owner = {"ENTITY_ID": number, "ENTITY_TYPE": "lead"}
    assert result("crm.timeline.comment.add", fields={**owner, "COMMENT": "Hello"}) == 1
    assert [one["COMMENT"] for one in result("crm.timeline.comment.list", filter=owner)] == ["Hello"]


@pytest.mark.parametrize(
    "owner", [{}, {"ENTITY_ID": 1, "ENTITY_TYPE": "quote"}, {"ENTITY_ID": 99, "ENTITY_TYPE": "lead"}]
)
def test_a_comment_needs_a_record_with_a_timeline(ask, owner):
    assert ask("crm.timeline.comment.add", fields={**owner, "COMMENT": "x"}).status_code == 400


def test_without_leads_a_lead_becomes_a_deal_at_once(result, portal):
    assert result("crm.settings.mode.get") == 1
    portal.simple_crm = True
    assert result("crm.settings.mode.get") == 2
    number = result("crm.lead.add", fields={"TITLE": "Request", **PERSON})
    assert result("crm.lead.get", id=number)["STATUS_ID"] == "CONVERTED"
    (deal,) = result("crm.deal.list", filter={"LEAD_ID": number}, select=["ID", "CONTACT_ID", "TITLE"]) or [{}]
    assert (deal["TITLE"], portal.entities["CONTACT", int(deal["CONTACT_ID"])]["NAME"]) == ("Request", "Ines")
    assert [2, int(deal["ID"])] in portal.traces[0].entities


def test_users_are_listed_where_the_right_is_there(ask, portal):
    assert ask("user.get").json()["error"] == "insufficient_scope"
    portal.scope += ",user"
    portal.fire_user(2)
    assert [user["ID"] for user in ask("user.get", filter={"ACTIVE": True}).json()["result"]] == ["1", "3"]
