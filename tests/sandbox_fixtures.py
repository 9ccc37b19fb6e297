"""A sandbox in a thread of the test's process: one for the session, a new portal for each test."""

import itertools

import pytest
import requests

from tests.sandbox import Sandbox

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def sandbox_server():
    with Sandbox() as server:
        yield server


@pytest.fixture
def sandbox(sandbox_server):
    """The sandbox, with no faults, and its clock at the real time at the start."""
    sandbox_server.faults.clear()
    sandbox_server.clock.ahead = 0.0
    sandbox_server.refreshes.clear()
    sandbox_server.events_sent.clear()
    yield sandbox_server
    sandbox_server.faults.clear()


@pytest.fixture
def portal(sandbox):
    """A portal without a rate limit, on which the application is installed."""
    portal = sandbox.add_portal(f"portal{next(_numbers)}", plan=None)
    portal.active = portal.installed = True
    return portal


@pytest.fixture
def ask(portal):
    """Call a method of the portal with a fresh token of a user."""

    def ask(method, user=1, **params):
        token = portal.issue_tokens(user)["access_token"]
        return requests.post(portal.rest_url + method, json={"auth": token, **params})

    return ask
