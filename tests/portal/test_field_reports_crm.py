"""Public reports of people who send leads, tried from the website's request to what the portal stores.

Each test names the row of the collection of field reports and its source.
"""

import re
from urllib.parse import urlencode

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from b24app.api import batch
from b24app.models import Portal, PortalUser
from b24app.portal import install
from tests.fixtures.forms import make_form
from tests.sandbox.crm_fields import user_field
from traces.delivery import drain
from traces.models import Form, Submission

pytestmark = pytest.mark.django_db
UF = "UF_CRM_1"


@pytest.fixture
def deliver(client, installed, portal):
    """Post to a form as a website does, and deliver; returns the record that came of it, and the submission."""

    def deliver(body, kind="lead", *, form=None, content_type="application/json", **facts):
        form = form or make_form(installed, creates=kind, join_repeats_minutes=0, **facts)
        posted = {} if content_type is None else {"content_type": content_type}
        answer = client.post(f"/in/{form.key}/", body, **posted)
        assert answer.status_code in (200, 303), answer.content
        row = Submission.objects.latest("received_at", "pk")
        for _ in range(6):
            drain.drain(installed.pk)
            row.refresh_from_db()
            if row.state != "queued":
                break
        assert row.state == "delivered", row.reason
        entity = row.entities[-1]
        return portal.entities[entity["TYPE"], entity["ID"]], row

    return deliver


@pytest.fixture
def made_by_command(installed, portal, capsys):
    """A form that the operator's command makes, as the portal describes its fields."""

    def make(mapping, *fields, kind="lead", **options):
        portal.user_fields = {facts["title"]: facts for facts in fields}
        call_command("form_create", portal=installed.member_id, name="Shop", creates=kind, mapping=mapping, **options)
        return Form.objects.latest("pk")

    return make


def values(record, field):
    return [entry["VALUE"] for entry in record.get(field, [])]


def digits(text):
    return re.sub(r"\D", "", text)


# --- Row 1: bitrix-tools/b24-rest-docs#72, ekomobile/dadata#22, Django-CRM#155 (phones as they are written) ---

PHONES = [
    "+78129999331#4048", "+7 812 999-93-31 доб. 139", "+7 (812) 999 93 31 x12", "+78129999331 ext. 12",
    "+78129999331*12", "030/1234567", "+49 30/123456", "+33\u20111\u201170\u201100\u201100\u201100",
    "+33 1 70\u201300\u201300\u201300",
    "tel:+33170000000", "\uff0b81\uff13\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18\uff19",
    "+33170000000, +33170000001", "+33170000000 / +33170000001", "+33170000000 (mobile)", "1-800-FLOWERS", "12345",
    "8 (900) 000-01-11 вн. 7", "WhatsApp +491700000001", "0170\u00a0000\u00a00001",
]  # fmt: skip


@pytest.mark.parametrize("number", PHONES)
def test_row_1_a_phone_is_in_its_field_or_in_the_comments(deliver, number):
    lead, row = deliver({"phone": number, "name": "Ines"})
    shown = f"{values(lead, 'PHONE')} {lead.get('COMMENTS', '')}"
    missing = [run for run in re.findall(r"\d+", number) if int(run) and digits(str(int(run))) not in digits(shown)]
    assert (missing, bool(values(lead, "PHONE")) or "phone_unreadable" in row.repairs) == ([], True)


# --- Row 3: zero-archive/amocrm-php#49, drillcoder/AmoCRM_Wrap#3 (several ticks of one group) ---


TICKS = ("Audit", "Tax", "Legal")
URLENCODED = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (urlencode([("services", text) for text in TICKS]), URLENCODED),
        (urlencode([("services[]", text) for text in TICKS]), URLENCODED),
        (urlencode([(f"services[{number}]", text) for number, text in enumerate(TICKS)]), URLENCODED),
        ({"services": list(TICKS)}, None),
        ({"services": list(TICKS)}, "application/json"),
    ],
)
def test_row_3_each_of_several_ticks_arrives(deliver, body, content_type):
    mapping = {"lead": {UF: {"field": "services"}}}
    types = {"lead": {UF: {"type": "string", "isMultiple": True}}}
    lead, _ = deliver(body, content_type=content_type, mapping=mapping, field_types=types)
    assert all(text in f"{lead.get(UF)} {lead.get('COMMENTS')}" for text in TICKS)


def test_row_3_two_phones_of_one_name_are_two(deliver):
    body = urlencode([("phone", "+33170000000"), ("phone", "+33170000001")])
    lead, _ = deliver(body, content_type=URLENCODED)
    assert values(lead, "PHONE") == ["+33170000000", "+33170000001"]


def test_row_3_more_ticks_than_a_field_is_given_are_in_the_comments(deliver):
    ticks = [f"choice {number}" for number in range(25)]
    types = {"lead": {UF: {"type": "string", "isMultiple": True}}}
    lead, row = deliver({"services": ticks}, mapping={"lead": {UF: {"field": "services"}}}, field_types=types)
    shown = [*lead[UF], *lead["COMMENTS"].split("<br>")]
    assert all(tick in " ".join(shown) for tick in ticks)
    assert (lead[UF], "value_to_comments" in row.repairs) == (ticks[:20], True)


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


# --- Row 8: main/tools.php:4566 check_email (a mistyped address refuses the whole record) ---

ADDRESSES = [
    "anna.@mail.ru", "anna..petrova@mail.ru", ".anna@mail.ru", "anna@mail..ru", "mailto:anna@mail.ru", "anna@mail.c_m",
    "anna@mail", "anna@@mail.ru", "anna@mail.ru.", "<anna@mail.ru>", "anna@mail,ru", "anna@-mail.ru", "anna@mail.r",
    f"{'a' * 250}@mail.ru", "anna@почта.рф", "anna petrova@mail.ru", "anna@mail.ru, petr@mail.ru", "anna(at)mail.ru",
]  # fmt: skip


@pytest.mark.parametrize("kind", ["lead", "deal"])
@pytest.mark.parametrize("address", ADDRESSES)
def test_row_8_a_mistyped_address_costs_no_record(deliver, portal, kind, address):
    record, row = deliver({"email": address, "name": "Anna"}, kind)
    records = [portal.entities[entity["TYPE"], entity["ID"]] for entity in row.entities]
    shown = " ".join(f"{values(one, 'EMAIL')} {one.get('COMMENTS', '')}" for one in records)
    assert set(re.findall(r"\w{3,}", address.removeprefix("mailto:"))) <= set(re.findall(r"\w{3,}", shown))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.from_regex(r"[a-z.@_,' -]{0,12}@[a-z.@_,-]{0,12}", fullmatch=True))
def test_row_8_whatever_is_typed_as_an_address(deliver, address):
    lead, _ = deliver({"email": address, "name": "Anna"})
    assert lead["NAME"] == "Anna"


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


# --- Row 32: b24-rest-docs#156 (a form with an attachment) ---


@pytest.mark.parametrize("name", ["cv.pdf", "Lebenslauf Ärztin.docx", "a;b.txt"])
def test_row_32_a_file_is_noted_and_the_fields_are_delivered(deliver, name):
    file = SimpleUploadedFile(name, b"%PDF-1.4", "application/pdf")
    lead, row = deliver({"name": "Ines", "phone": "+33170000000", "cv": file}, content_type=None)
    assert (lead["NAME"], row.repairs) == ("Ines", ["file_left_out"])
    assert name in lead["COMMENTS"]


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


# --- Class A: what a record has no field for ---


@pytest.mark.parametrize("kind", ["company", "quote", "contact", "deal"])
def test_a_visitor_is_told_whatever_the_form_makes(deliver, portal, kind):
    body = {
        "name": "Ines Moreau",
        "phone": "+33170000000",
        "email": "ines@mail.example",
        "company": "Moreau SARL",
        "position": "Buyer",
        "message": "Call me",
    }
    _, row = deliver(body, kind)
    shown = str([portal.entities[entity["TYPE"], entity["ID"]] for entity in row.entities])
    assert [
        text for text in ("Moreau SARL", "Buyer", "Call me", "+33170000000", "ines@", "Ines") if text not in shown
    ] == []
