"""Bytes to text: charsets that are declared, wrongly declared, and not declared at all."""

import json
from urllib.parse import quote_plus, urlencode

import pytest

from traces.intake.reading import charset, read

pytestmark = pytest.mark.slow  # hundreds of rows

URLENCODED, JSON = "application/x-www-form-urlencoded", "application/json"
LIDIA = {"имя": "Лидия Краснова", "message": "Здравствуйте, нужен расчёт"}
EVA = {"Straße": "Köln, Äußere 5", "name": "Eva"}


def form(fields, encoding):
    return urlencode(fields, encoding=encoding).encode()


def raw_form(fields, encoding):
    return "&".join(f"{name}={value}" for name, value in fields.items()).encode(encoding)


def as_json(fields, encoding):
    return json.dumps(fields, ensure_ascii=False).encode(encoding)


def multipart(fields, encoding):
    parts = [f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{fields[name]}\r\n' for name in fields]
    return ("".join(parts) + "--b--\r\n").encode(encoding)


WAYS = [form, raw_form, as_json, multipart]


@pytest.mark.parametrize("write", WAYS)
@pytest.mark.parametrize(
    ("declared", "encoding", "fields"),
    [
        ("utf-8", "utf-8", LIDIA),
        ("UTF8", "utf-8", LIDIA),
        ('"utf-8"', "utf-8", LIDIA),
        ("windows-1251", "cp1251", LIDIA),
        ("Win-1251", "cp1251", LIDIA),
        ("cp1251", "cp1251", LIDIA),
        ("x-cp1251", "cp1251", LIDIA),
        ("koi8-r", "koi8-r", LIDIA),
        ("IBM866", "cp866", LIDIA),
        ("ISO-8859-5", "iso8859-5", LIDIA),
        ("ISO-8859-1", "cp1252", EVA),
        ("us-ascii", "cp1252", EVA),
        ("windows-1252", "cp1252", EVA),
        ("iso-8859-15", "iso8859-15", EVA),
        ("gb2312", "gbk", {"name": "王小明"}),
        ("Shift_JIS", "shift_jis", {"name": "山田太郎"}),
        ("euc-kr", "euc_kr", {"name": "김철수"}),
    ],
)
def test_a_declared_charset_is_decoded(write, declared, encoding, fields):
    reading = read(write(fields, encoding), f"application/x-any; charset={declared}")
    assert (reading.fields, reading.repairs) == (fields, ())


@pytest.mark.parametrize("write", WAYS)
@pytest.mark.parametrize("declared", ["", "; charset=utf-8", "; charset=nonsense", "; charset=", "; charset=rot13"])
@pytest.mark.parametrize(("hint", "encoding"), [("", "cp1251"), ("koi8-r", "koi8-r"), ("utf-8", "cp1251")])
def test_undeclared_bytes_are_tried_in_the_forms_charset(write, declared, hint, encoding):
    reading = read(write(LIDIA, encoding), f"application/x-any{declared}", charset_hint=hint)
    assert (reading.fields, reading.repairs) == (LIDIA, ("charset_guessed",))


@pytest.mark.parametrize("write", WAYS)
@pytest.mark.parametrize("declared", ["windows-1251", "koi8-r", "ISO-8859-1", "shift_jis"])
def test_utf8_is_known_under_a_wrong_charset(write, declared):
    reading = read(write(LIDIA, "utf-8"), f"application/x-any; charset={declared}")
    assert (reading.fields, reading.repairs) == (LIDIA, ("charset_guessed",))


@pytest.mark.parametrize("write", [raw_form, as_json])
@pytest.mark.parametrize(
    ("encoding", "declared"),
    [(encoding, declared) for encoding in ("utf-16", "utf-32") for declared in ("", "utf-16", "utf-8", "windows-1251")]
    + [("utf-16-le", ""), ("utf-16-be", ""), ("utf-16-le", "utf-16le"), ("utf-16-be", "UTF-16BE")]
    + [("utf-16-be", "utf-16"), ("utf-16-le", "utf-16"), ("utf-32-le", "utf-32"), ("utf-8-sig", "koi8-r")],
)
def test_wide_characters_are_known_by_their_mark_or_their_zeros(write, encoding, declared):
    fields = {"name": "Лидия", "phone": "1"}
    reading = read(write(fields, encoding), f"text/plain; charset={declared}")
    assert (reading.fields, reading.repairs) == (fields, ())


@pytest.mark.parametrize("write", WAYS)
def test_a_form_that_only_says_utf16_is_read(write):
    assert read(write(LIDIA, "utf-8"), "application/x-any; charset=utf-16").fields == LIDIA


def test_a_broken_utf16_is_repaired():
    reading = read("a=1".encode("utf-16") + b"\0\xd8", "text/plain; charset=utf-16")
    assert (reading.fields, reading.repairs) == ({"a": "1\ufffd"}, ("characters_replaced",))


@pytest.mark.parametrize("write", [form, multipart])
@pytest.mark.parametrize("content_type", ["", URLENCODED, f"{URLENCODED}; charset=utf-8"])
def test_the_charset_field_tells_the_charset(write, content_type):
    body = write({**LIDIA, "_charset_": "koi8-r"}, "koi8-r")
    reading = read(body, content_type)
    assert (reading.fields, reading.repairs) == (LIDIA, ())


@pytest.mark.parametrize("value", ["", "nonsense", "Лидия"])
def test_a_charset_field_without_a_charset_is_a_field(value):
    assert read(form({"_charset_": value, "a": "1"}, "utf-8"), URLENCODED).fields == {"_charset_": value, "a": "1"}


def test_a_part_may_have_a_charset_of_its_own():
    head = b"--b\r\nContent-Disposition: form-data; name=%s\r\nContent-Type: text/plain; charset=%s\r\n\r\n%s\r\n"
    one = head % (b"a", b"koi8-r", "Лидия".encode("koi8-r"))
    two = head % (b"b", b"utf-8", "Лидия".encode())
    assert read(one + two + b"--b--", "multipart/form-data; boundary=b").fields == {"a": "Лидия", "b": "Лидия"}


def test_each_value_is_guessed_by_itself():
    body = f"a={quote_plus('Лидия')}&b={quote_plus('Лидия', encoding='cp1251')}".encode()
    reading = read(body, URLENCODED)
    assert (reading.fields, reading.repairs) == ({"a": "Лидия", "b": "Лидия"}, ("charset_guessed",))


def test_a_text_cut_off_within_a_letter_stays_utf8():
    reading = read(b"a=" + "Здравствуйте".encode()[:-1], URLENCODED)
    assert (reading.fields, reading.repairs) == ({"a": "Здравствуйт\ufffd"}, ("characters_replaced",))


@pytest.mark.parametrize(
    ("raw", "content_type", "text"),
    [
        (b'{"a":"x\\u0000y"}', JSON, "x\ufffdy"),
        (b'{"a":"x\\ud800y"}', JSON, "x\ufffd\ufffd\ufffdy"),
        (b"a=x%00y", URLENCODED, "x\ufffdy"),
        (b"a=%ff%98", f"{URLENCODED}; charset=windows-1251", "я\ufffd"),
        (b"a=%81%ff", f"{URLENCODED}; charset=ISO-8859-1", "\ufffdÿ"),
    ],
)
def test_characters_that_cannot_be_stored_are_replaced(raw, content_type, text):
    reading = read(raw, content_type)
    assert (reading.fields, reading.repairs) == ({"a": text}, ("characters_replaced",))


def test_a_name_that_becomes_another_one_keeps_both_values():
    assert read(b'{"a\\u0000":1,"a\\ufffd":2}', JSON).fields == {"a\ufffd": [1, 2]}


@pytest.mark.parametrize(
    "name", ["rot13", "base64", "hex", "idna", "punycode", "unicode_escape", "utf-7", "hz", "cp037"]
)
def test_codecs_that_are_no_charsets_of_the_web_are_unknown(name):
    assert charset.codec_of(name) == ""


def test_each_charset_reads_ascii_or_is_wide():
    ascii_bytes = bytes(range(128))
    narrow = [codec for codec in set(charset._CODECS.values()) if not codec.startswith(("utf_16", "utf_32"))]
    yen_and_overline = {"shift_jisx0213", "shift_jis_2004"}  # in the place of the backslash and the tilde
    assert {codec for codec in narrow if ascii_bytes.decode(codec) != ascii_bytes.decode()} == yen_and_overline
