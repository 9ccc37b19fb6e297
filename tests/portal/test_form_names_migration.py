"""Forms of a portal that had one name get numbers, before no two can have one."""

import pytest

pytestmark = pytest.mark.django_db(transaction=True)


def test_doubles_get_numbers(executor):
    (after,) = (node for node in executor.loader.graph.nodes if node[0] == "traces" and node[1].endswith("_form_names"))
    (before,) = executor.loader.get_migration(*after).dependencies
    executor.migrate([before])
    old = executor.loader.project_state([before]).apps
    portals = [old.get_model("b24app", "Portal").objects.create(member_id=name, domain=name) for name in ("a", "b")]
    forms = old.get_model("traces", "Form").objects
    for number, name in enumerate(["Shop", "Shop", "Shop (2)", "Shop", "Other"]):
        forms.create(portal=portals[0], name=name, key=f"{number}", secret_hash="0")
    forms.create(portal=portals[1], name="Shop", key="b", secret_hash="0")
    executor.loader.build_graph()
    executor.migrate([after])
    found = list(forms.order_by("pk").values_list("name", flat=True))
    assert found == ["Shop", "Shop (3)", "Shop (2)", "Shop (4)", "Other", "Shop"]
