"""The settings as production has them, and what the web server adds to an answer."""

import os
import subprocess
import sys

import requests
from cryptography.fernet import Fernet
from django.conf import settings

from b24app.checks import VENDOR

STACK = {"workers": 0}


def test_djangos_own_checks_find_nothing(tmp_path):
    production = {
        "APP_URL": "https://relay.example",
        "DJANGO_SECRET_KEY": "of-production-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEF",
        "FIELD_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
        **dict.fromkeys(VENDOR, "of the vendor"),
        "B24_CLIENT_ID": "app.1",
        "B24_CLIENT_SECRET": "secret",
        "DATA_DIR": str(tmp_path),
        "ENV_FILE": str(tmp_path / "none.env"),
        "PATH": os.environ["PATH"],
    }
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    found = subprocess.run(command, cwd=settings.BASE_DIR, env=production, capture_output=True, text=True)
    assert (found.returncode, found.stderr) == (0, "")
    assert "no issues" in found.stdout


def test_an_answer_does_not_say_which_server_made_it(stack):
    assert "granian" not in requests.get(f"{stack.app_url}/healthz", timeout=10).headers.get("Server", "").lower()
