"""Bodies in parts: of browsers, of libraries, and of scripts that build them by hand."""

import base64

import pytest

from traces.intake.reading import MAX_BODY_BYTES, File, read

pytestmark = pytest.mark.slow  # hundreds of rows

TYPE = "multipart/form-data; boundary=b"


def part(value, *headers):
    return "\r\n".join(("--b", *headers, "", value, "")).encode()


def field(name, value, *headers):
    return part(value, f'Content-Disposition: form-data; name="{name}"', *headers)


def file(name, filename, value="content", *headers):
    return part(value, f'Content-Disposition: form-data; name="{name}"; filename="{filename}"', *headers)


END = b"--b--\r\n"
KIM = field("name", "Kim")


@pytest.mark.parametrize(
    "content_type",
    [
        TYPE,
        'Multipart/Form-Data; charset=utf-8; Boundary="b"',
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=other",
        "multipart/form-data; boundary=--b",
        "multipart/mixed; boundary=b",
        "multipart/form-data, multipart/form-data; boundary=b",
        "application/x-www-form-urlencoded",
        "",
    ],
)
@pytest.mark.parametrize(
    "change",
    [
        lambda raw: raw,
        lambda raw: b"\r\n" + raw,
        lambda raw: raw.replace(b"\r\n", b"\n"),
        lambda raw: raw.removesuffix(END),
        lambda raw: raw.removesuffix(b"\r\n" + END),
        lambda raw: raw + b"epilogue",
        lambda raw: raw.replace(b"--b\r\n", b"--b  \r\n"),
        lambda raw: raw.replace(b"Content-Disposition: ", b"content-disposition:"),
    ],
    ids=["as is", "blank first", "LF", "no end", "cut off", "epilogue", "blanks", "small letters"],
)
def test_the_parts_are_found(content_type, change):
    raw = change(KIM + field("message", "two\r\nlines") + END)
    fields = read(raw, content_type).fields
    assert {name: value.replace("\r\n", "\n") for name, value in fields.items()} == {
        "name": "Kim",
        "message": "two\nlines",
    }


def test_what_stands_before_the_first_part_is_passed_over():
    assert read(b"This is a multi-part message.\r\n" + KIM + END, TYPE).fields == {"name": "Kim"}


@pytest.mark.parametrize("value", ["--b", "x --b", "\r\n--bb\r\n", "\r\n--b is no end", "", "a=b", "\r\n\r\n"])
def test_a_value_may_look_like_a_boundary(value):
    fields = read(field("a", f"({value})") + KIM + END, TYPE).fields
    assert fields == {"a": f"({value})", "name": "Kim"}


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ('form-data; name="a"', "a"),
        ("form-data; name=a", "a"),
        ("form-data;name='a'", "a"),
        ('form-data; name="a;b"', "a;b"),
        ('form-data; name="a; filename=b"', "a; filename=b"),
        ('form-data; name="say %22hi%22"', 'say "hi"'),
        ('form-data; name="say \\"hi\\""', 'say "hi"'),
        ('form-data; name="Рах"', "Рах"),
        ("form-data; name=хР", "хР"),
        ("form-data; name*=utf-8''%D0%98%D0%BC%D1%8F", "Имя"),
        ("form-data; name*=koi8-r''%E9%CD%D1; name=x", "Имя"),
        ('FORM-DATA; NAME="a"', "a"),
        ("form-data", ""),
        ('form-data; name="unclosed', "unclosed"),
    ],
)
def test_names_are_read_as_they_are_written(header, name):
    assert read(part("1", f"Content-Disposition: {header}") + END, TYPE).fields == {name: "1"}


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (file("plan", "plan.pdf"), File("plan", "plan.pdf", 7)),
        (file("plan", "План.pdf"), File("plan", "План.pdf", 7)),
        (file("plan", "C:\\Users\\kim\\plan.pdf"), File("plan", "plan.pdf", 7)),
        (file("plan", "../../plan.pdf"), File("plan", "plan.pdf", 7)),
        (file("plan", "plan.pdf", ""), File("plan", "plan.pdf", 0)),
        (file("plan", "", "content", "Content-Type: image/png"), File("plan", "", 7)),
        (file("plan", "x" * 300), File("plan", "x" * 200, 7)),
        (file("plan", "a.json", "{}", "Content-Type: application/json"), File("plan", "a.json", 2)),
        (
            part("x", "Content-Disposition: form-data; name=plan; filename=a; filename*=utf-8''%D0%98"),
            File("plan", "И", 1),
        ),
    ],
)
def test_a_file_is_left_out_and_noted(raw, expected):
    reading = read(KIM + raw + END, TYPE)
    assert (reading.fields, reading.files, reading.repairs) == ({"name": "Kim"}, (expected,), ("file_left_out",))


def test_a_file_input_left_empty_is_no_file():
    reading = read(KIM + file("plan", "", "", "Content-Type: application/octet-stream") + END, TYPE)
    assert (reading.fields, reading.files, reading.repairs) == ({"name": "Kim"}, (), ())


def test_a_photo_costs_nothing_but_itself():
    photo = bytes(range(256)) * 16 * 1024  # 4 MiB, with all that could end it too early but the boundary
    raw = file("photo", "photo.jpg", "%s").replace(b"%s", photo)
    reading = read(KIM + raw + field("phone", "1") + END, TYPE)
    assert reading.fields == {"name": "Kim", "phone": "1"}
    assert reading.files == (File("photo", "photo.jpg", len(photo)),) and len(photo) > MAX_BODY_BYTES


@pytest.mark.parametrize("kind", ["application/json", "text/plain; charset=utf-8"])
def test_a_text_that_a_script_wrapped_is_no_file(kind):
    reading = read(file("data", "blob", '{"a": 1}', f"Content-Type: {kind}") + END, TYPE)
    assert (reading.fields, reading.files) == ({"data": '{"a": 1}'}, ())


@pytest.mark.parametrize(
    ("encoding", "value", "text"),
    [
        ("base64", base64.b64encode("Имя".encode()).decode(), "Имя"),
        ("base64", "a", "a"),
        ("Quoted-Printable", "=D0=98=D0=BC=D1=8F", "Имя"),
        ("8bit", "Имя=41", "Имя=41"),
    ],
)
def test_the_encodings_of_mail_are_undone(encoding, value, text):
    assert read(field("a", value, f"Content-Transfer-Encoding: {encoding}") + END, TYPE).fields == {"a": text}


@pytest.mark.parametrize(
    ("raw", "fields"),
    [
        (b"--b\r\n\r\nKim\r\n--b--", {"": "Kim"}),
        (b"--b\r\nKim\r\n--b--", {"": "Kim"}),
        (b"--b\r\nContent-Disposition: form-data; name=a\r\n--b--", {"a": ""}),
        (b"--b\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--b", {"a": "1"}),
        (b"--b\r\n\r\n1\r\n--b--\r\n--b\r\n\r\n2\r\n--b--", {"": ["1", "2"]}),
    ],
)
def test_parts_that_are_no_parts_lose_nothing(raw, fields):
    assert read(raw, TYPE).fields == fields


def test_repeated_names_are_kept_but_empty_ones():
    raw = field("a", "1") + field("a", "") + field("a", "2") + field("b", "") + END
    assert read(raw, TYPE).fields == {"a": ["1", "2"], "b": ""}
