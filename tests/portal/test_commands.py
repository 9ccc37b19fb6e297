"""The operator's commands."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from b24app.models import Portal
from b24app.portal import crm_directory
from traces.delivery import requeue
from traces.intake import access
from traces.management.commands import form_create
from traces.models import Form, Submission

pytestmark = pytest.mark.django_db


def run(capsys, *arguments):
    call_command(*arguments)
    return capsys.readouterr().out


def test_a_form_is_made_with_its_secret_shown_once(acme, capsys):
    made = json.loads(run(capsys, "form_create", "--portal", "acme", "--name", "Shop", "--creates", "link", "--json"))
    form = Form.objects.get()
    assert set(made) == {"key", "secret", "url"}
    assert made["url"].endswith(f"/in/{form.key}/")
    assert access.shows_secret(form, f"Bearer {made['secret']}")
    assert made["secret"] not in str(form.__dict__)


def test_origins_are_kept_in_their_normal_form(acme, capsys):
    run(capsys, "form_create", "--portal", "acme", "--name", "Shop", "--origin", "https://Shop.example/cart?x=1")
    assert Form.objects.get().origins == ["https://shop.example"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("--portal", "nobody", "--name", "x"),
        ("--portal", "acme", "--name", "x", "--origin", "shop.example"),
        ("--portal", "acme", "--name", "x", "--thank-you", "javascript:alert(1)"),
        ("--portal", "acme", "--name", "x", "--thank-you", "shop.example/thanks"),
        ("--portal", "acme", "--name", "x" * 121),
        ("--portal", "acme", "--name", ""),
    ],
)
def test_a_form_that_cannot_be_made_says_why(acme, arguments):
    with pytest.raises(CommandError):
        call_command("form_create", *arguments)
    assert not Form.objects.exists()


def test_a_form_has_its_thank_you_page(acme, capsys):
    run(capsys, "form_create", "--portal", "acme", "--name", "Shop", "--thank-you", "https://shop.example/thanks")
    assert Form.objects.get().thank_you_url == "https://shop.example/thanks"


CONDITIONS = '[{"field": "submitted", "name": "city", "value": "Lyon", "creates": "deal", "people": [7, 9]}]'


def test_a_form_is_made_with_conditions(acme, capsys):
    run(capsys, "form_create", "--portal", "acme", "--name", "Shop", "--conditions", CONDITIONS)
    assert Form.objects.get().choices == json.loads(CONDITIONS)


@pytest.mark.parametrize(
    "text", ["x", "7", "[7]", '[{"no": 1}]', '[{"field": "any"}]', '[{"field": "any", "people": [0]}]', CONDITIONS * 11]
)
def test_conditions_that_cannot_be_used_are_refused(acme, text):
    text = f"[{','.join([CONDITIONS[1:-1]] * 11)}]" if text == CONDITIONS * 11 else text
    with pytest.raises(CommandError, match="--conditions"):
        call_command("form_create", portal="acme", name="Shop", conditions=text)
    assert not Form.objects.exists()


def test_a_name_that_is_taken_is_refused(form):
    with pytest.raises(CommandError, match="--name: Another form already has this name"):
        call_command("form_create", portal="acme", name=form.name)


def test_people_read_lines(acme, capsys):
    assert "secret: " in run(capsys, "form_create", "--portal", "acme", "--name", "Shop")
    assert run(capsys, "submissions").splitlines()[0].split() == ["queued", "0"]


def test_a_form_is_made_with_what_the_portal_says_of_its_mapped_fields(acme, capsys, monkeypatch):
    size = crm_directory.Field("UF_CRM_1", "Size", "integer", required=False, multiple=False)
    monkeypatch.setattr(crm_directory, "record_fields", lambda portal, record: [size])
    monkeypatch.setattr(crm_directory, "keep_mode", lambda portal: None)
    mapping = '{"lead": {"UF_CRM_1": {"field": "size"}}}'
    run(capsys, "form_create", "--portal", "acme", "--name", "Shop", "--creates", "lead", "--mapping", mapping)
    assert Form.objects.get().field_types == {"lead": {"UF_CRM_1": {"type": "integer", "isMultiple": False}}}


@pytest.mark.parametrize(
    ("kind", "repeats"), [("lead", "join"), ("deal", "find"), ("contact", "find"), ("company", "find")]
)
def test_existing_records_are_looked_for_by_every_kind_that_can(acme, monkeypatch, kind, repeats):
    monkeypatch.setattr(form_create, "_asked", lambda form: [])
    call_command("form_create", portal="acme", name="Shop", creates=kind, find_existing=True, assigned_by=7)
    form = Form.objects.get()
    assert (form.repeats, form.assigned_by_id) == (repeats, 7)


@pytest.mark.parametrize("kind", ["trace", "link", "quote", "lead_utm"])
def test_what_cannot_be_looked_for_is_refused(acme, kind):
    with pytest.raises(CommandError, match=f"--find-existing does nothing for a form that creates {kind}"):
        call_command("form_create", portal="acme", name="Shop", creates=kind, find_existing=True)
    assert not Form.objects.exists()


def test_a_form_for_leads_on_a_portal_without_them_is_told(acme, capsys, monkeypatch):
    monkeypatch.setattr(crm_directory, "record_fields", lambda portal, record: [])
    Portal.objects.update(simple_crm=True)
    monkeypatch.setattr(crm_directory, "keep_mode", lambda portal: None)
    call_command("form_create", portal="acme", name="Shop", creates="lead")
    assert "works without leads" in capsys.readouterr().err


def test_submissions_are_counted_by_state(acme, capsys):
    form = Form.objects.create(portal=acme, name="Shop", secret_hash="0")
    other = Form.objects.create(portal=Portal.objects.create(member_id="o", domain="o"), name="x", secret_hash="0")
    for one, state in ((form, "queued"), (form, "failed"), (other, "delivered")):
        Submission.objects.create(portal=one.portal, form=one, body={}, body_hash="0", state=state)
    found = json.loads(run(capsys, "submissions", "--json", "--portal", "acme"))
    assert found["total"] == 2
    assert found["states"] == {"queued": 1, "sending": 0, "delivered": 0, "failed": 1, "held": 0, "spam": 0, "test": 0}
    assert found["oldest_due_seconds"] >= 0


def test_queued_submissions_of_a_held_portal_are_held(acme, capsys):
    form = Form.objects.create(portal=acme, name="Shop", secret_hash="0")
    Submission.objects.create(portal=acme, form=form, body={}, body_hash="0")
    Portal.objects.update(state="held")
    found = json.loads(run(capsys, "submissions", "--json"))
    assert (found["states"]["held"], found["oldest_due_seconds"]) == (1, 0.0)


def test_a_portal_is_connected_by_its_webhook(wired, portal, capsys):
    member_id = run(capsys, "portal_add_webhook", portal.webhook_url).strip()
    assert Portal.objects.get(member_id=member_id).webhook_url == portal.webhook_url


def test_a_new_webhook_of_the_same_user_replaces_the_old_one(wired, portal, capsys):
    run(capsys, "portal_add_webhook", portal.webhook_url)
    portal.webhook_code = "another"
    run(capsys, "portal_add_webhook", portal.webhook_url)
    assert Portal.objects.get().webhook_url.endswith("/another/")


@pytest.mark.parametrize("url", ["https://acme.example/", "ftp://acme.example/rest/1/x/", "nonsense"])
def test_what_is_no_webhooks_address_is_refused(url):
    with pytest.raises(CommandError, match="looks like"):
        call_command("portal_add_webhook", url)


def test_a_wrong_webhook_is_refused_without_its_secret(wired, portal):
    with pytest.raises(CommandError) as caught:
        call_command("portal_add_webhook", f"{portal.rest_url}1/wrongcode/")
    assert "wrongcode" not in str(caught.value)
    assert not Portal.objects.exists()


@pytest.mark.parametrize("scope", [None, True, 7, {"crm": 1}, "crm", [], ["task"]])
def test_a_webhook_without_the_right_to_the_crm_is_refused(db, answers, scope):
    answers.say({"result": scope})
    with pytest.raises(CommandError, match="CRM"):
        call_command("portal_add_webhook", "https://acme.example/rest/1/x/")
    assert not Portal.objects.exists()


def test_a_webhooks_secret_does_not_travel_unencrypted():
    with pytest.raises(CommandError, match="https"):
        call_command("portal_add_webhook", "http://acme.example/rest/1/x/")


@pytest.fixture
def failed(acme):
    """A failed submission of a form, with the reason `code`."""
    form = Form.objects.create(portal=acme, name="Shop", secret_hash="0")

    def failed(code="error_core", **facts):
        facts = {"state": "failed", "tries": 3, "code": code, "params": {"words": "why"}, **facts}
        return Submission.objects.create(portal=acme, form=form, body={}, body_hash="0", **facts)

    return failed


def states():
    return list(Submission.objects.order_by("pk").values_list("state", "tries", "code"))


AGAIN, STILL = ("queued", 0, ""), ("failed", 3, "error_core")


def test_failed_submissions_are_sent_again(failed, capsys):
    failed(), failed("required")
    assert run(capsys, "submissions_retry").startswith("2 ")
    assert states() == [AGAIN, AGAIN]


def test_one_submission_is_sent_again_by_its_id(failed, capsys):
    failed()
    run(capsys, "submissions_retry", "--id", str(failed().pk))
    assert states() == [STILL, AGAIN]


def test_submissions_are_sent_again_by_their_reason(failed, capsys):
    failed(), failed("required")
    run(capsys, "submissions_retry", "--reason", "REQUIRED")
    assert states() == [STILL, AGAIN]


def test_submissions_are_sent_again_by_their_time(failed, capsys):
    failed(received_at=datetime(2026, 1, 1, tzinfo=UTC)), failed(received_at=datetime(2026, 2, 1, tzinfo=UTC))
    run(capsys, "submissions_retry", "--since", "2026-01-15")
    assert states() == [STILL, AGAIN]


def test_queued_submissions_need_not_wait_for_their_next_try(failed, capsys):
    later = timezone.now() + timedelta(hours=4)
    failed(state="queued", due_at=later), failed(due_at=later)
    run(capsys, "submissions_retry", "--state", "queued")
    assert states() == [AGAIN, STILL]
    assert Submission.objects.filter(state="queued", due_at__lte=timezone.now()).count() == 1


def test_many_are_sent_again_in_chunks(failed, capsys, monkeypatch):
    monkeypatch.setattr(requeue, "CHUNK_ROWS", 2)
    for _ in range(5):
        failed()
    assert run(capsys, "submissions_retry").startswith("5 ")


def test_delivered_submissions_are_left_alone(failed, capsys):
    failed(state="delivered")
    assert run(capsys, "submissions_retry").startswith("0 ")


def test_an_unknown_id_is_told(failed):
    with pytest.raises(CommandError):
        call_command("submissions_retry", "--id", "01a207da-71c3-7f1f-ac66-a7fb36dbd633")


def test_a_portals_plan_is_set(acme, other, capsys):
    assert run(capsys, "portal_plan", "--portal", "acme", "--plan", "enterprise") == "enterprise\n"
    assert dict(Portal.objects.values_list("member_id", "tariff")) == {"acme": "enterprise", "other": "standard"}


def test_the_plan_of_an_unknown_portal_is_told(db):
    with pytest.raises(CommandError, match="No portal"):
        call_command("portal_plan", "--portal", "nobody", "--plan", "unlimited")
