"""What a line of the log looks like, and which request it belongs to.

A request has an id: the one that the proxy gave it in X-Request-Id, or one of ours. It stands in the answer and, with
`LOG_FORMAT=json`, in each line that its thread writes.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
import uuid
from datetime import UTC, datetime
from typing import Any

from b24app.host.masks import masked_for_log

_local = threading.local()
# What a proxy may name a request; anything else may be of a sender's making, and as long as they please.
_GOOD_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
# What a line may tell of itself besides its text (`extra` of the logging module): ids and numbers, no one's data.
FACTS = ("portal", "submission", "seconds")


def begin_request(given: str) -> str:
    """Returns the id of the request that this thread answers from now on: `given`, where it is fit to be one."""
    _local.request_id = given if _GOOD_ID.fullmatch(given) else uuid.uuid4().hex
    return str(_local.request_id)


def configuration(*, in_json: bool, level: str) -> dict[str, Any]:
    """Returns Django's `LOGGING`: all to the standard error stream, a line an event, in JSON or as a text."""
    formats = {
        "text": {"()": "b24app.host.masks.MaskedFormatter", "format": "%(asctime)s %(levelname)s %(name)s %(message)s"},
        "json": {"()": "b24app.host.logs.JsonLines"},
    }
    stream = {"class": "logging.StreamHandler", "formatter": "json" if in_json else "text", "stream": sys.stderr}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": formats,
        "filters": {"no_sweeps": {"()": "b24app.host.logs.NoSweeps"}},
        "handlers": {"stderr": stream},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # These print whole requests, tokens included, at the level DEBUG.
            "urllib3": {"level": "WARNING"},
            "oauthlib": {"level": "WARNING"},
            "requests_oauthlib": {"level": "WARNING"},
            # A stranger's wrong Host, or too much of anything, is answered with 4xx; no page of traceback for each.
            **{
                f"django.security.{name}": {"level": "CRITICAL"}
                for name in ("DisallowedHost", "RequestDataTooBig", "TooManyFieldsSent", "TooManyFilesSent")
            },
            # That a message was received says enough; a drain has a line of its own (`traces.tasks`).
            "celery.app.trace": {"level": "WARNING"},
            "celery.worker.strategy": {"filters": ["no_sweeps"]},
        },
    }


class NoSweeps(logging.Filter):
    """Leaves out that the sweep's message was received: it comes every few seconds, whatever happens."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Returns whether the record is written."""
        return not (isinstance(record.args, dict) and record.args.get("name") == "traces.sweep")


class JsonLines(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Returns the record in JSON; of an error the whole traceback, in one text."""
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "message": masked_for_log(record.getMessage()),
        }
        if request_id := getattr(_local, "request_id", ""):
            line["request_id"] = request_id
        line |= {name: getattr(record, name) for name in FACTS if hasattr(record, name)}
        if record.exc_info:
            line["traceback"] = masked_for_log(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False, default=str)
