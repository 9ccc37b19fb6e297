"""A unit test needs nothing but Python: no server, no browser, no other process."""

import subprocess

import pytest

SERVERS = {"redis_url", "sandbox_server", "live_server", "stack", "chromium"}


@pytest.fixture(autouse=True)
def nothing_but_python(request, monkeypatch):
    """Whatever needs more belongs in another folder."""

    def refuse(*args, **kwargs):
        pytest.fail("a unit test starts a process")

    assert not SERVERS & set(request.fixturenames), "a unit test asks for a server"
    monkeypatch.setattr(subprocess.Popen, "__init__", refuse)
