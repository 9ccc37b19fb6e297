"""`manage.py up` before the application has its ID: Bitrix24 gives that only once the addresses answer."""

import os
import random
import signal
import socket
import subprocess
import sys

import pytest
import requests
from django.conf import settings

from tests.fixtures.waiting import until


def free_port():
    """A port below the range from which the kernel takes ports for outgoing connections."""
    while True:
        port = random.randrange(20000, 32000)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)):
                return port


@pytest.fixture
def up(tmp_path):
    """The address at which it listens, and the file of what it prints."""
    port, printed = free_port(), tmp_path / "printed"
    own = {"DATA_DIR": str(tmp_path / "data"), "ENV_FILE": str(tmp_path / "none.env"), "WORKERS": "1"}
    command = [sys.executable, "manage.py", "up", "--port", str(port)]
    with (
        printed.open("wb") as out,
        subprocess.Popen(
            command, cwd=settings.BASE_DIR, env={"PATH": os.environ["PATH"], **own}, stdout=out, stderr=out
        ) as process,
    ):
        yield f"http://127.0.0.1:{port}", printed
        process.send_signal(signal.SIGINT)


def test_it_starts_answers_and_says_what_is_missing(up):
    address, printed = up

    def answers():
        try:
            return requests.head(f"{address}/license/", timeout=5).status_code == 200
        except requests.ConnectionError:
            return False

    until(answers, 60)
    text = printed.read_text()
    assert "B24_CLIENT_ID" in text and "Developer resources" in text


def test_it_prints_no_banner_of_celerys(up):
    _address, printed = up
    until(lambda: " ready." in printed.read_text(), 60)
    text = printed.read_text()
    assert [word for word in ("[tasks]", "superuser", "celery beat") if word in text] == []
