"""Transactions that write, on either database."""

import fcntl
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

# One lock for the threads of a process, made at import so that there is no second one. Nothing of ours forks while it
# writes, so no child inherits it locked; between processes the file below serves.
_line = threading.Lock()


@contextmanager
def in_line() -> Iterator[None]:
    """Wait for one's turn to write.

    SQLite lets one writer in at a time, and the others look again and again, in no order, with pauses of up to 0.1 s.
    So the threads of a process, and the processes, wait in line for each other here; on PostgreSQL nobody has to.
    """
    if connection.vendor != "sqlite":
        yield
        return
    with _line, open(f"{connection.settings_dict['NAME']}-line", "ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # given back when the file is closed, or its process dies
        yield


@contextmanager
def writing() -> Iterator[None]:
    """A transaction that writes, in its turn."""
    with in_line(), transaction.atomic():
        yield
