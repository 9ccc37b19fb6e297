"""The net under the log: a contact or a token that something writes there is masked, our own ids are not."""

import logging
import sys

import pytest

from b24app import settings as product_settings
from b24app.host.logs import JsonLines
from b24app.host.masks import MaskedFormatter

KEPT = [
    "celery@machine ready.",
    "portal 7: 48 rows in 1234567 ms",
    "0193a5a0-7f3c-7cc1-9a6e-0d6f4c1b2a33 may have been sent twice",
    "portal 53bce4f1dfa0fe8e7c0123456789abcd: held (plan)",
    '127.0.0.1:8000 "GET /in/5zhhWg0sDMiH4SeH/" 200',
]
MASKED = [
    "ines@visitor.example",
    "ines%40visitor.example",
    "+351 912 345 678",
    "%2B351912345678",
    "f67270a673b99be181f3e01f4e5edd450596c1f71f11dab9d45b85923f93a3184b860a",
]


@pytest.fixture(params=[MaskedFormatter("%(message)s"), JsonLines()], ids=["text", "json"])
def formatter(request):
    return request.param


def line(formatter, message, error=None):
    try:
        raise error or ValueError
    except ValueError:
        record = logging.makeLogRecord({"msg": message, "exc_info": sys.exc_info() if error else None})
        return formatter.format(record)


@pytest.mark.parametrize("text", KEPT)
def test_what_is_ours_stays(text):
    assert line(MaskedFormatter("%(message)s"), text) == text


@pytest.mark.parametrize("text", MASKED)
def test_a_contact_and_a_token_are_masked_in_a_traceback_too(formatter, text):
    written = line(formatter, f"cannot send {text!r} now", ValueError(f"{text} is refused"))
    assert (text in written, "cannot send '***' now" in written, "*** is refused" in written) == (False, True, True)


def test_all_that_is_logged_goes_through_it():
    formats = product_settings.LOGGING["formatters"].values()
    assert {format["()"] for format in formats} == {"b24app.host.masks.MaskedFormatter", "b24app.host.logs.JsonLines"}
