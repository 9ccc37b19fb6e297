"""`manage.py serve`: the production web server."""

import os
import resource
from argparse import ArgumentParser
from collections.abc import Callable
from functools import partial
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils.module_loading import import_string
from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels

from b24app.host.front import Front
from b24app.host.processes import die_with
from b24app.host.together import answer_in_threads

# A client that has not sent its headers by then is let go.
HEADER_MILLISECONDS = 10_000
# Each connection is an open file; the usual 1,024 are taken by one client in seconds.
MAX_FILES = 65_536


class Command(BaseCommand):
    """Serve until SIGTERM or SIGINT; requests that run are finished first."""

    help = "Run the production web server."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: this machine only)")

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"Serving on http://{options['host']}:{options['port']}")
        self.stdout.flush()
        allow_connections()
        server = Granian(
            settings.WSGI_APPLICATION,
            address=options["host"],
            port=options["port"],
            interface=Interfaces.RSGI,
            http=HTTPModes.http1,  # to find out which one a client speaks, Granian would wait for it without end
            workers=settings.WEB_PROCESSES,
            http1_settings=HTTP1Settings(header_read_timeout=HEADER_MILLISECONDS),
            websockets=False,
            respawn_failed_workers=True,
            workers_kill_timeout=15,
            log_level=LogLevels.error,
        )
        server.serve(target_loader=partial(_load, os.getpid()), wrap_loader=False)


def allow_connections() -> None:
    """Let this process, and those that it starts, open as many files as the system lets it."""
    files, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_FILES if most == resource.RLIM_INFINITY else min(most, MAX_FILES)
    if files != resource.RLIM_INFINITY and files < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def _load(parent: int) -> Callable[..., Any]:
    """The application, loaded inside the worker process."""
    # Granian does not end its worker when it is killed with -9 itself; the orphan would hold the port.
    die_with(parent)
    answer_in_threads()
    return Front(import_string(settings.WSGI_APPLICATION)).answer
