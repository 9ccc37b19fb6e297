"""Taking over a former portal: the same address under a new member_id goes on with the forms, the rules and the queue.

A portal on the company's own server gets a new member_id when it registers anew, a cloud portal when it is made anew at
its address; the tokens of the former one are void then. So nobody can ask for it any more: what counts is that the
OAuth server names the same address for the new one, for our own client_id.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from b24app.api import hosts
from b24app.host import encryption
from b24app.host.transactions import writing
from b24app.models import Portal, PortalUser
from b24app.portal import calls, tokens
from traces.compose import search, sources
from traces.models import Attempt, Batch, Form, KnownValue, Preferences, Source, SourceRule, Submission, Unmatched
from traces.setup import forms

logger = logging.getLogger(__name__)

# Why the former portal is uninstalled.
TAKEN_OVER = "taken_over"
# Submissions moved in one statement, and statements in one go; the sweep does the rest.
CHUNK, CHUNKS_AT_ONCE = 1000, 5
# A submission that was under way to the former portal's form is stored within this time.
EMPTY_FOR = timedelta(hours=1)


class NothingOffered(Exception):
    """There is no former portal of this kind to be taken over."""


def offered(portal: Portal) -> Portal | None:
    """The former portal of the same address whose forms and rules wait for somebody to take them over."""
    if portal.by_webhook or not portal.domain or portal.state == Portal.State.UNINSTALLED:
        return None
    used = Q(Exists(Form.objects.filter(portal=OuterRef("pk")))) | Q(
        Exists(SourceRule.objects.filter(portal=OuterRef("pk")))
    )
    former = Portal.objects.filter(
        used, domain=portal.domain, webhook_url="", clean_requested_at=None, installed_at__lt=portal.installed_at
    ).exclude(pk=portal.pk)
    host = hosts.of_url(portal.client_endpoint)
    same = (one for one in former.order_by("-installed_at") if hosts.of_url(one.client_endpoint) == host)
    return next(same, None)


def take_over(portal: Portal, former_id: int) -> None:
    """Give the former portal's forms, rules, preferences and submissions to `portal`; the sweep moves what is left.

    The OAuth server is asked once more whose the address is. Raises `NothingOffered`, or an error of
    `b24app.api.errors`.
    """
    former = offered(portal)
    if former is None or former.pk != former_id:
        raise NothingOffered
    calls.confirm(portal, tokens.current(portal))
    if offered(portal) != former:
        raise NothingOffered  # the address is another one now
    with writing():
        ids = sorted([portal.pk, former.pk])
        list(Portal.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk").values_list("pk"))
        if not Form.objects.filter(portal=former).exists() and not former.source_rules.exists():
            raise NothingOffered  # somebody else has clicked too
        _retire(former)
        _free_names(former, portal)
        # An agreement's number is the former portal's own.
        Form.objects.filter(portal=former).update(portal=portal, agreement_id=None)
        _move_rules(former, portal)
        _move_known_values(former, portal)
        _move_preferences(former, portal)
        _move_counts(former, portal)
        if portal.tariff == Portal.Tariff.STANDARD:
            Portal.objects.filter(pk=portal.pk).update(tariff=former.tariff)
    logger.info("portal %s: takes over portal %s", portal.pk, former.pk)
    _move_submissions(former, timezone.now())


def go_on(now: datetime) -> None:
    """Move more of what former portals still have, and remove those that have nothing left. For the sweep."""
    for former in Portal.objects.filter(state=Portal.State.UNINSTALLED, hold_code=TAKEN_OVER):
        is_empty = _move_submissions(former, now)
        if is_empty and former.uninstalled_at and former.uninstalled_at < now - EMPTY_FOR:
            former.delete()
            logger.info("portal %s: removed, another one has taken it over", former.pk)


def _retire(former: Portal) -> None:
    """No worker takes its submissions from now on, and nobody can open it."""
    now = timezone.now()
    Portal.objects.filter(pk=former.pk).update(
        state=Portal.State.UNINSTALLED,
        uninstalled_at=now,
        application_token="",
        hold_code=TAKEN_OVER,
        held_since=now,
        probe_at=None,
    )
    PortalUser.objects.filter(portal=former).delete()


def _free_names(former: Portal, portal: Portal) -> None:
    """Forms of the former portal whose names the new one has already get a number behind theirs."""
    taken = Form.objects.filter(portal=portal).values_list("name", flat=True)
    for form in Form.objects.filter(portal=former, name__in=list(taken)):
        form.name = forms.free_name(form.name, former, portal)
        form.save(update_fields=["name"])


def _move_rules(former: Portal, portal: Portal) -> None:
    """The rules of the former portal come behind the present one's; of two default rules the present one's stays."""
    rows, more = list(portal.source_rules.all()), list(former.source_rules.all())
    if any(row.field == sources.ANY for row in rows):
        former.source_rules.filter(field=sources.ANY).delete()
        more = [row for row in more if row.field != sources.ANY]
    rows = sorted([*rows, *more], key=lambda row: row.field == sources.ANY)
    for position, row in enumerate(rows, start=1):
        row.portal, row.position = portal, position
    SourceRule.objects.bulk_update(rows, ["portal", "position"], batch_size=200)


def _move_known_values(former: Portal, portal: Portal) -> None:
    """What needs no rule; what both portals know is there once."""
    there = set(portal.known_values.values_list("field", "value"))
    for row in former.known_values.all():
        if (row.field, row.value) not in there:
            KnownValue.objects.filter(pk=row.pk).update(portal=portal)


def _move_preferences(former: Portal, portal: Portal) -> None:
    """What was chosen holds on; the first run is over, since there are forms. What the new portal has chosen stays."""
    if not Preferences.objects.filter(portal=portal).exists():
        Preferences.objects.filter(portal=former).update(portal=portal)
    Preferences.objects.filter(portal=portal).update(welcomed=True)


def _move_counts(former: Portal, portal: Portal) -> None:
    """What no rule matched; a value that both have counted in a week goes with the former portal."""
    there = set(Unmatched.objects.filter(portal=portal).values_list("week", "field", "digest"))
    for row in Unmatched.objects.filter(portal=former):
        # A digest is the portal's own.
        digest = encryption.digest(portal.pk, row.value) if row.value else 0
        if (row.week, row.field, digest) not in there:
            Unmatched.objects.filter(pk=row.pk).update(portal=portal, digest=digest)


def _move_submissions(former: Portal, now: datetime) -> bool:
    """Move a few chunks of submissions to where their forms are now. Returns whether none is left.

    Those in a batch stay until it is settled. A batch that nobody will settle any more is given up: nobody can ask the
    former portal for its receipt.
    """
    for batch in Batch.objects.filter(portal=former, lease_until__lt=now):
        _give_up(batch, now)
    free = Submission.objects.filter(portal=former, batch=None)
    for _ in range(CHUNKS_AT_ONCE):
        with writing():
            locked = free.select_for_update(skip_locked=True)
            ids = list(locked.values_list("pk", flat=True)[:CHUNK])
            if not ids:
                break
            portal_id = Form.objects.filter(submissions__in=ids[:1]).values_list("portal_id", flat=True).get()
            rows = Submission.objects.filter(pk__in=ids)
            # Numbers of records that the former portal's CRM has given mean nothing, or others, in the present one.
            rows.filter(state=Submission.State.QUEUED).update(progress={}, trying_since=now)
            _move_sources(rows, portal_id)
            rows.update(portal_id=portal_id, terms=None)
    return not Submission.objects.filter(portal=former).exists() and not Batch.objects.filter(portal=former).exists()


def _move_sources(rows: QuerySet[Submission], portal_id: int) -> None:
    """The same sources, under the digests of the portal that has the submissions from now on."""
    for name in search.CAME_BY:
        known_rows = rows.exclude(**{name: None})
        for source in Source.objects.filter(pk__in=known_rows.order_by().values(name).distinct()):
            known = {"portal_id": portal_id, "digest": encryption.digest(portal_id, source.text)}
            moved, _is_new = Source.objects.get_or_create(**known, defaults={"text": source.text})
            rows.filter(**{name: source.pk}).update(**{name: moved.pk})


def _give_up(batch: Batch, now: datetime) -> None:
    """Put the rows of a batch back into the line. What was sent may have been done: the history says so."""
    with writing():
        if not Batch.objects.filter(pk=batch.pk, lease_id=batch.lease_id, lease_until=batch.lease_until).delete()[0]:
            return  # it is being settled after all
        rows = Submission.objects.filter(batch=batch.pk)
        ids = list(rows.values_list("pk", flat=True))
        if batch.state != Batch.State.CLAIMED:
            unknown = {"outcome": Attempt.Outcome.UNKNOWN, "code": batch.code or "worker_lost", "method": "batch"}
            Attempt.objects.bulk_create(Attempt(submission_id=pk, at=now, **unknown) for pk in ids)
            logger.warning("batch %s: given up, these may have been sent twice: %s", batch.pk, ", ".join(map(str, ids)))
        rows.update(state=Submission.State.QUEUED, batch=None, due_at=now)
