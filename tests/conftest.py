"""What holds for every test. The fixtures that a test asks for stand in tests/fixtures, by subject."""

import os

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

# `HYPOTHESIS_PROFILE=dev` is for while one works; without it, each property is tried as often as Hypothesis does.
hypothesis.settings.register_profile("dev", max_examples=25, deadline=None)
if "HYPOTHESIS_PROFILE" in os.environ:
    hypothesis.settings.load_profile(os.environ["HYPOTHESIS_PROFILE"])


def pytest_configure():
    """An operator's password in a test keeps nothing safe: hashing it well would only cost a quarter of a second."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def nothing_cached():
    """What one test's portal has answered is not known to the next."""
    cache.clear()


@pytest.fixture(autouse=True)
def without_senders(settings):
    """A test's transaction is its own thread's, so answers are waited for in it."""
    settings.SENDER_THREADS = 0
