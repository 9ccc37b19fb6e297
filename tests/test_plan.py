"""What is asked of the portal for one submission."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traces import plan


def test_a_trace_alone_names_no_record():
    assert plan.commands("trace", {"ENTITIES": [{"TYPE": "LEAD", "ID": 1}]}, "{}") == [
        plan.Command("crm.tracking.trace.add", {"TRACE": "{}"})
    ]


def test_a_link_names_its_records_with_whole_numbers():
    (command,) = plan.commands("link", {"ENTITIES": [{"TYPE": "LEAD", "ID": "7", "x": 1}]}, "{}")
    assert command.params["ENTITIES"] == [{"TYPE": "LEAD", "ID": 7}]


@pytest.mark.parametrize("number", [1, "1", 2**40, "007"])
def test_whole_numbers_above_zero_are_ids(number):
    assert plan.entities_fault([{"TYPE": "DEAL", "ID": number}]) == ""


@pytest.mark.parametrize("number", [0, -1, "0", "1.5", 1.5, True, None, "x", "", "١", [1], "9" * 30])
def test_everything_else_is_no_id(number):
    assert "ID" in plan.entities_fault([{"TYPE": "DEAL", "ID": number}])


@given(st.recursive(st.none() | st.integers() | st.text(), lambda c: st.lists(c) | st.dictionaries(st.text(), c)))
def test_anything_can_be_asked_for_its_fault(value):
    assert isinstance(plan.entities_fault(value), str)
