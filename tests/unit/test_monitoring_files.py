"""The dashboard and the alarms speak of figures that are there, and each alarm has its answer."""

import json
import re

import pytest
from django.conf import settings

DOCS = settings.BASE_DIR / "docs"
ALARMS = (DOCS / "monitoring" / "alerts.yml").read_text()
DASHBOARD = (DOCS / "monitoring" / "dashboard.json").read_text()
METRICS = (settings.BASE_DIR / "traces" / "monitoring" / "metrics.py").read_text()


def anchors():
    """The headings of the operator's guide as a link names them."""
    headings = re.findall(r"^#+ (.+)$", (DOCS / "operations.md").read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("text", [ALARMS, DASHBOARD], ids=["alarms", "dashboard"])
def test_each_figure_is_one_that_is_told(text):
    named = set(re.findall(r"trace_relay_\w+", text))
    assert named and named <= set(re.findall(r"trace_relay_\w+", METRICS))


def test_each_figure_is_shown():
    assert set(re.findall(r"trace_relay_\w+", METRICS)) <= set(re.findall(r"trace_relay_\w+", DASHBOARD))


def test_each_alarm_has_its_answer():
    answers = re.findall(r"runbook: docs/operations\.md#(\S+)", ALARMS)
    assert len(answers) == ALARMS.count("- alert: ") and set(answers) <= anchors()


def test_each_panel_asks_for_something():
    panels = json.loads(DASHBOARD)["panels"]
    assert [panel["title"] for panel in panels if not panel["targets"][0]["expr"]] == []
