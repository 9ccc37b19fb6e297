"""Transactions that write, on either database."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from django.db import connection, transaction

_line = threading.Lock()


@contextmanager
def in_line() -> Iterator[None]:
    """Wait for one's turn to write.

    SQLite lets one writer in at a time, and the others look again and again, in no order, with pauses of up to 0.1 s.
    So the threads of one process wait in line for each other here; on PostgreSQL nobody has to.
    """
    with _line if connection.vendor == "sqlite" else nullcontext():
        yield


@contextmanager
def writing() -> Iterator[None]:
    """A transaction that writes, in its turn."""
    with in_line(), transaction.atomic():
        yield
