"""The pages of a form: making one, its settings, its fields, its codes and its secret."""

import hashlib
import re
from datetime import timedelta

import pytest
from django.utils import timezone

from b24app.portal import crm_directory
from tests.fixtures.forms import SECRET, make_form
from tests.fixtures.product import Frame
from tests.pages.helpers import error_of
from traces.intake import access
from traces.intake.problems import Problem
from traces.models import Form

pytestmark = pytest.mark.django_db
HERE = "/b24/app/forms/"
SETTINGS = {"name": "Orders", "creates": "lead", "active": "1", "repeats": "new", "join_repeats_minutes": "10"}
MAPPED = {"lead-field": "TITLE", "lead-how": "text", "lead-value": "x"}


@pytest.fixture
def described(monkeypatch):
    """The portal tells its fields."""
    monkeypatch.setattr(crm_directory, "record_fields", lambda portal, record: [])


# --- Making one ---


def test_a_name_and_a_kind_make_a_form(frame, acme):
    frame.post(f"{HERE}new/", {"name": " Orders ", "creates": "lead"})
    form = Form.objects.get()
    assert (form.portal, form.name, form.creates, form.honeypot, form.active) == (acme, "Orders", "lead", True, True)


def test_a_new_forms_secret_is_shown_and_works(frame):
    page = frame.post(f"{HERE}new/", {"name": "Orders", "creates": "lead"}).text
    secret = re.search(r'<code id="form-secret">([^<]+)</code>', page)[1]
    assert access.shows_secret(Form.objects.get(), f"Bearer {secret}")
    assert f"Authorization: Bearer {secret}" in page


def test_a_secret_is_shown_once(frame, form):
    page = frame.get(f"{HERE}{form.pk}/codes/").text
    assert 'id="form-secret"' not in page
    assert "YOUR_SECRET" in page


@pytest.mark.parametrize(
    ("typed", "wrong"),
    [
        ({"name": "", "creates": "lead"}, "name"),
        ({"name": "x" * 121, "creates": "lead"}, "name"),
        ({"name": "Orders", "creates": "invoice"}, "creates"),
        ({"name": "Orders"}, "creates"),
    ],
)
def test_a_form_that_cannot_be_made_says_why(frame, typed, wrong):
    answer = frame.post(f"{HERE}new/", typed)
    assert (answer.status_code, Form.objects.count()) == (422, 0)
    assert error_of(answer.text, f"form-{wrong}")


def test_what_was_typed_is_not_lost(frame):
    assert 'value="Orders &amp; more"' in frame.post(f"{HERE}new/", {"name": "Orders & more"}).text


# --- Settings ---


def test_the_settings_are_saved(frame, form):
    typed = {
        **SETTINGS,
        "origins": "https://Shop.example/cart\r\n\r\nhttps://shop.example\r\nhttp://localhost:8080",
        "thank_you_url": "https://shop.example/thanks",
        "repeats": "join",
        "assigned_by_id": "7",
        "honeypot": "1",
        "max_per_minute": "30",
        "join_repeats_minutes": "5",
        "country": "de",
    }
    answer = frame.post(f"{HERE}{form.pk}/", typed)
    form.refresh_from_db()
    assert (answer.status_code, form.origins) == (200, ["https://shop.example", "http://localhost:8080"])
    assert (form.name, form.creates, form.thank_you_url) == ("Orders", "lead", "https://shop.example/thanks")
    assert (form.repeats, form.honeypot, form.max_per_minute, form.active) == ("join", True, 30, True)
    assert (form.join_repeats_minutes, form.country, form.assigned_by_id) == (5, "DE", 7)
    assert 'role="status"' in answer.text


def test_what_is_not_ticked_is_off(frame, form):
    Form.objects.update(honeypot=True, assigned_by_id=7)
    typed = {"name": "Orders", "creates": "lead", "join_repeats_minutes": "10", "repeats": "new"}
    frame.post(f"{HERE}{form.pk}/", typed)
    form.refresh_from_db()
    assert (form.honeypot, form.assigned_by_id, form.active, form.max_per_minute) == (False, None, False, 0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("name", " "),
        ("creates", "x"),
        ("origins", "https://shop.example\nshop"),
        ("origins", "https://a\0b.example"),
        ("origins", "\n".join(f"https://s{number}.example" for number in range(51))),
        ("thank_you_url", "javascript:alert(1)"),
        ("thank_you_url", "shop"),
        ("thank_you_url", "mailto:ines@shop.example"),
        ("thank_you_url", f"https://shop.example/{'x' * 500}"),
        ("thank_you_url", "https://shop.example/a\0b"),
        ("country", "D1"),
        ("country", "DEU"),
        ("max_per_minute", "-1"),
        ("max_per_minute", "10001"),
        ("max_per_minute", "²"),
        ("max_per_minute", "9" * 5000),
    ],
)
def test_settings_that_cannot_be_stored_change_nothing_and_say_why(frame, form, name, value):
    before = Form.objects.values().get()
    answer = frame.post(f"{HERE}{form.pk}/", {**SETTINGS, "origins": "https://kept.example", name: value})
    assert (answer.status_code, Form.objects.values().get()) == (422, before)
    assert error_of(answer.text, f"form-{name}")
    assert name == "origins" or "https://kept.example" in answer.text


def test_a_number_is_written_in_plain_digits(frame, form):
    answer = frame.post(f"{HERE}{form.pk}/", {**SETTINGS, "max_per_minute": "3_0"})
    assert (
        error_of(answer.text, "form-max_per_minute")
        == "Enter a number from 1 to 10000, or leave the field empty for no limit."
    )


def test_a_wrong_site_is_named(frame, form):
    answer = frame.post(f"{HERE}{form.pk}/", {**SETTINGS, "origins": "https://shop.example\n<b>"})
    assert "“&lt;b&gt;” isn" in answer.text


# --- Its end ---


def test_a_form_that_nothing_came_through_is_deleted(frame, form):
    answer = frame.post(f"{HERE}{form.pk}/remove/")
    assert not Form.objects.exists()
    assert "deleted." in answer.text


def test_a_form_with_submissions_is_switched_off_and_kept(frame, form, make_submission):
    make_submission()
    answer = frame.post(f"{HERE}{form.pk}/remove/")
    form.refresh_from_db()
    assert (form.active, form.submissions.count()) == (False, 1)
    assert "The form is off" in answer.text


# --- The secret ---


def test_a_new_secret_is_shown_and_the_former_one_still_works(frame, form):
    page = frame.post(f"{HERE}{form.pk}/secret/").text
    secret = re.search(r'<code id="form-secret">([^<]+)</code>', page)[1]
    form.refresh_from_db()
    assert access.shows_secret(form, f"Bearer {secret}")
    assert access.shows_secret(form, f"Bearer {SECRET}")


def test_a_secret_that_leaked_ends_at_once(frame, form):
    frame.post(f"{HERE}{form.pk}/secret/", {"at_once": "1"})
    form.refresh_from_db()
    with pytest.raises(Problem):
        access.shows_secret(form, f"Bearer {SECRET}")


def test_a_secret_is_made_by_a_post_alone(frame, form):
    assert frame.get(f"{HERE}{form.pk}/secret/").status_code == 405
    assert Form.objects.get().secret_hash == hashlib.sha256(SECRET.encode()).hexdigest()


def test_until_when_the_former_secret_works_is_told(frame, form):
    Form.objects.update(old_secret_until=timezone.now() + timedelta(hours=1))
    assert "The old secret works until" in frame.get(f"{HERE}{form.pk}/codes/").text
    Form.objects.update(old_secret_until=timezone.now() - timedelta(hours=1))
    assert "The old secret works until" not in frame.get(f"{HERE}{form.pk}/codes/").text


def test_each_code_has_its_tab_and_a_button_to_copy_it(frame, form):
    page = frame.get(f"{HERE}{form.pk}/codes/").text
    tabs = re.findall(r'role="tab" id="tab-(\w+)" aria-controls="panel-(\w+)"', page)
    assert tabs == [(name, name) for name in ("snippet", "html", "curl", "python", "php", "javascript")]
    assert all(f'id="panel-{name}"' in page and f'data-copy="#code-{name}"' in page for name, _ in tabs)
    assert page.count('aria-selected="true"') == page.count('role="tablist"') == 2


# --- Who may ---

GETS = ["", "fields/", "fields/rows/", "codes/"]
POSTS = ["", "fields/rows/", "secret/", "remove/"]


@pytest.mark.parametrize("path", GETS)
def test_another_portals_form_is_not_there(client, other, lead, path):
    answer = Frame(client, other).get(f"{HERE}{lead.pk}/{path}")
    assert (answer.status_code, lead.key in answer.text) == (404, False)


@pytest.mark.parametrize("path", POSTS)
def test_nobody_changes_another_portals_form(client, other, lead, path):
    before = Form.objects.values().get()
    body = {**SETTINGS, **MAPPED}
    answer = Frame(client, other).post(f"{HERE}{lead.pk}/{path}", body)
    assert (answer.status_code, Form.objects.values().get()) == (404, before)


@pytest.mark.parametrize("path", POSTS)
def test_who_is_no_administrator_changes_nothing(client, acme, lead, path):
    before = Form.objects.values().get()
    body = {**SETTINGS, **MAPPED}
    answer = Frame(client, acme, admin=False).post(f"{HERE}{lead.pk}/{path}", body)
    assert (answer.status_code, Form.objects.values().get()) == (403, before)


def test_who_is_no_administrator_makes_no_form(client, acme):
    answer = Frame(client, acme, admin=False).post(f"{HERE}new/", {"name": "Orders", "creates": "lead"})
    assert (answer.status_code, Form.objects.exists()) == (403, False)


@pytest.mark.parametrize("number", [0, 2**31, 2**63, 10**30])
def test_no_number_of_a_form_is_too_strange(frame, number):
    assert frame.get(f"{HERE}{number}/").status_code == 404


@pytest.mark.parametrize("path", ["", "new/", *(f"FORM/{path}" for path in GETS)])
def test_no_page_has_a_script_or_a_style_of_its_own(frame, lead, described, path):
    page = frame.get(f"{HERE}{path.replace('FORM', str(lead.pk))}").text
    assert not re.search(r"<script(?! async src)|\sstyle=|\son[a-z]+=", page)
    assert "rows" in path or page.count("<h1") == 1


# --- What helps to set a form up ---


def test_https_is_added_to_what_is_typed_without_it(frame, form):
    typed = {**SETTINGS, "origins": "shop.example\nWWW.shop.example:8443/cart", "thank_you_url": "shop.example/thanks"}
    frame.post(f"{HERE}{form.pk}/", typed)
    form.refresh_from_db()
    assert form.origins == ["https://shop.example", "https://www.shop.example:8443"]
    assert form.thank_you_url == "https://shop.example/thanks"


@pytest.mark.parametrize(
    ("creates", "offered"),
    [
        ("lead", ["new", "find", "join"]),
        ("contact", ["new", "find"]),
        ("quote", ["new"]),
        ("x", ["new", "find", "join"]),
    ],
)
def test_only_what_does_something_for_the_kind_is_offered(frame, lead, creates, offered):
    page = frame.get(f"{HERE}{lead.pk}/repeats/", {"creates": creates}).text
    assert re.findall(r'name="repeats" value="(\w+)"', page) == offered


def test_a_forms_page_shows_its_latest_submissions(frame, lead, make_submission):
    for number in range(6):
        make_submission(form=lead, body={"name": f"Visitor {number}"}, received_at=timezone.now() + timedelta(number))
    page = frame.get(f"{HERE}{lead.pk}/").text
    assert re.findall(r"Visitor \d", page) == [f"Visitor {number}" for number in (5, 4, 3, 2, 1)]
    assert f"/b24/app/submissions/?form={lead.pk}" in page


@pytest.mark.parametrize(("facts", "offered"), [({}, True), ({"active": False}, False), ({"creates": "link"}, False)])
def test_a_test_can_be_sent_from_a_forms_page(frame, acme, facts, offered):
    form = make_form(acme, **facts)
    assert ("/b24/app/start/test/" in frame.get(f"{HERE}{form.pk}/").text) is offered


def test_lead_and_deal_come_first_and_the_rest_under_more(frame):
    first, more = frame.get(f"{HERE}new/").text.split("<summary>More</summary>")
    assert re.findall(r'name="creates" value="(\w+)"', first) == ["lead", "deal"]
    assert re.findall(r'name="creates" value="(\w+)"', more)[0] == "contact" and "<details open>" not in first


def test_a_rare_kind_is_not_hidden_where_it_is_chosen(frame, form):
    assert "<details open><summary>More" in frame.get(f"{HERE}{form.pk}/").text
