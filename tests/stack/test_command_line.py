"""`manage.py` as it is called, without settings and without a database."""

import os
import subprocess
import sys

import pytest
from django.conf import settings


@pytest.fixture
def manage(tmp_path):
    """Run `manage.py ARGUMENTS` in an empty data folder."""

    def manage(*arguments, **variables):
        kept = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
        variables = {"DATA_DIR": str(tmp_path), "ENV_FILE": str(tmp_path / "none.env"), "DEBUG": "1", **variables}
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(
            command, cwd=settings.BASE_DIR, env=kept | variables, capture_output=True, text=True, check=False
        )

    return manage


def test_a_missing_database_and_an_empty_address_are_said_in_a_sentence(manage):
    done = manage("submissions", DATABASE_URL="")
    assert done.returncode == 1
    assert "manage.py migrate" in done.stderr and "Traceback" not in done.stderr


def test_our_commands_stand_behind_djangos_each_with_its_sentence(manage):
    djangos, _, ours = manage("--help").stdout.partition("Trace Relay's own")
    assert "    portals              List the portals" in ours and "migrate" not in ours.split()
    assert "migrate" in djangos.split()
