"""Public reports of people who send leads, tried from the website's request to what the portal stores.

Each test names the row of the collection of field reports and its source.
"""

import pytest

from b24app.api import batch
from b24app.models import Portal, PortalUser
from b24app.portal import install
from tests.fixtures.forms import make_form
from tests.sandbox.crm_fields import user_field
from traces.delivery import drain
from traces.models import Submission

pytestmark = pytest.mark.django_db
UF = "UF_CRM_1"


def values(record, field):
    return [entry["VALUE"] for entry in record.get(field, [])]


# --- Row 4: dev.1c-bitrix.ru forum48, andrey-tech/bitrix24-api-php#4 (list fields take an element's ID) ---


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("Red", "44"),
        ("red", "44"),
        ("  RED ", "44"),
        ("Dark\u00a0blue", "45"),
        ("44", "44"),
        (45, "45"),
        (["Red"], "44"),
    ],
)
def test_row_4_a_text_of_a_list_becomes_its_element(deliver, made_by_command, text, stored):
    field = user_field(UF, "Colour", "enumeration", items=("Red", "Dark blue"))
    form = made_by_command('{"lead": {"UF_CRM_1": {"field": "color"}}}', field)
    lead, row = deliver({"color": text}, form=form)
    assert (lead[UF], row.repairs) == (stored, [])


@pytest.mark.parametrize("text", ["2 rooms", "Green", "444", "Red or blue", "-44"])
def test_row_4_what_is_no_element_is_told_and_kept(deliver, made_by_command, text):
    field = user_field(UF, "Colour", "enumeration", items=("Red", "Dark blue"))
    form = made_by_command('{"lead": {"UF_CRM_1": {"field": "color"}}}', field)
    lead, row = deliver({"color": text}, form=form)
    assert (UF in lead, f"color: {text}" in lead["COMMENTS"], row.repairs) == (False, True, ["value_not_converted"])


# --- Row 7: FloatField::cast and moneytype.php (amounts as shops write them) ---

AMOUNTS = [
    ("1 500,00", "RU", "1500", None),
    ("12 500 руб.", "RU", "12500", "RUB"),
    ("$1,500.00", "US", "1500", "USD"),
    ("1500 EUR", "DE", "1500", "EUR"),
    ("1.500,50 €", "DE", "1500.5", "EUR"),
    ("₽ 12\u202f500", "RU", "12500", "RUB"),
    ("C$ 20", "CA", None, None),
    ("$20", "CA", "20", "CAD"),
    ("1'500.-", "CH", "1500", None),
]


@pytest.mark.parametrize("kind", ["lead", "deal", "quote"])
@pytest.mark.parametrize(("text", "country", "number", "currency"), AMOUNTS)
def test_row_7_an_amount_is_read_with_its_currency(deliver, kind, text, country, number, currency):
    mapping = {kind: {"OPPORTUNITY": {"field": "sum"}, "TITLE": "x"}}
    record, _ = deliver({"sum": text}, kind, mapping=mapping, country=country)
    assert (record.get("OPPORTUNITY"), record.get("CURRENCY_ID")) == (number, currency)
    assert number or f"sum: {text}" in record["COMMENTS"]


@pytest.mark.parametrize(("mapped", "stored"), [("BYN", "BYN"), ("", None)])
def test_row_7_a_mapped_currency_has_precedence(deliver, mapped, stored):
    mapping = {"lead": {"CURRENCY_ID": mapped, "OPPORTUNITY": "{sum}"}}
    assert deliver({"sum": "20 USD"}, mapping=mapping)[0].get("CURRENCY_ID") == stored


@pytest.mark.parametrize(
    ("text", "stored"),
    [("1 500 руб", "1500|RUB"), ("1 500,5", "1500.5"), ("20|usd", "20|USD"), ("from 20 to 30", None)],
)
def test_row_7_a_field_of_money_never_costs_the_record(deliver, made_by_command, text, stored):
    form = made_by_command('{"lead": {"UF_CRM_1": {"field": "sum"}}}', user_field(UF, "Price", "money"))
    lead, _ = deliver({"sum": text}, form=form)
    assert lead.get(UF) == stored
    assert stored or f"sum: {text}" in lead["COMMENTS"]


# --- Row 17: neuroanswers.net, crm_lead.php:1509 (leads go to whoever's token it is) ---


@pytest.mark.parametrize("kind", ["lead", "deal", "contact", "company", "quote"])
@pytest.mark.parametrize(("of_form", "chosen", "responsible"), [(None, 1, "1"), (7, 1, "7"), (None, None, "2")])
def test_row_17_the_responsible_person_is_not_the_tokens(
    deliver, installed, portal, kind, of_form, chosen, responsible
):
    install.open_frame(install.claim_of_frame(*portal.frame_post(2)))
    PortalUser.objects.filter(user_id=1).delete()
    Portal.objects.update(chosen_user_id=chosen)
    body = {"name": "Ines", "phone": "+33170000000", "company": "Moreau SARL"}
    _, row = deliver(body, kind, assigned_by_id=of_form)
    records = [portal.entities[entity["TYPE"], entity["ID"]] for entity in row.entities]
    assert {record["ASSIGNED_BY_ID"] for record in records} == {responsible}


@pytest.mark.parametrize(
    ("rule", "responsible"), [(5, "5"), ({"field": "manager"}, "12"), ({"field": "none"}, "7"), ("", "1")]
)
def test_row_17_a_mapped_person_has_precedence(deliver, rule, responsible):
    mapping = {"lead": {"ASSIGNED_BY_ID": rule}}
    assert deliver({"manager": "12"}, mapping=mapping, assigned_by_id=7)[0]["ASSIGNED_BY_ID"] == responsible


# --- Row 31: crm-lead-add.md, mesilov#370 (returning visitors should be linked) ---


@pytest.mark.parametrize("kind", ["lead", "contact", "company"])
def test_row_31_the_option_finds_what_is_there(deliver, made_by_command, portal, kind):
    form = made_by_command("{}", kind=kind, find_existing=True)
    body = {"name": "Ines", "phone": "+33170000000", "company": "Moreau SARL"}
    _, first = deliver(body, form=form)
    _, second = deliver({**body, "phone": "+33 (1) 70-00-00-00", "message": "Again"}, form=form)
    assert second.entities == first.entities
    assert "message: Again" in portal.comments[0]["COMMENT"]


# --- Row 33: ids that come as texts ---


@pytest.mark.parametrize("kind", ["trace", "lead", "deal", "quote"])
def test_row_33_ids_as_texts_are_taken(installed, portal, monkeypatch, kind):
    original = batch.read

    def as_texts(result, commands):
        texts = {key: str(value) if type(value) is int else value for key, value in result["result"].items()}
        return original({**result, "result": texts}, commands)

    monkeypatch.setattr(batch, "read", as_texts)
    body = {"name": "Ines", "phone": "+33170000000", "company": "Moreau SARL", "TRACE": "{}"}
    row = Submission.objects.create(
        portal=installed, form=make_form(installed, creates=kind), body=body, body_hash="0" * 64
    )
    for _ in range(6):
        drain.drain(installed.pk)
    row.refresh_from_db()
    assert (row.state, len(portal.traces)) == ("delivered", 1)


# --- Row 34: mesilov#59, gebvlad#6, andrey-tech#3 (PHONE and EMAIL have a form of their own) ---


@pytest.mark.parametrize("kind", ["lead", "contact", "company"])
def test_row_34_phones_and_addresses_have_the_portals_form(deliver, kind):
    record, _ = deliver({"phone": "+33170000000", "email": "ines@mail.example"}, kind)
    assert (values(record, "PHONE"), values(record, "EMAIL")) == (["+33170000000"], ["ines@mail.example"])


# --- Row 38: mesilov#27 (the responsible person is notified by the portal itself) ---


def test_row_38_the_portals_own_notice_is_left_to_it(deliver, monkeypatch):
    asked = []
    original = batch.request
    monkeypatch.setattr(batch, "request", lambda commands: asked.extend(commands.values()) or original(commands))
    deliver({"name": "Ines"})
    assert [command for command in asked if "REGISTER_SONET_EVENT" in str(command.params)] == []
    assert "crm.lead.add" in [command.method for command in asked]
