"""A visitor is found by a phone in any usual spelling, by an e-mail in any letter case, by beginnings of a name."""

import pytest
from django.test import override_settings
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from traces.compose import search
from traces.compose.visitor import recognise
from traces.delivery import findable

pytestmark = pytest.mark.slow  # hundreds of visitors

# By country: its code, what is dialled before a number within it, and the digits of a number without that.
COUNTRIES = [
    ("7", "8", 10),
    ("49", "0", 10),
    ("49", "0", 11),
    ("44", "0", 10),
    ("33", "0", 9),
    ("1", "", 10),
    ("380", "0", 9),
]
LETTERS = "abcdefghijklmnopqrstuvwxyzäöüéñабвгдежзийклмнопрстуфхцчшщъыьэюя"
words = st.text(LETTERS, min_size=2, max_size=12)
asked_words = st.lists(words, min_size=1, max_size=3)
emails = st.from_regex(r"[a-z]{1,8}([._+-][a-z0-9]{1,6}){0,2}@[a-z]{2,9}(-[a-z]{2,5})?\.(example|com)", fullmatch=True)


def found(asked, body):
    """Whether what somebody looks for has the terms of a submission with this body."""
    terms = set(search.terms_of(recognise(body), {}))
    return all(terms.intersection(alternatives) for alternatives in search.wanted(asked))


@st.composite
def numbers(draw):
    """A phone number: how it can be written."""
    code, trunk, length = draw(st.sampled_from(COUNTRIES))
    national = draw(st.text("123456789", min_size=3, max_size=3)) + draw(
        st.text("0123456789", min_size=length - 3, max_size=length - 3)
    )
    gaps = draw(st.sampled_from([" ", "-", ".", " ("]))
    first, middle, last = national[:3], national[3:6], national[6:]
    local = {" (": f"({first}) {middle}-{last}"}.get(gaps, gaps.join([first, middle, last]))
    return [
        f"+{code} {local}",
        f"+{code}{national}",
        f"00{code} {local}",
        f"{trunk}{national}",
        f"{trunk} {local}".strip(),
    ]


@settings(deadline=None, max_examples=50)
@given(numbers(), st.data())
def test_a_phone_is_found_in_whatever_spelling(spellings, data):
    sent, asked = data.draw(st.sampled_from(spellings)), data.draw(st.sampled_from(spellings))
    visitor = recognise({"phone": sent})
    assume(visitor.phones)
    assert found(asked, {"phone": sent})
    assert search.same_contact(asked, visitor)


@settings(deadline=None, max_examples=50)
@given(emails, st.data())
def test_an_email_is_found_in_whatever_letter_case(email, data):
    sent, asked = ("".join(data.draw(st.sampled_from([c, c.upper()])) for c in email) for _ in range(2))
    assume(recognise({"email": sent}).emails)
    assert found(asked, {"email": sent})
    assert search.same_contact(asked, recognise({"email": sent}))


@settings(deadline=None, max_examples=50)
@given(asked_words, st.data())
def test_a_name_is_found_by_the_beginnings_of_its_words(name, data):
    body = {"name": " ".join(word.title() for word in name)}
    terms = recognise(body).full_name.split()
    assume(terms)
    word = data.draw(st.sampled_from(terms))
    beginning = word[: data.draw(st.sampled_from([*search.BEGINNINGS, len(word)]))]
    assert found(data.draw(st.sampled_from([beginning, beginning.upper(), beginning.lower()])), body)


@settings(deadline=None, max_examples=50)
@given(
    st.lists(numbers(), min_size=1, max_size=2),
    st.lists(emails, min_size=1, max_size=2, unique=True),
    st.lists(words, min_size=2, max_size=2),
    asked_words,
    st.text(max_size=300),
)
def test_two_numbers_two_addresses_and_a_name_are_found_whatever_else_was_sent(phones, mails, name, company, text):
    body = {"name": name[0].title(), "last_name": name[1].title(), "company": " ".join(company), "question": text}
    body |= {"phone": [spellings[0] for spellings in phones], "email": mails}
    visitor = recognise(body)
    assume(len(visitor.phones) == len(phones) and len(visitor.emails) == len(mails))
    beginnings = [word[:length] for word in visitor.full_name.split() for length in (*search.BEGINNINGS, len(word))]
    asked = [*(spelling for spellings in phones for spelling in spellings), *mails, *beginnings]
    assert [one for one in asked if not found(one, body)] == []


def test_a_name_is_found_behind_two_numbers_and_two_long_addresses():
    body = {
        "phone": ["+7 900 000-01-40", "+49 30 12345678"],
        "email": ["maximilian.schwarzenberger@visitor-one.example", "max.schwarzenberger-private@mail.example"],
        "name": "Maximilian Schwarzenberger",
    }
    assert [
        asked for asked in ("Ma", "maximil", "Schwarzenberger", "schwarz", "SCHWARZE") if not found(asked, body)
    ] == []


texts = st.text(max_size=60)
bodies = st.fixed_dictionaries(
    {},
    optional={
        "name": texts | asked_words.map(" ".join),
        "phone": texts | numbers().map(" ".join),
        "email": texts | st.lists(emails, max_size=4).map(" ".join),
        "company": asked_words.map(" ".join),
        "comments": st.text(max_size=3000),
        "question": texts,
    },
)


@settings(deadline=None, max_examples=50)
@given(bodies, st.dictionaries(st.sampled_from(["utm_source", "utm_term", "utm_campaign"]), texts))
def test_a_submission_has_forty_terms_at_most_and_shares_none_with_another_portals(body, tags):
    terms = search.terms_of(recognise(body), {"tags": {"list": tags}})
    assert len(terms) == len(set(terms)) <= search.MAX_TERMS
    with override_settings(FIELD_ENCRYPTION_KEYS=[]):
        mine, other = codes(1, terms), codes(2, terms)
    assert len(mine) == len(terms)
    assert mine.isdisjoint(other)


def codes(portal_id, terms):
    stored = findable.hashed(portal_id, terms)
    return {stored[place : place + 8] for place in range(0, len(stored), 8)}
