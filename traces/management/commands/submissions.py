"""Count the submissions by state."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db.models import Q

from b24app.management import arguments
from traces.monitoring import metrics


class Command(BaseCommand):
    help = "Count the submissions by state, and tell how long the oldest one that is due has been waiting."

    def add_arguments(self, parser: ArgumentParser) -> None:
        arguments.add_portal(parser)
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        portal = arguments.portal(options["portal"])
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
