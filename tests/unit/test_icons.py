"""The signs that pages show are all drawn."""

import re

from django.conf import settings

from traces.pages.frame import MENU

DRAWN = set(re.findall(r'symbol id="(\w+)"', (settings.BASE_DIR / "b24app/static/b24app/icons.svg").read_text()))


def test_each_page_of_the_menu_has_a_sign():
    assert {name for name, _label, _viewers in MENU} <= DRAWN


def test_each_sign_that_a_template_asks_for_is_drawn():
    templates = [path.read_text() for path in (settings.BASE_DIR / "templates").rglob("*.html")]
    asked = {name for text in templates for name in re.findall(r'_icon\.html" with icon="(\w+)"', text)}
    assert asked and asked <= DRAWN
