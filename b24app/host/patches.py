"""Every change to other people's code while it runs, with its reason. Each is made once, where it is called.

Settings call this before anything else is loaded, so every import of what is patched stands in its function.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import requests


def use_bundled_sqlite() -> None:
    """Replace the standard library's sqlite3 by pysqlite3, if that is installed.

    The SQLite that comes with Python on most machines has the WAL-reset race (`b24app.host.sqlite`), and Django cannot
    be configured to use another module. So this must come before Django imports `sqlite3`: settings begin with it.
    """
    try:
        bundled = importlib.import_module("pysqlite3")
        dbapi2 = importlib.import_module("pysqlite3.dbapi2")
    except ImportError:
        return
    sys.modules["sqlite3"] = bundled
    sys.modules["sqlite3.dbapi2"] = dbapi2


def allow_oauth_over_http() -> None:
    """Let oauthlib ask an OAuth server without TLS, for the sandbox: it looks into the environment and nowhere else."""
    os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"


def restore_no_messages() -> None:
    """Have kombu give no messages back to a Redis that went away.

    It would restore them over the closed connection, and the worker dies of that. A message is a hint that the sweep
    makes good, so nothing is lost; no option of the transport switches this off.
    """
    from kombu.transport.redis import Channel

    Channel.do_restore = False


def follow_no_redirects(session: requests.Session) -> None:
    """Let a session return redirects as answers.

    Nothing is ever sent to an address that only a redirect gives. `allow_redirects=False` belongs to each request, and
    requests-oauthlib makes its own; only the session itself can be configured once for all requests.
    """
    session.get_redirect_target = lambda resp: None  # type: ignore[method-assign]
