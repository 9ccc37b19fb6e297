"""What holds for every test. The fixtures that a test asks for stand in tests/fixtures, by subject."""

import gc
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
    "tests.fixtures.migrations",
    "tests.fixtures.network",
    "tests.fixtures.portals",
    "tests.fixtures.product",
    "tests.fixtures.redis",
    "tests.fixtures.reports",
    "tests.fixtures.running_stack",
    "tests.fixtures.sandbox",
    "tests.fixtures.website",
]

# `HYPOTHESIS_PROFILE=dev` is for while one works; where `SOAK_TESTS` is set, each property is tried as often as
# Hypothesis does by itself. How long an example takes says something of the machine, not of us.
ANY_SPEED = hypothesis.settings(deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.register_profile("full", ANY_SPEED)
hypothesis.settings.register_profile("half", ANY_SPEED, max_examples=50)
hypothesis.settings.register_profile("dev", ANY_SPEED, max_examples=25)
PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "full" if os.environ.get("SOAK_TESTS") else "half")
hypothesis.settings.load_profile(PROFILE)


# What a test asks for that meets the database of `DATABASE_URL`; Django's database is closed to all others.
DATABASE = {"db", "transactional_db", "stack"}


def pytest_addoption(parser):
    parser.addoption("--database-only", action="store_true", help="leave out what would be the same on any database")


def pytest_collection_modifyitems(config, items):
    """The second of two runs on two databases need not repeat the tests that meet none; processes may, unseen."""
    if config.getoption("--database-only"):
        kept = [item for item in items if _may_meet_the_database(item)]
        config.hook.pytest_deselected(items=[item for item in items if not _may_meet_the_database(item)])
        items[:] = kept


def _may_meet_the_database(item):
    if item.get_closest_marker("look"):
        return False
    asked = item.get_closest_marker("django_db") or DATABASE & set(item.fixturenames)
    return bool(asked) or "tests/stack/" in item.nodeid


def pytest_configure():
    """What differs from production in every test."""
    # An operator's password in a test keeps nothing safe: hashing it well would only cost a quarter of a second.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    # A test's transaction is its own thread's, so answers are waited for in it.
    settings.SENDER_THREADS = 0
    # Each client of a test begins with the middleware: static files are looked for when they are asked for.
    settings.WHITENOISE_AUTOREFRESH = True


@pytest.fixture(autouse=True)
def nothing_cached():
    """What one test's portal has answered is not known to the next."""
    cache.clear()
    known_forms = import_module("traces.intake.known_forms")  # once Django knows its models
    known_forms.forget()


def pytest_collection_finish():
    """Thousands of tests are collected and stay: the collector of garbage need not look at them again and again."""
    gc.collect()
    gc.freeze()
