"""A PostgreSQL that one run has to itself, as durable as one in use."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from b24app.host.processes import Process
from tests.fixtures.stack import free_port

PROGRAMS = Path(os.environ.get("POSTGRES_PROGRAMS", "/usr/lib/postgresql/15/bin"))
START_SECONDS = 30.0
# PostgreSQL refuses to run as root.
_AS_NOBODY = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "--"]


def is_there() -> bool:
    """Whether it is installed."""
    return (PROGRAMS / "postgres").exists()


@contextmanager
def postgres() -> Iterator[str]:
    """The address of its database."""
    is_root = os.getuid() == 0
    before = _AS_NOBODY if is_root else []
    with tempfile.TemporaryDirectory(prefix="trace-relay-pg-", dir="/tmp") as folder:
        os.chmod(folder, 0o711)
        data = Path(folder, "data")
        data.mkdir()
        if is_root:
            subprocess.run(["chown", "nobody:nogroup", str(data)], check=True)
        initdb = [str(PROGRAMS / "initdb"), "-D", str(data / "db"), "-U", "postgres", "-A", "trust", "-E", "UTF8"]
        subprocess.run([*before, *initdb, "--locale=C.UTF-8"], check=True, stdout=subprocess.DEVNULL, cwd="/")
        port = free_port()
        options = ["listen_addresses=127.0.0.1", f"unix_socket_directories={data}", "max_wal_size=4GB"]
        options += ["fsync=on", "synchronous_commit=on", "shared_buffers=256MB"]
        argv = [*before, str(PROGRAMS / "postgres"), "-D", str(data / "db"), "-p", str(port)]
        server = Process("postgres", [*argv, *(word for option in options for word in ("-c", option))], cwd=Path("/"))
        server.log = Path(folder, "postgres.log")
        server.start()
        try:
            url = f"postgres://postgres@127.0.0.1:{port}/postgres"
            _wait_for(url)
            yield url
        finally:
            server.stop()


def _wait_for(url: str) -> None:
    until = time.monotonic() + START_SECONDS
    while True:
        try:
            psycopg.connect(url).close()
            return
        except psycopg.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
