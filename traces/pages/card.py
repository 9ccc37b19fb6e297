"""The tab in a card of the CRM: the visitor's path, the source and why, what came, and what became of it.

Whoever opens the card sees it, administrator or not: the portal is asked with that user's own token whether the record
may be read, and answers with what the submission is found by. Source: Bitrix24's documentation of
CRM_XXX_DETAIL_TAB.
"""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Mapping
from typing import Any

from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from b24app.api import errors, rest
from b24app.frame import session
from b24app.models import Portal
from b24app.portal import install, placements
from traces import sentences
from traces.compose import journey
from traces.compose.visitor import recognise
from traces.history import of_record, resending
from traces.models import CrmRecord, Submission
from traces.pages import submission, submissions
from traces.pages.frame import Reader, opening, render, view

logger = logging.getLogger(__name__)

PAGE_SECONDS = 10.0
_SALT = "traces.pages.card"
MAX_DIGITS = 18


@opening
def show(request: HttpRequest, reader: Reader) -> HttpResponse:
    """The tab, for a user whom the portal lets read the record; nothing of it for others."""
    record = placements.CARDS.get(request.POST.get("PLACEMENT", ""), "")
    number = _number(request.POST.get("PLACEMENT_OPTIONS", ""))
    if not (record and number and reader.portal.places):
        return _nothing(request, reader, "off")
    try:
        fields = _read(reader.portal, install.posted(request.POST.dict(), "AUTH_ID"), record, number)
    except (errors.Wait, errors.Transient, errors.Ambiguous) as error:
        logger.warning("portal %s: a card could not be asked for (%s)", reader.portal.pk, error.code)
        return _nothing(request, reader, "unreachable", status=503)
    except errors.PortalError:
        return _nothing(request, reader, "no_rights", status=403)
    rows = of_record.submissions(reader.portal, record, number, fields)
    for row in rows:
        row.portal = reader.portal
    shown = [_one(reader, row) for row in rows]
    context = {"menu": [], "shown": shown, **({} if rows else _kept(reader.portal, record, number))}
    return render(request, reader, "traces/card/page.html", context)


@view("POST", everyone=True)
def resend(request: HttpRequest, reader: Reader) -> HttpResponse:
    """Send a submission again that the user saw in a card a moment ago."""
    row = _shown(reader, request.POST.get("card", ""))
    if row is None:
        return render(request, reader, "traces/card/_gone.html", status=403)
    sent = resending.chosen(reader.portal, [row.pk])
    row.refresh_from_db()
    notice = _("Sending again…") if sent else _("It is already delivered or being sent.")
    return render(request, reader, "traces/card/_submission.html", {"one": _one(reader, row), "notice": notice})


def _kept(portal: Portal, record: str, number: int) -> dict[str, Any]:
    """What is known of a record whose submissions are deleted."""
    records = CrmRecord.objects.filter(portal=portal, record=record, number=number)
    kept = records.select_related("form", "source", "campaign").first()
    source = sentences.source_label(kept.source.text) if kept and kept.source else ""
    return {"kept": kept, "kept_source": source}


def _nothing(request: HttpRequest, reader: Reader, why: str, status: int = 200) -> HttpResponse:
    return render(request, reader, "traces/card/nothing.html", {"menu": [], "why": why}, status=status)


def _number(options: str) -> int:
    """The record's ID from PLACEMENT_OPTIONS, `{"ID":"6591"}`; 0 where it names none."""
    try:
        found = json.loads(options)
    except (ValueError, RecursionError):
        return 0
    text = str(found.get("ID", "")) if isinstance(found, dict) else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS else 0


def _read(portal: Portal, token: str, record: str, number: int) -> Mapping[str, Any]:
    """The record as the token's user may read it. Raises an error of `b24app.api.errors` where not."""
    reply = rest.call(
        portal.client_endpoint, f"crm.{record}.get", {"id": number}, token=token, read_seconds=PAGE_SECONDS
    )
    if not isinstance(reply.result, dict) or str(reply.result.get("ID")) != str(number):
        raise errors.Refused("unreadable")
    return reply.result


def _shown(reader: Reader, card: str) -> Submission | None:
    """The submission that this user was shown; None where that is too long ago."""
    try:
        portal, user, number = signing.loads(card, salt=_SALT, max_age=session.IDLE_SECONDS)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    if (portal, user) != (reader.portal.pk, reader.session.user_id):
        return None
    row = Submission.objects.filter(portal=reader.portal, pk=uuid.UUID(number)).select_related("form").first()
    if row is not None:
        row.portal = reader.portal
    return row


def _one(reader: Reader, row: Submission) -> dict[str, Any]:
    """What the tab shows of a submission."""
    explained = submission.explained_of(row)
    visits = journey.visits(explained.prepared.built) if explained else []
    state = row.shown_state
    return {
        "row": row,
        "card": signing.dumps([reader.portal.pk, reader.session.user_id, str(row.pk)], salt=_SALT),
        "state_text": state.label,
        "badge": submissions.BADGES.get(state, "wait"),
        "may_send": resending.may(row, timezone.now()),
        "failure": submission.failure(row),
        "source": sentences.source_label(row.source_text or (explained.prepared.source if explained else "")),
        "why": sentences.decided(explained.prepared.rule) if explained else "",
        "first": _touch(visits[0]) if len(visits) > 1 else "",
        "last": _touch(visits[-1]) if visits else "",
        "fields": submission.fields(recognise(row.body)),
        "explained": explained,
        "visits": visits,
    }


def _touch(visit: journey.Visit) -> str:
    return journey.touch(visit) or _("Direct visit")
