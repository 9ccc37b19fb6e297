"""Telephone numbers as people type them: taken out of what stands around them, and no number where there is none."""

import time

import pytest

from traces.compose import phones
from traces.compose.phones import Phones, read

pytestmark = pytest.mark.slow  # hundreds of rows

# What was typed, the numbers in it, and what is noted.
SPELLINGS = {
    "+78129999331#4048": (["+78129999331#4048"], []),
    "8 (495) 000-01-33 доб. 12": (["8 (495) 000-01-33#12"], ["phone_extension"]),
    "8 (495) 000-01-33 (доб. 12)": (["8 (495) 000-01-33#12"], ["phone_extension"]),
    "8 (495) 000-01-33 (12)": (["8 (495) 000-01-33#12"], ["phone_extension"]),
    "8 495 000-01-33, вн. 12": (["8 495 000-01-33#12"], ["phone_extension"]),
    "+1 555 010 0132 x12": (["+1 555 010 0132#12"], ["phone_extension"]),
    "+1 555 010 0132 ext. 12": (["+1 555 010 0132#12"], ["phone_extension"]),
    "+1 555 010 0132*12": (["+1 555 010 0132#12"], ["phone_extension"]),
    "tel:+1-555-010-0132;ext=12": (["+1-555-010-0132#12"], ["phone_extension"]),
    "030/1234567": (["030/1234567"], []),
    "+49 30/123456": (["+49 30/123456"], []),
    "+7 900 000\N{NON-BREAKING HYPHEN}01\N{NON-BREAKING HYPHEN}38": (["+7 900 000-01-38"], ["phone_cleaned"]),
    "+7 900 000\N{EN DASH}01\N{EN DASH}38": (["+7 900 000-01-38"], ["phone_cleaned"]),
    "+7\N{NO-BREAK SPACE}900\N{NO-BREAK SPACE}000 01 38": (["+7 900 000 01 38"], []),
    "\N{LEFT-TO-RIGHT EMBEDDING}+79000000138\N{POP DIRECTIONAL FORMATTING}": (["+79000000138"], ["phone_cleaned"]),
    "tel:+1-555-010-0132": (["+1-555-010-0132"], ["phone_cleaned"]),
    "тел. 8 900 000-01-40": (["8 900 000-01-40"], ["phone_cleaned"]),
    "\N{FULLWIDTH PLUS SIGN}\N{FULLWIDTH DIGIT EIGHT}1 3 0000 0000": (["+81 3 0000 0000"], ["phone_cleaned"]),
    "٠٥٠١٢٣٤٥٦٧": (["0501234567"], ["phone_cleaned"]),
    "8 900 000 01 40, 8 900 000 01 41": (["8 900 000 01 40", "8 900 000 01 41"], ["phone_split"]),
    "8 900 000-01-40 / 8 900 000-01-41": (["8 900 000-01-40", "8 900 000-01-41"], ["phone_split"]),
    "8 900 000 01 40 8 900 000 01 41": (["8 900 000 01 40", "8 900 000 01 41"], ["phone_split"]),
    "+79000000140+79000000141": (["+79000000140", "+79000000141"], ["phone_split"]),
    "8 900 000-01-40\n8 900 000-01-41": (["8 900 000-01-40", "8 900 000-01-41"], ["phone_split"]),
    "8 900 000-01-40 доб. 1; +7 900 000-01-41": (
        ["8 900 000-01-40#1", "+7 900 000-01-41"],
        ["phone_split", "phone_extension"],
    ),
    "(555) 010-0132": (["(555) 010-0132"], []),
    "15550100108": (["15550100108"], []),
    " +33 1 70 00 00 00 ": (["+33 1 70 00 00 00"], []),
    "8-900-000-01-40.": (["8-900-000-01-40"], ["phone_cleaned"]),
}


@pytest.mark.parametrize("text", SPELLINGS)
def test_a_number_is_taken_out_of_its_spelling(text):
    numbers, repairs = SPELLINGS[text]
    assert read(text) == Phones(tuple(numbers), has_more=False, repairs=tuple(repairs))


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("+7 900 000-01-34 (WhatsApp)", "+7 900 000-01-34"),
        ("8 900 000 01 40 Ян", "8 900 000 01 40"),
        ("Ян: 8 900 000 01 40. 15 мая", "8 900 000 01 40"),
        ("8 900 000 01 40 до 18-00", "8 900 000 01 40"),
        ("030 12345/67", "030 12345"),
        ("555-0101/0102", "555-0101"),
        ("8 900 000 01 40 доб. 1234567", "8 900 000 01 40"),
    ],
)
def test_what_stands_around_a_number_is_told(text, number):
    found = read(text)
    assert found.numbers[0] == number
    assert found.has_more
    assert found.repairs


@pytest.mark.parametrize("text", ["1-800-FLOWERS", "12345", "112", "call me", "4276 1234 5678 9012", "1" * 40])
def test_what_is_no_number_is_none(text):
    assert read(text) == Phones(has_more=True)


@pytest.mark.parametrize("text", ["+7 (___) ___-__-__", "+380 (__) ___-__-__", "(___) ___-____", "+7", "+7 (9__) ___"])
def test_an_empty_mask_is_nothing(text):
    assert phones.is_empty_mask(text)


@pytest.mark.parametrize("text", ["+7 (900) 0__-__-__", "12345", "+79000000140", "call me", "-", ""])
def test_what_somebody_has_typed_is_no_empty_mask(text):
    assert not phones.is_empty_mask(text)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "+33 1 70 00 00 00",
            "+79000000140",
            "(555) 010-0142",
            "8 (900) 000-03-01",
            "8 900 000 01 40",
            "555-010-0109",
        ),
        *("8 900 000-03-03", "01 70 00 00 22", "01.70.00.00.22", "0151 1000 0070", "030/1234567", "1-555-010-0101"),
    ],
)
def test_a_number_is_known_where_nothing_says_so(text):
    assert phones.is_unmistakable(text)


NO_NUMBERS = {
    "tax number": "7707083893",
    "long tax number": "770708389301",
    "insurance number": "112-233-445 95",
    "card": "4276 1234 5678 9012",
    "card of 15 digits": "3782 822463 10005",
    "passport": "4510 123456",
    "order": "4750000000123",
    "seconds since 1970": "1715500000",
    "milliseconds since 1970": "1715500000000",
    "time": "2026-05-12 10:00:00",
    "date": "12.05.2026",
    "date and hour": "12.05.2026 10-30",
    "two dates": "01.02.26 - 05.02.26",
    "price": "1 500 000 000",
    "book": "978-5-93286-045-6",
    "network address": "192.168.100.200",
    "version": "1.2.3",
    "size": "100-200-300",
    "two numbers": "+79000000140 +79000000141",
    "a number and a word": "+79000000140 Ян",
}


@pytest.mark.parametrize("kind", NO_NUMBERS)
def test_other_numbers_are_not_taken_for_a_telephones(kind):
    assert not phones.is_unmistakable(NO_NUMBERS[kind])


@pytest.mark.parametrize(("text", "is_one"), [("89000000140", True), ("12.05.2026 10-30", False), ("1001", False)])
def test_a_plausible_number_is_long_and_no_date(text, is_one):
    assert phones.is_plausible(text) is is_one


def test_the_spellings_of_one_number_have_the_same_digits():
    assert phones.digits_of("+7 (900) 000-01-40#12") == phones.digits_of("79000000140#12") == "79000000140#12"


def test_a_number_that_ends_out_of_sight_is_none():
    assert read("-" * 985 + "+7 900 000 01 40") == Phones(has_more=True)


def test_of_many_numbers_the_first_are_taken():
    found = read("; ".join(["+79000000140"] * 40))
    assert (len(found.numbers), found.has_more) == (20, True)


def test_half_a_surrogate_pair_is_no_fault():
    assert read("\ud800 8 900 000 01 40").numbers == ("8 900 000 01 40",)


WORST = ["1 ", "+1 ", "(", "1/", "(1)", "1234567 x", "1234567#1#", "+1234567 ", "ж", " ", "8 900 000 01 40, "]


@pytest.mark.parametrize("piece", WORST)
@pytest.mark.parametrize("question", [read, phones.is_empty_mask, phones.is_unmistakable])
def test_the_worst_text_takes_no_time(question, piece):
    text = (piece * 65536)[:65536]
    began = time.process_time()
    question(text)
    assert time.process_time() - began < 0.2
