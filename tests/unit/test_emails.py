"""E-mail addresses as people type them, by the rule of the portal, which refuses a record for a bad one."""

import time

import pytest

from traces.compose.emails import EMAIL, Emails, read

GOOD = [
    *("anna@mail.example", "Anna.Orlova@Mail.Example", "anna+site@mail.example", "o'neil@mail.example", "a_b-c@m-1.ex"),
    *("анна@почта.рф", "anna@xn--80a1acny.xn--p1ai", "a/b@2.3.ex", "a" * 239 + "@mail.ex.pl"),
]
BAD = [
    *(
        "anna.@mail.ru",
        "anna..petrova@mail.ru",
        ".anna@mail.ru",
        "anna@mail..ru",
        "anna@mail.c_m",
        "anna@mail",
        "anna@",
    ),
    *("@mail.ru", "anna", "anna@mail.r", "anna@mail.1r", f"anna@mail.{'r' * 21}", "a b@mail.ru", "anna@ma_il.ru"),
    *(
        "a@b@mail.ru",
        "anna@mail.ru.",
        "mailto:anna@mail.ru",
        "<anna@mail.ru>",
        "a" * 240 + "@mail.ex.pl",
        "a\ud800@b.ru",
    ),
]


@pytest.mark.parametrize("text", GOOD)
def test_the_portal_takes(text):
    assert EMAIL.fullmatch(text)
    assert read(text) == Emails((text,))


@pytest.mark.parametrize("text", BAD)
def test_the_portal_refuses(text):
    assert not EMAIL.fullmatch(text)


SPELLINGS = {
    "mailto:anna@mail.example": (["anna@mail.example"], "", ["email_cleaned"]),
    "MAILTO:anna@mail.example?subject=Hi": (["anna@mail.example"], "", ["email_cleaned"]),
    "<anna@mail.example>": (["anna@mail.example"], "", ["email_cleaned"]),
    "Anna Orlova <anna@mail.example>": (["anna@mail.example"], "Anna Orlova", ["email_cleaned"]),
    "anna@mail.example.": (["anna@mail.example"], "", ["email_cleaned"]),
    "anna @ mail.example": (["anna@mail.example"], "", ["email_cleaned"]),
    "'anna@mail.example'": (["anna@mail.example"], "", ["email_cleaned"]),
    "anna\N{FULLWIDTH COMMERCIAL AT}mail.example": (["anna@mail.example"], "", ["email_cleaned"]),
    "anna@mail.example\N{ZERO WIDTH SPACE}": (["anna@mail.example"], "", ["email_cleaned"]),
    " anna@mail.example ": (["anna@mail.example"], "", []),
    "anna@mail.example; b@mail.example": (["anna@mail.example", "b@mail.example"], "", ["email_split"]),
    "anna@mail.example, b@mail.example": (["anna@mail.example", "b@mail.example"], "", ["email_split"]),
    "anna@mail.example b@mail.example": (["anna@mail.example", "b@mail.example"], "", ["email_split"]),
    "anna@mail.example/b@mail.example": (["anna@mail.example", "b@mail.example"], "", ["email_split"]),
    "anna@mail.example\nb@mail.example": (["anna@mail.example", "b@mail.example"], "", ["email_split"]),
    "call me": ([], "call me", []),
}


@pytest.mark.parametrize("text", SPELLINGS)
def test_an_address_is_taken_out_of_its_spelling(text):
    addresses, others, repairs = SPELLINGS[text]
    assert read(text) == Emails(tuple(addresses), others, has_invalid=False, repairs=tuple(repairs))


@pytest.mark.parametrize("text", ["anna.@mail.ru", "anna@mail,ru", "anna@mail .ru"])
def test_an_address_that_the_portal_refuses_is_told(text):
    found = read(text)
    assert (found.addresses, found.has_invalid) == ((), True)


def test_a_good_address_stays_beside_a_bad_one():
    found = read("anna@mail.example, anna@mail")
    assert (found.addresses, found.others, found.has_invalid) == (("anna@mail.example",), "anna@mail", True)


def test_an_address_that_ends_out_of_sight_is_none():
    assert read(" " * 985 + "anna@mail.example").addresses == ()


@pytest.mark.parametrize("piece", ["a@", "a@b.ru ", "@ ", "<", " ", "a.", "ж@ж", "mailto:", "'"])
@pytest.mark.parametrize("question", [read, EMAIL.fullmatch])
def test_the_worst_text_takes_no_time(question, piece):
    text = (piece * 65536)[:65536]
    began = time.process_time()
    question(text)
    assert time.process_time() - began < 0.2
