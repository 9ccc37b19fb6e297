"""The nightly look: what became of the leads and deals that we made."""

import pytest
from django.utils import timezone

from b24app.models import PortalUser
from traces.history import crm_look
from traces.models import CrmLook, CrmRecord, Preferences

ORIGIN = {"ORIGINATOR_ID": "trace-relay"}


@pytest.fixture
def add(ask):
    """Make a record on the portal, as a form does, and bring it to a stage."""

    def add(kind, stage="", row=None, **fields):
        fields = {**ORIGIN, "ORIGIN_ID": str(row.pk) if row else "", **fields}
        number = ask(f"crm.{kind}.add", fields=fields).json()["result"]
        if stage:
            ask(f"crm.{kind}.update", id=number, fields={"STATUS_ID" if kind == "lead" else "STAGE_ID": stage})
        return number

    return add


@pytest.fixture
def delivered(make_submission):
    """A submission that was delivered with this source."""
    return lambda source: make_submission(state="delivered", due_at=None, source=source)


@pytest.fixture
def look(installed):
    """Look at the portal's records now, to the end; returns how far it came."""

    def look():
        crm_look.begin_now(installed)
        crm_look.look(timezone.now())
        return CrmLook.objects.get(portal=installed)

    return look


def kept():
    return {
        (row.record, row.number): (row.semantic, str(row.amount), row.currency)
        for row in CrmRecord.objects.order_by("pk")
    }


def test_a_won_deal_is_kept_with_its_money_its_form_its_source_and_its_campaign(add, look, form, delivered):
    row = delivered("utm_source:google")
    number = add("deal", "WON", row, OPPORTUNITY="1250.50", CURRENCY_ID="EUR", UTM_CAMPAIGN="autumn")
    assert look().code == ""
    (found,) = CrmRecord.objects.all()
    assert (found.record, found.number, found.semantic, str(found.amount)) == ("deal", number, "S", "1250.50")
    assert (found.form, found.source.text, found.campaign.text) == (form, "utm_source:google", "autumn")
    assert (found.came_at, found.closed_on) == (row.received_at, timezone.now().date())


def test_the_money_of_a_converted_lead_is_in_its_deal(add, look, delivered):
    lead = add("lead", "CONVERTED", delivered("direct"))
    deal = add("deal", "WON", LEAD_ID=lead, ORIGINATOR_ID="", OPPORTUNITY="90", CURRENCY_ID="USD")
    look()
    assert kept() == {("lead", lead): ("S", "0.00", ""), ("deal", deal): ("S", "90.00", "USD")}
    found = CrmRecord.objects.get(record="deal")
    assert (found.lead, found.source.text) == (lead, "direct")


def test_records_of_others_are_left_alone(add, look, ask):
    add("deal", "WON", ORIGINATOR_ID="somebody else")
    look()
    assert kept() == {}


def test_only_what_was_changed_is_read_again(add, look, ask, portal, monkeypatch):
    monkeypatch.setattr(crm_look, "OVERLAP", crm_look.timedelta(0))
    first, second = add("deal"), add("deal")
    for fields in portal.entities.values():
        fields["DATE_MODIFY"] = "2026-01-01T00:00:00+00:00"
    look()
    ask("crm.deal.update", id=second, fields={"STAGE_ID": "LOSE"})
    before = CrmRecord.objects.get(number=first).looked_at
    look()
    assert kept()["deal", second][0] == "F"
    assert CrmRecord.objects.get(number=first).looked_at == before


def test_a_complete_look_forgets_what_was_deleted_in_the_crm(add, look, ask, monkeypatch):
    add("deal"), look()
    ask("crm.deal.delete", id=add("deal"))
    (gone,) = CrmRecord.objects.values_list("number", flat=True)
    ask("crm.deal.delete", id=gone)
    look()
    assert ("deal", gone) in kept()
    CrmLook.objects.update(complete_at=timezone.now() - crm_look.COMPLETE_EVERY)
    look()
    assert kept() == {}


def test_it_outlives_the_submission(add, look, form, delivered):
    row = delivered("direct")
    number = add("lead", "", row)
    look()
    row.delete()
    CrmLook.objects.update(complete_at=None)
    look()
    found = CrmRecord.objects.get(number=number)
    assert (found.form, found.source.text, found.came_at) == (form, "direct", row.received_at)


def test_a_look_that_is_cut_short_goes_on_where_it_was(add, look, sandbox, portal):
    numbers = [add("lead") for _ in range(60)]
    sandbox.faults.add("html_502", portal=portal.name, after=1)
    half = look()
    assert (len(kept()), half.began_at is not None, half.requests, half.code) == (50, True, 1, "unreadable")
    whole = look()
    assert (len(kept()), whole.began_at, whole.requests, whole.code) == (len(numbers), None, 2, "")


def test_deliveries_come_first(add, look, portal, make_submission):
    add("lead")
    make_submission()
    asked = len(portal.hits)
    assert look().finished_at is None
    assert len(portal.hits) == asked


def test_who_may_not_read_leads_is_told_so_and_keeps_the_permission_to_deliver(add, look, portal):
    portal.users[1].denied = {"crm.lead.list"}
    found = look()
    assert (found.code, found.finished_at) == ("no_rights", None)
    assert PortalUser.objects.get().state == PortalUser.State.ACTIVE


def test_a_portal_that_asks_for_patience_gets_a_minute_of_it(add, look, sandbox, portal):
    add("lead")
    sandbox.faults.add("throttle", portal=portal.name)
    found = look()
    assert (found.code, found.finished_at, len(kept())) == ("", None, 0)
    assert 30 < (found.next_at - timezone.now()).total_seconds() < 90


def test_leads_with_more_deals_than_a_page_are_read_to_the_end(add, look):
    leads = [add("lead", "CONVERTED") for _ in range(2)]
    deals = [add("deal", LEAD_ID=leads[n % 2], ORIGINATOR_ID="") for n in range(crm_look.PAGE + 5)]
    look()
    assert set(CrmRecord.objects.filter(record="deal").values_list("number", flat=True)) == set(deals)


def test_an_expired_token_is_renewed(add, look, portal):
    add("lead")
    portal.expire_tokens()
    assert look().code == "" and len(kept()) == 1


def test_a_portal_that_has_left_it_off_is_not_asked(add, look, portal, installed):
    Preferences.objects.create(portal=installed, earnings=False)
    asked = len(portal.hits)
    look()
    assert len(portal.hits) == asked


@pytest.mark.parametrize("hour", [0, 3, 12, 21, 23])
def test_each_portal_has_its_own_minute_of_the_next_night(hour):
    now = timezone.now().replace(hour=hour)
    nights = [crm_look.night_of(number, now) for number in range(200)]
    assert all(now < at <= now + crm_look.timedelta(days=1) for at in nights)
    assert all(at.hour >= crm_look.NIGHT_BEGINS or at.hour < 4 for at in nights)
    assert len({at.replace(second=0) for at in nights}) > 100


def test_a_portal_with_a_form_that_makes_leads_is_looked_at_in_its_next_night(installed, form):
    form.creates = "lead"
    form.save()
    crm_look.look(timezone.now())
    (found,) = CrmLook.objects.all()
    assert found.next_at > timezone.now() and found.finished_at is None
