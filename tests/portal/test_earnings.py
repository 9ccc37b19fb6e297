"""What sources, campaigns and forms have earned: 2,000 records in all stages, counted by the product and by hand."""

import itertools
import random
import statistics
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from traces.delivery import findable
from traces.history import crm_look, earnings
from traces.models import CrmLook, CrmRecord

RECORDS = 2000
SOURCES, CAMPAIGNS = ["google", "fair", "yandex", ""], ["autumn", "spring", ""]
STAGES = {"NEW": "P", "C1:PREPARATION": "P", "WON": "S", "C2:WON": "S", "LOSE": "F", "C1:APOLOGY": "F"}


@pytest.fixture
def world(portal, now):
    """Records as many sales people leave them, written straight into the portal; each as (who, what became of it)."""
    chance, numbers, made = random.Random(16), itertools.count(100), []

    def put(kind, stage, came_at, **fields):
        number, closed_at = next(numbers), came_at + timedelta(days=chance.randrange(60))
        stage_field = "STATUS_ID" if kind == "LEAD" else "STAGE_ID"
        times = {"DATE_CREATE": came_at.isoformat(), "DATE_MODIFY": closed_at.isoformat()}
        facts = {"ID": str(number), stage_field: stage, "ORIGINATOR_ID": "trace-relay", **times, **fields}
        facts |= {"CLOSEDATE": closed_at.isoformat()} if kind == "DEAL" else {}
        portal.entities[kind, number] = facts
        return facts

    for _ in range(RECORDS):
        came_at = now - timedelta(days=chance.randrange(300))
        utm = {"UTM_SOURCE": chance.choice(SOURCES), "UTM_CAMPAIGN": chance.choice(CAMPAIGNS)}
        money = {"OPPORTUNITY": f"{chance.randrange(1, 10**6) / 100:.2f}", "CURRENCY_ID": chance.choice(["EUR", "USD"])}
        if chance.random() < 0.5:
            made.append((utm, put("DEAL", chance.choice(list(STAGES)), came_at, **utm, **money), True, came_at))
            continue
        lead = put("LEAD", chance.choice(["NEW", "JUNK", "CONVERTED"]), came_at, **utm)
        made.append((utm, lead, True, came_at))
        for _ in range(chance.choice([0, 1, 1, 2]) if lead["STATUS_ID"] == "CONVERTED" else 0):
            facts = {**money, "LEAD_ID": lead["ID"], "ORIGINATOR_ID": ""}
            made.append((utm, put("DEAL", chance.choice(list(STAGES)), came_at, **facts), False, came_at))
    return made


@pytest.fixture
def now():
    return datetime.now(UTC).replace(microsecond=0)


def recount(world, name, since):
    """The same figures by a plain loop."""
    found = defaultdict(
        lambda: {"records": 0, "open": 0, "won": 0, "lost": 0, "money": defaultdict(Decimal), "days": []}
    )
    for utm, facts, is_record, came_at in world:
        row = found[utm[name]]
        if came_at < since:
            continue
        row["records"] += is_record
        stage = facts.get("STAGE_ID")
        semantic = STAGES[stage] if stage else {"NEW": "P", "JUNK": "F", "CONVERTED": ""}[facts["STATUS_ID"]]
        row["open"] += semantic == "P"
        row["lost"] += semantic == "F"
        if semantic == "S":
            row["won"] += 1
            row["money"][facts["CURRENCY_ID"]] += Decimal(facts["OPPORTUNITY"])
            row["days"].append((datetime.fromisoformat(facts["CLOSEDATE"]).date() - came_at.date()).days)
    return {
        key: (*(row[name] for name in ("records", "open", "won", "lost")), dict(row["money"]), median(row["days"]))
        for key, row in found.items()
    }


def median(days):
    return statistics.median(days) if days else None


def figures(rows):
    return {
        row.label.removeprefix("utm_source:"): (row.records, row.open, row.won, row.lost, row.money, row.median_days)
        for row in rows
    }


@pytest.mark.slow  # two thousand records, twenty requests
def test_the_figures_of_2000_records_equal_a_plain_recount(installed, portal, world, now, capsys):
    before = len(portal.hits)
    crm_look.begin_now(installed)
    crm_look.look(timezone.now())
    asked = len(portal.hits) - before
    found = CrmLook.objects.get()
    assert (found.code, found.requests, CrmRecord.objects.count()) == ("", asked, len(world))
    for days in (30, 90, 365):
        since = now - timedelta(days=days)
        earned = earnings.of(installed, since)
        assert figures(earned.sources) == recount(world, "UTM_SOURCE", since)
        assert figures(earned.campaigns) == recount(world, "UTM_CAMPAIGN", since)
        assert earned.total.records == sum(row.records for row in earned.sources)
    assert asked <= len(world) / 50
    with capsys.disabled():
        print(f"\n{len(world)} leads and deals were read in {asked} requests.")


@pytest.mark.django_db
def test_what_is_behind_the_longest_table_counts_together(acme):
    numbers = findable.sources(acme.pk, {f"c{number}" for number in range(20)})
    facts = {"portal": acme, "record": "deal", "came_at": timezone.now(), "looked_at": timezone.now()}
    CrmRecord.objects.bulk_create(
        CrmRecord(number=place, campaign_id=pk, **facts) for place, pk in enumerate(numbers.values())
    )
    rows = earnings.of(acme, timezone.now() - timedelta(days=1)).campaigns
    assert (len(rows), rows[-1].key, rows[-1].records) == (earnings.MAX_ROWS + 1, 0, 20 - earnings.MAX_ROWS)
