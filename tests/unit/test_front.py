"""The web server's front: bodies are read before a thread is taken, bounded in time and size."""

import asyncio
import resource
import threading
from types import SimpleNamespace

import pytest

from b24app.host import front
from b24app.management.commands import serve
from traces.intake.reading import MAX_REQUEST_BYTES


class Protocol:
    """What Granian hands over: the chunks of a body, each `pause` seconds after the one before, and the answer."""

    def __init__(self, chunks=(), pause=0.0):
        self.chunks, self.pause, self.status, self.body = chunks, pause, 0, b""

    async def __call__(self):
        return b"".join([chunk async for chunk in self])

    async def __aiter__(self):
        for chunk in self.chunks:
            yield chunk
            await asyncio.sleep(self.pause)

    def response_bytes(self, status, headers, body):
        self.status, self.body = status, body

    def response_str(self, status, headers, body):
        self.status, self.body = status, body.encode()

    def response_stream(self, status, headers):
        async def send_bytes(part):
            self.body += part

        self.status = status
        return SimpleNamespace(send_bytes=send_bytes)


class Headers(list[tuple[str, str]]):
    def items(self):
        return list(self)

    def get(self, name):
        return dict(self).get(name)


def request(method="POST", path="/in/x/", headers=()):
    return SimpleNamespace(
        method=method,
        path=path,
        query_string="a=1",
        server="127.0.0.1:8000",
        client="127.0.0.1:5000",
        scheme="http",
        http_version="1.1",
        authority=None,
        headers=Headers(headers),
    )


def echo(environ, start):
    """An application that answers with the length of the body."""
    body = str(len(environ["wsgi.input"].read())).encode()
    start("200 OK", [("Content-Length", str(len(body)))])
    return [body]


def answered(protocol, scope=None, wsgi=echo):
    asyncio.run(front.Front(wsgi).answer(scope or request(), protocol))
    return protocol.status, protocol.body


SHORT = [("content-length", "5")]


@pytest.mark.parametrize("headers", [SHORT, []])
def test_a_body_is_handed_over_whole(headers):
    assert answered(Protocol([b"ab", b"cde"]), request(headers=headers)) == (200, b"5")


@pytest.mark.parametrize("headers", [SHORT, []])
def test_a_body_that_does_not_come_is_refused(monkeypatch, headers):
    monkeypatch.setattr(front, "BODY_SECONDS", 0.01)
    assert answered(Protocol([b"a"] * 100, pause=0.02), request(headers=headers))[0] == 408


def test_a_short_body_that_is_cut_off_is_left_to_the_application():
    class CutOff(Protocol):
        async def __call__(self):
            raise front.ProtocolClosed

    assert answered(CutOff(), request(headers=[("content-length", "5")])) == (200, b"0")


def test_what_an_application_raises_ends_its_own_request_alone():
    def fail():
        raise OSError("broken")

    async def ask(threads):
        with pytest.raises(OSError, match="broken"):
            await threads.run(fail)
        await threads.run(lambda: None)

    asyncio.run(ask(front.Threads("test", 1)))


def test_a_long_body_that_goes_on_coming_has_more_time(monkeypatch):
    monkeypatch.setattr(front, "BODY_SECONDS", 0.2)
    chunk = b"x" * front.MIN_BYTES_A_SECOND * 5
    assert answered(Protocol([chunk, chunk, chunk], pause=0.15)) == (200, str(3 * len(chunk)).encode())


def test_no_more_is_read_than_the_application_takes():
    chunk = b"x" * 1_000_000
    assert answered(Protocol([chunk] * 1000)) == (200, str(MAX_REQUEST_BYTES + 1).encode())


def test_an_answer_of_unknown_length_is_sent_as_it_is_made():
    def wsgi(environ, start):
        start("200 OK", [])
        return iter([b"a", b"b"])

    assert answered(Protocol(), wsgi=wsgi) == (200, b"ab")


@pytest.mark.parametrize(
    ("busy_threads", "busy_path", "path"),
    [("INTAKE_THREADS", "/in/x/", "/healthz"), ("EXPORT_THREADS", "/b24/app/settings/export/", "/b24/events/")],
)
def test_a_path_answers_while_the_threads_of_others_are_busy(monkeypatch, busy_threads, busy_path, path):
    monkeypatch.setattr(front, busy_threads, 1)
    monkeypatch.setattr(front, "MAX_WAITING", 0)
    go = threading.Event()

    def wsgi(environ, start):
        if environ["PATH_INFO"] == path:
            go.set()
        assert go.wait(10)
        return echo(environ, start)

    async def ask():
        server, protocols = front.Front(wsgi), [Protocol(), Protocol(), Protocol()]
        busy = asyncio.create_task(server.answer(request(path=busy_path), protocols[0]))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await server.answer(request(path=busy_path), protocols[1])
        await server.answer(request("GET", path), protocols[2])
        await busy
        return [protocol.status for protocol in protocols]

    assert asyncio.run(ask()) == [200, 503, 200]


@pytest.mark.parametrize(
    ("headers", "name", "value"),
    [
        ([("content-type", "text/plain")], "CONTENT_TYPE", "text/plain"),
        ([("host", "a.example")], "HTTP_HOST", "a.example"),
        ([("accept", "a"), ("accept", "b")], "HTTP_ACCEPT", "a,b"),
        ([("cookie", "a=1"), ("cookie", "b=2")], "HTTP_COOKIE", "a=1; b=2"),
        ([("x_forwarded_proto", "https")], "HTTP_X_FORWARDED_PROTO", None),
    ],
)
def test_headers_are_those_of_wsgi(headers, name, value):
    assert front.environ(request(headers=headers), None).get(name) == value


def test_a_path_is_written_as_wsgi_wants_it():
    assert front.environ(request(path="/in/ä/"), None)["PATH_INFO"].encode("latin-1").decode() == "/in/ä/"


@pytest.mark.parametrize(
    ("limits", "raised"),
    [
        ((1024, 4096), [(4096, 4096)]),
        ((1024, resource.RLIM_INFINITY), [(serve.MAX_FILES, resource.RLIM_INFINITY)]),
        ((4096, 4096), []),
        ((100_000, 200_000), []),
    ],
)
def test_the_server_may_open_as_many_connections_as_the_system_lets_it(monkeypatch, limits, raised):
    seen = []
    monkeypatch.setattr(resource, "getrlimit", lambda kind: limits)
    monkeypatch.setattr(resource, "setrlimit", lambda kind, values: seen.append(values))
    serve.allow_connections()
    assert seen == raised
