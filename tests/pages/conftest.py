"""What several tests of the pages need."""

from datetime import UTC, datetime, timedelta

import pytest

from b24app.frame import rights
from traces.delivery import findable
from traces.models import Submission

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def receive(make_submission):
    """A submission that came with this body, as it is found by its words."""

    def receive(body=None, **facts):
        row = make_submission(body=body or {}, **facts)
        findable.make(Submission.objects.filter(pk=row.pk))
        row.refresh_from_db()
        return row

    return receive


@pytest.fixture
def two(acme):
    """acme has two administrators."""
    acme.users.create(user_id=2, access_token="planted-access", refresh_token="planted-refresh")
    return acme


@pytest.fixture
def fail_many(acme, form):
    """So many failed submissions, one a minute, the last a minute before noon."""

    def fail_many(number, **facts):
        facts = {"state": "failed", "due_at": None, "code": "error_core", "body": {}, "body_hash": "0" * 64, **facts}
        return Submission.objects.bulk_create(
            Submission(portal=acme, form=form, received_at=NOON - timedelta(minutes=number - n), **facts)
            for n in range(number)
        )

    return fail_many


@pytest.fixture(autouse=True)
def rows_say_administrator(monkeypatch):
    """A portal that is a row of the database and no more says that whoever asks administers it."""
    ask = rights.still_administers

    def still_administers(portal, session):
        return portal.domain.endswith(".example") or ask(portal, session)

    monkeypatch.setattr(rights, "still_administers", still_administers)
