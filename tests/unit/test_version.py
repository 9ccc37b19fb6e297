"""One version everywhere: of the product, and of each package that the lock files share."""

import re
from datetime import date

import pytest
from django.conf import settings

from b24app import __version__
from b24app.api.transport import USER_AGENT

CHANGELOG = (settings.BASE_DIR / "CHANGELOG.md").read_text()
RELEASES = re.findall(r"^## \[?(\d\S*?)\]? - (\S+)$", CHANGELOG, re.MULTILINE)


def test_the_newest_release_of_the_changelog_is_this_version():
    assert RELEASES[0][0] == __version__


def test_portals_see_the_version():
    assert f"TraceRelay/{__version__}" == USER_AGENT


def test_the_project_takes_its_version_from_the_code():
    assert 'version = { attr = "b24app.__version__" }' in (settings.BASE_DIR / "pyproject.toml").read_text()


def test_releases_stand_newest_first_and_each_has_its_day():
    days = [date.fromisoformat(day) for _, day in RELEASES]
    assert days == sorted(days, reverse=True)
    assert re.findall(r"^## (.*)", CHANGELOG, re.MULTILINE) == [
        "Unreleased",
        *(f"{version} - {day}" for version, day in RELEASES),
    ]


def test_the_changelog_uses_the_words_of_keep_a_changelog():
    used = set(re.findall(r"^### (.*)", CHANGELOG, re.MULTILINE))
    assert used and used <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def pins(name):
    """The packages of a lock file with their versions; those for Windows only are left out."""
    lines = (settings.BASE_DIR / name).read_text().splitlines()
    return {line.split(" ")[0] for line in lines if "==" in line and not line.endswith("sys_platform == 'win32' \\")}


@pytest.mark.parametrize(
    ("smaller", "larger"),
    [
        ("requirements.lock", "requirements-run.lock"),
        ("requirements-run.lock", "requirements-demo.lock"),
        ("requirements-demo.lock", "requirements-dev.lock"),
    ],
)
def test_each_lock_file_holds_the_one_before_it(smaller, larger):
    assert pins(smaller) and pins(smaller) <= pins(larger)
