"""The former tick "find existing ones" becomes the choice about known visitors, where it can be followed."""

import pytest

pytestmark = pytest.mark.django_db(transaction=True)
FOUND = {"deal": "find", "lead": "find", "contact": "find", "company": "find", "quote": "new", "trace": "new"}


def test_a_form_goes_on_finding_what_is_there(executor):
    (after,) = (node for node in executor.loader.graph.nodes if node[0] == "traces" and node[1].endswith("_repeats"))
    former = next(node for node in executor.loader.get_migration(*after).dependencies if node[0] == "traces")
    others = executor.loader.graph.leaf_nodes("b24app")
    executor.migrate([*others, former])
    old = executor.loader.project_state([*others, former]).apps
    portal = old.get_model("b24app", "Portal").objects.create(member_id="acme", domain="acme.example")
    forms = old.get_model("traces", "Form").objects
    for kind in FOUND:
        forms.create(portal=portal, name=kind, key=kind, secret_hash="0", creates=kind, find_existing=True)
    forms.create(portal=portal, name="off", key="off", secret_hash="0", creates="deal")
    executor.loader.build_graph()
    executor.migrate([after])
    new = executor.loader.project_state([*others, after]).apps.get_model("traces", "Form").objects
    assert dict(new.values_list("name", "repeats")) == {**FOUND, "off": "new"}
