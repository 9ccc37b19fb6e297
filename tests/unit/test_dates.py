"""One form of dates on all pages: 27 November 2026, 14:05."""

import re

from django.conf import settings

OURS = [
    *(settings.BASE_DIR / "templates").rglob("*.html"),
    *(settings.BASE_DIR / "traces").rglob("*.py"),
    *(settings.BASE_DIR / "b24app").rglob("*.py"),
]
# Django's own formats differ from language to language, and some have hours up to twelve.
DJANGOS = re.compile(r"\w*DATE(?:TIME)?_FORMAT\b|MONTH_DAY_FORMAT|\{\{ \w+\.[\w.]*\b(?:\w+_)?at \}\}")
FORMS = re.compile(r"""\|(?:date|time):["']([^"']+)["']""")
KNOWN = {"j E Y", "j E Y, H:i", "j E Y, H:i:s", "j E, H:i", "H:i", "c"}


def test_no_date_is_in_a_form_of_djangos():
    assert [path.name for path in OURS if DJANGOS.search(path.read_text())] == []


def test_the_forms_of_dates_are_few():
    assert {form for path in OURS for form in FORMS.findall(path.read_text())} <= KNOWN
