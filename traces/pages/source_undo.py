"""Taking back what has removed rules: the page itself keeps them, signed, for a minute."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.core import signing
from django.utils.translation import gettext_lazy as _

from b24app.models import Portal
from traces.models import SourceRule

SECONDS = 60
TOO_LATE = _("This can be undone for a minute only. Nothing was undone.")
NAMES = (
    *("id", "position", "field", "operator", "value", "utm_source", "crm_source", "crm_description"),
    *("also_known", "active"),
)


class TooLate(Exception):
    """The minute is over, or what was sent is not what the page got."""


def token(portal: Portal, removed: Iterable[SourceRule], left: Iterable[SourceRule] = ()) -> str:
    """The rules that were there before, and the numbers of those that are there now."""
    former = [[getattr(row, name) for name in NAMES] for row in removed]
    return signing.dumps([former, [row.pk for row in left]], salt=_salt(portal), compress=True)


def read(portal: Portal, text: str) -> tuple[list[SourceRule], Sequence[int]]:
    """The rules of a token, not stored, and the numbers of those that were left; raises `TooLate`."""
    try:
        former, left = signing.loads(text, salt=_salt(portal), max_age=SECONDS)
    except signing.BadSignature as error:
        raise TooLate from error
    return [_row(portal, facts) for facts in former], left


def _row(portal: Portal, facts: Sequence[Any]) -> SourceRule:
    return SourceRule(portal=portal, **dict(zip(NAMES, facts, strict=True)))


def _salt(portal: Portal) -> str:
    return f"source rules of {portal.pk} {portal.member_id}"
