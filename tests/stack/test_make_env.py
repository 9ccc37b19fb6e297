"""`make env`, as a newcomer runs it in a fresh clone: its `.env` is one that Trace Relay starts with."""

import os
import shutil
import subprocess
import sys

from django.conf import settings


def test_a_fresh_clone_gets_an_env_that_holds(tmp_path):
    for name in ("Makefile", ".env.example"):
        shutil.copy(settings.BASE_DIR / name, tmp_path)
    for _ in range(2):  # the second time it leaves the file alone
        subprocess.run(["make", "env"], cwd=tmp_path, check=True, capture_output=True)
    env = tmp_path / ".env"
    assert env.stat().st_mode & 0o777 == 0o600
    env.write_text(env.read_text().replace("APP_URL=http://127.0.0.1:8000", "APP_URL=https://relay.example"))
    own = {"PATH": os.environ["PATH"], "ENV_FILE": str(env), "DATA_DIR": str(tmp_path / "data")}
    command = [sys.executable, "manage.py", "check", "--deploy"]
    found = subprocess.run(command, cwd=settings.BASE_DIR, env=own, capture_output=True, text=True)
    assert found.returncode == 0
    assert "b24app.W004" in found.stderr  # the vendor is still to be named
