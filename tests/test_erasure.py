"""Deleting a portal's data, beside whatever else happens to that portal."""

import threading

import pytest
from django.db import connections
from django.utils import timezone

from b24app import install
from b24app.models import Portal
from traces import erasure


@pytest.fixture
def erasing(transactional_db):
    """Somebody erases what was asked to be erased, over and over, while the test runs."""
    over = threading.Event()

    def erase():
        try:
            while not over.wait(0.003):
                erasure.erase_requested()
        finally:
            connections.close_all()

    thread = threading.Thread(target=erase)
    thread.start()
    yield
    over.set()
    thread.join()


def test_an_installation_meets_the_erasure_of_the_one_before(erasing, wired, portal):
    for _ in range(40):
        visit = install.open_frame(install.claim_of_frame(*portal.frame_post()))
        assert visit.portal.users.count() == 1
        Portal.objects.update(state=Portal.State.UNINSTALLED, clean_requested_at=timezone.now())
