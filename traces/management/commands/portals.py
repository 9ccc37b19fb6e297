"""List the portals."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from b24app.models import Portal


class Command(BaseCommand):
    help = "List the portals: member_id, state, tariff and domain."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        portals = list(Portal.objects.order_by("domain").values("member_id", "state", "tariff", "domain"))
        if options["json"]:
            self.stdout.write(json.dumps(portals))
            return
        for one in portals:
            self.stdout.write("{member_id}  {state:12} {tariff:10} {domain}".format(**one))
        if not portals:
            self.stdout.write("No portal has installed the application yet.")
