"""The leads and deals that we made, as the portal lists them: what is asked, and how an answer is read. Pure.

Source: Bitrix24's documentation of `crm.lead.list` and `crm.deal.list`, and of how large lists are read: by `>ID` in
the order of the IDs, with `start` -1, so that the portal counts nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from b24app.api.batch import Command
from traces.compose.steps import ORIGINATOR

LEAD, DEAL = "lead", "deal"
# As many rows as a list has; fewer are its end.
PAGE = 50
OPEN, WON, LOST = "P", "S", "F"
_SEMANTIC = {LEAD: "STATUS_SEMANTIC_ID", DEAL: "STAGE_SEMANTIC_ID"}
_CLOSED = {LEAD: "DATE_CLOSED", DEAL: "CLOSEDATE"}
_COMMON = ("ID", "ORIGIN_ID", "OPPORTUNITY", "CURRENCY_ID", "DATE_CREATE", "UTM_SOURCE", "UTM_CAMPAIGN")
_MAX_NUMBER = 2**63
_MAX_AMOUNT = Decimal(10) ** 15
MAX_TEXT = 200


@dataclass(frozen=True, slots=True)
class Row:
    """A listed record: `lead` is the lead that a deal came of, or 0; `origin` is the submission's id.

    `semantic` is what its stage means: `OPEN`, `WON` or `LOST`.
    """

    record: str
    number: int
    lead: int
    origin: str
    semantic: str
    amount: Decimal
    currency: str
    created_at: datetime | None
    closed_on: date | None
    source: str
    campaign: str


def page(record: str, after: int, since: datetime | None, leads: Collection[int] = ()) -> Command:
    """The command that lists our records of a kind after the ID `after`; of deals, those made from `leads`.

    With `since`, only those changed since then.
    """
    wanted: dict[str, Any] = {">ID": after}
    wanted |= {"@LEAD_ID": list(leads)} if leads else {"ORIGINATOR_ID": ORIGINATOR}
    if since:
        wanted[">=DATE_MODIFY"] = since.astimezone(UTC).isoformat(timespec="seconds")
    select = [*_COMMON, _SEMANTIC[record], _CLOSED[record], *(["LEAD_ID"] if record == DEAL else [])]
    return Command(f"crm.{record}.list", {"filter": wanted, "select": select, "order": {"ID": "ASC"}, "start": -1})


def rows(record: str, result: Any) -> list[Row]:
    """The rows of a list's answer; what is no record is left out."""
    return list(_rows(record, result if isinstance(result, list) else []))


def _rows(record: str, listed: list[Any]) -> Iterator[Row]:
    for fields in listed:
        if not isinstance(fields, dict) or not (number := _number(fields.get("ID"))):
            continue
        semantic = _text(fields.get(_SEMANTIC[record]))
        yield Row(
            record=record,
            number=number,
            lead=_number(fields.get("LEAD_ID")),
            origin=_text(fields.get("ORIGIN_ID")),
            semantic=semantic if semantic in (WON, LOST) else OPEN,
            amount=_amount(fields.get("OPPORTUNITY")),
            currency=_text(fields.get("CURRENCY_ID"))[:3],
            created_at=_time(fields.get("DATE_CREATE")),
            closed_on=_date(fields.get(_CLOSED[record])),
            source=_text(fields.get("UTM_SOURCE")),
            campaign=_text(fields.get("UTM_CAMPAIGN")),
        )


def _text(value: Any) -> str:
    return value.replace("\0", "").strip()[:MAX_TEXT] if isinstance(value, str) else ""


def _number(value: Any) -> int:
    """A record's ID, which is a text in a list; 0 if it is none."""
    text = str(value) if isinstance(value, (str, int)) else ""
    return int(text) if text.isascii() and text.isdigit() and 0 < int(text[:20]) < _MAX_NUMBER else 0


def _amount(value: Any) -> Decimal:
    """An amount, such as "19999.99"; 0 if it is none that could be kept."""
    try:
        amount = Decimal(str(value or 0))
    except InvalidOperation:
        return Decimal(0)
    return round(amount, 2) if amount.is_finite() and abs(amount) < _MAX_AMOUNT else Decimal(0)


def _time(value: Any) -> datetime | None:
    try:
        at = datetime.fromisoformat(_text(value))
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _date(value: Any) -> date | None:
    """The day of a date or a time, by the portal's own clock."""
    at = _time(value)
    return at.date() if at else None
