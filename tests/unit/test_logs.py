"""The lines of the log in JSON, and the id by which a request is found in them."""

import json
import logging
import sys

import pytest

from b24app import wsgi
from b24app.host import logs


@pytest.fixture
def write():
    """What a line of the log reads as."""

    def write(message, *args, **more):
        record = logging.LogRecord("traces.tasks", logging.WARNING, "", 0, message, args, more.pop("exc_info", None))
        record.__dict__.update(more)
        text = logs.JsonLines().format(record)
        assert "\n" not in text
        return json.loads(text)

    return write


@pytest.fixture
def ask(monkeypatch):
    """The headers of an answer of Django's to a request with this id."""
    monkeypatch.setattr(wsgi, "_django", lambda environ, start: start("200 OK", [("Server", "trace-relay")]) or [b""])

    def ask(given):
        answered = {}
        wsgi.application({"HTTP_X_REQUEST_ID": given}, lambda status, headers, *more: answered.update(headers))
        return answered

    return ask


def test_a_line_has_its_text_and_its_facts(write):
    line = write("submission %s has failed", 7, submission=7, portal=3, body="planted")
    assert line.pop("at")
    line.pop("request_id", "")  # where this thread has answered a request
    assert line == {
        "level": "WARNING",
        "logger": "traces.tasks",
        "message": "submission 7 has failed",
        "submission": 7,
        "portal": 3,
    }


def test_an_error_stays_one_line(write):
    try:
        raise ValueError("two\nlines")
    except ValueError:
        assert "ValueError: two\nlines" in write("It failed", exc_info=sys.exc_info())["traceback"]


def test_a_line_belongs_to_the_request_that_its_thread_answers(write, ask):
    ask("from-the.proxy_1")
    assert write("It failed")["request_id"] == "from-the.proxy_1"


def test_the_proxys_id_stands_in_the_answer(ask):
    assert ask("from-the.proxy_1")["X-Request-Id"] == "from-the.proxy_1"


@pytest.mark.parametrize("given", ["", "a b", "line\nbreak", "x" * 65, "ид", "end\n"])
def test_what_is_no_id_is_replaced(ask, given):
    assert len(ask(given)["X-Request-Id"]) == 32


@pytest.mark.parametrize(("task", "written"), [("traces.sweep", False), ("traces.drain_portal", True)])
def test_a_received_message_is_a_line_unless_it_is_the_sweeps(task, written):
    facts = ({"name": task, "id": "7"},)
    record = logging.LogRecord("celery.worker.strategy", logging.INFO, "", 0, "Task %(name)s received", facts, None)
    assert logs.NoSweeps().filter(record) is written
