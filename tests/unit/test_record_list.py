"""The list of the CRM's records holds together with what is said of them elsewhere."""

import pytest

from traces.compose import steps
from traces.compose.records import BY_NAME, BY_TYPE, KINDS
from traces.models import Kind
from traces.pages import form_mapping, submission_records


def test_each_kind_of_form_makes_records_of_the_list():
    assert set(KINDS) == set(Kind.values)
    assert set().union(*KINDS.values()) == set(BY_NAME)


def test_each_record_has_a_label():
    assert list(form_mapping.RECORDS) == list(BY_NAME)


@pytest.mark.parametrize("record", BY_NAME.values(), ids=BY_NAME)
def test_a_record_may_be_linked_and_is_known_by_its_type(record):
    assert BY_TYPE[record.type] is record
    assert steps.entities_fault([{"TYPE": record.type, "ID": 7}]) == ""


def test_the_portal_opens_the_card_of_every_record_but_a_quote():
    entities = [{"TYPE": kind, "ID": 7} for kind in (*BY_TYPE, "INVOICE")]
    assert [(card.name, card.path) for card in submission_records.cards(entities)] == [
        ("Lead 7", "/crm/lead/details/7/"),
        ("Deal 7", "/crm/deal/details/7/"),
        ("Contact 7", "/crm/contact/details/7/"),
        ("Company 7", "/crm/company/details/7/"),
        ("Quote 7", ""),
        ("INVOICE 7", ""),
    ]
