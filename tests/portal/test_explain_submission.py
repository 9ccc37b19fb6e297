"""`manage.py explain_submission` tells the whole way of a submission."""

import uuid

import pytest
from django.core.management import CommandError, call_command

from tests.fixtures.forms import make_form
from traces.delivery import drain
from traces.models import SourceRule

pytestmark = pytest.mark.django_db


def explained(row, capsys):
    call_command("explain_submission", str(row.pk))
    return capsys.readouterr().out


@pytest.fixture
def delivered(installed, make_submission):
    """A delivered deal, whose source a rule has given."""
    SourceRule.objects.create(portal=installed, position=1, field="source", value="Fair", utm_source="fair")
    SourceRule.objects.create(portal=installed, position=2, field="any", utm_source="other")
    body = {"NAME": "Ines", "PHONE": "+33170000000", "source": "fair", "TRACE": {"url": "https://a.example/?token=x"}}
    row = make_submission(form=make_form(installed, creates="deal"), body=body)
    drain.drain(installed.pk)
    return row


def test_it_tells_what_came_and_what_was_repaired(delivered, capsys):
    text = explained(delivered, capsys)
    assert '"NAME": "Ines"' in text
    assert "secret_removed: A password, a token or personal data was removed from an address." in text


def test_it_tells_which_rule_decided_and_why_the_others_did_not(delivered, capsys):
    text = explained(delivered, capsys)
    assert '-> source equals "Fair" (came: "fair"): This rule matches and sets the source.' in text
    assert "   any: An earlier rule already set the source." in text


def test_it_tells_the_commands_and_the_answers(delivered, capsys):
    text = explained(delivered, capsys)
    assert "1. crm.tracking.trace.add" in text
    assert "3. crm.deal.add" in text
    assert "crm.deal.add delivered" in text


def test_each_line_stands_alone(delivered, capsys):
    lines = explained(delivered, capsys).splitlines()
    assert {"Came in", "Repaired", "Trace", "Responses from Bitrix24"} <= set(lines)
    assert '    "NAME": "Ines",' in lines


def test_an_unknown_id_is_told(db):
    with pytest.raises(CommandError, match="There is no submission"):
        call_command("explain_submission", str(uuid.uuid4()))
