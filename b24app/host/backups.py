"""A copy of the whole database in one file, taken while it is in use, and its way back into an empty database.

The keys are not in it: without `FIELD_ENCRYPTION_KEYS` nobody reads what is encrypted. Redis is not either: it holds
nothing that the database does not.
Source: SQLite's documentation of VACUUM INTO and of its backup API; PostgreSQL's of pg_dump and pg_restore.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from django.db import connection


class Failed(Exception):
    """It was not done, and nothing was changed; the text says why."""


def back_up(target: Path) -> None:
    """Write the database to the file `target`, completely or not at all. Raises `Failed`."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with TemporaryDirectory(dir=target.parent, prefix=".backup-") as folder:
        part = Path(folder) / "part"
        _write_sqlite(part) if connection.vendor == "sqlite" else _run("pg_dump", "--format=custom", f"--file={part}")
        part.chmod(0o600)
        _to_disk(part)
        try:
            os.link(part, target)  # unlike a renaming it replaces nothing
        except FileExistsError:
            raise Failed(f"{target} is there already.") from None
    _to_disk(target.parent)


def restore(source: Path) -> None:
    """Fill the empty database from a file of `back_up`. Raises `Failed`."""
    if not source.is_file():
        raise Failed(f"There is no file {source}.")
    if connection.introspection.table_names():
        raise Failed("The database is not empty. Restore into a new one: name it in DATABASE_URL.")
    if connection.vendor == "sqlite":
        _read_sqlite(source)
    else:
        _run("pg_restore", "--single-transaction", "--exit-on-error", "--no-owner", "--no-acl", str(source))


def _write_sqlite(part: Path) -> None:
    with connection.cursor() as cursor:
        cursor.execute("VACUUM INTO %s", [str(part)])


def _read_sqlite(source: Path) -> None:
    connection.ensure_connection()
    with closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as backup:
        try:
            is_whole = backup.execute("PRAGMA quick_check").fetchall() == [("ok",)]
            has_tables = backup.execute("SELECT count(*) FROM sqlite_master").fetchone() > (0,)
        except sqlite3.DatabaseError:
            is_whole = has_tables = False
        if not (is_whole and has_tables):
            raise Failed(f"{source} is no backup of a SQLite database, or it is damaged.")
        backup.backup(connection.connection)  # in one transaction


def _run(program: str, *arguments: str) -> None:
    """Run a program of PostgreSQL's on our database; its password is in no argument. Raises `Failed`."""
    command, more = connection.client.settings_to_cmd_args_env(connection.settings_dict, [])
    env = {**os.environ, **(more or {})}
    try:
        done = subprocess.run([program, *_database(command), *arguments], env=env, capture_output=True, text=True)
    except FileNotFoundError:
        raise Failed(f"{program} is missing: install PostgreSQL's client programs.") from None
    if done.returncode:
        raise Failed(f"{program} failed: {done.stderr.strip()}")


def _database(psql: Sequence[str]) -> list[str]:
    """The database as both programs take it, from the command line of psql, which names it at the end."""
    return [*psql[1:-1], f"--dbname={psql[-1]}"]


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
