"""What each portal's administrator should know at this moment; `notices` decides whether to send it.

A handful of queries for all portals together, because they run every minute.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery

from b24app.models import Portal
from traces.delivery.requeue import HELD_TOO_LONG
from traces.models import Attempt, Form, Notice, Preferences, Submission
from traces.models.notices import PURGE_NOTICE, purge_at
from traces.monitoring import rhythm

HELD_FOR = timedelta(minutes=5)
WAITING_FOR = timedelta(hours=1)
DAY = timedelta(days=1)
# The code of a stop without a hold; the others are keys of `b24app.api.remedies.REMEDIES`.
WAITING = "waiting"
# A form that has been silent for longer than this was taken off its site.
FORGOTTEN_AFTER = timedelta(days=60)
# What was refused now came no longer ago than this: it is tried for three days, or waited for a held portal.
REFUSED_WITHIN = timedelta(days=7)
# A sum tells of what was refused after the one before it, and of no more than this.
MAX_SUM = timedelta(days=2)
# The week's figures are told on Monday from this hour on (UTC).
MONDAY_HOUR = 6

# No visitor sent these, or nobody wants them: they count in no figure.
NOT_COUNTED = (Submission.State.SPAM, Submission.State.TEST)

Kind = Preferences.Kind


@dataclass(frozen=True, slots=True)
class Matter:
    """Something to notify an administrator of. `subject` is a code, the id of a form or a week, "" for others.

    `again` is the time until the next notice while it lasts; None for a single one.
    """

    kind: str
    subject: str = ""
    again: timedelta | None = None

    @property
    def about(self) -> str:
        """What it is stored by (`Notice.about`)."""
        return f"{self.kind}:{self.subject}" if self.subject else self.kind


@dataclass(slots=True)
class Watched:
    """A portal with its administrator's choices, the matters to report, and the notices sent.

    `notices` are those of matters that last, by `Notice.about`; `told` is how many were sent within a day.
    """

    portal: Portal
    chosen: Preferences
    matters: list[Matter]
    notices: dict[str, Notice]
    told: int
    is_late: bool


def watch(now: datetime) -> Iterator[Watched]:
    """Every portal that has the application, with its matters, the most urgent ones first."""
    recent: dict[int, list[Notice]] = defaultdict(list)
    for notice in Notice.objects.filter(Q(over=False) | Q(at__gte=now - DAY)):
        recent[notice.portal_id].append(notice)
    silent = _silent_forms(
        now, {notice.about: notice.at for rows in recent.values() for notice in rows if not notice.over}
    )
    for portal in _portals(now):
        notices = recent[portal.pk]
        still = {notice.about: notice for notice in notices if not notice.over}
        is_late, is_refused = portal.late, portal.refused  # type: ignore[attr-defined]  # annotated in `_portals`
        yield Watched(
            portal=portal,
            chosen=getattr(portal, "preferences", None) or Preferences(portal=portal),
            matters=[
                *_purges(portal, still, now),
                *_stops(portal, now, is_late=is_late),
                *_refusals(still, now, is_refused=is_refused),
                *(Matter(Kind.SILENT, str(form_id)) for form_id in silent[portal.pk]),
                *_weeks(now),
            ],
            notices=still,
            told=sum(notice.try_at is None and notice.at >= now - DAY for notice in notices),
            is_late=is_late,
        )


def _portals(now: datetime) -> QuerySet[Portal]:
    """The portals with `late`, whether a row waits for too long, and `refused`, whether one failed within a day."""
    late = Submission.objects.filter(portal=OuterRef("pk"), due_at__lte=now - WAITING_FOR)
    refused = failures(now - DAY, now).filter(portal=OuterRef("pk"))
    watched = Portal.objects.exclude(state=Portal.State.UNINSTALLED).select_related("preferences")
    return watched.defer("webhook_url", "application_token").annotate(late=Exists(late), refused=Exists(refused))


def failures(since: datetime, now: datetime) -> QuerySet[Submission]:
    """The submissions that were refused or given up since then, by the time of their last attempt."""
    attempts = Attempt.objects.filter(submission=OuterRef("pk"), at__gt=since)
    failed = Submission.objects.filter(state=Submission.State.FAILED, received_at__gte=now - REFUSED_WITHIN)
    return failed.exclude(code=HELD_TOO_LONG).filter(Exists(attempts))


def given_up(portal: Portal) -> int:
    """How many submissions were given up because they waited too long for the portal."""
    failed = Submission.objects.filter(portal=portal, state=Submission.State.FAILED)
    return failed.filter(code=HELD_TOO_LONG).count()


def week_of(portal: Portal, now: datetime) -> dict[str, int]:
    """How many submissions arrived in the last seven days, by their state."""
    rows = Submission.objects.filter(portal=portal, received_at__gte=now - timedelta(days=7), received_at__lt=now)
    rows = rows.exclude(state__in=NOT_COUNTED)
    return dict(rows.order_by().values_list("state").annotate(Count("pk")))


def _stops(portal: Portal, now: datetime, *, is_late: bool) -> list[Matter]:
    """That nothing goes out; or that what needs a method does not which the portal does not offer."""
    if portal.state == Portal.State.HELD:
        is_told_of = portal.held_since and portal.held_since <= now - HELD_FOR
        return [Matter(Kind.STOPPED, portal.hold_code)] if is_told_of else []
    since = {str(facts["code"]): datetime.fromisoformat(facts["since"]) for facts in portal.held_methods.values()}
    codes = [code for code, held_since in since.items() if held_since <= now - HELD_FOR]
    return [Matter(Kind.STOPPED, code) for code in [*codes, *([WAITING] if is_late else [])]]


def _refusals(still: dict[str, Notice], now: datetime, *, is_refused: bool) -> list[Matter]:
    """One that could not be told on its day, since that had its number of notices, is told on the next one."""
    refusal = Matter(Kind.REFUSED, again=DAY)
    untold = still.get(refusal.about)
    is_pending = untold is not None and untold.try_at is not None and untold.at > now - MAX_SUM
    return [refusal] if is_refused or is_pending else []


def _purges(portal: Portal, still: dict[str, Notice], now: datetime) -> list[Matter]:
    """That what waits is going to be deleted; and once it was, how much that is."""
    warn_after = timedelta(days=settings.HELD_DAYS) - PURGE_NOTICE
    if portal.state != Portal.State.HELD or portal.held_since is None or portal.held_since > now - warn_after:
        return []
    warned = still.get(Notice.PURGE)
    is_done = warned is not None and purge_at(portal, warned.at) <= now and given_up(portal)
    return [Matter(Notice.PURGE), *([Matter(Notice.PURGE, "done")] if is_done else [])]


def _weeks(now: datetime) -> list[Matter]:
    year, week, day = now.astimezone(UTC).isocalendar()
    is_time = day == 1 and now.astimezone(UTC).hour >= MONDAY_HOUR
    return [Matter(Kind.WEEKLY, f"{year}-{week}")] if is_time else []


def _silent_forms(now: datetime, known: Mapping[str, datetime]) -> dict[int, list[int]]:
    """The ids of the forms that have gone silent, by portal. Only those without any for two days are looked at.

    One that is `known` to be silent since a time, by `Notice.about`, is so until something comes.
    """
    latest = _counted().filter(form=OuterRef("pk")).order_by("-received_at").values("received_at")[:1]
    forms = Form.objects.filter(active=True).annotate(latest=Subquery(latest))
    quiet = forms.filter(latest__lte=now - rhythm.MIN_SILENCE, latest__gte=now - FORGOTTEN_AFTER)
    silent: dict[int, list[int]] = defaultdict(list)
    for form_id, portal_id, last in quiet.values_list("pk", "portal_id", "latest"):
        since = known.get(Matter(Kind.SILENT, str(form_id)).about)
        if since and last < since:
            silent[portal_id].append(form_id)
            continue
        rows = _counted().filter(form=form_id, received_at__gte=last - rhythm.HISTORY)
        # By the hour, so that a busy form costs no more than a quiet one.
        if rhythm.is_silent(list(rows.datetimes("received_at", "hour", tzinfo=UTC)), now):
            silent[portal_id].append(form_id)
    return silent


def _counted() -> QuerySet[Submission]:
    """What visitors have sent: no probes of senders, and nothing that looks like spam."""
    return Submission.objects.exclude(state__in=NOT_COUNTED)
