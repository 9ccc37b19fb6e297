"""Nothing that a visitor typed is lost: each value is in a field, in the comments or among the rest.

Whatever is not there as it was typed has its repair. The bodies of tests/data/sent_bodies.json are such as form
builders, shops and advertising platforms really send.
"""

import json
import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from traces.compose.visitor import recognise

SENT = json.loads((Path(__file__).parents[1] / "data" / "sent_bodies.json").read_text())
# What a form sends for itself, as tests/unit/test_visitor.py has it.
CONTROL = re.compile(
    r"(?i)_(?!replyto).*|utm_.*|trace|formid|form_id|post_id|tranid|sessid|action|submit|source|token|page_url"
    r"|tildaspec-(?!phone).*|form-spec-comments|.*captcha.*|.*nonce|referrer"
)
# Words that say that a number follows, and that an extension does.
CAPTIONS = {"tel", "тел", "доб", "ext", "x", "х", "вн", "mailto"}

numbers = st.sampled_from(
    [
        "+7 900 000-01-40",
        "8 (495) 000-01-33",
        "(555) 010-0132",
        "030/1234567",
        "+7\N{NO-BREAK SPACE}900\N{EN DASH}0000140",
    ]
)
extensions = st.sampled_from(["", "", " доб. 12", "#12", " x12", ";ext=1", " (12)"])
addresses = st.sampled_from(["ines@mail.example", "Ines@mail.example", "anna.@mail.ru", "a@b", "<b@mail.example>"])
words = st.sampled_from(
    ["Ян", "Call me", "12345", "Dr. Pia Berg", "Анна Орлова", "Волков Сергей Ильич", "да", "7", "-", "#"]
)
between = st.sampled_from([" ", ", ", "; ", " / ", "\n", ""])
texts = (
    st.lists(st.builds("".join, st.tuples(numbers, extensions)) | addresses | words, min_size=1, max_size=3).flatmap(
        lambda parts: between.map(lambda sign: sign.join(parts))
    )
    | st.sampled_from(["+7 (___) ___-__-__", "tel:+1-555-010-0132", "1-800-FLOWERS", "mailto:ines@mail.example"])
    | st.text(max_size=20)
)
keys = st.sampled_from(
    [
        "name",
        "first_name",
        "Фамилия",
        "ФИО",
        "phone",
        "Ваш телефон",
        "whatsapp",
        "contact",
        "email",
        "company",
        "position",
    ]
    + [
        "website",
        "message",
        "budget",
        "form_text_32",
        "ORDER_PROP_3",
        "Номер",
        "username",
        "form_name",
        "goods",
        "agree",
    ]
) | st.text("abcdefgимяе -[]", min_size=1, max_size=9)
values = texts | st.integers(0, 10**16) | st.booleans() | st.none() | st.lists(texts, max_size=3)
bodies = st.dictionaries(keys, values | st.dictionaries(keys, values, max_size=2), max_size=6)


def leaves(name, value):
    """The texts of a tree by their names."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(f"{name}[{key}]" if name else key, item)
    elif isinstance(value, list):
        for item in value:
            yield from leaves(name, item)
    elif value is not None:
        text = str(value).lower() if isinstance(value, bool) else str(value)
        if text.strip():
            yield name, " ".join(text.split())


def digits(text):
    return "".join(str(unicodedata.decimal(letter)) for letter in text if letter.isdecimal())


def plain_words(text):
    return set(text.casefold().replace(",", " ").split())


def as_typed(value, visitor):
    """Whether a value stands somewhere just as it came."""
    rest = " \n ".join(text for _, text in visitor.rest)
    spots = [*visitor.phones, *visitor.emails, visitor.company, visitor.position, visitor.web, visitor.comments, rest]
    return any(value in " ".join(spot.split()) for spot in spots)


def as_changed(value, visitor):
    """Whether all that a value says is in fields: numbers by their digits, addresses whatever their letters' case."""
    left = value.casefold()
    for address in sorted(visitor.emails, key=len, reverse=True):
        left = left.replace(address.casefold(), " ")
    others = set(re.findall(r"[^\W\d_]+", left)) - CAPTIONS
    sent = "|".join(digits(number) for number in visitor.phones)
    return not others and bool(re.fullmatch(f"(?:{sent})*" if sent else "", digits(left)))


def is_again(value, came, visitor):
    """Whether a value is another spelling of what stands in a field as it was typed."""
    others = [other for _, other in came if other != value and other in (*visitor.phones, *visitor.emails)]
    return any(other.casefold() == value.casefold() or digits(other) == digits(value) != "" for other in others)


def is_empty_mask(value):
    return bool(re.fullmatch(r"[-+()_. \d]*[+_][-+()_. \d]*", value)) and len(digits(value)) <= 3


def check(body):
    visitor = recognise(body)
    came = list(leaves("", body))
    for name, value in came:
        if CONTROL.fullmatch(name.partition("[")[0]) or is_empty_mask(value) or as_typed(value, visitor):
            continue
        if value.strip(", ") and plain_words(value) <= plain_words(
            f"{visitor.name} {visitor.last_name} {visitor.second_name}"
        ):
            continue
        assert as_changed(value, visitor), f"lost: {name}={value}: {visitor}"
        assert visitor.repairs or is_again(value, came, visitor), f"not noted: {name}={value}: {visitor}"


@pytest.mark.parametrize("sender", SENT)
def test_nothing_that_a_form_sends_is_lost(sender):
    check(SENT[sender])


@settings(max_examples=200, deadline=None)
@given(bodies)
@example({"phone": "8 900 000 01 40 Ян", "name": ["Pia", "Kim"], "company": ["A", "B"]})
@example(
    {"phone": ["+7 900 000-01-40", "+7900\N{EN DASH}0000140"], "email": ["ines@mail.example", "Ines@mail.example"]}
)
def test_nothing_that_a_visitor_types_is_lost(body):
    check(body)
