"""The list of submissions: what is in it, and what its filter finds."""

import re
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from tests.fixtures.forms import make_form
from tests.fixtures.product import Frame
from tests.pages.conftest import NOON
from tests.pages.helpers import VISITOR, error_of
from traces.history import listing
from traces.history.listing import Cursor, Filter
from traces.models import Submission

pytestmark = pytest.mark.django_db
LIST = "/b24/app/submissions/"


def listed_ids(answer):
    """The ids in the list, in its order."""
    return [uuid.UUID(found) for found in re.findall(r'name="id" value="([0-9a-f-]+)"', answer.text)]


# --- The list ---


def test_the_newest_comes_first_with_who_sent_it(frame, receive):
    receive({"name": "Ines", "phone": "+33 1 70 00 00 00"}, received_at=NOON)
    receive({"email": "otto@shop.example"}, received_at=NOON + timedelta(hours=1))
    seen = frame.get(LIST).text
    assert seen.index("otto@shop.example") < seen.index("Ines") < seen.index("+33 1 70 00 00 00")


def test_it_leads_through_all_pages_and_back(frame, fail_many):
    ids = [row.pk for row in reversed(fail_many(120))]
    first = frame.get(LIST)
    second = frame.post(LIST, {"after": str(Cursor(*_place(ids[49])))})
    third = frame.post(LIST, {"after": str(Cursor(*_place(ids[99])))})
    assert listed_ids(first) + listed_ids(second) + listed_ids(third) == ids
    assert listed_ids(frame.post(LIST, {"before": str(Cursor(*_place(ids[50])))})) == ids[:50]


def test_the_pages_lead_to_each_other(frame, fail_many):
    fail_many(120)
    second = frame.post(LIST, {"after": re.findall(r'name="after" value="([^"]+)"', frame.get(LIST).text)[-1]})
    assert ("Older" in second.text, "Newer" in second.text, len(listed_ids(second))) == (True, True, 50)


def test_rows_of_one_moment_are_shown_once_each(acme, fail_many):
    ids = {row.pk for row in fail_many(130)}
    Submission.objects.update(received_at=NOON)
    page = listing.page(acme, Filter())
    seen = [row.pk for row in page.rows]
    while page.older:
        page = listing.page(acme, Filter(), after=page.older)
        seen += [row.pk for row in page.rows]
    assert (len(seen), set(seen)) == (130, ids)
    back = listing.page(acme, Filter(), before=page.newer)
    assert [row.pk for row in back.rows] == seen[50:100]


def _place(pk):
    row = Submission.objects.get(pk=pk)
    return row.received_at, row.pk


@pytest.mark.parametrize("place", ["", "nonsense", "2026-11-20T12:00:00 x", f"2026-11-20T12:00:00 {uuid.UUID(int=1)}"])
def test_a_place_that_cannot_be_read_is_the_first_page(frame, fail_many, place):
    fail_many(1)
    assert len(listed_ids(frame.post(LIST, {"after": place}))) == 1


def test_where_a_place_has_nothing_left_the_first_page_is_shown(frame, fail_many):
    row = fail_many(1)[0]
    assert listed_ids(frame.post(LIST, {"after": str(Cursor(row.received_at, row.pk))})) == [row.pk]


def test_it_says_that_nothing_has_come_yet(frame):
    assert "No submissions yet." in frame.get(LIST).text


def test_it_says_that_nothing_matches(frame, receive):
    receive({"name": "Ines"})
    assert "No matches." in frame.post(LIST, {"text": "otto"}).text


def test_it_counts_to_a_thousand(frame, fail_many, monkeypatch):
    monkeypatch.setattr(listing, "MAX_COUNTED", 2)
    fail_many(3)
    assert "more than 2" in frame.get(LIST).text


@pytest.mark.parametrize("rows", [3, 50])
def test_the_list_takes_a_bounded_number_of_queries(frame, fail_many, rows, django_assert_max_num_queries):
    fail_many(rows, state="queued")
    with django_assert_max_num_queries(7):
        frame.get(LIST)


def test_a_waiting_one_of_a_held_portal_says_so(frame, acme, receive):
    receive({}, state="queued")
    acme.state, acme.hold_code = "held", "payment_required"
    acme.save()
    assert "Waiting for Bitrix24" in frame.get(LIST).text


# --- The filter ---


@pytest.mark.parametrize(
    "words",
    [
        "ines",
        "MARTIN ines",
        "shop.example",
        "bikes two",
        "+7 (916) 123",
        "916-123-45-67",
        "79161234567",
        "8 916 1234567",
    ],
)
def test_it_finds_by_words_in_any_order_and_by_digits(frame, receive, words):
    row = receive(VISITOR)
    receive({"name": "Otto", "phone": "+49 30 7654321"})
    assert listed_ids(frame.post(LIST, {"text": words})) == [row.pk]


@pytest.mark.parametrize("words", ["ines otto", "9161234568", "%", "_"])
def test_all_words_must_occur_as_they_are(frame, receive, words):
    receive(VISITOR)
    assert listed_ids(frame.post(LIST, {"text": words})) == []


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"state": "failed"}, {"a"}),
        ({"state": "delivered"}, {"b"}),
        ({"source": "utm_source:google"}, {"b"}),
        ({"source": "-"}, {"a", "c"}),
        ({"since": "2026-11-21"}, {"c"}),
        ({"until": "2026-11-20"}, {"a", "b"}),
        ({"since": "2026-11-20", "until": "2026-11-20", "state": "failed"}, {"a"}),
    ],
)
def test_each_part_of_the_filter_asks_for_something(frame, receive, asked, found):
    rows = {
        "a": receive({}, state="failed", received_at=NOON),
        "b": receive({}, state="delivered", source="utm_source:google", received_at=NOON),
        "c": receive({}, received_at=NOON + timedelta(days=1)),
    }
    assert set(listed_ids(frame.post(LIST, asked))) == {rows[name].pk for name in found}


def test_it_finds_by_form(frame, acme, receive):
    row = receive({}, form=make_form(acme, name="Callback"))
    receive({})
    assert listed_ids(frame.post(LIST, {"form": row.form_id})) == [row.pk]


def test_a_day_is_the_readers_own(client, acme, receive):
    row = receive({}, received_at=datetime(2026, 11, 20, 22, 30, tzinfo=UTC))
    frame = Frame(client, acme)
    frame.session = frame.session.__class__(**{**_facts(frame.session), "time_zone": "Europe/Moscow"})
    assert listed_ids(frame.post(LIST, {"since": "2026-11-21", "until": "2026-11-21"})) == [row.pk]


def _facts(session):
    return {name: getattr(session, name) for name in session.__slots__}


@pytest.mark.parametrize(
    ("asked", "field", "error"),
    [
        ({"since": "yesterday"}, "since", "This is not a date. Enter one like 2026-11-23."),
        ({"since": "2026-11-21", "until": "2026-11-20"}, "until", "The end date is before the start date."),
        ({"until": "9999-12-31"}, "until", "Ensure this value is less than or equal to 2199-12-31."),
        ({"state": "lost"}, "state", "Select a valid choice."),
    ],
)
def test_a_filter_that_cannot_be_read_is_told_beside_its_field(frame, receive, asked, field, error):
    receive({})
    answer = frame.post(LIST, {**asked, "text": "typed"})
    assert (answer.status_code, listed_ids(answer), 'value="typed"' in answer.text) == (422, [], True)
    assert error_of(answer.text, f"filter-{field}").startswith(error)


def test_a_link_may_ask_for_a_state_but_not_for_a_text(frame, receive):
    row = receive(VISITOR, state="failed")
    receive(VISITOR)
    assert listed_ids(frame.get(LIST, {"state": "failed", "text": "nobody"})) == [row.pk]


def test_no_address_of_the_page_holds_what_was_looked_for(frame, receive):
    receive(VISITOR)
    addresses = re.findall(r'(?:href|action|hx-get|hx-post)="([^"]*)"', frame.post(LIST, {"text": "ines"}).text)
    assert [address for address in addresses if "ines" in address.lower()] == []


def test_nothing_of_another_portal_is_in_the_list(client, other, receive):
    row = receive(VISITOR)
    frame = Frame(client, other)
    assert listed_ids(frame.get(LIST)) == []
    assert frame.post(LIST, {"form": row.form_id}).status_code == 422
