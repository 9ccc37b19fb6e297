"""The CRM records that a submission can become, one row for each, and which of them each kind of form makes. Pure.

Source: the fact sheet on CRM entities.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Record:
    """A record of the CRM: `name` as in `crm.lead.add`, and what it has."""

    name: str
    # The fields ORIGINATOR_ID and ORIGIN_ID: the record can be found by the submission that made it.
    has_origin: bool = True
    # The fields SOURCE_ID and SOURCE_DESCRIPTION.
    has_source: bool = True
    # A card that the portal opens from within an application's frame.
    has_card: bool = True

    @property
    def type(self) -> str:
        """What the portal calls it among a trace's ENTITIES, such as `LEAD`."""
        return self.name.upper()


RECORDS = (
    Record("lead"),
    Record("deal"),
    Record("contact"),
    Record("company", has_source=False),
    Record("quote", has_origin=False, has_source=False, has_card=False),
)
BY_NAME: Mapping[str, Record] = {record.name: record for record in RECORDS}
BY_TYPE: Mapping[str, Record] = {record.type: record for record in RECORDS}

# The records that a form of each kind (`traces.models.Kind`) makes besides the trace, in the order of making them.
KINDS: Mapping[str, tuple[str, ...]] = {
    "trace": (),
    "link": (),
    "lead": ("lead",),
    "lead_utm": ("lead",),
    "deal": ("company", "contact", "deal"),
    "contact": ("contact",),
    "company": ("company",),
    "quote": ("quote",),
}
