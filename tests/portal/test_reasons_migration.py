"""Sentences that older versions stored become codes with parameters."""

import pytest
from django.db import connection

pytestmark = pytest.mark.django_db(transaction=True)
GAVE_UP = "It could not be delivered within three days."


def reasons_of(executor):
    """The migration of the reasons and the one before it."""
    (after,) = (node for node in executor.loader.graph.nodes if node[0] == "traces" and node[1].endswith("_reasons"))
    (before,) = executor.loader.get_migration(*after).dependencies
    return before, after


@pytest.fixture
def carried_over(executor):
    """What becomes of a submission and of an attempt with this code and this reason."""
    before, after = reasons_of(executor)
    former = [("b24app", "0002_pacing"), before]
    executor.migrate(former)
    old = executor.loader.project_state(former).apps
    portal = old.get_model("b24app", "Portal").objects.create(member_id="acme", domain="acme.example")
    form = old.get_model("traces", "Form").objects.create(portal=portal, name="Shop", secret_hash="0")

    def carry(*stored):
        for code, reason in stored:
            row = old.get_model("traces", "Submission").objects.create(
                portal=portal, form=form, body={}, body_hash="0", code=code, reason=reason
            )
            row.attempts.create(method="m", outcome="retry", code=code, reason=reason)
        executor.loader.build_graph()
        executor.migrate([after])
        new = executor.loader.project_state([after]).apps
        rows = new.get_model("traces", "Submission").objects.order_by("received_at", "pk")
        attempts = new.get_model("traces", "Attempt").objects.order_by("pk")
        found = [[(row.code, row.params) for row in kind] for kind in (rows, attempts)]
        assert found[0] == found[1]
        return found[0]

    return carry


def test_our_sentences_become_codes_and_the_portals_words_stay(carried_over):
    stored = {
        ("", ""): {},
        ("error_core", "You have no access."): {"words": "You have no access."},
        ("refused", "The portal refuses it."): {},
        ("spam", "It looks like spam: a field that no person sees was filled in. Nothing was sent to the portal."): {},
        ("worker_lost", "A worker stopped in the middle of a call, so its outcome is unknown."): {},
        ("timeout", "No readable answer came, and the portal kept no receipt of it."): {},
        ("answer_lost", "It was not done; the portal's reason was lost with its answer."): {},
        ("internal_error", "A fault of Trace Relay; its operator has been told."): {},
        ("unreadable", "HTTP 502 without data."): {"status": 502},
        ("unreachable", "SSLError"): {},
        ("moon_phase", "SSLError"): {"words": "SSLError"},
        ("timeout", f"{GAVE_UP} No answer came in time."): {"gave_up": True},
        ("unreadable", f"{GAVE_UP} HTTP 502 without data."): {"gave_up": True, "status": 502},
        ("moon_phase", f"{GAVE_UP} The moon is full."): {"gave_up": True, "words": "The moon is full."},
    }
    assert carried_over(*stored) == [(code, params) for (code, _), params in stored.items()]


def test_what_is_carried_over_goes_in_chunks(carried_over, executor, monkeypatch):
    _, (app, name) = reasons_of(executor)
    monkeypatch.setattr(f"{app}.migrations.{name}.CHUNK", 2)
    stored = [("error_core", f"Fault {number}.") for number in range(5)]
    assert carried_over(*stored) == [(code, {"words": words}) for code, words in stored]


def test_it_can_be_taken_back(carried_over, executor):
    carried_over(("error_core", "You have no access."))
    before, _ = reasons_of(executor)
    executor.loader.build_graph()
    former = [("b24app", "0002_pacing"), before]
    executor.migrate(former)
    with connection.cursor() as cursor:
        cursor.execute("SELECT code, reason FROM traces_submission")
        assert cursor.fetchall() == [("error_core", "")]
