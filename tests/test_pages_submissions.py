"""The page "submissions" and the page of each: what is found, shown, sent again, exported and deleted."""

import csv
import io
import re
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone, translation

from b24app import errors
from tests.conftest import make_form
from tests.product_fixtures import Frame
from traces import listing, resending, search, sentences, spreadsheet, trace
from traces.listing import Cursor, Filter
from traces.models import Attempt, SourceRule, Submission

pytestmark = pytest.mark.django_db
LIST = "/b24/app/submissions/"
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def came(make_submission):
    """A submission that came with this body."""

    def make(body=None, **facts):
        body = body or {}
        return make_submission(body=body, search=search.text_of(body, trace.prepare(body, 0).trace), **facts)

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


def text(answer):
    return answer.content.decode()


def shown(answer):
    """The ids in the list, in its order."""
    return [uuid.UUID(found) for found in re.findall(r'name="id" value="([0-9a-f-]+)"', text(answer))]


def one(row):
    return f"{LIST}{row.pk}/"


def hidden(answer):
    """The hidden fields of the first form that has a place in the list."""
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', text(answer)))


# --- The list ---


def test_the_newest_comes_first_with_who_sent_it(frame, came):
    came({"name": "Ines", "phone": "+33 1 70 00 00 00"}, received_at=NOON)
    came({"email": "otto@shop.example"}, received_at=NOON + timedelta(hours=1))
    seen = text(frame.get(LIST))
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
    second = frame.post(LIST, {"after": re.findall(r'name="after" value="([^"]+)"', text(frame.get(LIST)))[-1]})
    assert ("Older" in text(second), "Newer" in text(second), len(shown(second))) == (True, True, 50)


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
    assert "Nothing has come yet." in text(frame.get(LIST))


def test_it_says_that_nothing_matches(frame, came):
    came({"name": "Ines"})
    assert "Nothing matches." in text(frame.post(LIST, {"text": "otto"}))


def test_it_counts_to_a_thousand(frame, many, monkeypatch):
    monkeypatch.setattr(listing, "MOST_COUNTED", 2)
    many(3)
    assert "more than 2" in text(frame.get(LIST))


@pytest.mark.parametrize("rows", [3, 50])
def test_the_list_takes_a_bounded_number_of_queries(frame, many, rows, django_assert_max_num_queries):
    many(rows, state="queued")
    with django_assert_max_num_queries(6):
        frame.get(LIST)


def test_a_waiting_one_of_a_held_portal_says_so(frame, acme, came):
    came({}, state="queued")
    acme.state, acme.hold_code = "held", "payment_required"
    acme.save()
    assert "Waiting until the portal can be reached again" in text(frame.get(LIST))


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
    ("asked", "told"),
    [
        ({"since": "yesterday", "text": "kept"}, "This is no date."),
        ({"since": "2026-11-21", "until": "2026-11-20", "text": "kept"}, "The last day is before the first one."),
        ({"until": "9999-12-31", "text": "kept"}, "until-error"),
        ({"state": "lost", "text": "kept"}, "state-error"),
    ],
)
def test_a_filter_that_cannot_be_read_is_told_beside_its_field(frame, came, asked, told):
    came({})
    answer = frame.post(LIST, asked)
    assert (answer.status_code, shown(answer)) == (422, [])
    assert told in text(answer)
    assert ('aria-invalid="true"' in text(answer), 'value="kept"' in text(answer)) == (True, True)


def test_a_link_may_ask_for_a_state_but_not_for_a_text(frame, came):
    row = came(WHO, state="failed")
    came(WHO)
    assert shown(frame.get(LIST, {"state": "failed", "text": "nobody"})) == [row.pk]


def test_no_address_of_the_page_holds_what_was_looked_for(frame, came):
    came(WHO)
    addresses = re.findall(r'(?:href|action|hx-get|hx-post)="([^"]*)"', text(frame.post(LIST, {"text": "ines"})))
    assert [address for address in addresses if "ines" in address.lower()] == []


def test_nothing_of_another_portal_is_in_the_list(client, other, came):
    row = came(WHO)
    frame = Frame(client, other)
    assert shown(frame.get(LIST)) == []
    assert frame.post(LIST, {"form": row.form_id}).status_code == 422


# --- One submission ---


def test_its_page_tells_what_came_and_the_visitors_path(frame, came):
    trace = {
        "ref": "https://www.google.com/",
        "tags": {"ts": 0, "list": {"utm_source": "google"}},
        "pages": {"list": [["https://shop.example/bikes", 1_795_500_000, "All bikes"]]},
        "device": {"isMobile": True},
        "previous": {"list": [{"ref": "https://ads.example/", "pages": {"list": []}}]},
    }
    seen = text(frame.get(one(came({**WHO, "colour": "red", "TRACE": trace}))))
    for words in ("Ines Martin", "Two BIKES", "colour", "red", "https://www.google.com/", "utm_source", "All bikes"):
        assert words in seen
    assert "On a phone or a tablet" in seen
    _, former, last = re.split("An earlier visit|The visit with the submission", seen)
    assert ("https://ads.example/" in former, "All bikes" in former, "All bikes" in last) == (True, False, True)


def test_its_page_tells_which_rule_decided_and_what_the_portal_is_asked(frame, acme, came):
    SourceRule.objects.create(portal=acme, position=1, match="source", value="Fair", utm_source="fair")
    SourceRule.objects.create(portal=acme, position=2, match="any", utm_source="other")
    seen = text(frame.get(one(came({"source": "fair"}))))
    assert "This rule matches and decides." in seen
    assert "An earlier rule has decided already." in seen
    assert "crm.tracking.trace.add" in seen


def test_its_page_opens_the_cards_that_the_portal_can_open(frame, came):
    made = [{"TYPE": "DEAL", "ID": 12}, {"TYPE": "QUOTE", "ID": 7}]
    seen = text(frame.get(one(came({}, state="delivered", trace_id=55, entities=made))))
    assert re.findall('data-open-path="([^"]+)"', seen) == ["/crm/deal/details/12/"]
    assert ("Quote 7" in seen, "Trace 55" in seen) == (True, True)


def test_its_page_shows_the_attempts_in_their_order(frame, came):
    row = came({}, state="failed", code="error_core", reason="Fill COMPANY.")
    Attempt.objects.create(submission=row, method="crm.lead.add", outcome="retry", code="timeout", milliseconds=812)
    Attempt.objects.create(submission=row, method="crm.lead.add", outcome="refused", reason="Fill COMPANY.")
    seen = text(frame.get(one(row)))
    assert seen.index("It could not be delivered now") < seen.index("The portal refuses it.")
    assert ("812 ms" in seen, "timeout" in seen) == (True, True)


def test_a_refused_one_says_what_happened_why_and_what_to_do(frame, came):
    seen = text(frame.get(one(came({}, state="failed", code="access_denied", reason="No rights, <b>sorry</b>"))))
    told = sentences.FAILURES["access_denied"]
    for words in (told.happened, told.why, told.todo):
        assert str(words).replace("'", "&#x27;") in seen
    assert "No rights, &lt;b&gt;sorry&lt;/b&gt;" in seen


def test_an_unknown_refusal_quotes_the_portal(frame, came):
    seen = text(frame.get(one(came({}, state="failed", code="moon_phase", reason="Full moon"))))
    assert (str(sentences.UNKNOWN_FAILURE.happened) in seen, "Full moon" in seen) == (True, True)


def test_one_that_was_given_up_says_so_and_why_in_the_readers_language(client, acme, came):
    row = came({}, state="failed", code="timeout", reason=f"{sentences.GAVE_UP} No answer came in time.")
    with translation.override("ru"):
        assert sentences.told(row.reason) == ("No answer came in time.", True)
    seen = text(Frame(client, acme).get(one(row)))
    assert str(sentences.FAILURES["timeout"].happened) in seen
    assert seen.count("within three days") == 1


def test_a_waiting_one_says_when_it_is_tried_next(frame, came):
    row = came({}, state="queued", due_at=timezone.now() + timedelta(hours=1))
    assert "It is tried again at" in text(frame.get(one(row)))


def test_one_of_a_held_portal_says_what_to_do(frame, acme, came):
    acme.state, acme.hold_code = "held", "payment_required"
    acme.save()
    assert "Renew it in Bitrix24." in text(frame.get(one(came({}, state="queued"))))


def test_one_that_cannot_be_prepared_still_has_its_page(frame, came, monkeypatch):
    monkeypatch.setattr("traces.orders.work", lambda *_: 1 / 0)
    answer = frame.get(one(came({"name": "Ines"})))
    assert (answer.status_code, "could not be prepared" in text(answer)) == (200, True)


def test_its_page_takes_a_bounded_number_of_queries(frame, came, django_assert_max_num_queries):
    row = came(WHO)
    Attempt.objects.bulk_create(Attempt(submission=row, method="m", outcome="retry") for _ in range(300))
    with django_assert_max_num_queries(6):
        frame.get(one(row))


def test_what_a_visitor_sends_is_text_on_every_page(frame, came):
    row = came({"name": "<script>1</script>", "<i>x": "<b>y", "TRACE": {"url": "https://a.example/<b>z"}})
    for seen in (text(frame.get(LIST)), text(frame.get(one(row)))):
        assert [mark for mark in ("<script>1", "<i>x", "<b>y", "<b>z") if mark in seen] == []


# --- Sending again ---


def test_one_is_sent_again_from_its_page(frame, came):
    row = came({}, state="failed", due_at=None)
    assert "It is sent again." in text(frame.post(f"{one(row)}again/"))
    row.refresh_from_db()
    assert (row.state, row.due_at is not None) == ("queued", True)


def test_a_delivered_one_is_left_as_it_is(frame, came):
    row = came({}, state="delivered", due_at=None)
    assert frame.post(f"{one(row)}again/").status_code == 422
    row.refresh_from_db()
    assert row.state == "delivered"


def test_the_chosen_ones_are_sent_again_and_the_filter_stays(frame, came):
    rows = [came(WHO, state="failed", due_at=None), came(WHO, state="delivered", due_at=None)]
    left_alone = came(WHO, state="failed", due_at=None)
    answer = frame.post(f"{LIST}again/", {"id": [row.pk for row in rows], "text": "ines"})
    assert "1 submission is sent again. 1 is left as it is" in text(answer)
    assert hidden(answer)["text"] == "ines"
    assert Submission.objects.get(state="failed").pk == left_alone.pk


def test_the_button_of_a_row_sends_that_row_alone(frame, came):
    one_row, chosen = (came({}, state="failed", due_at=None) for _ in range(2))
    frame.post(f"{LIST}again/", {"one": one_row.pk, "id": [chosen.pk]})
    assert Submission.objects.get(state="queued").pk == one_row.pk


def test_nothing_chosen_is_told(frame):
    answer = frame.post(f"{LIST}again/", {"id": ["x"]})
    assert (answer.status_code, "Choose at least one submission first." in text(answer)) == (422, True)


def test_all_that_match_are_sent_again_step_by_step(frame, acme, many, monkeypatch):
    monkeypatch.setattr(listing, "CHUNK_ROWS", 4)
    monkeypatch.setattr(resending, "STEP_SECONDS", 0.0)
    many(9)
    many(2, state="delivered")
    fields, answers = {}, []
    while not answers or 'hx-trigger="load' in answers[-1]:
        answer = frame.post(f"{LIST}again/all/", fields)
        fields, answers = hidden(answer), [*answers, text(answer)]
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
    monkeypatch.setattr("traces.tasks.wake", woken.append)
    frame.post(f"{LIST}again/all/")
    assert woken == []
    row = came({}, state="failed", due_at=None)
    frame.post(f"{LIST}again/all/")
    frame.post(f"{one(row)}again/")
    assert woken == [row.portal_id]


# --- Export and deletion ---


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
    Submission.objects.update(reason=f"{begins}SUM(A1)")
    line = list(csv.DictReader(io.StringIO("".join(spreadsheet.lines(acme, Filter())), newline="")))[0]
    assert line["reason"] == f"'{begins}SUM(A1)"


def test_a_long_export_is_read_in_chunks(acme, many, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(listing, "CHUNK_ROWS", 4)
    many(10)
    with django_assert_num_queries(4):
        assert len(list(spreadsheet.lines(acme, Filter()))) == 11


def test_a_visitors_data_is_deleted_on_request(frame, came):
    row = came(WHO, state="queued")
    Attempt.objects.create(submission=row, method="m", outcome="retry")
    assert "are deleted." in text(frame.post(f"{one(row)}delete/"))
    assert (Submission.objects.count(), Attempt.objects.count()) == (0, 0)


def test_what_is_being_sent_is_not_deleted(frame, came):
    row = came({}, state="sending", due_at=None)
    assert frame.post(f"{one(row)}delete/").status_code == 422
    assert Submission.objects.filter(state="sending").count() == 1


# --- Those who have no business here ---

ADDRESSES = ["", "again/", "delete/"]


@pytest.mark.parametrize("action", ADDRESSES)
def test_another_portals_submission_is_not_there(client, other, came, action):
    row = came(WHO, state="failed", due_at=None)
    method = Frame(client, other).post if action else Frame(client, other).get
    answer = method(f"{one(row)}{action}")
    assert (answer.status_code, "Ines" in text(answer)) == (404, False)
    assert Submission.objects.get().state == "failed"


@pytest.mark.parametrize("action", ["again/", "again/all/", "export/"])
def test_nothing_of_another_portal_is_sent_or_exported(client, other, came, action):
    row = came(WHO, state="failed", due_at=None)
    answer = Frame(client, other).post(f"{LIST}{action}", {"id": row.pk, "text": ""})
    seen = b"".join(answer.streaming_content).decode() if answer.streaming else text(answer)
    assert "Ines" not in seen
    assert Submission.objects.get().state == "failed"


@pytest.mark.parametrize("action", ["again/", "again/all/", "export/", "{}/again/", "{}/delete/"])
def test_who_is_no_administrator_changes_nothing(client, acme, came, action):
    row = came(WHO, state="failed", due_at=None)
    answer = Frame(client, acme, admin=False, user=3).post(f"{LIST}{action.format(row.pk)}", {"id": row.pk})
    assert (answer.status_code, "Ines" in text(answer)) == (403, False)
    assert Submission.objects.get().state == "failed"


# --- Sentences ---


def test_every_state_outcome_and_repair_has_a_sentence():
    assert set(Submission.State.values) | {"held"} == set(sentences.STATES)
    assert set(Attempt.Outcome.values) == set(sentences.OUTCOMES)
    noted = re.findall(r'(?:note\(|repairs\.append\()"(\w+)"', _code("trace", "fields", "intake"))
    assert noted and set(noted) <= set(sentences.REPAIRS)


def _code(*modules):
    from django.conf import settings

    return "".join((settings.BASE_DIR / "traces" / f"{name}.py").read_text() for name in modules)


def test_every_code_that_a_submission_may_end_with_has_its_reason():
    ours = {"access_denied", "error_core", "refused", "error", "", "spam", "worker_lost", "answer_lost", "unreadable"}
    passing = errors._TRANSIENT | errors._AMBIGUOUS | {"unreachable", "connection_lost", "timeout", "not_run"}
    assert (errors._REFUSED | ours | passing) - set(sentences.FAILURES) == set()


@pytest.mark.parametrize(
    ("source", "label"),
    [
        ("utm_source:google", "google (UTM tag)"),
        ("referrer:www.bing.com", "From www.bing.com"),
        ("direct", "Direct visit"),
        ("", "Not known yet"),
    ],
)
def test_a_source_is_told_in_words(source, label):
    assert sentences.source_label(source) == label
