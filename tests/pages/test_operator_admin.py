"""The operator's pages: what they show, what they can do, and what is on none of them."""

import re
from datetime import timedelta

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from b24app.api.remedies import REMEDIES
from b24app.host.masks import MASK, masked
from b24app.models import Portal, PortalEvent
from tests.fixtures.forms import make_form
from traces.models import Batch, Preferences, Submission

pytestmark = pytest.mark.django_db
NOW = timezone.now()
MARK = "PLANTED"
PORTALS, SUBMISSIONS = "/admin/b24app/portal/", "/admin/traces/submission/"


@pytest.fixture
def planted(acme, make_submission):
    """A row of every model, with a mark in every field that holds a secret or what a visitor typed."""
    Portal.objects.update(application_token=f"{MARK}-app", webhook_url=f"https://acme.example/rest/1/{MARK}/")
    acme.users.update(access_token=f"{MARK}-access", refresh_token=f"{MARK}-refresh", renewal_id=None)
    form = make_form(acme, name="Shop", secret_hash=f"{MARK}-hash", old_secret_hash=f"{MARK}-old")
    facts = {"idempotency_key": f"{MARK}-key", "body_hash": f"{MARK}-body", "entities": [{"TYPE": MARK}]}
    body = {"NAME": f"{MARK}-name", "TRACE": f'{{"url": "https://shop.example/?{MARK}"}}'}
    told = {"words": f"{MARK} is refused"}
    row = make_submission(form=form, body=body, params=told, **facts)
    row.attempts.create(method="crm.lead.add", outcome="refused", code="error_core", params=told)
    Batch.objects.create(
        portal=acme, lease_id="0" * 32, lease_until=NOW, code="timeout", commands=[[str(row.pk), "a", "b"]]
    )
    Preferences.objects.create(portal=acme, notify="email", notify_email=f"{MARK}@shop.example")
    acme.source_rules.create(position=1, field="source", value="kiosk", utm_source="fb")
    acme.unmatched.create(week=NOW.date(), field="utm_source", value="radio", last_at=NOW)
    acme.notices.create(about="stopped:plan")
    PortalEvent.objects.create(member_id="acme", event="ONAPPINSTALL")
    return row


def address(model):
    return f"/admin/{model._meta.app_label}/{model._meta.model_name}/"


def act(client, page, action, *rows):
    return client.post(page, {"action": action, "_selected_action": [str(row.pk) for row in rows]}, follow=True)


OURS = [model for model in admin.site._registry if model._meta.app_label in {"b24app", "traces"}]


@pytest.mark.parametrize("model", OURS, ids=lambda model: model._meta.model_name)
def test_no_page_shows_a_secret_or_what_a_visitor_typed(admin_client, planted, model):
    pages = [admin_client.get(address(model))]
    pages += [admin_client.get(f"{address(model)}{row.pk}/change/") for row in model.objects.all()]
    assert len(pages) > 1 and {page.status_code for page in pages} == {200}
    assert [page.request["PATH_INFO"] for page in pages if MARK.lower() in page.content.decode().lower()] == []


def test_the_other_pages_show_none_either(admin_client, planted):
    models = [model for model in admin.site._registry if model not in OURS]
    pages = ["/admin/", *(address(model) for model in models), f"{SUBMISSIONS}{planted.pk}/history/"]
    assert [page for page in pages if MARK in admin_client.get(page).content.decode()] == []


def test_the_model_of_tokens_has_no_page_of_its_own():
    assert sorted(model._meta.model_name for model in OURS) == [
        *("batch", "form", "notice", "portal", "portalevent", "preferences", "sourcerule", "submission", "unmatched")
    ]


def test_the_portals_show_their_queues(admin_client, acme, make_submission):
    late = NOW - timedelta(days=3)
    make_submission(due_at=late), make_submission(), make_submission(state="failed", due_at=None)
    (row,) = admin_client.get(PORTALS).context["cl"].result_list
    assert (row.waiting_rows, row.failed_rows, row.oldest) == (2, 1, late)


def test_each_portal_has_its_own_figures(admin_client, acme, other, make_submission):
    make_submission(form=make_form(other))
    rows = {row.domain: row.waiting_rows for row in admin_client.get(PORTALS).context["cl"].result_list}
    assert rows == {"acme.example": 0, "other.example": 1}


def test_a_held_portal_says_why_in_words(admin_client, acme):
    Portal.objects.update(state="held", hold_code="portal_deleted")
    assert str(REMEDIES["portal_deleted"].happened) in admin_client.get(PORTALS).content.decode()


@pytest.mark.parametrize("page", [PORTALS, SUBMISSIONS])
def test_a_list_costs_the_same_however_long_it_is(
    admin_client, acme, form, make_submission, page, django_assert_max_num_queries
):
    for number in range(12):
        portal = Portal.objects.create(member_id=f"m{number}", domain=f"d{number}.example")
        make_submission(form=make_form(portal))
    with django_assert_max_num_queries(12):
        admin_client.get(page)


def test_the_list_of_submissions_reads_no_more_than_it_shows(admin_client, acme, other, form):
    facts = {"portal": acme, "form": form, "body": {}, "body_hash": "0"}
    Submission.objects.bulk_create([Submission(**facts) for _ in range(101)])
    make_form(other)
    with CaptureQueriesContext(connection) as captured:
        page = admin_client.get(SUBMISSIONS)
    asked = [query["sql"] for query in captured if "traces_submission" in query["sql"]]
    assert [sql for sql in asked if "DISTINCT" in sql or " LIMIT " not in sql] == []
    # Neither portals nor forms are read but those of the rows that are shown.
    others = [query["sql"] for query in captured if query["sql"].startswith("SELECT") and query["sql"] not in asked]
    assert [sql for sql in others if "b24app_portal" in sql or "traces_form" in sql] == []
    assert other.domain not in page.text


def test_a_portals_submissions_are_one_click_away(admin_client, acme, other, make_submission):
    make_submission()
    make_submission(form=make_form(other))
    page = admin_client.get(PORTALS).text
    (link,) = [
        link for link in re.findall('href="([^"]*portal__id__exact=[0-9]+)"', page) if link.endswith(f"={acme.pk}")
    ]
    assert admin_client.get(link).context["cl"].result_count == 1


def test_a_filter_that_is_no_number_asks_nothing(admin_client, acme, make_submission):
    make_submission()
    answer = admin_client.get(SUBMISSIONS, {"portal__id__exact": "x'--"})
    assert (answer.status_code, answer.context["cl"].result_count) == (200, 1)


def test_held_portals_can_be_resumed(admin_client, acme, other):
    Portal.objects.update(state="held", hold_code="plan", held_since=NOW)
    act(admin_client, PORTALS, "resume", acme)
    assert dict(Portal.objects.values_list("member_id", "state")) == {"acme": "active", "other": "held"}


def test_a_portals_failed_submissions_can_be_sent_again(admin_client, acme, other, make_submission):
    ours = make_submission(state="failed", due_at=None)
    make_submission(form=make_form(other), state="failed", due_at=None)
    waits = make_submission(due_at=NOW + timedelta(hours=1))
    act(admin_client, PORTALS, "send_failed_again", acme)
    assert set(Submission.objects.filter(due_at__lte=timezone.now())) == {ours}
    assert Submission.objects.get(pk=waits.pk).due_at == waits.due_at


def test_chosen_submissions_can_be_sent_again(admin_client, make_submission):
    chosen, left = make_submission(state="failed", due_at=None), make_submission(state="failed", due_at=None)
    done = make_submission(state="delivered", due_at=None)
    act(admin_client, SUBMISSIONS, "send_again", chosen, done)
    states = dict(Submission.objects.values_list("pk", "state"))
    assert states == {chosen.pk: "queued", left.pk: "failed", done.pk: "delivered"}


def test_who_may_only_look_can_do_nothing(client, acme):
    looker = User.objects.create_user("looker", is_staff=True)
    looker.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    client.force_login(looker)
    Portal.objects.update(state="held", hold_code="plan", held_since=NOW)
    assert client.get(PORTALS).status_code == 200
    act(client, PORTALS, "resume", acme)
    assert Portal.objects.get().state == "held"


@pytest.mark.parametrize("model", OURS, ids=lambda model: model._meta.model_name)
def test_nothing_can_be_written_by_hand(admin_client, planted, model):
    assert admin_client.get(f"{address(model)}add/").status_code == 403
    row = model.objects.first()
    assert admin_client.post(f"{address(model)}{row.pk}/change/", {}).status_code == 403


@pytest.mark.parametrize("name", ["state__exact", "code", "portal__id__exact", "form__id__exact"])
def test_submissions_can_be_filtered(admin_client, form, other, make_submission, name):
    make_submission(state="failed", code="error_core", due_at=None)
    make_submission(form=make_form(other))
    values = {
        "state__exact": "failed",
        "code": "error_core",
        "portal__id__exact": form.portal_id,
        "form__id__exact": form.pk,
    }
    assert admin_client.get(SUBMISSIONS, {name: values[name]}).context["cl"].result_count == 1


def test_the_pages_need_no_setup_but_a_user(client, db):
    call_command("createsuperuser", "--noinput", "--username=op", "--email=")
    client.force_login(User.objects.get(username="op"))
    assert client.get("/admin/").status_code == 200


CONTACTS = [
    "имя 79161234567",
    *("ines@shop.example", "ask ines.martin@shop.example today", "ines%40shop.example", "ines＠shop.example"),
    *("+7 (916) 123-45-67", "79161234567", "tel.: 030/123 45 67", "%2B49 30 1234567", "٠١٢٣٤٥٦٧٨٩"),
]
KEPT = ["google", "spring sale 2026", "fb-ads_12", "направление 5", "", "@", "shop.example"]


@pytest.mark.parametrize("text", CONTACTS)
def test_a_visitors_contacts_are_masked(admin_client, acme, make_submission, text):
    row = make_submission(source=text[:200])
    value = acme.unmatched.create(week=NOW.date(), field="source", value=text, last_at=NOW)
    unmatched = "/admin/traces/unmatched/"
    pages = [f"{SUBMISSIONS}{row.pk}/change/", unmatched, f"{unmatched}{value.pk}/change/"]
    shown = [admin_client.get(page).text for page in pages]
    assert ([text in page for page in shown], [MASK in page for page in shown]) == ([False] * 3, [True] * 3)


@pytest.mark.parametrize("text", KEPT)
def test_what_is_no_contact_is_shown(text):
    assert masked(text) == text


def test_what_stands_around_a_contact_is_kept():
    assert masked("имя 79161234567, ярмарка") == f"имя{MASK}, ярмарка"


def test_its_lists_speak_plainly(admin_client, acme):
    Portal.objects.update(app_status="L")
    shown = admin_client.get(PORTALS).content.decode()
    assert all(text in shown for text in (acme.member_id, "local application", "<h1>Portals</h1>", "Trace Relay"))
    assert "Batches" in admin_client.get("/admin/").content.decode()
