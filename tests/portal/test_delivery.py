"""Delivery against the sandbox: what goes out, in which requests, and what the row has of it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.fixtures.delivery import drained, outcomes
from traces.delivery import drain
from traces.delivery.next import NOT_NEEDED
from traces.history import rule_use
from traces.models import Form, SourceRule, Submission

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("installed")]
ODD = [
    "$result[c0]",
    "a $RESULT[mark] b",
    "$error[c1][error]x",
    "$total[a]",
    "$Next[b] ",
    "$time[receipt]",
    "$result[]",
]


def test_a_submission_is_delivered_with_its_trace_id(make_submission, portal):
    row = make_submission()
    assert drained(row) == NOT_NEEDED
    assert (row.state, row.trace_id, row.batch) == ("delivered", 1, None)
    assert portal.traces[0].channels == [["site-domain", "shop.example"]]
    assert outcomes(row) == [("delivered", "")]


def test_it_keeps_the_rule_that_decided(make_submission, installed):
    facts = {"field": "page_host", "value": "shop.example", "utm_source": "shop"}
    off = SourceRule.objects.create(portal=installed, position=1, active=False, **facts)
    on = SourceRule.objects.create(portal=installed, position=2, **facts)
    row, another = make_submission(), make_submission(body={"page_url": "https://else.example/"})
    drained(row), another.refresh_from_db()
    assert (row.rule_id, another.state, another.rule_id) == (on.pk, "delivered", None)
    assert set(rule_use.of(installed, [off.pk, on.pk])) == {on.pk}


def test_an_attempt_tells_its_method_and_duration(make_submission, portal):
    portal.command_seconds = 0.02
    row = make_submission()
    drained(row)
    attempt = row.attempts.get()
    assert attempt.method == "crm.tracking.trace.add"
    assert 20 <= attempt.milliseconds < 3000


def test_a_link_names_its_records(make_submission, form, portal):
    Form.objects.update(creates="link")
    row = make_submission(body={"TRACE": "{}", "ENTITIES": [{"TYPE": "LEAD", "ID": "1"}]})
    drained(row)
    assert portal.traces[0].entities == [[1, 1]]
    assert row.entities == [{"TYPE": "LEAD", "ID": 1}]


def test_the_oldest_goes_first(make_submission, portal):
    now = timezone.now()
    rows = [
        make_submission(
            body={"page_url": f"https://{n}.example/"}, received_at=now - timedelta(n), due_at=now - timedelta(n)
        )
        for n in range(3)
    ]
    drain.drain(rows[0].portal_id)
    assert [trace.channels[0][1] for trace in portal.traces] == ["2.example", "1.example", "0.example"]


@pytest.mark.parametrize("backlog", [0, 3])
@pytest.mark.parametrize("text", ODD)
def test_what_looks_like_a_reference_arrives_as_it_was_posted(make_submission, form, portal, text, backlog):
    trace = {
        "url": f"https://shop.example/?q={text}",
        "tags": {"list": {"utm_source": text, "utm_campaign": text}},
        "pages": {"list": [[f"https://shop.example/{text}", 1790000000, text]]},
    }
    fields = dict.fromkeys(("NAME", "PHONE", "EMAIL", "COMMENTS", "source", "utm_term", text), text)
    for number in range(backlog):
        make_submission(body={"page_url": f"https://other.example/{number}"})
    row = make_submission(body={"TRACE": trace, "utm_content": text, **fields})
    drained(row)
    stored = next(one for one in portal.traces if one.id == row.trace_id)
    wanted = {"UTM_SOURCE": text, "UTM_CAMPAIGN": text}
    assert {name: stored.tags[name] for name in wanted} == wanted
    assert [(page["URL"], page["TITLE"]) for page in stored.pages][:1] == [(f"https://shop.example/{text}", text)]


def test_what_cannot_travel_in_a_batch_goes_by_itself(form, make_submission, portal):
    Form.objects.update(creates="lead")
    rows = [make_submission(body={"NAME": name}) for name in ["a", "$Error[x]", "b"]]
    drained(rows[0])
    assert [(hit.method, hit.commands) for hit in portal.hits[-2:]] == [("batch", 4), ("crm.lead.add", 0)]
    assert Submission.objects.filter(state="delivered").count() == 3
