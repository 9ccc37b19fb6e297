"""Long answers that are made no sooner than the client reads them.

What Granian is given it keeps in memory until the client has read it; only a file it reads by itself, as far as there
is room on the connection. So it is told to send a pipe as if it were a file, and whoever writes into the pipe waits
until there is room in it. Source: Granian's `response_file`; fifo(7).
"""

from __future__ import annotations

import os
import select
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator

# A client may let us wait so long, and a second more for each `MIN_BYTES_A_SECOND` that it has read.
READ_SECONDS, MIN_BYTES_A_SECOND = 60.0, 5_000
# Granian opens the pipe as soon as it has begun to answer, or never, where the client has gone.
OPEN_SECONDS = 10.0
# As much as a pipe holds.
PIECE_BYTES = 64 * 1024


class NotRead(Exception):
    """The client has gone, or reads too slowly."""


def send(parts: Iterable[bytes], send_file: Callable[[str], None]) -> None:
    """Have `send_file` send a file, and write these parts into it as it is read. Raises `NotRead`.

    Where the client reads too slowly the answer ends early.
    """
    with tempfile.TemporaryDirectory(prefix="trace-relay-") as folder:
        path = os.path.join(folder, "pipe")
        os.mkfifo(path, 0o600)
        send_file(path)
        pipe = _opened(path)
    try:
        _write(pipe, parts)
    except BrokenPipeError:
        raise NotRead("the client has gone") from None
    finally:
        os.close(pipe)


def _opened(path: str) -> int:
    """The pipe's end for writing, once there is a reader at the other."""
    until = time.monotonic() + OPEN_SECONDS
    while True:
        try:
            return os.open(path, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:
            if time.monotonic() > until:
                raise NotRead("nobody has begun to read") from None
            time.sleep(0.005)


def _write(pipe: int, parts: Iterable[bytes]) -> None:
    room = select.poll()
    room.register(pipe, select.POLLOUT)
    waited, written = 0.0, 0
    for piece in _pieces(parts):
        left = memoryview(piece)
        while left:
            began = time.monotonic()
            may_wait = READ_SECONDS + written / MIN_BYTES_A_SECOND - waited
            if not room.poll(max(may_wait, 0.0) * 1000):
                raise NotRead("the client reads too slowly")
            waited += time.monotonic() - began
            number = os.write(pipe, left)  # raises BrokenPipeError once nobody reads
            written += number
            left = left[number:]


def _pieces(parts: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in fewer parts: a line of its own would cost a call each."""
    piece = bytearray()
    for part in parts:
        piece += part
        if len(piece) >= PIECE_BYTES:
            yield bytes(piece)
            piece.clear()
    yield bytes(piece)
