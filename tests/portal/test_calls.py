"""Calling a portal whatever happens to its tokens and its address."""

import concurrent.futures
import multiprocessing

import pytest
from django.db import connections

from b24app.api import errors, oauth
from b24app.models import Portal, PortalUser
from b24app.portal import calls, install, tokens

pytestmark = pytest.mark.django_db


def call(row, **kwargs):
    return calls.call(Portal.objects.get(pk=row.pk), "crm.tracking.trace.add", {"TRACE": "{}"}, **kwargs)


def test_an_expired_token_is_renewed_and_the_call_repeated(installed, portal, sandbox):
    portal.expire_tokens()
    assert call(installed).result == 1
    assert len(sandbox.refreshes) == 1


def test_a_good_token_is_not_renewed(installed, sandbox):
    call(installed)
    assert sandbox.refreshes == []


def test_the_new_pair_is_stored(installed, portal):
    portal.expire_tokens()
    call(installed)
    stored = PortalUser.objects.get()
    assert stored.refresh_token in portal.refresh
    assert stored.access_token in portal.access


def test_a_token_that_the_portal_refuses_again_is_not_renewed_again(installed, portal, sandbox):
    sandbox.faults.add("expired_token", times=2, method="crm.tracking.trace.add")
    with pytest.raises(errors.Transient):
        call(installed)
    assert len(sandbox.refreshes) == 1


def test_somebody_elses_renewal_is_waited_for(installed, portal, monkeypatch):
    portal.expire_tokens()
    credentials = tokens.current(installed)
    monkeypatch.setattr(oauth, "refresh", lambda *_: tokens.renew(installed, credentials))
    with pytest.raises(errors.Wait):
        tokens.renew(installed, credentials)


def test_a_token_that_was_renewed_meanwhile_is_taken_over(installed, portal, sandbox):
    old = tokens.current(installed)
    portal.expire_tokens()
    new = tokens.renew(installed, old)
    assert tokens.renew(installed, old) == new
    assert len(sandbox.refreshes) == 1


@pytest.mark.parametrize("kind", ["html_502", "close_before", "empty"])
def test_a_renewal_that_fails_can_be_tried_again(installed, portal, sandbox, kind):
    portal.expire_tokens()
    sandbox.faults.add(kind, method="oauth/token")
    with pytest.raises(errors.Transient):
        call(installed)
    assert call(installed).result == 1


def test_a_lost_refresh_answer_falls_back_to_the_next_administrator(installed, portal, sandbox):
    install.open_frame(install.claim_of_frame(*portal.frame_post(user_id=2)))
    portal.expire_tokens()
    sandbox.faults.add("close_after", method="oauth/token")
    with pytest.raises(errors.Transient):
        call(installed)
    assert call(installed).result == 1
    assert PortalUser.objects.filter(state="dead").count() == 1


def test_a_dismissed_administrator_is_replaced_by_another(installed, portal):
    install.open_frame(install.claim_of_frame(*portal.frame_post(user_id=2)))
    portal.fire_user(2)
    assert call(installed).result == 1


def test_without_any_administrator_the_portal_is_stopped(installed, portal):
    portal.fire_user(1)
    with pytest.raises(errors.Stop, match="no_administrator"):
        call(installed)


def test_a_dead_refresh_token_stops_the_portal(installed, portal):
    portal.expire_tokens()
    portal.refresh.clear()
    with pytest.raises(errors.Stop, match="no_administrator"):
        call(installed)


def test_a_new_opening_during_a_dead_renewal_wins(installed, portal, monkeypatch):
    old = tokens.current(installed)

    def refresh(*_):
        install.open_frame(install.claim_of_frame(*portal.frame_post()))
        raise errors.OtherUser("invalid_grant")

    monkeypatch.setattr(oauth, "refresh", refresh)
    assert tokens.renew(installed, old).version > old.version
    assert PortalUser.objects.get().state == "active"


def test_a_renamed_portal_is_followed_by_post_and_stored(installed, portal, sandbox):
    old = portal.domain
    sandbox.rename(portal)
    assert call(installed).result == 1
    installed.refresh_from_db()
    assert installed.domain == portal.domain != old
    assert portal.hits[-1].method == "crm.tracking.trace.add"


def test_a_renamed_portal_with_an_expired_token_is_followed_too(installed, portal, sandbox):
    portal.expire_tokens()
    sandbox.rename(portal)
    assert call(installed).result == 1


def test_a_redirect_to_a_foreign_host_is_not_followed(installed, sandbox):
    evil = sandbox.add_portal("thief", plan=None)
    sandbox.faults.add("redirect", method="crm.tracking.trace.add", url=evil.rest_url)
    with pytest.raises(errors.Stop, match="moved"):
        call(installed)
    assert evil.hits == []


def test_before_a_repeated_hit_the_caller_is_asked(installed, portal):
    portal.expire_tokens()
    asked = []
    call(installed, before_repeat=lambda: asked.append(1))
    assert len(asked) == 1


def test_a_portal_by_webhook_is_called_without_a_token(wired, portal):
    row = Portal.objects.create(member_id="webhook-1", domain=portal.domain, webhook_url=portal.webhook_url)
    assert call(row).result == 1


def test_a_webhook_that_was_deleted_stops_the_portal(wired, portal):
    url = f"{portal.rest_url}1/deleted/"
    row = Portal.objects.create(member_id="webhook-1", domain=portal.domain, webhook_url=url)
    with pytest.raises(errors.Stop, match="invalid_credentials"):
        call(row)


def test_a_moved_webhook_is_not_followed(wired, portal, sandbox):
    row = Portal.objects.create(member_id="webhook-1", domain=portal.domain, webhook_url=portal.webhook_url)
    sandbox.rename(portal)
    with pytest.raises(errors.Stop, match="webhook_moved"):
        call(row)


def _call_from_a_process(row_id):
    connections.close_all()
    for _ in range(200):
        try:
            return calls.call(Portal.objects.get(pk=row_id), "crm.tracking.trace.add", {"TRACE": "{}"}).result
        except errors.Wait:
            pass
        multiprocessing.Event().wait(0.05)
    return None


@pytest.mark.django_db(transaction=True)
def test_eight_processes_meeting_one_expired_token_make_one_refresh(installed, portal, sandbox):
    portal.expire_tokens()
    sandbox.faults.add("slow", times=0, method="oauth/token", seconds=0.3)
    connections.close_all()
    context = multiprocessing.get_context("fork")
    with concurrent.futures.ProcessPoolExecutor(8, mp_context=context) as pool:
        results = list(pool.map(_call_from_a_process, [installed.pk] * 8))
    assert sorted(results) == list(range(1, 9))
    assert len(sandbox.refreshes) == 1
