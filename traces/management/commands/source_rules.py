"""List the source rules of a portal."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from b24app.management import arguments
from traces.management import rule_lines
from traces.models import SourceRule


class Command(BaseCommand):
    help = "List the source rules of a portal in their order."

    def add_arguments(self, parser: ArgumentParser) -> None:
        arguments.add_portal(parser, required=True)
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        rows = list(SourceRule.objects.filter(portal=arguments.required_portal(options["portal"])))
        if options["json"]:
            self.stdout.write(json.dumps([rule_lines.columns(row) for row in rows]))
            return
        for line in rule_lines.listed(rows):
            self.stdout.write(line)
