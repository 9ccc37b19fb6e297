"""Spam that older versions stored as failed becomes spam, and goes back."""

import pytest

pytestmark = pytest.mark.django_db(transaction=True)


def test_spam_moves_to_its_own_state_and_back(executor, monkeypatch):
    (after,) = (node for node in executor.loader.graph.nodes if node[0] == "traces" and node[1].endswith("_spam"))
    (before,) = executor.loader.get_migration(*after).dependencies
    module = type(executor.loader.get_migration(*after)).__module__
    monkeypatch.setattr(f"{module}.CHUNK", 2)
    executor.migrate([before])
    old = executor.loader.project_state([before]).apps
    portal = old.get_model("b24app", "Portal").objects.create(member_id="acme", domain="acme.example")
    form = old.get_model("traces", "Form").objects.create(portal=portal, name="Shop", secret_hash="0")
    rows = old.get_model("traces", "Submission").objects
    for code in ("spam", "error_core", "spam", "spam"):
        rows.create(portal=portal, form=form, body={}, body_hash="0", state="failed", code=code)
    found = []
    for node in (after, before):
        executor.loader.build_graph()
        executor.migrate([node])
        found.append(sorted(rows.values_list("state", "code")))
    assert found[0] == [("failed", "error_core"), *[("spam", "spam")] * 3]
    assert found[1] == [("failed", "error_core"), *[("failed", "spam")] * 3]
