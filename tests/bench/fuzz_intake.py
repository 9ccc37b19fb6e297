"""`python -m tests.bench.fuzz_intake [BODIES] [SEED]`: bodies that no one would send, up to the database.

Prints how they ended, the slowest, and how much memory the hungriest took. Fails where one raised anything but a
`Problem`.
"""

from __future__ import annotations

import base64
import io
import json
import random
import sys
import time
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from traces.compose import trace
from traces.compose.visitor import recognise
from traces.intake import senders
from traces.intake.problems import Problem
from traces.intake.reading import MAX_BODY_BYTES, MAX_REQUEST_BYTES, Reading, read
from traces.intake.stream import read_body

SENDERS = Path(__file__).resolve().parent.parent / "data" / "senders.json"
TYPES = [
    *("", "application/json", "application/x-www-form-urlencoded", "text/plain", "multipart/form-data"),
    *(
        "multipart/form-data; boundary=b",
        "application/octet-stream",
        "text/json; charset",
        ";;;=",
        "\0",
        "é; charset=é",
    ),
]
CHARSETS = ["", "utf-8", "windows-1251", "koi8-r", "utf-16", "utf-32le", "shift_jis", "gb18030", "idna", "x" * 99, "\0"]
TOKENS = [
    *(b"&", b"=", b"%", b"%D0", b"%41", b"+", b";", b"\n", b"\r\n", b"\r\n\r\n", b"\0", b"\xff", b"\xed\xa0\x80"),
    *(
        b"--b",
        b"\r\n--b\r\n",
        b"--b--",
        b"Content-Disposition: form-data; name=",
        b'; filename="',
        b"Content-Type: a/b",
    ),
    *(b"{", b"[", b"}", b"]", b'"', b"\\", b"\\u", b"\\ud800", b'{"a":', b"null", b"NaN", b"1e999", b"9" * 5000),
    *(b"_charset_=", b"data:a/b;base64,", b"A1b" * 400, b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", "ж".encode(), b" "),
]
SLICE_EVERY, HUGE_EVERY, ENORMOUS_EVERY = 10, 100, 5000


class Body(NamedTuple):
    raw: bytes
    content_type: str
    hint: str
    is_chunked: bool


class Outcome(NamedTuple):
    """What became of a body: its `end` ("read", a status, or an exception's name) and the processor's `seconds`."""

    end: str
    seconds: float
    reading: Reading | None


def bodies(count: int, seed: int) -> Iterator[Body]:
    """As many bodies, the same ones for the same seed: real ones, changed at random, and some of one token alone."""
    chance = random.Random(seed)
    real = _real()
    for number in range(1, count + 1):
        raw, content_type = chance.choice(real)
        if number % ENORMOUS_EVERY == 0:
            raw = _repeated(chance, MAX_REQUEST_BYTES)
        elif number % HUGE_EVERY == 0:
            raw = _repeated(chance, MAX_BODY_BYTES)
        else:
            raw = _changed(chance, raw, chance.choice(real)[0])
        if chance.random() < 0.5:
            content_type = chance.choice(TYPES) + "; charset=" + chance.choice(CHARSETS)
        yield Body(raw, content_type, chance.choice(CHARSETS), chance.random() < 0.5)


def take(body: Body) -> Outcome:
    """Read one body as the intake does. Nothing but `Problem` is expected, and everything else is told."""
    environ: dict[str, Any] = {"wsgi.input": io.BytesIO(body.raw), "wsgi.input_terminated": True}
    environ.update({"HTTP_TRANSFER_ENCODING": "chunked"} if body.is_chunked else {"CONTENT_LENGTH": str(len(body.raw))})
    began = time.process_time()
    reading = None
    try:
        reading = read(read_body(environ, MAX_REQUEST_BYTES), body.content_type, charset_hint=body.hint)
        posted = senders.normalise(reading.fields, query={}, headers={}, files=reading.files)
        recognise(posted.body)
        trace.prepare(posted.body, 0)
        json.dumps(reading.fields, allow_nan=False, ensure_ascii=False).encode()
        end = "read"
    except Problem as problem:
        end = str(problem.status)
    except Exception as error:
        end = f"{type(error).__name__}: {error}"[:200]
    return Outcome(end, time.process_time() - began, reading)


def _real() -> list[tuple[bytes, str]]:
    cases = json.loads(SENDERS.read_text(encoding="utf-8"))["cases"]
    return [
        (
            case["body"].encode() if case["body_encoding"] == "utf-8" else base64.b64decode(case["body"]),
            next((value for name, value in case["headers"] if name.lower() == "content-type"), ""),
        )
        for case in cases
        if len(case["body"]) < 20_000
    ]


def _changed(chance: random.Random, raw: bytes, other: bytes) -> bytes:
    for _ in range(chance.randrange(8)):
        at, to = sorted((chance.randrange(len(raw) + 1), chance.randrange(len(raw) + 1)))
        match chance.randrange(6):
            case 0:
                raw = raw[:at] + chance.choice(TOKENS) * chance.choice((1, 1, 2, 40)) + raw[at:]
            case 1:
                raw = raw[:at] + raw[to:]
            case 2:
                raw = raw[:at] + other[at:]
            case 3:
                raw = raw[:at] + chance.randbytes(chance.randrange(9)) + raw[at:]
            case 4:
                raw = raw.replace(chance.choice(TOKENS[:20]), chance.choice(TOKENS[:20]))[:MAX_BODY_BYTES]
            case _:
                text, charset = raw.decode("utf-8", "replace"), chance.choice(("cp1251", "koi8-r", "utf-16", "utf-32"))
                raw = text.encode(charset, "replace")
    return raw


def _repeated(chance: random.Random, size: int) -> bytes:
    start, end = chance.choice(((b"", b""), (b"a=", b""), (b'{"a":"', b'"}'), (b"[", b"]"), (b"--b\r\nContent-", b"")))
    unit = b"".join(chance.choices(TOKENS, k=chance.randrange(1, 4)))
    return (start + unit * (size // len(unit)))[: size - len(end)] + end


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    ends: Counter[str] = Counter()
    slowest: list[tuple[float, int, str, bytes]] = []
    hungriest = (0, 0)
    for number, body in enumerate(bodies(count, seed)):
        is_large = len(body.raw) >= MAX_BODY_BYTES - 100
        outcome = take(body)
        ends[outcome.end] += 1
        slowest = sorted([*slowest, (outcome.seconds, len(body.raw), body.content_type, body.raw[:60])])[-5:]
        if is_large:  # measured apart, because measuring makes it several times slower
            tracemalloc.start()
            take(body)
            hungriest = max(hungriest, (tracemalloc.get_traced_memory()[1], len(body.raw)))
            tracemalloc.stop()
        if number % 10_000 == 9_999:
            print(f"{number + 1:,} bodies", file=sys.stderr)
    print("| end | bodies |\n|---|---|")
    print("\n".join(f"| {end} | {times:,} |" for end, times in ends.most_common()))
    print("\n| processor ms | bytes | type | begins |\n|---|---|---|---|")
    for seconds, size, content_type, start in reversed(slowest):
        print(f"| {seconds * 1000:,.0f} | {size:,} | {content_type[:60]!r} | {start!r} |")
    print(f"\nPeak memory of one body: {hungriest[0] / 1e6:,.1f} MB (of {hungriest[1]:,} bytes)")
    return int(any(not (end == "read" or end.isdigit()) for end in ends))


if __name__ == "__main__":
    sys.exit(main())
