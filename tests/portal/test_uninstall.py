"""The application is removed from a portal, with its data or without, and comes back."""

import pytest

from b24app.models import Portal
from b24app.portal import event_bindings, events, install
from tests.fixtures.delivery import drained
from tests.fixtures.sandbox import event_body
from tests.sandbox import events as sandbox_events
from traces.history import erasure
from traces.models import Submission

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("installed")]


def test_an_uninstalled_portal_gets_nothing(make_submission, installed, portal):
    events.receive(event_body(portal, "ONAPPUNINSTALL", {"CLEAN": "0"}))
    before = len(portal.hits)
    row = make_submission()
    drained(row)
    assert (row.state, len(portal.hits)) == ("queued", before)


def test_a_portal_that_comes_back_gets_what_waited(make_submission, portal):
    row = make_submission()
    events.receive(event_body(portal, "ONAPPUNINSTALL", {"CLEAN": "0"}))
    install.open_frame(install.claim_of_frame(*portal.frame_post()))
    drained(row)
    assert row.state == "delivered"


def test_data_is_erased_where_the_administrator_asked_for_it(make_submission, portal):
    make_submission()
    events.receive(event_body(portal, "ONAPPUNINSTALL", {"CLEAN": "1"}))
    erasure.erase_requested()
    assert not Submission.objects.exists()
    assert not Portal.objects.exists()


def test_data_is_kept_where_the_application_came_back_in_time(make_submission, portal):
    make_submission()
    events.receive(event_body(portal, "ONAPPUNINSTALL", {"CLEAN": "1"}))
    install.open_frame(install.claim_of_frame(*portal.frame_post()))
    erasure.erase_requested()
    assert Submission.objects.count() == 1


def test_data_is_kept_where_nobody_asked(make_submission, portal):
    make_submission()
    events.receive(event_body(portal, "ONAPPUNINSTALL", {"CLEAN": "0"}))
    erasure.erase_requested()
    assert Submission.objects.count() == 1


def test_the_product_and_the_sandbox_know_the_same_events():
    assert {"ONAPPINSTALL", "ONSUBSCRIPTIONRENEW"} <= sandbox_events.WITH_TOKENS & set(event_bindings.EVENTS)
