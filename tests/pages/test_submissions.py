"""The page "submissions" and the page of each: what is found, shown, sent again, exported and deleted."""

import csv
import io
import re
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from tests.fixtures.forms import make_form
from tests.fixtures.product import Frame
from tests.pages.markup import error_of
from traces.compose import search, trace
from traces.compose.visitor import recognise
from traces.history import csv_export, listing, resending
from traces.history.listing import Cursor, Filter
from traces.models import Submission

pytestmark = pytest.mark.django_db
LIST = "/b24/app/submissions/"
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def came(make_submission):
    """A submission that came with this body."""

    def make(body=None, **facts):
        body = body or {}
        return make_submission(body=body, search=search.text_of(recognise(body), trace.prepare(body, 0).trace), **facts)

    return make


@pytest.fixture
def many(acme, form):
    """So many failed submissions, one a minute, the last at noon."""

    def make(number, **facts):
        facts = {"state": "failed", "due_at": None, "code": "error_core", "body": {}, "body_hash": "0" * 64, **facts}
        return Submission.objects.bulk_create(
            Submission(portal=acme, form=form, received_at=NOON - timedelta(minutes=number - n), **facts)
            for n in range(number)
        )

    return make


def shown(answer):
    """The ids in the list, in its order."""
    return [uuid.UUID(found) for found in re.findall(r'name="id" value="([0-9a-f-]+)"', answer.text)]


def one(row):
    return f"{LIST}{row.pk}/"


def hidden(answer):
    """The hidden fields of the first form that has a place in the list."""
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', answer.text))


# --- The list ---


def test_the_newest_comes_first_with_who_sent_it(frame, came):
    came({"name": "Ines", "phone": "+33 1 70 00 00 00"}, received_at=NOON)
    came({"email": "otto@shop.example"}, received_at=NOON + timedelta(hours=1))
    seen = frame.get(LIST).text
    assert seen.index("otto@shop.example") < seen.index("Ines") < seen.index("+33 1 70 00 00 00")


def test_it_leads_through_all_pages_and_back(frame, many):
    ids = [row.pk for row in reversed(many(120))]
    first = frame.get(LIST)
    second = frame.post(LIST, {"after": str(Cursor(*_place(ids[49])))})
    third = frame.post(LIST, {"after": str(Cursor(*_place(ids[99])))})
    assert shown(first) + shown(second) + shown(third) == ids
    assert shown(frame.post(LIST, {"before": str(Cursor(*_place(ids[50])))})) == ids[:50]


def test_the_pages_lead_to_each_other(frame, many):
    many(120)
    second = frame.post(LIST, {"after": re.findall(r'name="after" value="([^"]+)"', frame.get(LIST).text)[-1]})
    assert ("Older" in second.text, "Newer" in second.text, len(shown(second))) == (True, True, 50)


def test_rows_of_one_moment_are_shown_once_each(acme, many):
    ids = {row.pk for row in many(130)}
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


@pytest.mark.parametrize("place", ["", "nonsense", "2026-11-20T12:00:00 x", f"2026-11-20T12:00:00 {uuid.uuid4()}"])
def test_a_place_that_cannot_be_read_is_the_first_page(frame, many, place):
    many(1)
    assert len(shown(frame.post(LIST, {"after": place}))) == 1


def test_where_a_place_has_nothing_left_the_first_page_is_shown(frame, many):
    row = many(1)[0]
    assert shown(frame.post(LIST, {"after": str(Cursor(row.received_at, row.pk))})) == [row.pk]


def test_it_says_that_nothing_has_come_yet(frame):
    assert "Nothing has come yet." in frame.get(LIST).text


def test_it_says_that_nothing_matches(frame, came):
    came({"name": "Ines"})
    assert "Nothing matches." in frame.post(LIST, {"text": "otto"}).text


def test_it_counts_to_a_thousand(frame, many, monkeypatch):
    monkeypatch.setattr(listing, "MAX_COUNTED", 2)
    many(3)
    assert "more than 2" in frame.get(LIST).text


@pytest.mark.parametrize("rows", [3, 50])
def test_the_list_takes_a_bounded_number_of_queries(frame, many, rows, django_assert_max_num_queries):
    many(rows, state="queued")
    with django_assert_max_num_queries(6):
        frame.get(LIST)


def test_a_waiting_one_of_a_held_portal_says_so(frame, acme, came):
    came({}, state="queued")
    acme.state, acme.hold_code = "held", "payment_required"
    acme.save()
    assert "Waiting until the portal can be reached again" in frame.get(LIST).text


# --- The filter ---

WHO = {"name": "Ines Martin", "phone": "+7 (916) 123-45-67", "email": "ines@shop.example", "comment": "Two BIKES"}


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
def test_it_finds_by_words_in_any_order_and_by_digits(frame, came, words):
    row = came(WHO)
    came({"name": "Otto", "phone": "+49 30 7654321"})
    assert shown(frame.post(LIST, {"text": words})) == [row.pk]


@pytest.mark.parametrize("words", ["ines otto", "9161234568", "%", "_"])
def test_all_words_must_occur_as_they_are(frame, came, words):
    came(WHO)
    assert shown(frame.post(LIST, {"text": words})) == []


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
def test_each_part_of_the_filter_asks_for_something(frame, came, asked, found):
    rows = {
        "a": came({}, state="failed", received_at=NOON),
        "b": came({}, state="delivered", source="utm_source:google", received_at=NOON),
        "c": came({}, received_at=NOON + timedelta(days=1)),
    }
    assert set(shown(frame.post(LIST, asked))) == {rows[name].pk for name in found}


def test_it_finds_by_form(frame, acme, came):
    row = came({}, form=make_form(acme, name="Callback"))
    came({})
    assert shown(frame.post(LIST, {"form": row.form_id})) == [row.pk]


def test_a_day_is_the_readers_own(client, acme, came):
    row = came({}, received_at=datetime(2026, 11, 20, 22, 30, tzinfo=UTC))
    frame = Frame(client, acme)
    frame.session = frame.session.__class__(**{**_facts(frame.session), "time_zone": "Europe/Moscow"})
    assert shown(frame.post(LIST, {"since": "2026-11-21", "until": "2026-11-21"})) == [row.pk]


def _facts(session):
    return {name: getattr(session, name) for name in session.__slots__}


@pytest.mark.parametrize(
    ("asked", "field", "error"),
    [
        ({"since": "yesterday"}, "since", "This is no date. Give one like 2026-11-23."),
        ({"since": "2026-11-21", "until": "2026-11-20"}, "until", "The last day is before the first one."),
        ({"until": "9999-12-31"}, "until", "Ensure this value is less than or equal to 2199-12-31."),
        ({"state": "lost"}, "state", "Select a valid choice."),
    ],
)
def test_a_filter_that_cannot_be_read_is_told_beside_its_field(frame, came, asked, field, error):
    came({})
    answer = frame.post(LIST, {**asked, "text": "typed"})
    assert (answer.status_code, shown(answer), 'value="typed"' in answer.text) == (422, [], True)
    assert error_of(answer.text, f"filter-{field}").startswith(error)


def test_a_link_may_ask_for_a_state_but_not_for_a_text(frame, came):
    row = came(WHO, state="failed")
    came(WHO)
    assert shown(frame.get(LIST, {"state": "failed", "text": "nobody"})) == [row.pk]


def test_no_address_of_the_page_holds_what_was_looked_for(frame, came):
    came(WHO)
    addresses = re.findall(r'(?:href|action|hx-get|hx-post)="([^"]*)"', frame.post(LIST, {"text": "ines"}).text)
    assert [address for address in addresses if "ines" in address.lower()] == []


def test_nothing_of_another_portal_is_in_the_list(client, other, came):
    row = came(WHO)
    frame = Frame(client, other)
    assert shown(frame.get(LIST)) == []
    assert frame.post(LIST, {"form": row.form_id}).status_code == 422


# --- Sending again ---


def test_the_chosen_ones_are_sent_again_and_the_filter_stays(frame, came):
    rows = [came(WHO, state="failed", due_at=None), came(WHO, state="delivered", due_at=None)]
    left_alone = came(WHO, state="failed", due_at=None)
    answer = frame.post(f"{LIST}again/", {"id": [row.pk for row in rows], "text": "ines"})
    assert "1 submission is sent again. 1 is left as it is" in answer.text
    assert hidden(answer)["text"] == "ines"
    assert Submission.objects.get(state="failed").pk == left_alone.pk


def test_the_button_of_a_row_sends_that_row_alone(frame, came):
    one_row, chosen = (came({}, state="failed", due_at=None) for _ in range(2))
    frame.post(f"{LIST}again/", {"one": one_row.pk, "id": [chosen.pk]})
    assert Submission.objects.get(state="queued").pk == one_row.pk


def test_nothing_chosen_is_told(frame):
    answer = frame.post(f"{LIST}again/", {"id": ["x"]})
    assert (answer.status_code, "Choose at least one submission first." in answer.text) == (422, True)


def test_all_that_match_are_sent_again_step_by_step(frame, acme, many, monkeypatch):
    monkeypatch.setattr(listing, "CHUNK_ROWS", 4)
    monkeypatch.setattr(resending, "STEP_SECONDS", 0.0)
    many(9)
    many(2, state="delivered")
    fields, answers = {}, []
    while not answers or 'hx-trigger="load' in answers[-1]:
        answer = frame.post(f"{LIST}again/all/", fields)
        fields, answers = hidden(answer), [*answers, answer.text]
    assert '<progress max="11" value="4"' in answers[0]
    assert len(answers) == 3
    assert "9 submissions are sent again. 2 are left as they are" in answers[-1]
    assert Submission.objects.filter(state="queued").count() == 9


def test_all_that_match_are_those_of_the_filter(frame, came):
    row = came(WHO, state="failed", due_at=None)
    came({"name": "Otto"}, state="failed", due_at=None)
    frame.post(f"{LIST}again/all/", {"text": "ines"})
    assert Submission.objects.get(state="queued").pk == row.pk


def test_the_portal_is_woken_when_something_is_sent_again(frame, came, monkeypatch):
    woken = []
    monkeypatch.setattr("traces.delivery.wake.wake", woken.append)
    frame.post(f"{LIST}again/all/")
    assert woken == []
    row = came({}, state="failed", due_at=None)
    frame.post(f"{LIST}again/all/")
    frame.post(f"{one(row)}again/")
    assert woken == [row.portal_id]


# --- Export ---


def exported(frame, asked=None):
    answer = frame.post(f"{LIST}export/", asked or {})
    assert "attachment" in answer["Content-Disposition"]
    raw = b"".join(answer.streaming_content).decode()
    assert raw.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(raw[1:])))


def test_what_matches_is_exported(frame, came):
    row = came({**WHO, "UTM_SOURCE": "google"}, state="delivered", trace_id=5, entities=[{"TYPE": "LEAD", "ID": 9}])
    came({"name": "Otto"})
    (line,) = exported(frame, {"text": "ines"})
    assert (line["id"], line["form"], line["state"], line["records"]) == (str(row.pk), "Shop", "delivered", "LEAD 9")
    assert (line["email"], line["utm_source"], line["trace_id"]) == ("ines@shop.example", "google", "5")


@pytest.mark.parametrize("begins", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_becomes_a_formula(came, acme, begins):
    came({"company": "x"})
    Submission.objects.update(source=f"{begins}SUM(A1)")
    line = list(csv.DictReader(io.StringIO("".join(csv_export.lines(acme, Filter())), newline="")))[0]
    assert line["source"] == f"'{begins}SUM(A1)"


def test_a_long_export_is_read_in_chunks(acme, many, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(listing, "CHUNK_ROWS", 4)
    many(10)
    with django_assert_num_queries(4):
        assert len(list(csv_export.lines(acme, Filter()))) == 11


# --- Those who have no business here ---


@pytest.mark.parametrize("action", ["again/", "again/all/", "export/"])
def test_nothing_of_another_portal_is_sent_or_exported(client, other, came, action):
    row = came(WHO, state="failed", due_at=None)
    answer = Frame(client, other).post(f"{LIST}{action}", {"id": row.pk, "text": ""})
    seen = b"".join(answer.streaming_content).decode() if answer.streaming else answer.text
    assert "Ines" not in seen
    assert Submission.objects.get().state == "failed"


@pytest.mark.parametrize("action", ["again/", "again/all/", "export/", "{}/again/", "{}/delete/"])
def test_who_is_no_administrator_changes_nothing(client, acme, came, action):
    row = came(WHO, state="failed", due_at=None)
    answer = Frame(client, acme, admin=False, user=3).post(f"{LIST}{action.format(row.pk)}", {"id": row.pk})
    assert (answer.status_code, "Ines" in answer.text) == (403, False)
    assert Submission.objects.get().state == "failed"
