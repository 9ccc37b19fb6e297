"""Whoever has chosen how long submissions are kept keeps what visitors sent for as long; all others for 30 days."""

import pytest

pytestmark = pytest.mark.django_db(transaction=True)
KEPT = {180: 30, 0: 0, 7: 7, 30: 30, 365: 365}


def test_what_was_chosen_goes_on_to_hold(executor):
    (after,) = (node for node in executor.loader.graph.nodes if node[0] == "traces" and node[1].endswith("_privacy"))
    former = next(node for node in executor.loader.get_migration(*after).dependencies if node[0] == "traces")
    others = executor.loader.graph.leaf_nodes("b24app")
    executor.migrate([*others, former])
    old = executor.loader.project_state([*others, former]).apps
    for days in KEPT:
        portal = old.get_model("b24app", "Portal").objects.create(member_id=f"p{days}", domain="acme.example")
        old.get_model("traces", "Preferences").objects.create(portal=portal, retention_days=days)
    executor.loader.build_graph()
    executor.migrate([after])
    new = executor.loader.project_state([*others, after]).apps.get_model("traces", "Preferences").objects
    assert dict(new.values_list("retention_days", "fields_days")) == KEPT
