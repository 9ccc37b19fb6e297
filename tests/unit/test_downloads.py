"""What is sent as it is read: whole, and no further where nobody reads."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from b24app.host import downloads

PARTS = [bytes([number % 256]) * 1000 for number in range(1000)]


@pytest.fixture
def reading():
    """Let a reader do something with the file in a thread of its own; the futures of what it returns."""
    with ThreadPoolExecutor() as pool:

        def start(function, futures):
            return lambda path: futures.append(pool.submit(function, path))

        yield start


def test_all_of_it_arrives(reading):
    found = []
    downloads.send(PARTS, reading(lambda path: Path(path).read_bytes(), found))
    assert found[0].result() == b"".join(PARTS)


def test_whoever_goes_away_ends_it(reading):
    with pytest.raises(downloads.NotRead, match="gone"):
        downloads.send(PARTS, reading(lambda path: open(path, "rb").close(), []))


def test_no_more_is_made_than_is_read_and_not_for_long(reading, monkeypatch):
    monkeypatch.setattr(downloads, "READ_SECONDS", 0.1)
    monkeypatch.setattr(downloads, "MIN_BYTES_A_SECOND", 1_000_000)
    made, over = [], threading.Event()

    def parts():
        for part in PARTS:
            made.append(part)
            yield part

    def wait(path):
        with open(path, "rb"):
            over.wait(30)

    with pytest.raises(downloads.NotRead, match="slowly"):
        downloads.send(parts(), reading(wait, []))
    over.set()
    assert sum(map(len, made)) < 4 * downloads.PIECE_BYTES


def test_where_nobody_begins_to_read_it_ends(monkeypatch):
    monkeypatch.setattr(downloads, "OPEN_SECONDS", 0.1)
    with pytest.raises(downloads.NotRead, match="nobody"):
        downloads.send(PARTS, lambda path: None)
