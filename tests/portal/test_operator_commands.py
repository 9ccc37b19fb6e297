"""Commands that list, remove and choose, and what all of them answer to a slip."""

import io
import json
import sys

import pytest
from django.core.management import CommandError, call_command

from b24app.models import Portal
from traces.models import Form, SourceRule, Submission

pytestmark = pytest.mark.django_db


def run(capsys, *arguments):
    call_command(*arguments)
    return capsys.readouterr().out


@pytest.fixture
def failed(acme, other):
    """A failed submission and a spam of acme, and a failed one of another portal."""
    for portal, state, code in (
        (acme, "failed", "error_core"),
        (acme, "spam", "spam"),
        (other, "failed", "error_core"),
    ):
        form = Form.objects.create(portal=portal, name=f"Shop, {code}", secret_hash="0")
        Submission.objects.create(portal=portal, form=form, body={}, body_hash="0", state=state, code=code)


def waiting():
    return sorted(Submission.objects.filter(state="queued").values_list("portal__member_id", flat=True))


@pytest.fixture
def typed(monkeypatch):
    """A person at a terminal who types this."""

    def typed(text):
        terminal = io.StringIO(text)
        terminal.isatty = lambda: True
        monkeypatch.setattr(sys, "stdin", terminal)

    return typed


def test_portals_are_listed(acme, other, capsys):
    assert [line.split()[0] for line in run(capsys, "portals").splitlines()] == ["acme", "other"]
    assert {one["member_id"] for one in json.loads(run(capsys, "portals", "--json"))} == {"acme", "other"}


def test_forms_are_listed_with_their_addresses(failed, capsys):
    (form,) = json.loads(run(capsys, "forms", "--portal", "other", "--json"))
    assert form["url"].endswith(f"/in/{Form.objects.get(portal__member_id='other').key}/")
    assert len(run(capsys, "forms").splitlines()) == 3


def test_a_rule_is_listed_and_removed_by_its_position(acme, capsys):
    for value in ("one", "two"):
        call_command("source_rule_add", portal="acme", match="utm_source", value=value, utm_source="x")
    capsys.readouterr()
    assert run(capsys, "source_rules", "--portal", "acme").startswith('1. utm_source equals "one"')
    run(capsys, "source_rule_remove", "--portal", "acme", "1")
    assert list(SourceRule.objects.values_list("position", "value")) == [(1, "two")]


def test_a_rule_is_turned_off_and_on_by_its_position(acme, capsys):
    call_command("source_rule_add", portal="acme", match="utm_source", value="one", utm_source="x")
    capsys.readouterr()
    assert run(capsys, "source_rule_switch", "--portal", "acme", "1", "off").rstrip().endswith("(off)")
    assert "(off)" not in run(capsys, "source_rule_switch", "--portal", "acme", "1", "on")
    with pytest.raises(CommandError, match="no rule 2"):
        call_command("source_rule_switch", "--portal", "acme", "2", "off")


def test_a_rule_that_is_not_there_is_not_removed(acme):
    with pytest.raises(CommandError, match="no rule 1"):
        call_command("source_rule_remove", "--portal", "acme", "1")


@pytest.mark.parametrize("command", ["portals", "forms"])
def test_an_empty_list_says_so(db, capsys, command):
    assert " yet" in run(capsys, command)


def test_sending_again_leaves_spam_alone(failed, capsys):
    assert run(capsys, "submissions_retry").startswith("2 ")
    assert waiting() == ["acme", "other"]


def test_sending_again_keeps_to_a_portal(failed, capsys):
    run(capsys, "submissions_retry", "--portal", "other")
    assert waiting() == ["other"]


def test_a_dry_run_counts_only(failed, capsys):
    assert run(capsys, "submissions_retry", "--dry-run") == "2 would be sent again\n"
    assert waiting() == []


def test_spam_is_sent_where_it_is_named(failed, capsys):
    assert run(capsys, "submissions_retry", "--state", "spam").startswith("1 ")


def test_a_person_is_asked_before_all_portals_are_sent_again(failed, typed):
    typed("n\n")
    with pytest.raises(CommandError, match="Nothing was sent again"):
        call_command("submissions_retry")
    assert waiting() == []


@pytest.mark.parametrize(("text", "options"), [("y\n", ()), ("", ("--all",)), ("", ("--portal", "acme"))])
def test_a_person_who_agrees_or_chooses_is_obeyed(failed, typed, text, options):
    typed(text)
    call_command("submissions_retry", *options)
    assert "acme" in waiting()


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        (("submissions_retry", "--reason", "nope"), "No submission has the reason nope. Reasons there are: error_core"),
        (("submissions_retry", "--portal", "nope"), "No portal has the member_id or the domain nope"),
        (("submissions", "--portal", "nope"), "`manage.py portals` lists"),
        (("submissions_retry", "--since", "yesterday"), "Write it like 2026-11-27"),
        (("submissions_retry", "--id", "7"), "It looks like 01a207da"),
        (("submissions_retry", "--state", "foo"), "choose from 'failed', 'queued'"),
        (("explain_submission", "7"), "It looks like 01a207da"),
        (("form_create", "--portal", "acme", "--name", " "), "--name is empty"),
        (("form_create", "--portal", "acme", "--name", "x" * 121), "--name: Ensure"),
    ],
)
def test_a_slip_is_refused_with_what_to_write(failed, arguments, answer):
    with pytest.raises(CommandError) as refused:
        call_command(*arguments)
    assert answer.replace("'", "") in str(refused.value).replace("'", "")
    assert Portal.objects.count() == 2 and waiting() == []
