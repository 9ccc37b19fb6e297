"""What is too much of a body is refused, and soon; whatever is less is taken."""

import base64
import json
import time
import tracemalloc

import pytest

from traces.intake.problems import Problem
from traces.intake.reading import MAX_BODY_BYTES, MAX_REQUEST_BYTES, limits, read

URLENCODED, JSON, MULTIPART = "application/x-www-form-urlencoded", "application/json", "multipart/form-data; boundary=b"
MAX_MEMORY_BYTES = 5 * MAX_REQUEST_BYTES
MAX_SECONDS = 1.0  # several times what the slowest takes here; a square of 256 KiB would take minutes


def refusal(raw, content_type=JSON):
    with pytest.raises(Problem) as caught:
        read(raw, content_type)
    return caught.value.status, caught.value.code


def parts(count, name="a%d"):
    head = '--b\r\nContent-Disposition: form-data; name="%s"\r\n\r\n1\r\n'
    return ("".join(head % (name % n) for n in range(count)) + "--b--").encode()


@pytest.mark.parametrize("more", [0, 1])
@pytest.mark.parametrize(
    ("start", "end", "content_type"),
    [
        ('{"a":"', '"}', JSON),
        ("a=", "", URLENCODED),
        ("", "", "text/plain"),
        ("--b\r\nContent-Disposition: form-data; name=a\r\n\r\n", "\r\n--b--", MULTIPART),
    ],
)
def test_the_size_is_bounded(start, end, content_type, more):
    raw = (start + "x" * (MAX_BODY_BYTES + more - len(start + end)) + end).encode()
    if more:
        assert refusal(raw, content_type) == (413, "too_large")
    else:
        assert len(raw) == MAX_BODY_BYTES and read(raw, content_type).fields


def test_a_file_does_not_count_but_is_bounded_too():
    photo = base64.b64encode(bytes(range(256)) * 8 * 1024).decode()  # 2 MiB
    assert read(json.dumps({"photo": photo, "a": "1"}).encode(), JSON).fields == {"photo": "(file, 2097 kB)", "a": "1"}
    assert refusal(json.dumps({"photo": photo, "a": "x" * MAX_BODY_BYTES}).encode()) == (413, "too_large")
    assert refusal(json.dumps({"photo": photo * 4}).encode()) == (413, "too_large")
    assert refusal(b"x" * (MAX_REQUEST_BYTES + 1), "") == (413, "too_large")


def nested(depth):
    return b"[" * depth + b"]" * depth


@pytest.mark.parametrize(
    ("within", "content_type", "beyond"),
    [
        (nested(limits.MAX_DEPTH), JSON, nested(limits.MAX_DEPTH + 1)),
        (b'{"a":' * 31 + b'"[[{' + b"}" * 0 + b'"' + b"}" * 31, JSON, b'{"a":' * 33 + b'"\\"["' + b"}" * 33),
        (json.dumps([0] * 4999).encode(), JSON, json.dumps([0] * 5000).encode()),
        (json.dumps([[]] * 4999).encode(), JSON, json.dumps([[]] * 5000).encode()),
        (b'{"a":1' + b',"a":1' * 4997 + b"}", JSON, b'{"a":1' + b',"a":1' * 4998 + b"}"),
        (b"a=1&" * 4998, URLENCODED, b"a=1&" * 4999),
        (b"".join(b"a%d=&" % n for n in range(1000)), URLENCODED, b"".join(b"a%d=&" % n for n in range(1001))),
        (json.dumps({str(n): n for n in range(1000)}).encode(), JSON, json.dumps(dict.fromkeys(range(1001))).encode()),
        (parts(1000), MULTIPART, parts(1001)),
        (parts(100, "a%.0s"), MULTIPART, parts(5002, "a%.0s")),
        (json.dumps({"a" * 1000: 1}).encode(), JSON, json.dumps({"a" * 1001: 1}).encode()),
        (parts(1, "a" * 1000 + "%.0s"), MULTIPART, parts(1, "a" * 1001 + "%.0s")),
        (parts(1), MULTIPART, b"--b\r\nX: %s\r\n\r\n1\r\n--b--" % (b"x" * 4096)),
    ],
    ids=["depth", "depth of strings", "values", "lists", "repeated", "pairs", "names", "fields", "parts", "many parts"]
    + ["name", "part's name", "part's header"],
)
def test_the_number_of_parts_is_bounded(within, content_type, beyond):
    assert read(within, content_type).fields
    assert refusal(beyond, content_type) == (422, "too_complex")


def filled(unit, start=b"", end=b"", size=MAX_BODY_BYTES):
    return start + unit * ((size - len(start) - len(end)) // len(unit)) + end


SLOW = {
    "ampersands": (filled(b"&"), URLENCODED),
    "fields": (filled(b"a=&"), URLENCODED),
    "equals": (filled(b"="), URLENCODED),
    "percents": (filled(b"%", b"a="), URLENCODED),
    "half escapes": (filled(b"%4", b"a="), URLENCODED),
    "escapes apart": (filled(b"%41x", b"a="), URLENCODED),
    "Cyrillic": (filled(b"%D0%98", b"a="), URLENCODED),
    "broken UTF-8": (filled(b"%D0", b"a="), URLENCODED),
    "brackets in a name": (filled(b"[a]") + b"=1", URLENCODED),
    "lists": (filled(b"["), JSON),
    "objects": (filled(b'{"a":'), JSON),
    "empty lists": (filled(b"[],", b"[", b"0]"), JSON),
    "quotes": (filled(b'"', b"["), JSON),
    "backslashes": (filled(b"\\", b'["'), JSON),
    "escaped quotes": (filled(b'\\"', b'["', b'"]'), JSON),
    "half surrogates": (filled(b"\\ud800", b'["', b'"]'), JSON),
    "digits": (filled(b"9", b"[", b"]"), JSON),
    "decimals": (filled(b"9", b"[0.", b"]"), JSON),
    "repeated names": (filled(b'"a":"",', b"{", b'"a":1}'), JSON),
    "boundaries": (filled(b"\r\n--b"), MULTIPART),
    "parts": (filled(b"--b\r\n\r\n\r\n"), MULTIPART),
    "half boundaries": (filled(b"\n--" + b"a" * 189, b"--" + b"a" * 190 + b"\nContent-"), ""),
    "blank lines": (filled(b"\n", b"--b\r\n", b"x"), MULTIPART),
    "parameters": (filled(b'; a="', b"--b\r\nContent-Disposition: x"), MULTIPART),
    "lines": (filled(b"a=\n"), "text/plain"),
    "lines without names": (filled(b"a\n", b"a=\n"), "text/plain"),
    "line ends in base64": (filled(b"\\n", b'["Aa1', b'."]'), JSON),
    "a type without end": (b"a=1", "text/plain; " + 'a="\\' * 60000),
}


@pytest.mark.slow
@pytest.mark.parametrize(("raw", "content_type"), SLOW.values(), ids=SLOW)
def test_the_worst_bodies_take_no_time(raw, content_type):
    began = time.process_time()
    try:
        read(raw, content_type)
    except Problem as problem:
        assert problem.status in (413, 422)
    assert time.process_time() - began < MAX_SECONDS


@pytest.mark.parametrize(
    ("unit", "start", "end"),
    [
        (b"[],", b"[", b"0]"),
        (b'{"a":', b"", b""),
        (b"a=1&", b"", b""),
        (b"a=1\n", b"", b""),
        (b"%41x", b"a=", b""),
        (b"\\n", b'["', b'"]'),
        ("汉".encode(), b"a=", b""),
        ("汉".encode("gbk"), b"a=", b""),
    ],
)
def test_a_large_body_without_a_file_is_refused_before_it_takes_memory(unit, start, end):
    raw = filled(unit, start, end, MAX_REQUEST_BYTES)
    tracemalloc.start()
    try:
        assert refusal(raw, URLENCODED) == (413, "too_large")
        assert tracemalloc.get_traced_memory()[1] < MAX_MEMORY_BYTES
    finally:
        tracemalloc.stop()
