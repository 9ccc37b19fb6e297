"""docs/marketplace.md: every line of the Market's rules has its answer, and what it points at is there."""

import re

import pytest
from django.conf import settings

PAGE = (settings.BASE_DIR / "docs" / "marketplace.md").read_text()
LINES = re.findall(r"^\| (\d+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", PAGE, re.MULTILINE)
PATHS = sorted(set(re.findall(r"\b(?:tests|traces|b24app|docs)/[\w./-]*\w|[A-Z]{4,}\.md", PAGE)))


def test_every_line_has_its_number():
    assert [int(number) for number, *_rest in LINES] == list(range(1, 92))


def test_every_line_is_met_or_the_vendors_or_off():
    assert {status for _number, _rule, status, _where in LINES} == {"met", "vendor", "off"}


@pytest.mark.parametrize("path", PATHS)
def test_what_it_points_at_is_there(path):
    assert (settings.BASE_DIR / path).exists()


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`([A-Z][A-Z0-9]+_[A-Z_]+)`", PAGE))))
def test_a_setting_that_it_names_is_one(name):
    assert name in (settings.BASE_DIR / "b24app" / "settings.py").read_text()
