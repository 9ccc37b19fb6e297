"""Adding a source rule by command."""

import json

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError

from b24app.models import Portal
from traces.compose.sources import Rule
from traces.models import SourceRule

pytestmark = pytest.mark.django_db


@pytest.fixture
def add(acme, capsys):
    """Add a rule to acme and return what is printed."""

    def add(*arguments):
        call_command("source_rule_add", "--portal", "acme", *arguments)
        return capsys.readouterr().out

    return add


def source(value, *more):
    return ("--match", "source", "--value", value, "--utm-source", "fb", *more)


DEFAULT = ("--match", "any", "--crm-source", "OTHER")


def values():
    return list(SourceRule.objects.values_list("position", "value"))


def test_a_rule_is_stored_with_all_its_parts(add):
    add(*source("par*", "--how", "wildcard", "--crm-source", "ADV", "--description", "Our partners"))
    row = SourceRule.objects.get()
    assert row.rule() == Rule(row.pk, "source", "wildcard", "par*", "fb", "ADV", "Our partners", position=1)


def test_a_rule_compares_by_equality_unless_told_otherwise(add):
    add(*source("partner"))
    assert SourceRule.objects.get().operator == "equals"


def test_what_the_portal_compares_letter_by_letter_is_trimmed(add):
    add("--match", "source", "--value", "x", "--utm-source", " fb ", "--crm-source", " ADV ")
    assert SourceRule.objects.values_list("utm_source", "crm_source").get() == ("fb", "ADV")


def test_the_default_rule_has_no_value(add):
    add(*DEFAULT, "--value", "ignored")
    assert values() == [(1, "")]


def test_a_default_rule_overwrites_known_sources_unless_told_otherwise(add):
    add(*DEFAULT)
    assert SourceRule.objects.get().also_known


def test_a_default_rule_leaves_known_sources_alone_where_told(add):
    assert "any unknown -> CRM source OTHER" in add(*DEFAULT, "--only-unknown")
    assert not SourceRule.objects.get().also_known


def test_a_rule_for_an_empty_field_has_no_value(add):
    add("--match", "utm_source", "--how", "empty", "--value", "ignored", "--utm-source", "direct")
    assert SourceRule.objects.values_list("operator", "value").get() == ("empty", "")


def test_rules_are_tried_in_the_order_in_which_they_were_added(add):
    add(*source("a")), add(*source("b"))
    assert values() == [(1, "a"), (2, "b")]


def test_the_default_rule_stays_the_last(add):
    add(*source("a")), add(*DEFAULT), add(*source("b")), add(*source("c", "--position", "9"))
    assert values() == [(1, "a"), (2, "b"), (3, "c"), (4, "")]


def test_a_rule_goes_where_it_is_told(add):
    add(*source("a")), add(*source("b")), add(*source("c", "--position", "2")), add(*source("d", "--position", "1"))
    assert values() == [(1, "d"), (2, "a"), (3, "c"), (4, "b")]


def test_another_portals_rules_are_left_alone(add, other):
    theirs = SourceRule.objects.create(portal=other, position=7, field="any", crm_source="x")
    printed = json.loads(add(*source("a", "--json")))
    theirs.refresh_from_db()
    assert (len(printed["rules"]), theirs.position) == (1, 7)


def test_people_read_the_rule_and_the_whole_list(add):
    add(*DEFAULT)
    assert add(*source("partner", "--description", "Ours")).splitlines() == [
        'added: source equals "partner" -> utm_source fb, description Ours',
        '1. source equals "partner" -> utm_source fb, description Ours',
        "2. any -> CRM source OTHER",
    ]


def test_programs_read_json(add):
    add(*DEFAULT)
    printed = json.loads(add(*source("partner", "--json")))
    assert printed["rule"] == {
        "id": SourceRule.objects.get(field="source").pk,
        "position": 1,
        "match": "source",
        "how": "equals",
        "value": "partner",
        "utm_source": "fb",
        "crm_source": "",
        "crm_description": "",
        "also_known": True,
        "active": True,
    }
    assert [rule["match"] for rule in printed["rules"]] == ["source", "any"]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--match", "colour", "--value", "x", "--utm-source", "fb"), "invalid choice"),
        (source("x", "--how", "almost"), "invalid choice"),
        (("--match", "source", "--utm-source", "fb"), "Enter a value"),
        (("--match", "source", "--value", "x"), "utm_source or CRM source"),
        (source("(", "--how", "regex"), "regular expression"),
        (source("x" * 201), "200 characters"),
        (source("x", "--only-unknown"), "for an any rule"),
        (source("x", "--position", "0"), "first position is 1"),
        ((*DEFAULT, "--position", "1"), "always the last"),
    ],
)
def test_a_rule_that_cannot_be_added_says_why(add, arguments, why):
    with pytest.raises(CommandError, match=why):
        add(*arguments)
    assert not SourceRule.objects.exists()


def test_there_is_one_default_rule(add):
    add(*DEFAULT)
    with pytest.raises(CommandError, match="already"):
        add(*DEFAULT)


def test_the_database_too_knows_one_default_rule(acme):
    with pytest.raises(IntegrityError):
        for position in (1, 2):
            SourceRule.objects.create(portal=acme, position=position, field="any", crm_source="x")


def test_an_unknown_portal_is_told(db):
    with pytest.raises(CommandError, match="No portal"):
        call_command("source_rule_add", "--portal", "nobody", *source("x"))


def test_rules_go_with_their_portal(add):
    add(*source("a"))
    Portal.objects.get().delete()
    assert not SourceRule.objects.exists()


def test_an_operator_can_take_a_rule_away(acme, admin_client):
    rule = acme.source_rules.create(position=1, field="source", value="kiosk", utm_source="fb")
    admin_client.post(f"/admin/traces/sourcerule/{rule.pk}/delete/", {"post": "yes"})
    assert not acme.source_rules.exists()
