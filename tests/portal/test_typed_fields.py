"""What a visitor has typed, and what the portal then stores in a field of each type; the rest is in the comments."""

import pytest

from tests.fixtures.forms import make_form
from tests.sandbox.crm_fields import user_field
from traces.delivery import drain
from traces.models import Submission

pytestmark = pytest.mark.django_db
COLOURS = [["44", "Red"], ["45", "Dark blue"]]
UF = "UF_CRM_1"


@pytest.fixture
def deliver(installed, portal):
    """Deliver a value that is mapped to a field of this type; returns what the portal stored, and the submission."""

    def deliver(text, kind, country="", *, multiple=False, name=UF):
        items = ("Red", "Dark blue") if kind == "enumeration" else ()
        portal.user_fields = {UF: user_field(UF, "Field", kind, multiple=multiple, items=items)}
        facts = {"type": kind, "isMultiple": multiple, "items": COLOURS if items else []}
        types = {"lead": {UF: facts}} if name == UF else {}
        mapping = {"lead": {name: {"field": "answer"}}}
        form = make_form(installed, creates="lead", mapping=mapping, field_types=types, country=country)
        body = {"answer": text, "TRACE": "{}"}
        row = Submission.objects.create(portal=installed, form=form, body=body, body_hash="0" * 64)
        drain.drain(installed.pk)
        row.refresh_from_db()
        assert row.state == "delivered", row.reason
        return portal.entities["LEAD", row.entities[0]["ID"]], row

    return deliver


@pytest.mark.parametrize(
    ("text", "kind", "country", "stored"),
    [
        (" red ", "enumeration", "", "44"),
        ("DARK  BLUE", "enumeration", "", "45"),
        ("45", "enumeration", "", "45"),
        ("on", "boolean", "", "1"),
        ("да", "boolean", "RU", "1"),
        ("yes", "boolean", "US", "1"),
        ("true", "boolean", "", "1"),
        ("off", "boolean", "", "0"),
        ("05/06/2026", "date", "US", "2026-05-06"),
        ("05/06/2026", "date", "DE", "2026-06-05"),
        ("31/12/2026", "date", "", "2026-12-31"),
        ("31.12.2026", "date", "RU", "2026-12-31"),
        ("5 мая 2026 г.", "date", "RU", "2026-05-05"),
        ("31.12.2026 17:30", "datetime", "RU", "2026-12-31T17:30:00"),
        ("12/31/2026 5:30 pm", "datetime", "US", "2026-12-31T17:30:00"),
        ("1 500,00", "double", "RU", "1500"),
        ("1.500,50", "double", "DE", "1500.5"),
        ("12 500 руб.", "integer", "RU", "12500"),
        ("$1,500.00", "money", "US", "1500|USD"),
        ("1.500,00 €", "money", "DE", "1500|EUR"),
        ("1500", "money", "", "1500"),
        ("12", "employee", "", "12"),
        ("https://shop.example/", "url", "", "https://shop.example/"),
    ],
)
def test_a_text_becomes_what_the_type_takes(deliver, text, kind, country, stored):
    lead, row = deliver(text, kind, country)
    assert (lead[UF], row.repairs) == (stored, [])


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Green", "enumeration"),
        ("46", "enumeration"),
        ("perhaps", "boolean"),
        ("next week", "date"),
        ("31.02.2026", "datetime"),
        ("two or three", "double"),
        ("10k", "integer"),
        ("1500 or so", "money"),
        ("Anna", "employee"),
    ],
)
def test_what_the_type_does_not_take_is_in_the_comments_and_told(deliver, text, kind):
    lead, row = deliver(text, kind)
    assert (UF in lead, lead["COMMENTS"], row.repairs) == (False, f"answer: {text}", ["value_not_converted"])


@pytest.mark.parametrize(
    ("text", "country", "stored"),
    [("1 500,00", "RU", "1500"), ("12 500 руб.", "RU", "12500"), ("$1,500.00", "US", "1500"), ("1.500", "DE", "1500")],
)
def test_an_amount_needs_no_type_from_the_portal(deliver, text, country, stored):
    assert deliver(text, "string", country, name="OPPORTUNITY")[0]["OPPORTUNITY"] == stored


def test_without_a_country_the_portals_language_decides(deliver, installed):
    installed.language = "de"
    installed.save()
    assert deliver("1.500", "double")[0][UF] == "1500"


def test_of_several_choices_each_is_kept(deliver):
    lead, row = deliver(["Red", "dark blue", "Green"], "enumeration", multiple=True)
    assert (lead[UF], row.repairs) == (["44", "45"], ["value_not_converted"])
    assert "answer: Green" in lead["COMMENTS"].split("<br>")


@pytest.mark.parametrize("address", ["anna.@mail.ru", "anna..petrova@mail.ru", "anna@mail..ru", "anna@mail.c_m"])
def test_an_address_that_costs_the_record_is_in_the_comments(deliver, address):
    lead, row = deliver(address, "string", name="EMAIL")
    assert ("EMAIL" in lead, row.repairs) == (False, ["email_invalid"])
    assert f"answer: {address}" in lead["COMMENTS"]


def test_a_telephone_number_is_cut_at_the_portals_length(deliver):
    lead, row = deliver("1" * 300, "string", name="PHONE")
    assert (lead["PHONE"][0]["VALUE"], "value_shortened" in row.repairs) == ("1" * 250, True)
