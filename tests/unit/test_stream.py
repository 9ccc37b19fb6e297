"""The bytes of a request: all of them and no more, whether their number is declared or not."""

import io

import pytest

from traces.intake import stream
from traces.intake.problems import Problem

MAX_BYTES = 10


class Source:
    """A server's input that gives a few bytes at a time, and counts in `taken` how many it gave."""

    def __init__(self, data, step=3):
        self._data = io.BytesIO(data)
        self._step = step
        self.taken = 0

    def read(self, size):
        data = self._data.read(min(size, self._step))
        self.taken += len(data)
        return data


def refusal(environ):
    with pytest.raises(Problem) as caught:
        stream.read_body(environ, MAX_BYTES)
    return caught.value.status, caught.value.code


@pytest.mark.parametrize("data", [b"", b"1234567", b"1234567890"])
@pytest.mark.parametrize(
    "headers",
    [
        {"wsgi.input_terminated": True},
        {"HTTP_TRANSFER_ENCODING": "chunked"},
        {"HTTP_TRANSFER_ENCODING": "gzip, Chunked", "CONTENT_LENGTH": "3"},
        {"CONTENT_LENGTH": "", "wsgi.input_terminated": True},
        {"CONTENT_LENGTH": "nonsense", "wsgi.input_terminated": True},
    ],
)
def test_a_body_without_a_length_is_read_to_its_end(data, headers):
    assert stream.read_body({"wsgi.input": Source(data), **headers}, MAX_BYTES) == data


@pytest.mark.parametrize("length", [0, 5, 10])
@pytest.mark.parametrize("headers", [{}, {"wsgi.input_terminated": True}])
def test_a_body_with_a_length_is_read_that_far(length, headers):
    source = Source(b"1234567890 and the next request")
    body = stream.read_body({"wsgi.input": source, "CONTENT_LENGTH": str(length), **headers}, MAX_BYTES)
    assert (body, source.taken) == (b"1234567890"[:length], length)


def test_a_body_without_length_or_end_is_not_waited_for():
    source = Source(b"the next request")
    assert (stream.read_body({"wsgi.input": source}, MAX_BYTES), source.taken) == (b"", 0)


@pytest.mark.parametrize("length", ["11", "9" * 18])
def test_a_length_beyond_the_bound_is_refused_unread(length):
    source = Source(b"x" * 99)
    assert refusal({"wsgi.input": source, "CONTENT_LENGTH": length}) == (413, "too_large")
    assert source.taken == 0


@pytest.mark.parametrize("data", [b"x" * 11, b"x" * 9999])
def test_a_body_without_a_length_is_read_one_byte_too_far_at_most(data):
    source = Source(data)
    assert refusal({"wsgi.input": source, "wsgi.input_terminated": True}) == (413, "too_large")
    assert source.taken == MAX_BYTES + 1


def test_a_body_that_ends_too_early_is_refused():
    assert refusal({"wsgi.input": Source(b"1234"), "CONTENT_LENGTH": "5"}) == (400, "body_cut_off")


def test_a_connection_that_breaks_is_refused():
    class Broken:
        def read(self, size):
            raise ConnectionResetError

    assert refusal({"wsgi.input": Broken(), "wsgi.input_terminated": True}) == (400, "body_cut_off")
