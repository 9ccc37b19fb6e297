"""What holds for every test. The fixtures that a test asks for stand in tests/fixtures, by subject."""

import os
from importlib import import_module

import hypothesis
import pytest
from django.conf import settings
from django.core.cache import cache

pytest_plugins = [
    "tests.fixtures.browser",
    "tests.fixtures.fleet",
    "tests.fixtures.forms",
    "tests.fixtures.limits",
    "tests.fixtures.network",
    "tests.fixtures.portals",
    "tests.fixtures.product",
    "tests.fixtures.redis",
    "tests.fixtures.reports",
    "tests.fixtures.running_stack",
    "tests.fixtures.sandbox",
    "tests.fixtures.website",
]

# `HYPOTHESIS_PROFILE=dev` is for while one works; without it, each property is tried as often as Hypothesis does. How
# long an example takes says something of the machine, not of us.
ANY_SPEED = hypothesis.settings(deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.register_profile("full", ANY_SPEED)
hypothesis.settings.register_profile("dev", ANY_SPEED, max_examples=25)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "full"))


def pytest_configure():
    """An operator's password in a test keeps nothing safe: hashing it well would only cost a quarter of a second."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def nothing_cached():
    """What one test's portal has answered is not known to the next."""
    cache.clear()
    known_forms = import_module("traces.intake.known_forms")  # once Django knows its models
    known_forms.forget()


@pytest.fixture(autouse=True)
def without_senders(settings):
    """A test's transaction is its own thread's, so answers are waited for in it."""
    settings.SENDER_THREADS = 0
