"""Bytes to fields: whatever type a body declares, what it says is read, and what it hides is not lost."""

import base64
import json
from urllib.parse import urlencode

import pytest
from django.conf import settings

from traces.intake.problems import Problem
from traces.intake.reading import File, read

URLENCODED, PLAIN, JSON = "application/x-www-form-urlencoded", "text/plain", "application/json"
KIM = {"name": "Kim", "phone": "+1 555 010 0101"}
CASES = json.loads((settings.BASE_DIR / "tests" / "data" / "senders.json").read_text())["cases"]
POSTS = [case for case in CASES if case["method"] == "POST"]


def body_of(case):
    """The bytes of a sender's request, and the type that it declares."""
    is_text = case["body_encoding"] == "utf-8"
    types = [value for name, value in case["headers"] if name.lower() == "content-type"]
    return case["body"].encode() if is_text else base64.b64decode(case["body"]), "".join(types)


@pytest.mark.slow
@pytest.mark.parametrize("case", POSTS, ids=[case["name"] for case in POSTS])
def test_each_senders_request_is_read(case):
    raw, content_type = body_of(case)
    reading = read(raw, content_type)
    assert bool(reading.fields) == bool(raw)
    assert "body_as_message" not in reading.repairs


@pytest.mark.parametrize(
    "content_type",
    ["", JSON, "text/json", "application/vnd.api+json", URLENCODED, PLAIN, "application/octet-stream", "nonsense", ";"]
    + ["multipart/form-data", "multipart/form-data; boundary=b", "text/plain;charset=UTF-8", "*/*"],
)
@pytest.mark.parametrize(
    "raw",
    [
        json.dumps(KIM),
        "\ufeff" + json.dumps(KIM),
        f"\n {json.dumps(KIM)}\r\n\0",
        json.dumps(json.dumps(KIM)),
        f"{json.dumps(KIM)}=",
        "%7B%22name%22%3A%22Kim%22%2C%22phone%22%3A%22%2B1+555+010+0101%22%7D",
        "%7b%22name%22%3a%22Kim%22,%22phone%22%3A%22%2B1%20555%20010%200101%22%7d=",
        "name=Kim&phone=%2B1+555+010+0101",
        "&name=Kim&&phone=%2B1%20555%20010%200101&",
        '--x\nContent-Disposition: form-data; name="name"\n\nKim\n'
        '--x\nContent-Disposition: form-data; name="phone"\n\n+1 555 010 0101\n--x--',
    ],
)
def test_the_bytes_tell_what_they_are(raw, content_type):
    assert read(raw.encode(), content_type).fields == KIM


@pytest.mark.parametrize("raw", [b"", b" \r\n", b"\xef\xbb\xbf", b"\0", b"null", b'""', b"{}"])
@pytest.mark.parametrize("content_type", ["", JSON, URLENCODED, "multipart/form-data; boundary=b"])
def test_a_body_that_says_nothing_has_no_fields(raw, content_type):
    reading = read(raw, content_type)
    assert (reading.fields, reading.files, reading.repairs) == ({}, (), ())


@pytest.mark.parametrize(
    ("raw", "content_type", "is_form"),
    [
        ("a=1", URLENCODED, True),
        ("a=1", f"{URLENCODED.upper()}; charset=UTF-8", True),
        ("", URLENCODED, True),
        ("a=1\r\n", PLAIN, True),
        ("--x\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--x--", "multipart/form-data; boundary=x", True),
        ("a=1&b=2", PLAIN, False),
        ("a=1", JSON, False),
        ("a=1", "", False),
        ('{"a":1}', URLENCODED, False),
        ('{"a":1}', PLAIN, False),
        ('{"a":1}', "", False),
        ("Hello", PLAIN, False),
        ("Hello", "", False),
    ],
)
def test_a_form_is_known_by_its_type_and_its_bytes(raw, content_type, is_form):
    assert read(raw.encode(), content_type).is_browser_form is is_form


@pytest.mark.parametrize(
    ("raw", "content_type", "fields"),
    [
        ("name=Eva Stern\r\nphone=+49 30 000\r\n", PLAIN, {"name": "Eva Stern", "phone": "+49 30 000"}),
        ("phone=+4930000\r\n", PLAIN, {"phone": "+4930000"}),
        ("name=Eva\r\nphone=+4930000", URLENCODED, {"name": "Eva", "phone": "+4930000"}),
        ("firm=Tom & Jerry\r\nphone=1\r\n", PLAIN, {"firm": "Tom & Jerry", "phone": "1"}),
        (
            "message=Dear all,\r\nsee https://a.example/?b=c\r\n\r\nEva\r\nphone=1\r\n",
            PLAIN,
            {"message": "Dear all,\nsee https://a.example/?b=c\n\nEva", "phone": "1"},
        ),
        ("phone=1\r\nphone=2\r\n", PLAIN, {"phone": ["1", "2"]}),
        ("name=Eva Stern&phone=030 000", PLAIN, {"name": "Eva Stern", "phone": "030 000"}),
        ("name=Eva", PLAIN, {"name": "Eva"}),
        ("name=Eva Stern", "", {"name": "Eva Stern"}),
        ("a=1&b", "", {"a": "1", "b": ""}),
        ("a=1&message=two\nlines", URLENCODED, {"a": "1", "message": "two\nlines"}),
    ],
)
def test_a_form_in_text_is_told_from_a_query(raw, content_type, fields):
    assert read(raw.encode(), content_type).fields == fields


@pytest.mark.parametrize("content_type", ["", JSON, URLENCODED, PLAIN, "multipart/form-data; boundary=b"])
@pytest.mark.parametrize(
    "text",
    [
        "Please call me: +1 555 010 0101",
        "Dear all,\na = b",
        '{"name": "Kim", "phone": }',
        '{"name": "He said "no" & left=1"}',
        "[1, 2",
        '"Kim',
        "17",
        "true",
        "<p>Call Kim</p>",
        "<lead><name>Kim</name>",
        '<!DOCTYPE lead [<!ENTITY a "Kim">]><lead><name>&a;</name><phone>1</phone></lead>',
        "a" * 1001 + "=1",
    ],
)
def test_what_is_no_form_is_kept_as_a_message(text, content_type):
    reading = read(text.encode(), content_type)
    assert (reading.fields, reading.repairs) == ({"message": text}, ("body_as_message",))


@pytest.mark.parametrize(
    ("raw", "fields"),
    [
        ("phone=1&phone=2&phone=3", {"phone": ["1", "2", "3"]}),
        ("phone=1&phone=", {"phone": "1"}),
        ("phone=&phone=1&phone=&phone=2", {"phone": ["1", "2"]}),
        ("phone=&phone=", {"phone": ""}),
        ("a[]=1", {"a[]": "1"}),
        ("f[a][b]=1&f[a][b]=2", {"f[a][b]": ["1", "2"]}),
        ("agree=0&agree=1", {"agree": ["0", "1"]}),
        ("phone=+79000000332", {"phone": "79000000332"}),
        ("a=%&b=%4&c=%zz&d=%41%", {"a": "%", "b": "%4", "c": "%zz", "d": "A%"}),
        ("a=b=c&=d", {"a": "b=c", "": "d"}),
        ("a=+%0D%0A+x+", {"a": "x"}),
    ],
)
def test_a_query_is_read_as_a_browser_means_it(raw, fields):
    assert read(raw.encode(), URLENCODED).fields == fields


@pytest.mark.parametrize(
    ("raw", "fields"),
    [
        ('{"a":1,"a":2}', {"a": [1, 2]}),
        ('{"a":1,"a":"","a":null}', {"a": 1}),
        ('{"a":[1],"a":[2]}', {"a": [[1], [2]]}),
        ('{"a":{"b":1,"b":2}}', {"a": {"b": [1, 2]}}),
        ('{"a":false,"a":0}', {"a": [False, 0]}),
        ('{"a":"two\nlines\tand a tab"}', {"a": "two\nlines\tand a tab"}),
        ('{"a":[NaN,Infinity,-Infinity]}', {"a": ["NaN", "Infinity", "-Infinity"]}),
        ('{"a":1e999}', {"a": "1e999"}),
        ('{"a":9223372036854775807,"b":9223372036854775808}', {"a": 2**63 - 1, "b": "9223372036854775808"}),
        ('{"a":-9223372036854775807,"b":-9223372036854775808}', {"a": 1 - 2**63, "b": "-9223372036854775808"}),
        ('{"a":%s}' % ("1" * 5000), {"a": "1" * 5000}),
        ('{"a":1.23456789012345678901}', {"a": "1.23456789012345678901"}),
        ('{"a":1.5,"b":true,"c":null,"d":[],"e":{}}', {"a": 1.5, "b": True, "c": None, "d": [], "e": {}}),
        ('[{"a":1},"x",[2]]', [{"a": 1}, "x", [2]]),
        ('{"":"x"}', {"": "x"}),
    ],
)
def test_json_is_read_as_it_really_comes(raw, fields):
    assert read(raw.encode(), JSON).fields == fields


PHOTO = base64.b64encode(bytes(range(256)) * 300).decode()
DRAWING = "<g/> " * 15360


def in_json(name, value):
    return json.dumps({name: value, "name": "Kim"})


def in_query(name, value):
    return urlencode({name: value, "name": "Kim"})


def in_lines(name, value):
    return f"{name}={value}\r\nname=Kim\r\n"


@pytest.mark.parametrize(
    "text",
    [
        PHOTO,
        "\r\n".join(PHOTO[at : at + 76] for at in range(0, len(PHOTO), 76)),
        f"data:image/png;base64,{PHOTO}",
        f"data:image/svg+xml;utf8,{DRAWING}",
    ],
    ids=["base64", "wrapped", "data", "drawing"],
)
@pytest.mark.parametrize("write", [in_json, in_query, in_lines])
def test_a_file_in_a_text_is_left_out(text, write):
    reading = read(write("plan", text).encode(), "")
    assert reading.fields == {"plan": "(file, 77 kB)", "name": "Kim"}
    assert (reading.files[0].field, len(reading.files), reading.repairs) == ("plan", 1, ("file_left_out",))
    assert reading.files[0].size == pytest.approx(76800, abs=1)


@pytest.mark.parametrize(
    "text",
    [
        "data: yes, of course",
        "data:image",
        "x" * 5000,
        "Please call me. " * 300,
        base64.b64encode(b"short").decode(),
        "03AFcWeA-" * 200,
        '{"trace": 1}' * 200,
        "Ж" * 2000,
    ],
)
def test_a_long_text_is_no_file(text):
    reading = read(json.dumps({"a": text}).encode(), JSON)
    assert (reading.fields, reading.files) == ({"a": text}, ())


def test_a_file_that_is_the_whole_body_is_left_out():
    raw = b"%PDF-1.4\0\1\2\3" * 100
    reading = read(raw, "application/octet-stream")
    assert reading.fields == {"message": "(file, 1 kB)"}
    assert reading.files == (File("message", "", 1200),)


def test_a_small_file_is_told_in_bytes():
    assert str(File("a", "", 999)) == "(file, 999 bytes)"


# --- XML --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("<lead><name>Kim</name><phone>1</phone></lead>", {"name": "Kim", "phone": "1"}),
        ('<?xml version="1.0"?><lead name="Kim"/>', {"name": "Kim"}),
        ('<form><field name="phone">1</field></form>', {"name": "phone", "value": "1"}),
        ("<lead><phone>1</phone><phone>2</phone></lead>", {"phone": ["1", "2"]}),
        ('<s:Envelope xmlns:s="urn:s"><s:Body><Add><Name>Kim</Name></Add></s:Body></s:Envelope>', {"Name": "Kim"}),
        ("<lead><message><![CDATA[1 < 2]]></message></lead>", {"message": "1 < 2"}),
    ],
)
def test_xml_is_read_by_its_elements(text, fields):
    assert read(text.encode(), "application/xml").fields == fields


def test_xml_is_read_in_the_charset_that_it_names():
    text = '<?xml version="1.0" encoding="windows-1251"?><lead><name>Лидия</name></lead>'
    assert read(text.encode("cp1251"), "text/xml").fields == {"name": "Лидия"}


def test_xml_nested_too_deeply_is_refused():
    with pytest.raises(Problem) as refused:
        read(b"<a>" * 100 + b"</a>" * 100, "text/xml")
    assert refused.value.status == 422
