"""The application is removed from a portal, with its data or without, and comes back."""

from datetime import timedelta

import pytest
from django.utils import timezone

from b24app.models import Portal
from b24app.portal import event_bindings, events, install
from tests.fixtures.delivery import drained
from tests.fixtures.sandbox import event_body
from tests.sandbox import events as sandbox_events
from traces.history import erasure
from traces.models import Submission

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("installed")]


def uninstalled(portal, clean, **ago):
    """The application is removed; as if that were so long ago."""
    events.receive(event_body(portal, "ONAPPUNINSTALL", {"CLEAN": clean}))
    then = timezone.now() - timedelta(**ago)
    Portal.objects.update(uninstalled_at=then, clean_requested_at=then if clean == "1" else None)


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


@pytest.mark.parametrize(
    ("clean", "ago", "left"),
    [
        ("1", {"days": 2, "hours": 23}, 1),
        ("1", {"days": 3, "minutes": 1}, 0),
        ("0", {"days": 29}, 1),
        ("0", {"days": 30, "minutes": 1}, 0),
    ],
)
def test_data_goes_after_the_days_that_were_told(make_submission, portal, clean, ago, left):
    make_submission(), make_submission(state="delivered", due_at=None)
    uninstalled(portal, clean, **ago)
    erasure.erase_requested()
    assert (Portal.objects.count(), Submission.objects.count()) == (left, 2 * left)


def test_without_a_grace_what_is_asked_for_is_done_at_once(make_submission, portal, settings):
    settings.CLEAN_GRACE_DAYS = 0
    make_submission()
    uninstalled(portal, "1")
    erasure.erase_requested()
    assert (Submission.objects.exists(), Portal.objects.exists()) == (False, False)


@pytest.mark.parametrize(("clean", "ago"), [("1", {"days": 2}), ("0", {"days": 29})])
def test_a_reinstallation_in_time_stops_it(make_submission, portal, clean, ago):
    row = make_submission()
    uninstalled(portal, clean, **ago)
    install.open_frame(install.claim_of_frame(*portal.frame_post()))
    Portal.objects.update(installed_at=timezone.now() - timedelta(days=99))
    erasure.erase_requested()
    drained(row)
    assert row.state == "delivered"


def test_a_large_portal_goes_in_chunks(make_submission, portal, monkeypatch):
    monkeypatch.setattr(erasure, "CHUNK", 2)
    monkeypatch.setattr(erasure, "CHUNKS_A_SWEEP", 1)
    for _ in range(3):
        make_submission()
    uninstalled(portal, "1", days=4)
    left = []
    for _ in range(2):
        erasure.erase_requested()
        left.append((Portal.objects.count(), Submission.objects.count()))
    assert left == [(1, 1), (0, 0)]


def test_a_form_closes_with_the_uninstallation_and_opens_with_the_next_one(client, form, portal):
    def status(name):
        return client.post(f"/in/{form.key}/", {"NAME": name}, content_type="application/json").status_code

    before = status("Ann")
    uninstalled(portal, "1")
    meanwhile = status("Ben")
    install.open_frame(install.claim_of_frame(*portal.frame_post()))
    assert (before, meanwhile, status("Cem"), Submission.objects.count()) == (200, 410, 200, 2)


def test_the_product_and_the_sandbox_know_the_same_events():
    assert {"ONAPPINSTALL", "ONSUBSCRIPTIONRENEW"} <= sandbox_events.WITH_TOKENS & set(event_bindings.EVENTS)
