"""The nightly look at the leads and deals that we made: what has become of them, and what they were worth.

Each portal has its own minute of the night. A look goes behind deliveries: it asks only while nothing waits to be
sent and at least half of the portal's requests are free, and it uses half of a list's operating time at most. It is
done in turns, and a turn that is cut short loses a page. The portal's answer decides nothing here but figures: no
token is set aside and no portal held for it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from b24app.api import batch, errors, rest
from b24app.api.batch import Answer, Command
from b24app.host.transactions import writing
from b24app.models import Portal
from b24app.pace import limits, usage
from b24app.portal import tokens
from traces.compose import crm_rows
from traces.compose.crm_rows import DEAL, LEAD, PAGE
from traces.delivery import claims
from traces.history import crm_records
from traces.models import CrmLook, CrmRecord, Form, Kind

logger = logging.getLogger(__name__)

# The night, in UTC, over which the portals are spread.
NIGHT_BEGINS, NIGHT_SECONDS = 22, 6 * 3600
# A turn ends after so long, and so does the whole task; the next one goes on.
TURN_SECONDS, TASK_SECONDS = 15.0, 45.0
LEASE = timedelta(seconds=180)
# A portal's clock may not be ours, and some write the time without its zone.
OVERLAP = timedelta(days=1)
# So often everything is read: only then it shows what was deleted in the CRM.
COMPLETE_EVERY = timedelta(days=7)
REST, AFTER_TROUBLE = timedelta(seconds=60), timedelta(hours=1)
# Requests in percent of what may come at once, and operating seconds: the rest is left to deliveries.
MAX_PERCENT, MAX_OPERATING = 50, limits.MAX_OPERATING_SECONDS / 2
# Leads whose deals are asked for by one command, and such commands in a request.
LEADS_A_COMMAND, COMMANDS = 25, 10
# How far the leads were read whose deals are asked for, and how far the deals of the first ones of them.
CONVERTED, CONVERTED_DEALS = "converted", "converted_deals"
# A list that was read to its end.
DONE = -1
_MAKES_RECORDS = (Kind.LEAD, Kind.LEAD_UTM, Kind.DEAL)


def look(now: datetime) -> None:
    """Go on with the looks that are due, for `TASK_SECONDS` at most. To be called every minute."""
    _add_missing(now)
    until = time.monotonic() + TASK_SECONDS
    for due in _due(now):
        if time.monotonic() >= until:
            break
        if _claim(due, now):
            _turn(due)


def begin_now(portal: Portal) -> None:
    """Have the portal looked at within the next minute; one that is under way goes on."""
    CrmLook.objects.get_or_create(portal=portal)
    CrmLook.objects.filter(portal=portal).update(next_at=timezone.now())


def forget(portal: Portal) -> None:
    """Delete what was read of a portal's records, and how far."""
    with writing():
        CrmLook.objects.filter(portal=portal).delete()
        CrmRecord.objects.filter(portal=portal).delete()


def night_of(portal_id: int, now: datetime) -> datetime:
    """The portal's minute of the next night."""
    evening = now.replace(hour=NIGHT_BEGINS, minute=0, second=0, microsecond=0)
    # Knuth's multiplicative hash spreads neighbours.
    at = evening + timedelta(seconds=portal_id * 2654435761 % NIGHT_SECONDS)
    while at <= now:
        at += timedelta(days=1)
    while at > now + timedelta(days=1):
        at -= timedelta(days=1)
    return at


def _add_missing(now: datetime) -> None:
    """Portals with a form that makes leads or deals are looked at from their next night on."""
    makes_records = Q(creates__in=_MAKES_RECORDS) | ~Q(choices=[])
    makers = Form.objects.filter(makes_records, portal__state=Portal.State.ACTIVE, portal__crm_look=None)
    new = [CrmLook(portal_id=pk, next_at=night_of(pk, now)) for pk in set(makers.values_list("portal", flat=True))]
    if new:
        CrmLook.objects.bulk_create(new, ignore_conflicts=True)


def _due(now: datetime) -> list[CrmLook]:
    free = Q(lease_until=None) | Q(lease_until__lte=now)
    looks = CrmLook.objects.filter(free, next_at__lte=now, portal__state=Portal.State.ACTIVE)
    # One by one: who has no preferences yet has chosen nothing.
    return list(looks.exclude(portal__preferences__earnings=False).select_related("portal").order_by("next_at"))


def _claim(due: CrmLook, now: datetime) -> bool:
    """Whether this worker has it now."""
    mine = CrmLook.objects.filter(Q(lease_until=None) | Q(lease_until__lte=now), pk=due.pk, next_at=due.next_at)
    return mine.update(lease_until=now + LEASE) == 1


def _turn(due: CrmLook) -> None:
    """Go on with a look until it ends, has to wait, or its turn is over."""
    try:
        _go_on(due)
        due.code = ""
    except errors.Wait as error:
        due.next_at = timezone.now() + max(REST, timedelta(seconds=error.seconds))
    except errors.PortalError as error:
        logger.info("portal %s: its records could not be looked at (%s)", due.portal_id, error.code)
        due.code, due.next_at = error.code, timezone.now() + AFTER_TROUBLE
    due.lease_until = None
    _save(due)


def _go_on(due: CrmLook) -> None:
    if due.began_at is None:
        _begin(due, timezone.now())
    until = time.monotonic() + TURN_SECONDS
    while commands := _commands(due):
        if time.monotonic() >= until:
            due.next_at = timezone.now()
            return
        if wait := _wait(due.portal):
            due.next_at = timezone.now() + wait
            return
        answer = _ask(due.portal, commands)
        _settle(due, commands, answer)
        if wait := _rest(answer):
            due.next_at = timezone.now() + wait
            return
    _end(due, timezone.now())


def _begin(due: CrmLook, now: datetime) -> None:
    complete = due.last_began_at is None or due.complete_at is None or due.complete_at <= now - COMPLETE_EVERY
    due.began_at, due.requests, due.cursors = now, 0, {LEAD: 0, DEAL: 0, CONVERTED: 0, CONVERTED_DEALS: 0}
    due.since = None if complete or due.last_began_at is None else due.last_began_at - OVERLAP


def _end(due: CrmLook, now: datetime) -> None:
    """The look has read all lists to their ends; what a complete one has not found is not there any more."""
    if due.since is None:
        if due.began_at:
            CrmRecord.objects.filter(portal=due.portal, looked_at__lt=due.began_at).delete()
        due.complete_at = now
    due.last_began_at, due.finished_at, due.began_at = due.began_at, now, None
    due.next_at = night_of(due.portal_id, now)
    logger.info("portal %s: its records were looked at in %d requests", due.portal_id, due.requests)


# --- What is asked ----------------------------------------------------------------------------


def _commands(due: CrmLook) -> dict[str, Command]:
    """The commands of the next request, by a key of their own; none where all is read."""
    lists = [record for record in (LEAD, DEAL) if due.cursors[record] != DONE]
    if lists:
        return {record: crm_rows.page(record, due.cursors[record], due.since) for record in lists}
    chunks = _converted(due)
    firsts = [due.cursors[CONVERTED_DEALS], *[0] * len(chunks)]
    return {
        f"{CONVERTED}{chunk[-1]}": crm_rows.page(DEAL, after, due.since, chunk)
        for chunk, after in zip(chunks, firsts, strict=False)
    }


def _converted(due: CrmLook) -> list[list[int]]:
    """The next leads that were converted, in chunks."""
    leads = CrmRecord.objects.filter(portal=due.portal, record=LEAD, semantic=crm_rows.WON)
    next_ones = leads.filter(number__gt=due.cursors[CONVERTED]).order_by("number").values_list("number", flat=True)
    numbers = list(next_ones[: LEADS_A_COMMAND * COMMANDS])
    return [numbers[start : start + LEADS_A_COMMAND] for start in range(0, len(numbers), LEADS_A_COMMAND)]


def _wait(portal: Portal) -> timedelta | None:
    """How long deliveries come first; None where the portal may be asked, which is counted then."""
    now = timezone.now()
    portal.refresh_from_db(fields=["state", "paused_until"])
    is_resting = portal.state != Portal.State.ACTIVE or (portal.paused_until or now) > now
    if is_resting or claims.due(now).filter(portal=portal).exists():
        return REST
    used = usage.of(portal, ())
    if used and used.percent > MAX_PERCENT:
        return REST
    seconds = limits.take_request(portal)
    return timedelta(seconds=seconds) if seconds else None


def _ask(portal: Portal, commands: dict[str, Command]) -> Answer:
    """What the portal answers. Raises an error of `b24app.api.errors`, also where one command alone was refused."""
    credentials = tokens.current(portal)
    try:
        reply = rest.call(credentials.endpoint, "batch", batch.request(commands), token=credentials.token)
    except errors.Renew:
        if portal.by_webhook:
            raise
        credentials = tokens.renew(portal, credentials)
        limits.count_request(portal)
        reply = rest.call(credentials.endpoint, "batch", batch.request(commands), token=credentials.token)
    answer = batch.read(reply.result, commands)
    for error in answer.errors.values():
        raise error
    if any(not isinstance(answer.results.get(key), list) for key in commands):
        raise errors.Ambiguous("unreadable")
    return answer


def _rest(answer: Answer) -> timedelta | None:
    """How long a method rests that has used its share of the operating time."""
    used = [figures.resets_in for figures in answer.operating.values() if figures.used > MAX_OPERATING]
    return timedelta(seconds=max(used)) if used else None


# --- What is answered -------------------------------------------------------------------------


def _settle(due: CrmLook, commands: dict[str, Command], answer: Answer) -> None:
    """Keep what was listed, then how far that is: a page that is read twice changes nothing."""
    for key, command in commands.items():
        record = LEAD if key == LEAD else DEAL
        found = crm_rows.rows(record, answer.results[key])
        crm_records.keep(due.portal, found, due.began_at or timezone.now())
        is_whole = len(answer.results[key]) < PAGE or not found
        if key in (LEAD, DEAL):
            due.cursors[key] = DONE if is_whole else found[-1].number
        elif not is_whole:  # these leads have more deals than a page holds
            due.cursors[CONVERTED_DEALS] = found[-1].number
            break
        else:
            due.cursors |= {CONVERTED: _last_lead(command), CONVERTED_DEALS: 0}
    due.requests, due.lease_until = due.requests + 1, timezone.now() + LEASE
    _save(due)


def _save(due: CrmLook) -> None:
    """Keep how far it is; one that was deleted meanwhile stays deleted."""
    names = [field.attname for field in CrmLook._meta.concrete_fields if not field.primary_key]
    CrmLook.objects.filter(pk=due.pk).update(**{name: getattr(due, name) for name in names})


def _last_lead(command: Command) -> int:
    leads: Sequence[int] = command.params["filter"]["@LEAD_ID"]
    return leads[-1]
