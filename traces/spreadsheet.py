"""Submissions as a CSV file for a spreadsheet, written row by row.

UTF-8 with a byte order mark, by which Excel knows it. What a visitor has sent may not become a formula there: a cell
that begins like one gets an apostrophe before it (OWASP, "CSV Injection").
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any

from b24app.models import Portal
from traces import listing, names, trace
from traces.addresses import UTM
from traces.listing import Filter
from traces.models import Submission
from traces.views import shown_state

MARK = "\ufeff"
HEAD = (
    *("id", "received_at", "form", "state", "source", "trace_id", "records", "reason"),
    *("name", "last_name", "second_name", "phone", "email", "company", "position", "website", "message"),
    *UTM,
)
BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class _Line:
    """What `csv` writes to: it keeps nothing."""

    def write(self, text: str) -> str:
        return text


def lines(portal: Portal, wanted: Filter) -> Iterator[str]:
    """The file in pieces; memory stays the same however many rows there are."""
    writer: Any = csv.writer(_Line())
    yield MARK + writer.writerow(HEAD)
    for row in listing.each(portal, wanted):
        yield writer.writerow([_harmless(cell) for cell in _cells(row)])


def _cells(row: Submission) -> list[str]:
    visitor = names.recognise(row.body)
    tags = trace.prepare(row.body, 0).trace["tags"]["list"]
    return [
        *(str(row.pk), row.received_at.isoformat(), row.form.name, shown_state(row), row.source),
        str(row.trace_id or ""),
        ", ".join(f"{record['TYPE']} {record['ID']}" for record in row.entities),
        row.reason,
        *(visitor.name, visitor.last_name, visitor.second_name, ", ".join(visitor.phones), ", ".join(visitor.emails)),
        *(visitor.company, visitor.position, visitor.web, visitor.comments),
        *(tags.get(name, "") for name in UTM),
    ]


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(BEGINS_A_FORMULA) else cell
