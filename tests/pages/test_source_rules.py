"""The page of the source rules."""

import json
from urllib.parse import urlencode

import pytest
from django.urls import reverse

from b24app.api import errors
from tests.pages.helpers import error_of
from traces.models import SourceRule, Submission
from traces.setup import rules, rules_csv

pytestmark = pytest.mark.django_db
RULE = {"field": "utm_source", "operator": "equals", "value": "fair", "utm_source": "google", "crm_source": "WEB"}


@pytest.fixture
def add(acme):
    """Add a rule on utm_source to acme."""

    def add(value, **facts):
        row = SourceRule(**{"field": "utm_source", "value": value, "utm_source": "google", **facts})
        rules.add(acme, row)
        return row

    return add


def order(portal):
    rows = list(portal.source_rules.all())
    assert [row.position for row in rows] == list(range(1, len(rows) + 1))
    return [row.value or row.field for row in rows]


def import_rules(frame, text):
    """Post a file as the page does."""
    return post_long(frame, "source-import", {"text": text, "sure": "1"})


def post_long(frame, name, values):
    """Post more than the test client's own encoding is good for."""
    return frame.client.post(
        reverse(name), urlencode(values), "application/x-www-form-urlencoded", headers=frame.headers
    )


def test_a_rule_is_added(frame, acme):
    answer = frame.post(reverse("source-add"), RULE)
    assert "Rule added" in answer.text
    assert acme.source_rules.values("field", "value", "utm_source", "crm_source").get() == {
        name: text for name, text in RULE.items() if name != "operator"
    }


@pytest.mark.parametrize(
    ("field", "value"),
    [("value", ""), ("utm_source", ""), ("field", "nowhere"), ("operator", "almost"), ("value", "x" * 201)],
)
def test_a_faulty_rule_is_told_at_its_field_and_keeps_what_was_typed(frame, acme, field, value):
    typed = {**RULE, "crm_source": "", "crm_description": "My words", field: value}
    answer = frame.post(reverse("source-add"), typed)
    assert answer.status_code == 422
    assert error_of(answer.text, f"rule-{field}") and "My words" in answer.text
    assert not acme.source_rules.exists()


def test_what_the_overview_gives_begins_a_rule(frame):
    answer = frame.post(reverse("source-new"), {"field": "referrer", "value": "news.example"}).text
    assert '<option value="referrer" selected>' in answer and 'value="news.example"' in answer


@pytest.mark.parametrize(("typed", "expected"), [({}, False), ({"also_known": "on"}, True)])
def test_everything_else_leaves_known_sources_alone_unless_ticked(frame, acme, typed, expected):
    frame.post(reverse("source-add"), {"field": "any", "utm_source": "website", **typed})
    assert acme.source_rules.get().also_known is expected


@pytest.mark.parametrize(("field", "expected"), [("any", True), ("utm_source", False)])
def test_a_tick_is_shown_where_it_counts(frame, add, field, expected):
    row = add("a", field=field)
    answer = frame.get(reverse("source-edit", args=[row.pk])).text
    tick = next(tag for tag in answer.split("<") if 'name="also_known"' in tag)
    assert ("checked" in tick) is expected


def test_a_rule_for_an_empty_field_needs_no_value(frame, acme):
    answer = frame.post(reverse("source-add"), {"field": "utm_source", "operator": "empty", "utm_source": "website"})
    assert "utm_source is empty" in answer.text
    assert acme.source_rules.get().value == ""


def test_a_rule_is_changed_in_its_place(frame, acme, add):
    rows = [add("a"), add("b"), add("c")]
    frame.post(reverse("source-edit", args=[rows[1].pk]), {**RULE, "value": "B"})
    assert order(acme) == ["a", "B", "c"]


def test_a_rule_that_becomes_the_default_goes_to_the_end(frame, acme, add):
    row = add("a")
    add("b")
    frame.post(reverse("source-edit", args=[row.pk]), {**RULE, "field": "any"})
    assert order(acme) == ["b", "any"]


@pytest.mark.parametrize(("position", "expected"), [(1, "cab"), (2, "acb"), (3, "abc"), (99, "abc")])
def test_a_rule_is_moved(frame, acme, add, position, expected):
    rows = [add(value) for value in "abc"]
    frame.post(reverse("source-move", args=[rows[2].pk]), {"position": position})
    assert "".join(order(acme)) == expected


def test_nothing_goes_behind_the_default_rule(frame, acme, add):
    row = add("a")
    add("", field="any")
    frame.post(reverse("source-move", args=[row.pk]), {"position": 2})
    assert order(acme) == ["a", "any"]


def test_a_rule_is_removed(frame, acme, add):
    rows = [add("a"), add("b")]
    frame.post(reverse("source-remove", args=[rows[0].pk]))
    assert order(acme) == ["b"]


ACTIONS = ["source-edit", "source-move", "source-remove"]


@pytest.mark.parametrize("action", ACTIONS)
def test_a_rule_that_is_gone_is_told_beside_those_that_are_left(frame, acme, add, action):
    add("left.")
    row = add("a")
    rules.remove(acme, row.pk)
    answer = frame.post(reverse(action, args=[row.pk]), {**RULE, "position": 1})
    assert (answer.status_code, "somebody has removed it" in answer.text, "left." in answer.text) == (404, True, True)


@pytest.mark.parametrize("action", ACTIONS)
def test_a_rule_that_a_colleague_removes_meanwhile_is_told(frame, acme, add, action, monkeypatch):
    row = add("a")
    ordered = rules._ordered

    def removed_first(portal):
        SourceRule.objects.filter(pk=row.pk).delete()
        return ordered(portal)

    monkeypatch.setattr(rules, "_ordered", removed_first)
    answer = frame.post(reverse(action, args=[row.pk]), {**RULE, "position": 1})
    assert (answer.status_code, "somebody has removed it" in answer.text) == (404, True)
    assert not acme.source_rules.exists()


def test_a_position_that_is_none_moves_nothing(frame, acme, add):
    rows = [add("a"), add("b")]
    assert frame.post(reverse("source-move", args=[rows[1].pk]), {"position": "first"}).status_code == 422
    assert order(acme) == ["a", "b"]


def test_the_crms_sources_are_read_from_the_portal(frame, answers):
    answers.say({"result": [{"STATUS_ID": "WEB", "NAME": "Website"}]})
    answer = frame.get(reverse("source-crm"), {"chosen": "OLD"}).text
    assert '<option value="WEB">Website</option>' in answer
    assert '<option value="OLD" selected>' in answer


def test_without_the_portal_a_source_is_typed(frame, answers):
    answers.fail(errors.Transient("unreachable"))
    answer = frame.get(reverse("source-crm"), {"chosen": "WEB"}).text
    assert 'value="WEB"' in answer and "responding" in answer


TRACE = json.dumps({"url": "https://shop.example/", "tags": {"ts": 1, "list": {"utm_source": "fair"}}})


@pytest.mark.parametrize("text", ["https://shop.example/?utm_source=fair", TRACE])
def test_what_is_pasted_is_tried_and_not_kept(frame, add, text):
    add("fair")
    answer = frame.post(reverse("source-try"), {"text": text}).text
    assert "Rule 1 matches (utm_source is “fair”). Bitrix24 gets utm_source google." in answer
    assert "crm.tracking.trace.add" in answer
    assert not Submission.objects.exists()


def test_a_referrer_is_tried(frame, add):
    add("news.example", field="referrer")
    posted = {"text": "https://news.example/today", "kind": "referrer"}
    assert "Rule 1 matches (Referring website is “news.example”)." in frame.post(reverse("source-try"), posted).text


@pytest.mark.parametrize(
    ("posted", "expected"),
    [
        ({"text": "https://shop.example/?utm_source=google"}, "itself, by utm_source google."),
        ({"text": "shop.example/?utm_source=google"}, "itself, by utm_source google."),
        ({"text": "https://news.example/", "kind": "referrer"}, "itself, by the referring website news.example."),
        ({"text": "https://shop.example/"}, "Bitrix24 sees a direct visit."),
    ],
)
def test_what_no_rule_takes_is_told(frame, add, posted, expected):
    add("fair")
    answer = frame.post(reverse("source-try"), posted).text
    assert "No rule matches." in answer and expected in answer


def test_everything_else_is_told_when_it_decides(frame, add):
    add("", field="any")
    answer = frame.post(reverse("source-try"), {"text": "https://shop.example/"}).text
    assert "No other rule matches, so “Everything else” decides. Bitrix24 gets utm_source google." in answer


def test_a_rule_without_utm_source_leaves_it_to_bitrix24(frame, add):
    add("fair", utm_source="", crm_source="WEB")
    answer = frame.post(reverse("source-try"), {"text": "https://shop.example/?utm_source=fair"}).text
    assert "Bitrix24 gets CRM source WEB. Bitrix24 looks for the source itself, by utm_source fair." in answer


@pytest.mark.parametrize(
    ("posted", "expected"),
    [
        ({"text": "blah"}, "neither an address nor a trace"),
        ({"text": "one two.three"}, "neither an address nor a trace"),
        ({"text": "{blah"}, "not a trace"),
        ({"text": "[1]", "kind": "trace"}, "not a trace"),
        ({"text": "{}", "kind": "else"}, "Select a valid choice"),
    ],
)
def test_nonsense_is_said_to_be_nonsense(frame, posted, expected):
    answer = frame.post(reverse("source-try"), posted)
    assert (answer.status_code, expected in answer.text) == (422, True)


def test_nothing_pasted_is_told(frame):
    assert frame.post(reverse("source-try"), {"text": " "}).status_code == 422


def test_the_file_that_was_downloaded_can_be_read_in(frame, acme, add):
    add("a"), add("b"), add("", field="any")
    file = frame.post(reverse("source-export")).content.decode()
    acme.source_rules.all().delete()
    import_rules(frame, file)
    assert order(acme) == ["a", "b", "any"]


def test_a_faulty_file_changes_nothing_and_is_told_by_line(frame, acme, add):
    add("a")
    answer = import_rules(frame, "match,value,utm_source\nsource,x,y\nnowhere,x,y\n")
    assert answer.status_code == 422 and "Line 3:" in answer.text
    assert order(acme) == ["a"]


def test_another_portals_rule_is_not_there(frame, other):
    row = SourceRule.objects.create(portal=other, position=1, field="source", value="x", utm_source="y")
    for name in ACTIONS:
        answer = frame.post(reverse(name, args=[row.pk]), {**RULE, "position": 1})
        assert answer.status_code == 404
    assert SourceRule.objects.get() == row and SourceRule.objects.get().value == "x"


def test_few_queries_for_many_rules(frame, acme, django_assert_max_num_queries):
    rules.replace(acme, [SourceRule(field="source", value=str(n), utm_source="y") for n in range(200)])
    with django_assert_max_num_queries(6):
        frame.get(reverse("sources"))


def test_of_many_rules_those_around_the_one_that_moved_are_shown(frame, acme):
    rows = rules.replace(acme, [SourceRule(field="source", value=f"v{n}.", utm_source="y") for n in range(1, 121)])
    answer = frame.post(reverse("source-move", args=[rows[0].pk]), {"position": 51}).text
    assert (answer.count("“v1.”"), answer.count("“v52.”"), answer.count("“v51.”")) == (1, 1, 0)
    assert [f"at={position}" in answer for position in (1, 51, 101)] == [True, False, True]


def test_a_file_of_many_rules_is_taken(frame, acme):
    lines = [f"source,{n}{'ж' * 60},google" for n in range(rules.MAX_RULES)]
    import_rules(frame, "match,value,utm_source\n" + "\n".join(lines))
    assert acme.source_rules.count() == rules.MAX_RULES


def test_a_file_that_is_too_large_is_told_and_not_shown_as_a_part(frame, acme):
    for size in (rules_csv.MAX_SIZE + 1, 2_500_000):
        answer = import_rules(frame, "x" * size)
        assert ("longer than" in answer.text, "xxx" in answer.text) == (True, False)
