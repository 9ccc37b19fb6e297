"""What is done where a visitor asks what is stored, or wants it deleted. The contact itself is logged nowhere."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max, Min

from b24app.host.transactions import writing
from b24app.models import Portal
from traces.compose import emails, phones
from traces.compose.search import folded
from traces.history import erasure, json_export, visitors
from traces.models import KnownValue, Removed, Submission, Unmatched, Unwanted

logger = logging.getLogger(__name__)


# A number's last digits, which all of its spellings have: those within a country, too.
NATIONAL_DIGITS = 10


@dataclass(frozen=True, slots=True)
class Found:
    """How many submissions are a visitor's, and when the first and the last of them came."""

    number: int
    first: datetime | None
    last: datetime | None


@dataclass(frozen=True, slots=True)
class Erased:
    """How many submissions were deleted, and how many go within moments, since they are being sent or are too many."""

    deleted: int
    left: int


def is_contact(text: str) -> bool:
    """Whether a text is a phone number or an e-mail address."""
    return bool(_keys(text))


def find(portal: Portal, contact: str) -> Found:
    """What is stored of the visitor with this phone or e-mail."""
    rows = visitors.submissions_of(portal, contact).order_by()
    times = rows.aggregate(first=Min("received_at"), last=Max("received_at"))
    return Found(rows.count(), times["first"], times["last"])


def lines(portal: Portal, contact: str) -> Iterator[str]:
    """The visitor's submissions as in the export of everything, one JSON object a line."""
    return json_export.submission_lines(portal, visitors.submissions_of(portal, contact))


def erase(portal: Portal, contact: str) -> Erased:
    """Delete the visitor's submissions with all that belongs to them, and what no rule knew that holds the contact.

    What is being sent is marked, and goes with a sweep once it is settled.
    """
    Removed.objects.filter(portal=portal).delete()  # what was deleted a moment ago may be this visitor's
    ids = list(visitors.submissions_of(portal, contact).order_by().values_list("pk", flat=True))
    for start in range(0, len(ids), erasure.CHUNK):
        with writing():
            rows = Submission.objects.select_for_update(no_key=True).filter(pk__in=ids[start : start + erasure.CHUNK])
            marks = [Unwanted(submission_id=pk) for pk in rows.values_list("pk", flat=True)]
            Unwanted.objects.bulk_create(marks, ignore_conflicts=True)
    _forget_unmatched(portal, contact)
    erasure.erase_unwanted(portal)
    left = Unwanted.objects.filter(submission__portal=portal, submission__in=ids).count() if ids else 0
    logger.info("portal %s: a visitor asked that %d submissions be deleted, %d follow", portal.pk, len(ids), left)
    return Erased(len(ids) - left, left)


def _forget_unmatched(portal: Portal, contact: str) -> None:
    """Delete the values that hold the contact: those that were counted, and those that need no rule."""
    wanted = _keys(contact)
    for counted in (Unmatched.objects, KnownValue.objects):
        values = counted.filter(portal=portal).exclude(value="").values_list("pk", "value")
        ids = [pk for pk, value in values.iterator(500) if _holds(value, wanted)]
        for start in range(0, len(ids), erasure.CHUNK):
            with writing():
                counted.filter(pk__in=ids[start : start + erasure.CHUNK]).delete()


def _keys(contact: str) -> set[str]:
    """The e-mail address in small letters, or the number's digits; empty where it is neither."""
    if "@" in contact:
        return {address.casefold() for address in emails.read(contact).addresses}
    return {phones.digits_of(number.partition("#")[0]) for number in phones.read(contact).numbers}


def _holds(value: str, keys: set[str]) -> bool:
    digits = "".join(filter(str.isdecimal, value))
    return any(key in folded(value) if "@" in key else key[-NATIONAL_DIGITS:] in digits for key in keys)
