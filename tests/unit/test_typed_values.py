"""A submitted value in the form that its field's type takes: each is converted, or kept; no text makes it fail."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traces.compose import countries, fields, typed_values
from traces.compose.typed_values import FieldType, Types, convert, convert_all
from traces.compose.visitor import recognise

ITEMS = [["44", "Red"], ["45", "Red, dark"]]
KINDS = [*typed_values._CONVERTERS, "string", "url", "crm_status"]


@pytest.mark.parametrize(
    ("text", "country", "number"),
    [
        ("1 500,00", "", 1500),
        ("1\u00a0500", "", 1500),
        ("1'500.50 CHF", "CH", 1500.5),
        ("1.234.567,89", "", 1234567.89),
        ("1,234,567.89", "", 1234567.89),
        ("1,50,000", "IN", 150000),
        ("1.500", "DE", 1500),
        ("1.500", "US", 1.5),
        ("1,500", "US", 1500),
        ("0.125", "DE", 0.125),
        ("1500,-", "DE", 1500),
        ("−5", "", -5),
        (",5", "", 0.5),
        (12.5, "", 12.5),
        ("1.500", "", None),
        ("12 34", "", None),
        ("1500-2000", "", None),
        ("50 %", "", None),
        ("10k", "", None),
        ("1.5,0.0", "", None),
        ("9" * 16, "", None),
        ("", "", None),
        (True, "", None),
        (float("nan"), "", None),
        (1e300, "", None),
    ],
)
def test_a_number_is_read_as_people_write_it(text, country, number):
    assert convert(text, "double", (), country)[0] == number


@pytest.mark.parametrize(("value", "stored"), [("1500|eur", "1500|EUR"), (1e-7, "0.0000001"), ("5|euros", None)])
def test_money_has_its_currency_behind_a_bar(value, stored):
    assert convert(value, "money", (), "")[0] == stored


@pytest.mark.parametrize(("country", "stored"), [("US", "5|USD"), ("CA", "5|CAD"), ("", "5|USD")])
def test_a_dollar_is_that_of_the_country(country, stored):
    assert convert("$5", "money", (), country) == (stored, "")


@pytest.mark.parametrize(
    ("text", "country", "date"),
    [
        ("2026-12-31", "", "2026-12-31"),
        ("2026-12-31T23:59:59+03:00", "", "2026-12-31"),
        ("December 31st, 2026", "", "2026-12-31"),
        ("31 дек 2026", "", "2026-12-31"),
        ("05.06.2026", "US", "2026-06-05"),
        ("12/31/2026", "DE", "2026-12-31"),
        ("05/06/2026", "", None),
        ("Marble 5, 2026", "", None),
        ("0000-01-01", "", None),
        ("01.02.26", "", "2026-02-01"),
        ("12/31/26", "US", "2026-12-31"),
        ("01/02/26", "", None),
        ("01.02.87", "", "1987-02-01"),
        ("01.02.45", "", None),
        ("26-02-01", "", None),
        ("5 May 2026 13:00 pm", "", None),
    ],
)
def test_a_date_is_read_as_people_write_it(text, country, date):
    assert convert(text, "date", (), country)[0] == date


def test_a_time_zone_stays():
    assert convert("2026-12-31 10:30:05 +0300", "datetime", (), "")[0] == "2026-12-31T10:30:05+03:00"


def test_choices_in_one_text_are_told_apart_unless_it_is_one():
    kind = FieldType("enumeration", is_multiple=True, items=ITEMS)
    assert convert_all("red; 45, blue", kind, "") == (["44", "45"], ["blue"])
    assert convert_all("red, dark", kind, "") == (["45"], [])


@pytest.mark.parametrize(
    ("kind", "result"),
    [(FieldType("string"), ("1, 2", [])), (FieldType("integer"), (None, ["1", "2"]))],
)
def test_several_values_in_a_field_for_one_are_not_lost(kind, result):
    assert convert_all(["1", "2"], kind, "") == result


@pytest.mark.parametrize(("language", "country"), [("en", "US"), ("ru", "RU"), ("br", "BR"), ("la", "ES"), ("x", "")])
def test_a_language_tells_a_country(language, country):
    assert countries.of_language(language) == country


def test_an_administrators_number_stays():
    types = Types({"lead": {"UF_CRM_1": {"type": "enumeration", "items": ITEMS}}})
    assert fields.build("lead", recognise({}), {}, {"lead": {"UF_CRM_1": 7}}, {}, types).values["UF_CRM_1"] == 7


scalars = st.text(max_size=60) | st.integers() | st.floats() | st.booleans() | st.from_regex(r"[\d.,/ $€:-]{1,20}")


@given(scalars, st.sampled_from(KINDS), st.sampled_from([(), ITEMS]), st.sampled_from(["", "US", "DE", "IN"]))
def test_no_value_makes_it_fail_and_each_is_converted_or_kept(value, kind, items, country):
    converted, repair = convert(value, kind, items, country)
    assert (converted is None) == (repair == "value_not_converted")
    if converted is not None and kind == "money" and not items:
        assert re.fullmatch(r"-?[0-9]+(\.[0-9]+)?(\|[A-Z]{3})?", converted)


@given(st.lists(scalars, min_size=1, max_size=4), st.sampled_from(KINDS), st.booleans())
def test_whatever_is_submitted_is_in_the_field_or_in_the_comments(values, kind, multiple):
    types = Types({"lead": {"UF_CRM_1": {"type": kind, "isMultiple": multiple}}})
    body = {"utm_answer": values}  # a control field: it reaches the comments by nothing else
    built = fields.build("lead", recognise(body), body, {"lead": {"UF_CRM_1": {"field": "utm_answer"}}}, {}, types)
    in_field = built.values.get("UF_CRM_1") is not None
    assert in_field or built.values.get("COMMENTS") or values == [""]
    assert ("value_not_converted" in built.repairs) == ("COMMENTS" in built.values)
