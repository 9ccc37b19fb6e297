"""What visitors type, by public reports: followed from the website's request to what the portal stores.

Each test names the row of the collection of field reports and its source.
"""

import re
from urllib.parse import urlencode

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytestmark = pytest.mark.django_db
UF = "UF_CRM_1"


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


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("+7 812 999-93-31 доб. 139", ["+7 812 999-93-31#139"]),
        ("+33170000000 / +33170000001", ["+33170000000", "+33170000001"]),
        ("tel:+33170000000", ["+33170000000"]),
        ("112", ["112"]),
        ("call 112 at night", ["call 112 at night"]),
    ],
)
def test_row_1_a_phone_that_is_mapped_is_read_too(deliver, text, stored):
    lead, _ = deliver({"ref": text}, mapping={"lead": {"PHONE": {"field": "ref"}}})
    assert values(lead, "PHONE") == stored


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


# --- Row 32: b24-rest-docs#156 (a form with an attachment) ---


@pytest.mark.parametrize("name", ["cv.pdf", "Lebenslauf Ärztin.docx", "a;b.txt"])
def test_row_32_a_file_is_noted_and_the_fields_are_delivered(deliver, name):
    file = SimpleUploadedFile(name, b"%PDF-1.4", "application/pdf")
    lead, row = deliver({"name": "Ines", "phone": "+33170000000", "cv": file}, content_type=None)
    assert (lead["NAME"], row.repairs) == ("Ines", ["file_left_out"])
    assert name in lead["COMMENTS"]


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
