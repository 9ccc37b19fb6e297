"""Texts that are nearly a form or nearly JSON, as people's own programs write them."""

import pytest

from traces.intake.reading import json_text, read

PERSON = {"name": "Kim Ortiz", "phone": "+1 555"}


@pytest.mark.parametrize(
    "text",
    [
        "name: Kim Ortiz\nphone: +1 555",
        "name: Kim Ortiz\r\n\r\nphone:+1 555\r\n",
        "name: Kim Ortiz; phone: +1 555",
        "name=Kim Ortiz;phone=+1 555",
        "name=Kim+Ortiz;phone=%2B1+555;",
        "{'name': 'Kim Ortiz', 'phone': '+1 555'}",
        '{name: "Kim Ortiz", phone: "+1 555",}',
        '{"name":"Kim Ortiz","phone":"+1 555",}',
    ],
)
def test_it_is_read_as_fields(text):
    reading = read(text.encode(), "text/plain")
    assert reading.fields == PERSON
    assert reading.repairs == (("json_repaired",) if text[0] == "{" else ())


@pytest.mark.parametrize(
    "text",
    [
        "Call me: it is urgent",
        "Hello\nname: Kim",
        "https://a.example/\nhttps://b.example/",
        "10:30 or later",
        "a; b; c",
        "x=1; a cat; y=2",
        "{name}",
        "{'a': 1} and [2",
        "[[[",
    ],
)
def test_a_text_stays_a_message(text):
    assert read(text.encode(), "text/plain").fields == {"message": text} or "=" in text


def test_a_message_of_several_lines_stays_whole():
    fields = read(b"name: Kim\nmessage: one\ntwo\n three", "text/plain").fields
    assert fields == {"name": "Kim", "message": "one\ntwo\nthree"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{'a': None, 'b': True, 'c': undefined}", {"a": None, "b": True, "c": None}),
        (
            """{'a': "it's", 'b': 'it\\'s', 'c': "say 'x', y: 1,}"}""",
            {"a": "it's", "b": "it's", "c": "say 'x', y: 1,}"},
        ),
        ("{a: {b: [1, 2,],},}", {"a": {"b": [1, 2]}}),
        ("{a: }", None),
        ("[" + "1," * json_text.MAX_LOOSE_LENGTH + "]", None),
    ],
)
def test_what_is_nearly_json_is_made_json(text, value):
    assert json_text.loose(text) == value


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        *((text, "latin-1") for text in ("Jürgen Weiß", "schön – ja", "Игорь Орлов", "Łódź")),
        *(
            (text, "cp1252") for text in ("Jürgen Weiß", "schön – ja", "Игорь Орлов")
        ),  # the others have bytes that it lacks
    ],
)
def test_utf8_that_was_encoded_twice_is_decoded_twice(text, codec):
    twice = text.encode().decode(codec)
    reading = read(f"name={twice}&phone=1".encode(), "application/x-www-form-urlencoded")
    assert (reading.fields["name"], reading.repairs) == (text, ("charset_guessed",))


@pytest.mark.parametrize("text", ["Ñandú", "naïve café", "Ãrvore", "ÄÖÜ äöü", "À côté", "Â°", "5 °C ± 1"])
def test_a_word_with_accents_stays_as_it_is(text):
    assert read(f"name={text}&phone=1".encode(), "application/x-www-form-urlencoded").fields["name"] == text
