"""What happened to others on real portals: who a portal is, and whose token it is called with.

The numbers are the rows of the collection of field reports; the sources stand beside them. Rows 18 and 22 are in
`tests/pages`, since they begin with an opening.
"""

import pytest
from django.core.management import call_command

from b24app.api import errors
from b24app.models import Portal
from b24app.portal import calls, health, install
from tests.fixtures.delivery import drained, make_due
from tests.fixtures.forms import make_form
from tests.fixtures.odd_servers import say, serving
from traces.delivery import drain

pytestmark = pytest.mark.django_db


def opened(portal, user=1):
    """The portal's row after a user has opened the application."""
    return install.open_frame(install.claim_of_frame(*portal.frame_post(user_id=user))).portal


def make_lead(row):
    return calls.call(Portal.objects.get(pk=row.pk), "crm.lead.add", {"fields": {"TITLE": "x"}}).result


def user_of(row):
    """The user whose token a call goes with."""
    return int(calls.call(Portal.objects.get(pk=row.pk), "profile", {}).result["ID"])


def states(row):
    return list(row.users.order_by("user_id").values_list("state", "dead_code"))


@pytest.fixture
def two(installed, portal):
    """A portal with two administrators' tokens, the first of them chosen."""
    return opened(portal, 2)


@pytest.fixture
def hooked(wired, portal, db):
    """The sandbox' portal, connected by its webhook."""
    call_command("portal_add_webhook", portal.webhook_url)
    portal.hits.clear()
    return Portal.objects.get()


def test_row_12_a_user_without_rights_gives_way_to_the_next_within_the_call(two, portal):
    """bitrix-tools/crest#16: rights differ between two tokens of one portal."""
    portal.users[1].crm = False
    assert make_lead(two)
    assert states(two) == [("barred", "no_rights"), ("active", "")]


def test_row_12_a_command_of_a_batch_says_so_too(two, portal, make_submission):
    portal.users[1].crm = False
    make_submission(form=make_form(two, creates="lead"))
    drain.drain(two.pk)
    assert states(two) == [("barred", "no_rights"), ("active", "")]


def test_row_12_when_nobody_has_the_rights_that_is_the_reason(two, portal):
    portal.users[1].crm = portal.users[2].crm = False
    with pytest.raises(errors.Stop, match="no_rights"):
        make_lead(two)


def test_row_12_a_held_portal_is_probed_with_a_barred_token_which_then_does_again(installed, portal):
    portal.users[1].crm = False
    with pytest.raises(errors.Stop):
        make_lead(installed)
    Portal.objects.update(state="held", hold_code="no_rights")
    portal.users[1].crm = True
    assert make_lead(installed)
    assert states(installed) == [("active", "")]


def test_row_12_what_needs_no_right_in_the_crm_is_no_proof_of_it(installed, portal):
    portal.users[1].crm = False
    with pytest.raises(errors.Stop):
        make_lead(installed)
    Portal.objects.update(state="held", hold_code="no_rights")
    health.checks(Portal.objects.get())
    assert states(installed) == [("barred", "no_rights")]


def test_row_12_a_probe_asks_each_barred_user_once(two, portal):
    portal.users[1].crm = portal.users[2].crm = False
    with pytest.raises(errors.Stop):
        make_lead(two)
    Portal.objects.update(state="held", hold_code="no_rights")
    portal.hits.clear()
    with pytest.raises(errors.Stop, match="no_rights"):
        make_lead(two)
    assert len(portal.hits) == 2


def test_row_14_a_user_who_is_not_allowed_gives_way_to_the_next(two, portal):
    """The server's rest/lib/oauth/auth.php:269: its UserAccessChecker turns one user away, not the portal."""
    portal.users[1].in_context = False
    assert make_lead(two)
    assert states(two)[0] == ("barred", "not_allowed")


def test_row_15_a_dismissed_webhooks_owner_is_one_request_and_a_verdict(hooked, portal):
    """mesilov/bitrix24-php-sdk#215: 401 authorization_error, "Unable to authorize user"."""
    portal.fire_user(1)
    with pytest.raises(errors.Stop, match="webhook_owner_gone"):
        make_lead(hooked)
    assert len(portal.hits) == 1


def test_row_15_the_queue_waits_and_goes_on_with_another_users_webhook(hooked, portal, make_submission):
    row = make_submission(form=make_form(hooked, creates="lead"))
    portal.fire_user(1)
    drained(row), drained(row)
    assert (Portal.objects.get().hold_code, len(portal.hits), row.state) == ("webhook_owner_gone", 1, "queued")
    portal.edit_webhook(2)
    call_command("portal_add_webhook", portal.webhook_url)
    make_due(row)
    drained(row)
    assert row.state == "delivered"


def test_row_15_a_webhook_whose_owner_lost_the_rights_says_so(hooked, portal):
    portal.users[1].crm = False
    with pytest.raises(errors.Stop, match="no_rights"):
        make_lead(hooked)


@pytest.mark.parametrize("looks", [(), (2,), (2, 1, 2)])
def test_row_17_who_looks_at_a_page_does_not_change_whose_token_is_used(installed, portal, looks):
    """neuroanswers.net, "Changing Assigned User in Bitrix24 Webhooks"; the server's crm_lead.php:1509."""
    for user in (2, *looks):
        opened(portal, user)
    assert (user_of(installed), Portal.objects.get().chosen_user_id) == (1, 1)


def test_row_17_the_others_are_asked_in_the_order_in_which_they_came(two, portal):
    portal.add_user(5, True, "Late")
    opened(portal, 5), opened(portal, 2)
    portal.fire_user(1)
    assert user_of(two) == 2


def test_row_20_a_webhook_of_another_owner_takes_the_place_of_the_old_one(hooked, portal, make_submission, capsys):
    """helpdesk.bitrix24.com/open/21269128: whoever edits it owns it, and key and user number change."""
    row = make_submission(form=make_form(hooked, creates="lead"))
    portal.edit_webhook(2)
    drained(row)
    assert Portal.objects.get().hold_code == "invalid_credentials"
    call_command("portal_add_webhook", portal.webhook_url)
    assert "takes the place" in capsys.readouterr().err
    make_due(row)
    drained(row)
    assert (row.state, Portal.objects.get().pk) == ("delivered", hooked.pk)


def test_row_20_another_portals_webhook_is_another_connection(hooked, wired):
    elsewhere = wired.add_portal("elsewhere-20", plan=None)
    call_command("portal_add_webhook", elsewhere.webhook_url)
    assert Portal.objects.count() == 2


def test_row_20_where_an_earlier_release_made_two_the_held_one_is_mended(hooked, portal):
    newer = Portal.objects.create(member_id="webhook-2", domain=portal.domain, webhook_url=portal.webhook_url)
    Portal.objects.filter(pk=hooked.pk).update(state="held", hold_code="invalid_credentials")
    portal.edit_webhook(2)
    call_command("portal_add_webhook", portal.webhook_url)
    hooked.refresh_from_db(), newer.refresh_from_db()
    assert (hooked.webhook_url, hooked.state) == (portal.webhook_url, "active")


def _of_another_name(portal):
    """The webhook's address after the portal was renamed."""
    return portal.webhook_url.replace("127.0.0.1", "localhost")


def test_a_renamed_portals_webhook_is_known_by_its_user_and_key(hooked, portal):
    call_command("portal_add_webhook", _of_another_name(portal))
    hooked.refresh_from_db()
    assert (Portal.objects.count(), hooked.webhook_url) == (1, _of_another_name(portal))


def test_a_renamed_portals_other_webhook_is_known_by_the_redirect_of_its_old_address(hooked, portal):
    portal.edit_webhook(2)
    head = f"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: http://localhost:{portal.port}/rest/\r\n\r\n"
    with serving(say(head.encode())) as port:
        facts = {"webhook_url": f"http://127.0.0.1:{port}/rest/1/old/", "domain": f"127.0.0.1:{port}"}
        Portal.objects.filter(pk=hooked.pk).update(**facts, state="held", hold_code="webhook_moved")
        call_command("portal_add_webhook", _of_another_name(portal))
    hooked.refresh_from_db()
    assert (Portal.objects.count(), hooked.state, hooked.domain) == (1, "active", f"localhost:{portal.port}")


def test_where_nothing_is_left_at_the_old_address_the_operator_says_whose_place_a_webhook_takes(hooked, portal, capsys):
    portal.edit_webhook(2)
    Portal.objects.filter(pk=hooked.pk).update(state="held", hold_code="portal_off")
    call_command("portal_add_webhook", _of_another_name(portal))
    assert f"--replaces {hooked.member_id}" in capsys.readouterr().err
    call_command("portal_add_webhook", _of_another_name(portal), "--replaces", hooked.member_id)
    hooked.refresh_from_db()
    assert (hooked.state, hooked.webhook_url) == ("active", _of_another_name(portal))


@pytest.mark.parametrize("end", ["", "profile.json", "/", "crm.lead.add.json?fields[TITLE]=x", " "])
def test_a_webhooks_address_is_taken_as_the_portal_shows_it(hooked, portal, end):
    call_command("portal_add_webhook", portal.webhook_url.replace("http://", "HTTP://") + end)
    assert [row.webhook_url for row in Portal.objects.all()] == [portal.webhook_url]


def test_an_operator_may_call_a_portal_by_its_domain(hooked):
    assert Portal.named(hooked.domain.upper()) == Portal.named(hooked.member_id) == hooked
    Portal.objects.create(member_id="another", domain=hooked.domain)
    assert Portal.named(hooked.domain) is None


@pytest.mark.parametrize("by_path", [True, False])
def test_row_23_a_redirect_to_the_same_host_is_one_request_and_a_verdict(installed, portal, sandbox, by_path):
    """bitrix24/b24phpsdk#372: an expired licence redirects everything to /bitrix/coupon_activation.php."""
    page = "/bitrix/coupon_activation.php"
    url = page if by_path else f"http://{portal.domain}{page}"
    sandbox.faults.add("redirect", times=0, method="crm.lead.add", url=url)
    portal.hits.clear()
    with pytest.raises(errors.Stop):
        make_lead(installed)
    assert len(portal.hits) == 1
