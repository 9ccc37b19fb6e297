"""Django's command line with what an operator needs: our commands by themselves, and what a database lacks."""

from __future__ import annotations

from collections.abc import Sequence

from django.apps import apps
from django.core.management import execute_from_command_line, get_commands, load_command_class
from django.db import OperationalError, ProgrammingError

OURS = ("b24app", "traces")
NO_TABLES = """The database has not the tables of this version yet. Run `make run` once, or:

    .venv/bin/python manage.py migrate"""


def run(argv: Sequence[str]) -> None:
    """Run the command that `argv` names. Raises `SystemExit` with a sentence where the database has no tables yet."""
    try:
        execute_from_command_line(list(argv))
        if argv[1:] in ([], ["help"], ["--help"], ["-h"]) and apps.ready:
            print("\n".join(_ours()))
    except (OperationalError, ProgrammingError) as error:
        if "--traceback" in argv or not _lacks_tables(error):
            raise
        raise SystemExit(NO_TABLES) from None


def _ours() -> list[str]:
    """Our commands, each with the first sentence of its help."""
    lines = ["", "Trace Relay's own (`manage.py help COMMAND` shows the options):", ""]
    for name, app in sorted(get_commands().items()):
        if app in OURS:
            sentence = load_command_class(app, name).help.partition(". ")[0].rstrip(".")
            lines.append(f"    {name:20} {sentence}")
    return lines


def _lacks_tables(error: Exception) -> bool:
    """Whether a table or a column is missing: SQLite says it in words, PostgreSQL by its codes."""
    code = getattr(error.__cause__, "sqlstate", None)
    return code in {"42P01", "42703"} or str(error).startswith(("no such table", "no such column"))
