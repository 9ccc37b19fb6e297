"""The sandbox as a process of its own."""

import json
import subprocess
import sys
import time

import pytest
import requests

from tests.fixtures.stack import ROOT

ARGV = [sys.executable, "-m", "tests.sandbox", "--portal", "acme:0:none", "--portal", "beta:0:enterprise"]


@pytest.fixture
def running():
    with subprocess.Popen(ARGV, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


def test_it_says_in_one_line_where_it_is_and_ends_when_asked(running):
    found = json.loads(running.stdout.readline())
    for portal in found["portals"].values():
        assert requests.post(f"{portal['rest_url']}profile").json()["error"] == "NO_AUTH_FOUND"
    running.terminate()
    assert running.wait(5) == 0


def test_it_ends_with_its_parent():
    """The parent ends as soon as the sandbox has said where it is."""
    parent = """
import subprocess, sys
child = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE)
print(child.stdout.readline().decode())
"""
    done = subprocess.run([sys.executable, "-c", parent, *ARGV], cwd=ROOT, capture_output=True, check=True)
    url = json.loads(done.stdout)["oauth_url"]
    until = time.monotonic() + 5
    while time.monotonic() < until:
        try:
            requests.get(f"{url}/_sandbox/state", timeout=1)
        except requests.ConnectionError:
            return
        time.sleep(0.05)
    raise AssertionError("it is still there")
