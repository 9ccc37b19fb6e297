"""Requests that no one would send, to all public addresses: real ones, changed in their bytes, heads and framing."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from urllib.parse import quote, urlencode

from tests.bench import fuzz_intake
from tests.bench.fuzz_intake import TOKENS, Body

# The forms: programs post to NAMED and UNKEYED, browsers to BROWSER, and nobody whose request is whole to BROKEN. A
# request to any but UNKEYED has a marker as its Idempotency-Key, so that its row is known; there, repeats are joined.
NAMED, UNKEYED, BROWSER, BROKEN = "named", "unkeyed", "browser", "broken"

METHODS = ["POST"] * 12 + ["PUT", "GET", "HEAD", "OPTIONS", "PATCH", "DELETE", "TRACE", "QUERY", "post", "P0ST", "G\tT"]
HEADERS = [
    *("X-Long: " + "a" * 60_000, "X-Binary: \xff\xfe\x80", "X-Empty:", "Cookie: " + "a=b; " * 2000, "Cookie: =;;\xff"),
    *("Content-Encoding: gzip", "Accept-Language: " + "xx," * 3000, "Accept-Language: ru;q=9e999", "Origin: null"),
    *("Idempotency-Key: \xe9", "Idempotency-Key: " + "k" * 201, "Idempotency-Key: a", "Idempotency-Key: a@b.example"),
    *("Authorization: Bearer " + "x" * 5000, "Authorization: Basic \xff", "Authorization: Bearer"),
    *("Referer: " + "?" * 9000, "Referer: http://[", "Range: bytes=0-", "Range: bytes=9-1", "If-None-Match: *"),
    *("If-Modified-Since: 1", "If-Modified-Since: Sun, 06 Nov 99999 08:49:37 GMT", "Accept-Encoding: gzip;q=x, *"),
    *("X-Forwarded-For: " + "1," * 3000, "X-Forwarded-For: [::1", "X-Forwarded-Proto: https", "X-Forwarded-Host: \xff"),
    *("Connection: upgrade", "Upgrade: h2c", "Forwarded: for=", "X_Under_Score: 1", "Content-Type: a/b", "Host: b"),
    *("Origin: https://\xff", "Origin: " + "https://" * 900, "Access-Control-Request-Headers: " + "a,\xff," * 900),
]
HOSTS = ["127.0.0.1"] * 8 + ["", "a b", "[::1", "a:b", "\xff", "x" * 300, "a/../b", "127.0.0.1:99999"]
QUERIES = [
    *(
        "",
        "",
        "",
        "",
        "a=b&" * 150,
        "%00=%ff",
        "utm_source=%ed%a0%80",
        "%",
        "%zz",
        "=&=&",
        "utm_source=" + "a" * 30_000,
    ),
    *("hub.mode=subscribe&hub.challenge=%0d%0ax", "code=%00&server_domain=%00", "code=a&server_domain=b", "a[b][c]=1"),
]
TAILS = ["%00", "/" * 300, "%2e%2e/", "%ff", "..", ";a=b", "%25", "é", "a" * 9000, "%ED%A0%80/", "?", "#x", "\\"]
LENGTHS = ["-1", "abc", "1e3", "0x10", "99999999999999999999", "", " 5", "5, 6", "+5", "5\t"]
SECOND_LENGTHS = [[], ["Content-Length: 5"], ["Transfer-Encoding: chunked"], ["Transfer-Encoding: gzip, chunked"]]
BAD_LINES = ["no colon", ": no name", "A B: c", " folded", "X-Nul: \0", "Transfer-Encoding: xchunked", "Expect: x"]
JSON, FORM = "application/json", "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Target:
    """A public address: how often it is asked, how it is asked when all is well, and which form's it is, if one's."""

    path: str
    times: int = 1
    method: str = "GET"
    form: str = ""
    fields: tuple[tuple[str, str], ...] = ()  # a form's; where there are none a body of `fuzz_intake` is sent
    headers: tuple[str, ...] = ()
    marker: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """The bytes of a request, the `way` it was spoilt, and whether the connection can be used again after it."""

    raw: bytes
    way: str
    target: Target
    method: str
    is_whole: bool


def requests(targets: list[Target], count: int, seed: str) -> Iterator[Request]:
    """As many requests, the same ones for the same seed."""
    chance = random.Random(seed)
    places = [target for target in targets for _ in range(target.times)]
    for number, body in enumerate(fuzz_intake.bodies(count, chance.randrange(2**32))):
        target = chance.choice(places)
        if target.form and target.form != UNKEYED:
            marker = f"{seed} {number}"
            target = replace(target, marker=marker, headers=(*target.headers, f"Idempotency-Key: {marker}"))
        yield chance.choice(_BROKEN if target.form == BROKEN else _WHOLE)(target, _body(target, body, chance), chance)


def _body(target: Target, body: Body, chance: random.Random) -> Body:
    """What is posted: fields that this address knows, some of them changed, or a body that knows none."""
    if target.form or not target.fields or chance.random() < 0.1:
        return body
    pairs: list[tuple[bytes, bytes]] = []
    for name, value in target.fields:
        raw = value.encode()
        for _ in range(chance.choice((0, 0, 0, 1, 2))):
            at = chance.randrange(len(raw) + 1)
            raw = raw[:at] + chance.choice(TOKENS) + raw[chance.choice((at, len(raw))) :]
        pairs += [(name.encode(), raw)] * chance.choice((0, 1, 1, 1, 1, 1, 1, 2))
    return Body(urlencode(pairs).encode(), FORM, "", False)


# --- Ways that leave the connection in order ----------------------------------------------------


def _plain(target: Target, body: Body, chance: random.Random) -> Request:
    return _request("plain", target, body, target.method, target.path)


def _chunked(target: Target, body: Body, chance: random.Random) -> Request:
    if target.method != "POST":
        return _plain(target, body, chance)
    head = _head(target, body.content_type, target.method, target.path, "Transfer-Encoding: chunked")
    return Request(head + _chunks(body.raw, chance) + b"0\r\n\r\n", "chunked", target, target.method, True)


def _odd_address(target: Target, body: Body, chance: random.Random) -> Request:
    path = target.path
    match chance.randrange(5):
        case 0:
            path += chance.choice(TAILS)
        case 1:
            path = "".join(f"%{ord(sign):02x}" if chance.random() < 0.3 else sign for sign in path)
        case 2:
            path = f"http://{chance.choice(HOSTS[:8])}{path}"  # as a proxy is asked
        case 3:
            at = chance.randrange(len(path))
            path = path[:at] + quote(chance.choice(TOKENS)) + path[at:]
    query = chance.choice(QUERIES)
    return _request("odd address", target, body, target.method, path + ("?" + query if query else ""))


def _odd_headers(target: Target, body: Body, chance: random.Random) -> Request:
    others = [header for header in HEADERS if not (target.marker and header.startswith("Idempotency-Key"))]
    extra = chance.choices(others, k=chance.randrange(1, 4))
    return _request("odd headers", target, body, target.method, target.path, *extra, host=chance.choice(HOSTS))


def _odd_method(target: Target, body: Body, chance: random.Random) -> Request:
    return _request("odd method", target, body, chance.choice(METHODS), target.path)


def _old(target: Target, body: Body, chance: random.Random) -> Request:
    return _request("HTTP/1.0", target, body, target.method, target.path, version="1.0")


# --- Ways behind which nobody knows where the next request begins -------------------------------


def _cut_chunks(target: Target, body: Body, chance: random.Random) -> Request:
    whole = _chunks(body.raw, chance)
    return _broken("cut chunks", target, body, whole[: chance.randrange(len(whole) + 1)], "Transfer-Encoding: chunked")


def _odd_chunks(target: Target, body: Body, chance: random.Random) -> Request:
    size = chance.choice((b"zz", b"-1", b"ffffffffffffffffff", b"", b"5;" + b"a" * 5000, b"5\n", b" 5"))
    raw = size + b"\r\n" + body.raw + b"\r\n0\r\nTrailer: x\r\n\r\n"
    return _broken("odd chunks", target, body, raw, "Transfer-Encoding: chunked")


def _cut_off(target: Target, body: Body, chance: random.Random) -> Request:
    return _broken("cut off", target, body, body.raw, f"Content-Length: {len(body.raw) + chance.randrange(1, 9000)}")


def _too_short(target: Target, body: Body, chance: random.Random) -> Request:
    return _broken("too short", target, body, body.raw, f"Content-Length: {chance.randrange(len(body.raw) + 1)}")


def _odd_length(target: Target, body: Body, chance: random.Random) -> Request:
    others = chance.choice(SECOND_LENGTHS)
    return _broken("odd length", target, body, body.raw, f"Content-Length: {chance.choice(LENGTHS)}", *others)


def _bad_lines(target: Target, body: Body, chance: random.Random) -> Request:
    lines = chance.choices(BAD_LINES, k=2)
    return _broken("bad lines", target, body, body.raw, *lines, f"Content-Length: {len(body.raw)}")


def _waiting(target: Target, body: Body, chance: random.Random) -> Request:
    raw = chance.choice((b"", body.raw))
    return _broken("100-continue", target, body, raw, "Expect: 100-continue", f"Content-Length: {len(body.raw)}")


def _noise(target: Target, body: Body, chance: random.Random) -> Request:
    return Request(body.raw[:2000] + b"\r\n\r\n", "noise", target, "POST", False)


def _long_target(target: Target, body: Body, chance: random.Random) -> Request:
    path = target.path + chance.choice(("?", "")) + "a" * chance.choice((8_000, 65_000, 70_000, 500_000))
    return _request("long target", target, body, target.method, path)


Way = Callable[[Target, Body, random.Random], Request]
_WHOLE: list[Way] = [_plain, _plain, _chunked, _odd_address, _odd_headers, _odd_method, _old]
_BROKEN: list[Way] = [
    *(_cut_chunks, _odd_chunks, _cut_off, _too_short, _odd_length, _bad_lines, _waiting, _noise, _long_target)
]


def _request(
    way: str,
    target: Target,
    body: Body,
    method: str,
    path: str,
    *headers: str,
    host: str = "127.0.0.1",
    version: str = "1.1",
) -> Request:
    if method.upper() in ("GET", "HEAD"):
        body = body._replace(raw=b"")
    length = f"Content-Length: {len(body.raw)}"
    head = _head(target, body.content_type, method, path, *headers, length, host=host, version=version)
    return Request(head + body.raw, way, target, method, True)


def _broken(way: str, target: Target, body: Body, raw: bytes, *headers: str) -> Request:
    head = _head(target, body.content_type, "POST", target.path, *headers)
    return Request(head + raw, way, target, "POST", False)


def _head(
    target: Target,
    content_type: str,
    method: str,
    path: str,
    *headers: str,
    host: str = "127.0.0.1",
    version: str = "1.1",
) -> bytes:
    lines = [
        *(f"{method} {path} HTTP/{version}", f"Host: {host}"),
        *(f"Content-Type: {content_type}", *target.headers, *headers),
    ]
    text = "\r\n".join(line.replace("\r", "").replace("\n", "") for line in lines)
    return text.encode("latin-1", "replace") + b"\r\n\r\n"


def _chunks(raw: bytes, chance: random.Random) -> bytes:
    parts: list[bytes] = []
    at = 0
    while at < len(raw):
        size = chance.choice((7, 500, 8192, 65_536)) if len(raw) < 20_000 else 65_536
        part = raw[at : at + size]
        parts.append(b"%x\r\n%s\r\n" % (len(part), part))
        at += size
    return b"".join(parts)


def fields_of(values: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """The fields of a form as a target has them."""
    return tuple(values.items())
