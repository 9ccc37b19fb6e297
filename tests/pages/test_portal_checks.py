"""What the checks make of the portal's own answers, and the events that are bound again."""

import pytest

from b24app.api import errors
from b24app.portal import event_bindings, health
from tests.fixtures.product import Frame
from tests.pages.helpers import named
from traces.models import Preferences
from traces.monitoring import checks

pytestmark = pytest.mark.django_db
PART = "/b24/app/health/portal/"


def say(answers, failed=(), **results):
    answers.say({"result": {"result": results, "result_error": dict.fromkeys(failed, {"error": "x"})}})


def test_a_portal_just_installed_is_well_and_is_asked_once(installed, portal):
    hits = len(portal.hits)
    assert [check.name for check in health.checks(installed) if check.good is not True or check.todo] == []
    assert [hit.method for hit in portal.hits[hits:]] == ["batch"]


def test_a_right_that_is_missing_is_named(installed, portal):
    portal.scope = "placement,im"
    check = named(health.checks(installed), "Application rights")
    assert (check.good, "crm" in check.happened, bool(check.todo)) == (False, True, True)


def test_a_user_who_administers_no_longer_is_told_of(installed, portal):
    portal.users[1].admin = False
    assert named(health.checks(installed), "Administrator role").good is False


def test_an_installation_that_was_not_finished_is_told_of(installed, portal):
    portal.installed = False
    assert named(health.checks(installed), "Application").good is False


@pytest.mark.parametrize(
    ("facts", "good", "words"),
    [
        ({"PAYMENT_EXPIRED": "Y"}, False, "expired"),
        ({"DAYS": 3}, True, "in 3 days"),
        ({"DAYS": 1}, True, "in 1 day."),
        ({"DAYS": 30}, True, "The application is installed."),
        ({"DAYS": None}, True, "The application is installed."),
        ({"DAYS": -4}, True, "The application is installed."),
    ],
)
def test_the_paid_time_is_told(acme, answers, facts, good, words):
    say(answers, app_info={"INSTALLED": True, **facts})
    check = named(health.checks(acme), "Application")
    assert (check.good, words in str(check.happened)) == (good, True)


def test_what_the_portal_does_not_say_is_not_known(acme, answers):
    say(answers, failed=["profile", "scope", "app_info", "event_get", "events"])
    assert [check.good for check in health.checks(acme)] == [True, None, None, None, None]


@pytest.mark.parametrize("nonsense", [None, "x", 7, [], {}, [7]])
def test_nonsense_in_the_place_of_an_answer_breaks_nothing(acme, answers, nonsense):
    say(answers, **dict.fromkeys(["profile", "scope", "app_info", "event_get", "events"], nonsense))
    assert len(health.checks(acme)) == 5


def test_a_webhook_is_asked_only_what_it_can_answer(installed, portal):
    installed.webhook_url = portal.webhook_url
    installed.save()
    assert [check.name for check in health.checks(installed)] == [
        "Connection",
        "Application rights",
        "Administrator role",
    ]


def test_events_that_are_bound_to_another_address_do_not_count(installed, portal):
    for binding in portal.bindings:
        binding["handler"] = "https://elsewhere.example/b24/events/"
    check = named(health.checks(installed), "Portal events")
    assert (check.good, check.action) == (False, health.BIND)


def test_an_event_that_the_portal_does_not_know_is_not_missing(acme, answers, settings):
    bound = [{"event": "ONAPPINSTALL", "handler": f"{settings.APP_URL}/b24/events/"}]
    say(answers, event_get=bound, events=["ONAPPINSTALL"])
    assert named(health.checks(acme), "Portal events").good is True


def test_a_button_binds_the_events_again(client, installed, portal):
    portal.bindings.clear()
    frame = Frame(client, installed)
    assert f'hx-post="{PART}"' in frame.get(PART).text
    assert f'hx-post="{PART}"' not in frame.post(PART).text
    assert sorted(binding["event"] for binding in portal.bindings) == sorted(event_bindings.EVENTS)


def test_an_expired_permission_is_renewed_to_bind_them(client, installed, portal):
    portal.bindings.clear()
    portal.expire_tokens()
    Frame(client, installed).post(PART)
    assert len(portal.bindings) == len(event_bindings.EVENTS)


def test_who_is_no_administrator_binds_nothing(client, installed, portal):
    portal.bindings.clear()
    assert Frame(client, installed, admin=False).post(PART).status_code == 403
    assert portal.bindings == []


def test_a_portal_that_does_not_answer_is_not_known(acme, answers):
    answers.fail(errors.Transient("connection_error"))
    assert [check.good for check in checks.as_the_portal_says(acme)] == [None]


# --- What our own records tell ---


def notices_check(portal):
    return [check for check in checks.of_portal(portal) if check.name == "Alerts"]


@pytest.mark.parametrize(("scope", "notify", "told"), [("crm", "portal", 1), ("crm,im", "portal", 0), ("crm", "", 0)])
def test_the_right_for_notices_is_missed_only_where_they_were_chosen(acme, scope, notify, told):
    acme.scope = scope
    Preferences.objects.create(portal=acme, notify=notify)
    assert len(notices_check(acme)) == told


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"TRACE": "{}", "_tracker": "portal"}, "on your website"),
        ({"TRACE": "{}"}, "was not found"),
        ({"name": "x"}, "until a submission arrives"),
    ],
)
def test_whether_the_portals_tracker_is_on_the_site_is_seen_by_what_came(acme, make_submission, body, words):
    make_submission(body=body)
    check = named(checks.of_portal(acme), "Bitrix24 tracking code")
    assert (check.good, words in check.happened) == (True, True)


def test_another_portals_tracker_says_nothing_of_ours(other, make_submission):
    make_submission(body={"_tracker": "portal"})
    assert "unknown until" in str(named(checks.of_portal(other), "Bitrix24 tracking code").happened)
