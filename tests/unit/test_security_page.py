"""docs/security.md names, for everything that is to be stopped, tests that are there."""

import re

import pytest
from django.conf import settings

BASE = settings.BASE_DIR
PAGE = (BASE / "docs" / "security.md").read_text()
TABLE = PAGE.split("## What stops them")[1].split("## ")[0]
ROWS = [line for line in TABLE.splitlines() if line.startswith("|")][2:]
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py(?:::\w+)?)`", PAGE)))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split("|")[1].strip()[:40])
def test_each_row_names_a_test(row):
    assert re.search(r"`tests/[\w/]+\.py(::\w+)?`", row.rsplit("|", 2)[1])


@pytest.mark.parametrize("name", NAMED)
def test_each_test_that_is_named_is_there(name):
    path, _, function = name.partition("::")
    text = (BASE / path).read_text()
    assert f"def {function}(" in text if function else "def test_" in text


@pytest.mark.parametrize("page", ["docs/security.md", "docs/privacy.md", "SECURITY.md"])
def test_each_link_leads_somewhere(page):
    links = re.findall(r"\]\(([^):#]+)\)", (BASE / page).read_text())
    assert [link for link in links if not (BASE / page).parent.joinpath(link).exists()] == []


def test_each_time_that_is_told_is_that_of_the_settings():
    text = (BASE / "docs" / "privacy.md").read_text()
    days = dict(re.findall(r"`([A-Z_]+_DAYS)` \((\d+)\)", text))
    assert {name: float(number) for name, number in days.items()} == {name: getattr(settings, name) for name in days}
    assert set(days) == {"HELD_DAYS", "EXCHANGE_DAYS", "UNINSTALLED_DAYS", "CLEAN_GRACE_DAYS"}
