"""Portals that work without leads: asked for at the opening, and told wherever a form would make some."""

import re

import pytest
from django.urls import reverse

from b24app.models import Portal
from b24app.portal import crm_directory
from tests.fixtures.forms import make_form
from tests.fixtures.product import Frame
from tests.pages.helpers import error_of
from traces.models import Form
from traces.monitoring import checks

pytestmark = pytest.mark.django_db
SETTINGS = {"name": "Orders", "active": "1", "join_repeats_minutes": "10", "repeats": "new"}


@pytest.fixture
def simple(acme):
    """An acme without leads."""
    acme.simple_crm = True
    acme.save()
    return acme


def open_application(client, portal, user=1):
    query, body = portal.frame_post(user)
    return client.post("/b24/app/", body, query_params=query)


def told(portal):
    """What the page “Health” says of leads."""
    return [check.happened for check in checks.of_portal(portal) if check.name == "Leads" and check.good is False]


def modes_asked(portal):
    return [hit.method for hit in portal.hits].count("crm.settings.mode.get")


@pytest.mark.parametrize("is_simple", [True, False])
def test_the_opening_asks_once_whether_there_are_leads(client, wired, portal, is_simple):
    portal.simple_crm = is_simple
    for _ in range(3):
        answer = open_application(client, portal)
    assert (Portal.objects.get().simple_crm, modes_asked(portal)) == (is_simple, 1)
    chosen = re.findall('value="([a-z_]+)"[^>]* checked', answer.content.decode())
    assert chosen == ["deal" if is_simple else "lead"]


def test_a_portal_that_does_not_say_opens_all_the_same(client, wired, sandbox, portal):
    sandbox.faults.add("error", code="INTERNAL_SERVER_ERROR", status=500, method="crm.settings.mode.get")
    assert open_application(client, portal).status_code == 200
    assert Portal.objects.get().simple_crm is None


def test_once_leads_are_switched_on_the_page_health_makes_them_available(client, installed, portal):
    portal.simple_crm = True
    crm_directory.keep_mode(installed)
    make_form(installed, name="Orders", creates="lead")
    frame = Frame(client, installed)
    assert told(installed) and " disabled" in frame.get(reverse("form-new")).text
    portal.simple_crm = False
    frame.get(reverse("health-portal"))
    installed.refresh_from_db()
    assert not told(installed) and " disabled" not in frame.get(reverse("form-new")).text


@pytest.mark.parametrize(("facts", "is_told"), [({"creates": "lead_utm"}, True), ({"creates": "deal"}, False)])
def test_health_names_the_forms_that_make_leads(simple, facts, is_told):
    make_form(simple, name="Orders", **facts)
    make_form(simple, name="Old", creates="lead", active=False)
    assert ["“Orders”" in text and "Old" not in text for text in told(simple)] == [True] * is_told


@pytest.mark.parametrize("page", ["start", "form-new"])
def test_a_new_form_makes_a_deal_and_leads_cannot_be_chosen(client, simple, page):
    answer = Frame(client, simple).get(reverse(page)).text
    disabled = re.findall('value="([a-z_]+)"[^>]* disabled', answer)
    assert (re.findall('value="([a-z_]+)"[^>]* checked', answer), disabled) == (["deal"], ["lead", "lead_utm"])
    assert "works without leads" in answer


@pytest.mark.parametrize("page", ["start-form", "form-new"])
def test_a_form_for_leads_is_not_made(client, simple, page):
    answer = Frame(client, simple).post(reverse(page), {"name": "Orders", "creates": "lead"})
    assert (answer.status_code, Form.objects.count()) == (422, 0)
    assert "works without leads" in error_of(answer.text, "form-creates")


def test_a_form_that_makes_leads_already_is_told_and_can_be_saved(client, simple):
    form = make_form(simple, creates="lead")
    frame, address = Frame(client, simple), reverse("form", args=[form.pk])
    assert "notice warn" in frame.get(address).text
    assert frame.post(address, {**SETTINGS, "creates": "lead"}).status_code == 200
    assert frame.post(address, {**SETTINGS, "creates": "lead_utm"}).status_code == 422
    assert "notice warn" not in frame.post(address, {**SETTINGS, "creates": "deal"}).text
