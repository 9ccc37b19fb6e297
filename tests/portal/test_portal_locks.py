"""Whoever locks a portal's row leaves its key alone: each submission that comes in refers to it, and must not wait."""

import pytest
from django.db.models import QuerySet

from b24app.models import Portal
from b24app.portal import events, install, tokens
from tests.fixtures.sandbox import event_body
from traces.models import SourceRule
from traces.setup import rules

pytestmark = pytest.mark.django_db


@pytest.fixture
def locks(monkeypatch):
    """How portals were locked: whether without their key."""
    taken, lock = [], QuerySet.select_for_update

    def note(rows, *args, no_key=False, **kwargs):
        if rows.model is Portal:
            taken.append(no_key)
        return lock(rows, *args, no_key=no_key, **kwargs)

    monkeypatch.setattr(QuerySet, "select_for_update", note)
    return taken


def test_p9_an_opening_an_uninstall_a_rule_and_a_removed_permission(installed, portal, locks):
    install.open_frame(install.claim_of_frame(*portal.frame_post(user_id=2)))
    tokens.forget(installed, 2)
    rules.add(installed, SourceRule(field="utm_source", value="fair", utm_source="google"))
    events.receive(event_body(portal, "ONAPPUNINSTALL"))
    assert locks == [True] * 4
