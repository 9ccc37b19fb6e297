"""A backup that is taken while the service works comes back in an empty place."""

import json
import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection

from tests.fixtures.stack import private_services
from traces.models import Submission


def manage(database_url, *arguments):
    """What `manage.py` does with another database, the same keys given."""
    env = {**os.environ, "DATABASE_URL": database_url, "ENV_FILE": "none.env"}
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, cwd=settings.BASE_DIR, env=env, capture_output=True, text=True)


@pytest.fixture
def empty(tmp_path):
    """The address of an empty database of the kind that is tested."""
    with private_services() as services:
        yield services["DATABASE_URL"] or f"sqlite:///{tmp_path / 'new.sqlite3'}"


@pytest.mark.django_db(transaction=True)
def test_what_was_stored_is_there_again(make_submission, tmp_path, empty):
    make_submission(state="failed", due_at=None)
    file = tmp_path / "backups" / "first.backup"
    call_command("backup", file)
    Submission.objects.all().delete()
    done = manage(empty, "restore", str(file))
    assert done.returncode == 0, done.stderr
    assert json.loads(manage(empty, "submissions", "--json").stdout)["states"]["failed"] == 1
    assert manage(empty, "migrate", "--check").returncode == 0
    again = manage(empty, "restore", str(file))
    assert again.returncode == 1 and "not empty" in again.stderr


@pytest.mark.django_db(transaction=True)
def test_a_backup_can_be_read_by_its_owner_alone_and_leaves_nothing_beside_it(db, tmp_path):
    file = tmp_path / "first.backup"
    call_command("backup", file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.django_db(transaction=True)
def test_a_file_that_is_there_is_not_replaced(db, tmp_path):
    file = tmp_path / "first.backup"
    file.write_text("another's")
    with pytest.raises(CommandError, match="there already"):
        call_command("backup", file)
    assert file.read_text() == "another's" and list(tmp_path.iterdir()) == [file]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL's own program looks at its file")
@pytest.mark.parametrize("content", ["", "this is no database " * 1000])
def test_what_is_no_backup_is_refused(tmp_path, content):
    file = tmp_path / "first.backup"
    file.write_text(content)
    done = manage(f"sqlite:///{tmp_path / 'new.sqlite3'}", "restore", str(file))
    assert done.returncode == 1 and "no backup" in done.stderr
