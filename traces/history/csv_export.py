"""Submissions as a CSV file for a spreadsheet, written row by row.

UTF-8 with a byte order mark. What a visitor has sent may not become a formula (`traces.csv_cells`).
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any

from django.utils.translation import get_language, override

from b24app.models import Portal
from traces import csv_cells
from traces.compose import trace
from traces.compose.addresses import UTM
from traces.compose.visitor import recognise
from traces.history import listing
from traces.history.listing import Filter
from traces.models import Submission

HEAD = (
    *("id", "received_at", "form", "state", "source", "trace_id", "records", "reason"),
    *("consent", "emptied_at"),
    *("name", "last_name", "second_name", "phone", "email", "company", "position", "website", "message"),
    *UTM,
)


class _Line:
    """What `csv` writes to: it keeps nothing."""

    def write(self, text: str) -> str:
        return text


def lines(portal: Portal, wanted: Filter) -> Iterator[str]:
    """The file in pieces, with reasons in the language of now; making them takes the same memory for any number."""
    return _lines(portal, wanted, get_language())  # a stream is read after the request, when no language is chosen


def _lines(portal: Portal, wanted: Filter, language: str | None) -> Iterator[str]:
    writer: Any = csv.writer(_Line())
    yield csv_cells.MARK + writer.writerow(HEAD)
    for row in listing.iterate(portal, wanted):
        yield writer.writerow([csv_cells.escape(cell) for cell in _cells(row, language)])


def _cells(row: Submission, language: str | None) -> list[str]:
    with override(language):
        reason = row.reason
    visitor = recognise(row.body)
    tags = trace.prepare(row.body, 0).trace["tags"]["list"]
    return [
        *(str(row.pk), row.received_at.isoformat(), row.form.name, row.shown_state, row.source_text),
        str(row.trace_id or ""),
        ", ".join(f"{record['TYPE']} {record['ID']}" for record in row.entities),
        *(reason, row.consent, row.emptied_at.isoformat() if row.emptied_at else ""),
        *(visitor.name, visitor.last_name, visitor.second_name, ", ".join(visitor.phones), ", ".join(visitor.emails)),
        *(visitor.company, visitor.position, visitor.web, visitor.comments),
        *(tags.get(name, "") for name in UTM),
    ]
