"""Count the submissions by state."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Q

from b24app.models import Portal
from traces.monitoring import metrics


class Command(BaseCommand):
    help = "Count the submissions by state, and tell how long the oldest one that is due has been waiting."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--portal", metavar="MEMBER_ID_OR_DOMAIN", help="of this portal only")
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        portal = Portal.named(options["portal"]) if options["portal"] else None
        if options["portal"] and portal is None:
            raise CommandError(f"No portal has the member_id or the domain {options['portal']}.")
        portals = Q(portal=portal) if portal else None
        states = metrics.states(portals)
        oldest = metrics.oldest_due_seconds(portals)
        if options["json"]:
            total = sum(states.values())
            self.stdout.write(json.dumps({"total": total, "states": states, "oldest_due_seconds": oldest}))
            return
        for state, number in states.items():
            self.stdout.write(f"{state:10} {number}")
        self.stdout.write(f"oldest due {oldest:.0f} s")
