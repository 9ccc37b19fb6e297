"""Websites are answered with less middleware than portals, and with the same answers."""

import io

import pytest

from b24app import wsgi

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("woken")]
# What a page's compression says of itself, and a request's own id.
OF_OTHERS = {"Vary", "Content-Encoding", "ETag", "Content-Length", "X-Request-Id"}


def ask(application, method, path, body=b"", **headers):
    """The status, the headers and the body that an application answers with."""
    started = []
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "relay.example",
        "SERVER_PORT": "443",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "203.0.113.7",
        "SCRIPT_NAME": "",
        "wsgi.url_scheme": "https",
        "wsgi.input": io.BytesIO(body),
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_HOST": "relay.example",
        "CONTENT_TYPE": "application/json",
        **headers,
    }
    parts = application(environ, lambda status, headers: started.append((status, dict(headers))))
    text = b"".join(parts)
    parts.close()
    return *started[0], text


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", "/in/{}/", {}),
        ("OPTIONS", "/in/{}/", {"HTTP_ORIGIN": "https://shop.example"}),
        ("POST", "/in/{}/", {"HTTP_ORIGIN": "https://shop.example", "HTTP_IDEMPOTENCY_KEY": "k"}),
        ("POST", "/in/{}", {"HTTP_IDEMPOTENCY_KEY": "k"}),
        ("POST", "/in/nothing/", {}),
        ("POST", "/in/nothing/", {"HTTP_ACCEPT": "text/html"}),
        ("DELETE", "/in/{}/", {}),
        ("GET", "/in/{}.js", {}),
        ("GET", "/in/{}/thanks/", {"HTTP_ACCEPT_LANGUAGE": "ru"}),
        ("GET", "/in/{}/thanks", {}),
        ("GET", "/in/{}/", {"HTTP_HOST": "bad host"}),
    ],
)
def test_websites_get_the_answers_that_all_of_django_would_give(form, method, path, headers):
    body = b'{"name": "Ines"}' if method == "POST" else b""
    answers = [
        ask(application, method, path.format(form.key), body, **headers)
        for application in (wsgi.application, wsgi._django)
    ]
    short, full = (
        (status, text, {k: v for k, v in head.items() if k not in OF_OTHERS}) for status, head, text in answers
    )
    assert short == full
    assert "Content-Security-Policy" in short[2]
